"""`conversation`: what was said with a contact, both directions."""

from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from starter import humanize
from store.contacts import conversation
from store.contacts.conversation import Message, Party
from store.workspace import tenant_settings

_MOST = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "conversation T05", "conversation --unknown", name="conversation")(show_conversation)


async def show_conversation(
    contact: Annotated[
        str | None, typer.Argument(metavar="CONTACT", help="A contact's external id, or our id.", show_default=False)
    ] = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="What came from addresses that are nobody's.")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=_MOST, help="Show the newest so many.")] = 50,
    as_json: AsJson = False,
) -> Answer:
    """Show what was written to a contact and what came back, each with its sequence and step, in order of time.

    Times are the contact's own; with --json they are UTC.
    """
    if (contact is None) != unknown:
        raise typer.BadParameter("give either CONTACT or --unknown")
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        if contact is None:
            messages = await conversation.from_strangers(tx, limit)
            tenant = await tenant_settings.read(tx)
            zone = tenant.timezone if tenant else "UTC"
            text = _lines(messages, zone) if messages else [output.line("nothing came from an unknown address")]
            return Answer({"messages": messages}, text)
        party = await conversation.named(tx, contact)
        page = await conversation.page(tx, party.id, before=None, limit=limit)
    return Answer({"contact": party, "messages": page.messages}, _text(party, page))


def _text(party: Party, page: conversation.Page) -> list[RenderableType]:
    who = ", ".join(part for part in (party.name, party.email, party.phone) if part)
    head: list[RenderableType] = [output.line(f"{party.external_id}  {who}", "bold")]
    if not page.messages:
        return [*head, output.line("nothing has been said yet")]
    if page.earlier:
        head.append(output.line(f"only the newest {len(page.messages)}; --limit shows more"))
    return head + _lines(page.messages, party.zone)


def _lines(messages: list[Message], zone: str) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for message in messages:
        arrow, style = ("→", "cyan") if message.direction == "out" else ("←", "green")
        lines += [
            output.line(""),
            output.line(f"{arrow} {humanize.local(message.at, zone)}  {_about(message)}", style),
            *([output.line(f"  {message.subject}", "bold")] if message.subject else []),
            *(output.line(f"  {line}") for line in message.body.splitlines()),
        ]
        if message.under_review:
            lines.append(output.line("  may be an opt-out: ./touchline reviews", "bold yellow"))
    return lines


def _about(message: Message) -> str:
    """`sms to +1…, step 1 (hello) of slow, delivered`."""
    towards = "to" if message.direction == "out" else "from"
    parts = [f"{message.channel} {towards} {message.address}"]
    if message.kind != "step":
        parts.append(message.kind.replace("_", " "))
    if message.enrollment_id is not None:
        step = f"step {message.step_number} ({message.step})" if message.step else "before any step"
        answering = "" if message.direction == "out" else "to "
        parts.append(f"{answering}{step} of {message.sequence} in {short_ids.short(message.enrollment_id)}")
    if message.delivery:
        parts.append(message.delivery)
    return ", ".join(parts)
