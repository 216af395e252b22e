"""`law`: which hours the law leaves for whom and why, and what the tenant decides about it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from domain.messages import Channel
from scheduling.zones import load_zone
from starter import humanize
from starter.gates import law as starter
from starter.gates.law import LawNow, RuleNow

_OPERATOR = "operator"

RuleName = Annotated[str, typer.Argument(metavar="RULE", help="Its name, us-fl.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; it is kept with the decision.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The law's hours: what applies to whom and why, and what the tenant decides about it.")
    command(
        group, "law show --contact c-17", "law show --number +13055550100 --at 2026-12-24T21:30-05:00", name="show"
    )(show)
    command(group, "law rules", name="rules")(rules)
    command(group, 'law enforce us-nj-2024-vendors --reason "the strictest table"', name="enforce")(enforce)
    command(group, 'law ignore us-al --reason "counsel, 2026-11-02"', name="ignore")(ignore)
    command(
        group,
        "law block US-LA 2026-08-30T00:00-05:00 2026-09-17T18:00-05:00 --source 'LPSC emergency order'",
        name="block",
    )(block)
    command(group, 'law unblock 1f0c2a9b-… --reason "order lifted"', name="unblock")(unblock)
    command(group, "law decisions", name="decisions")(decisions)
    app.add_typer(group, name="law")


async def show(
    contact: Annotated[str | None, typer.Option(metavar="ID", help="A contact, by its external id.")] = None,
    number: Annotated[str | None, typer.Option(metavar="PHONE", help="Or a phone number.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="2026-12-24T21:30-05:00; otherwise now.")] = None,
    channel: Annotated[str, typer.Option(help="sms, whatsapp or email.")] = "sms",
    as_json: AsJson = False,
) -> Answer:
    """Say which rules apply to somebody at a time, which of them are open, and when all of them are next.

    They hold for sequences whose purpose is marketing. None of this is legal advice.
    """
    async with connect.engine(lazy=True) as engine:
        found = await starter.at_moment(
            engine, contact=contact, number=number, channel=_channel(channel), at=None if at is None else _time(at)
        )
    return Answer(found, _lines(found))


async def rules(as_json: AsJson = False) -> Answer:
    """List all rules, whether each is enforced, and the blocks that hold."""
    async with connect.engine(lazy=True) as engine:
        found, decided = await starter.rules(engine)
    text: list[RenderableType] = [
        output.table(
            None,
            ("rule", "where", "enforced", "from", "until", "certainty", "source"),
            [
                (
                    rule.rule,
                    rule.jurisdiction,
                    _word(rule.enforced, decided=rule.enforced is not rule.shipped),
                    rule.effective_from or "",
                    rule.effective_to or "",
                    rule.certainty,
                    rule.source,
                )
                for rule in found
            ],
        )
    ]
    text += [
        output.line(f"blocked: {one.jurisdiction} until {humanize.utc(one.ends)}, {one.source} ({one.id})", "bold")
        for one in decided.blocks
    ]
    return Answer({"rules": found, "blocks": decided.blocks}, text)


async def enforce(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its name, us-fl.")],
    reason: Reason,
    as_json: AsJson = False,
) -> Answer:
    """Enforce a rule, from each message's next look on."""
    return await _switch(rule, reason, enforced=True)


async def ignore(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its name, us-fl.")],
    reason: Reason,
    as_json: AsJson = False,
) -> Answer:
    """Enforce a rule no more; the decision stays on record."""
    return await _switch(rule, reason, enforced=False)


async def _switch(rule: str, reason: str, *, enforced: bool) -> Answer:
    async with connect.engine(lazy=True) as engine:
        made = await starter.switch(engine, rule, enforced=enforced, reason=reason, decided_by=_OPERATOR)
    return Answer(made, [output.line(f"{rule} is {'enforced' if enforced else 'not enforced any more'}")])


async def block(
    jurisdiction: Annotated[str, typer.Argument(metavar="REGION", help="US, US-LA, FR.")],
    starts: Annotated[str, typer.Argument(metavar="FROM", help="2026-08-30T00:00-05:00")],
    ends: Annotated[str, typer.Argument(metavar="TO", help="2026-09-17T18:00-05:00")],
    source: Annotated[str, typer.Option(metavar="TEXT", help="Who has ordered it, and where that can be read.")],
    channel: Annotated[list[str], typer.Option(help="sms, whatsapp or email; may be repeated.")] = ["sms", "whatsapp"],  # noqa: B006 - read only
    as_json: AsJson = False,
) -> Answer:
    """Write to nobody in a region for a time: an emergency order."""
    async with connect.engine(lazy=True) as engine:
        made = await starter.block(
            engine,
            jurisdiction,
            starts=_time(starts),
            ends=_time(ends),
            channels=[_channel(one) for one in channel],
            source=source,
            decided_by=_OPERATOR,
        )
    named = made.block.id if made.block else made.id
    return Answer(made, [output.line(f"{jurisdiction} is blocked; ./touchline law unblock {named} takes it back")])


async def unblock(
    block_id: Annotated[UUID, typer.Argument(metavar="ID", help="Of ./touchline law rules.")],
    reason: Reason,
    as_json: AsJson = False,
) -> Answer:
    """Take a block back."""
    async with connect.engine(lazy=True) as engine:
        made = await starter.withdraw(engine, block_id, reason=reason, decided_by=_OPERATOR)
    return Answer(made, [output.line("the block is withdrawn")])


async def decisions(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50, as_json: AsJson = False
) -> Answer:
    """List what was decided about the law: when, by whom and why."""
    async with connect.engine(lazy=True) as engine:
        found = await starter.decisions(engine, limit)
    text = [
        output.line(
            f"{humanize.utc(one.decided_at)}  "
            + (
                f"{one.rule}: {'enforced' if one.enforced else 'not enforced'}"
                if one.block is None
                else f"{one.block.jurisdiction}: {'block withdrawn' if one.withdrawn else 'blocked'}"
            )
            + f", by {one.decided_by}: {one.reason}"
        )
        for one in found
    ]
    return Answer({"decisions": found}, text or [output.line("nothing was decided: the rules hold as they ship")])


def _lines(found: LawNow) -> list[RenderableType]:
    where = ", ".join(found.regions) or "an unknown region, so no rule applies"
    text: list[RenderableType] = [output.line(f"{found.channel} to {where}, by the clock of {', '.join(found.zones)}")]
    text += [line for rule in found.rules for line in _rule(rule)]
    text += [output.line(f"  ✖ blocked until {humanize.utc(one.ends)}: {one.source}", "red") for one in found.blocks]
    if found.next_allowed is None:
        text.append(output.line("nothing may go within a year", "red"))
    elif found.next_allowed == found.at:
        text.append(output.line("a message may go", "green"))
    else:
        local = found.next_allowed.astimezone(load_zone(found.zones[0]))
        text.append(output.line(f"a message may go from {local:%Y-%m-%d %H:%M %Z} on", "bold"))
    return text


def _rule(rule: RuleNow) -> list[RenderableType]:
    mark, style = ("✔", "green") if rule.open else ("✖", "red")
    if not rule.enforced:
        mark, style = "·", "dim"
    hours = ", ".join(rule.hours) or "closed all day"
    off = "" if rule.enforced else ", not enforced"
    return [
        output.line(f"  {mark} {rule.rule}: {hours} ({', '.join(rule.clocks)}){off}", style),
        output.line(f"      {rule.source} [{rule.certainty}]", "dim"),
    ]


def _word(enforced: bool, *, decided: bool) -> str:
    return f"{'yes' if enforced else 'no'}{' (decided)' if decided else ''}"


def _channel(name: str) -> Channel:
    if name not in (Channel.SMS, Channel.WHATSAPP, Channel.EMAIL):
        raise typer.BadParameter("there are sms, whatsapp and email")
    return Channel(name)


def _time(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise typer.BadParameter(f"{written!r} is no time; write it as 2026-12-24T21:30-05:00") from error
