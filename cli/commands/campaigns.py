"""`campaigns` and `batches`: groups of contacts, and everybody in one enrolled by a durable batch."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, Refused, command
from entrypoint import Exit
from starter import humanize
from starter.campaigns import batches as starter_batches
from starter.campaigns import campaigns as starter
from starter.contacts.csv_file import external_ids
from starter.engine import Engine
from store.campaigns import batches, campaigns
from store.campaigns.batches import LIVE, Batch, RefusalReason

_SHOWN = 200
_ADDED_AT_ONCE = 1000
_LOOK_EVERY_S = 0.5
_WORDS: dict[RefusalReason, str] = {
    "live": "live in it already",
    "once_only": "were in it before, and it says `reenroll: never`",
    "shared_address": "share an email or phone with somebody in it",
    "unschedulable": "no allowed time exists for them",
    "error": "failed",
}

_Campaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its key or id.", show_default=False)]
_Batch = Annotated[
    str, typer.Argument(metavar="BATCH", help="Its id, or the first characters of it.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the groups."""
    group = typer.Typer(help="Campaigns: contacts that are enrolled together.", no_args_is_help=True)
    command(group, 'campaigns create spring --name "Spring offer"', name="create")(create)
    command(group, "campaigns list", name="list")(list_campaigns)
    command(group, "campaigns members spring", name="members")(list_members)
    command(group, "campaigns add spring --contact T01", "campaigns add spring --csv people.csv", name="add")(add)
    command(group, "campaigns remove spring --contact T01", name="remove")(remove)
    command(group, "campaigns assign spring quick-tour", name="assign")(assign)
    command(group, "campaigns delete spring", name="delete")(delete)
    app.add_typer(group, name="campaigns")
    group = typer.Typer(help="Batches: a campaign on its way into a sequence.", no_args_is_help=True)
    command(group, "batches list", "batches list --campaign spring", name="list")(list_batches)
    command(group, "batches show 5d0c4f6e", name="show")(show)
    command(group, "batches cancel 5d0c4f6e", name="cancel")(cancel)
    app.add_typer(group, name="batches")


async def create(
    key: Annotated[str, typer.Argument(metavar="KEY", help="What `add_to_campaign` calls it.", show_default=False)],
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="For people; without it the key.")] = None,
    description: Annotated[str | None, typer.Option(metavar="TEXT")] = None,
    as_json: AsJson = False,
) -> Answer:
    """Make a campaign."""
    if not key.strip():
        raise Refused("a campaign needs a key", hint="such as spring")
    async with connect.engine() as engine:
        made = await starter.create(engine, key, name or None, description or None)
    return Answer({"campaign": made}, [output.line(f"campaign {made.key} is made; nobody is in it")])


async def list_campaigns(as_json: AsJson = False) -> Answer:
    """List campaigns by their keys."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await campaigns.listed(tx, after=None, limit=_SHOWN + 1)
        members = {one.id: await campaigns.count_members(tx, one.id) for one in found}
    more = [output.line(f"(the first {_SHOWN}; there are more)")] if len(found) > _SHOWN else []
    found = found[:_SHOWN]
    listed: RenderableType = (
        output.table(
            None,
            ("campaign", "name", "members"),
            ((one.key, one.name, members[one.id]) for one in found),
            right="members",
        )
        if found
        else output.line("no campaigns; ./touchline campaigns create KEY makes one")
    )
    document = {"campaigns": [{**vars(one), "members": members[one.id]} for one in found], "more": bool(more)}
    return Answer(document, [listed, *more])


async def list_members(campaign: _Campaign, as_json: AsJson = False) -> Answer:
    """List who is in a campaign, the newest first, and how each came in."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        found = await starter.find(tx, campaign)
        members = await campaigns.members(tx, found.id, before=None, limit=_SHOWN)
        count = await campaigns.count_members(tx, found.id)
    text: list[RenderableType] = [
        output.table(
            None,
            ("contact", "name", "since (UTC)", "by"),
            ((one.external_id, one.name, humanize.clock(one.added_at), one.added_by) for one in members),
        )
        if members
        else output.line("nobody is in it; ./touchline campaigns add CAMPAIGN --contact ID adds somebody")
    ]
    if count > len(members):
        text.append(output.line(f"(the newest {len(members)} of {count})"))
    return Answer({"campaign": found, "members": members, "count": count}, text)


async def add(
    campaign: _Campaign,
    contact: Annotated[
        list[str] | None, typer.Option("--contact", metavar="ID", help="External id of a contact; may be repeated.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Everybody in the external_id column of a CSV file.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Add contacts to a campaign; whoever is in it stays as they are."""
    if bool(contact) == (csv is not None):
        raise typer.BadParameter("say who: --contact ID or --csv FILE")
    named = list(dict.fromkeys(contact or (external_ids(csv) if csv else ())))
    new = known = 0
    async with connect.engine() as engine:
        for i in range(0, len(named), _ADDED_AT_ONCE):
            joined = await starter.add(engine, campaign, named[i : i + _ADDED_AT_ONCE], "cli")
            new, known = new + joined.new, known + joined.named - joined.new
    return Answer({"added": new, "already": known}, [output.line(f"{new} added; {known} were in it already")])


async def remove(
    campaign: _Campaign,
    contact: Annotated[str, typer.Option("--contact", metavar="ID", help="External id of a contact.")],
    as_json: AsJson = False,
) -> Answer:
    """Take a contact out of a campaign; enrollments go on."""
    async with connect.engine() as engine:
        await starter.remove(engine, campaign, contact)
    return Answer({"removed": contact}, [output.line(f"{contact} is not in it any more")])


async def delete(campaign: _Campaign, as_json: AsJson = False) -> Answer:
    """Dissolve a campaign; contacts, enrollments and the record of its batches stay."""
    async with connect.engine() as engine:
        await starter.delete(engine, campaign)
    return Answer({"deleted": campaign}, [output.line(f"campaign {campaign} is dissolved")])


async def assign(
    campaign: _Campaign,
    sequence: Annotated[str, typer.Argument(metavar="SEQUENCE", show_default=False, help="Key of the sequence.")],
    wait: Annotated[bool, typer.Option("--wait", help="Until the batch has ended; exit status 1: it failed.")] = False,
    as_json: AsJson = False,
) -> Answer:
    """Enroll everybody in a campaign, by a batch that the workers go through, whoever of them dies.

    Said again while the batch is under way it is the same batch.
    """
    async with connect.engine() as engine:
        begun = await starter_batches.assign_sequence(engine, campaign, sequence)
        if wait:
            begun = await _until_ended(engine, begun, quiet=as_json)
        return await _answer(engine, begun)


async def list_batches(
    campaign: Annotated[str | None, typer.Option(metavar="CAMPAIGN", help="Only those of this campaign.")] = None,
    as_json: AsJson = False,
) -> Answer:
    """List batches, the newest first."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        only = (await starter.find(tx, campaign)).id if campaign else None
        found = await batches.listed(tx, only, before=None, limit=_SHOWN)
    listed: RenderableType = (
        output.table(
            None,
            ("batch", "campaign", "sequence", "asked for (UTC)", "status", "total", "done", "skipped", "failed"),
            (
                (
                    short_ids.short(one.id),
                    one.campaign,
                    f"{one.sequence} v{one.version}",
                    humanize.clock(one.created_at),
                    "held" if one.held else one.status,
                    *(one.total, one.enrolled, one.skipped, one.failed),
                )
                for one in found
            ),
            right="total done skipped failed",
        )
        if found
        else output.line("no batches; ./touchline campaigns assign CAMPAIGN SEQUENCE makes one")
    )
    return Answer({"batches": [_document(one) for one in found]}, [listed])


async def show(batch: _Batch, as_json: AsJson = False) -> Answer:
    """Show how far a batch has come, and whom it did not enroll."""
    async with connect.engine() as engine:
        return await _answer(engine, await _named(engine, batch))


async def cancel(batch: _Batch, as_json: AsJson = False) -> Answer:
    """End a batch: nobody more is enrolled, and whoever is stays so."""
    async with connect.engine() as engine:
        found = await _named(engine, batch)
        return await _answer(engine, await starter_batches.cancel(engine, found.id))


async def _named(engine: Engine, text: str) -> Batch:
    async with engine.transaction() as tx:
        return await starter_batches.batch(tx, await short_ids.batch(tx, text))


async def _until_ended(engine: Engine, batch: Batch, *, quiet: bool) -> Batch:
    with output.progress(quiet=quiet) as progress:
        task = progress.add_task("enrolling", total=batch.total)
        while batch.status in LIVE:
            await asyncio.sleep(_LOOK_EVERY_S)
            async with engine.transaction() as tx:
                batch = await starter_batches.batch(tx, batch.id)
            progress.update(
                task,
                completed=batch.enrolled + batch.skipped + batch.failed,
                description="held" if batch.held else "enrolling",
            )
    return batch


async def _answer(engine: Engine, batch: Batch) -> Answer:
    async with engine.transaction() as tx:
        reasons = await batches.reasons(tx, batch.id)
        refused = await batches.refused(tx, batch.id, None, after=None, limit=_SHOWN)
    lines = [
        f"batch {short_ids.short(batch.id)}: {batch.campaign} into {batch.sequence} v{batch.version}, {batch.status}",
        f"{batch.enrolled} of {batch.total} enrolled",
        *(f"{count} not enrolled: {_WORDS[reason]}" for reason, count in sorted(reasons.items())),
        *(f"  {one.external_id}: {one.detail or _WORDS[one.reason]}" for one in refused),
    ]
    if len(refused) < sum(reasons.values()):
        lines.append(f"  and {sum(reasons.values()) - len(refused)} more")
    if batch.held:
        lines.append(f"it waits: {batch.held}")
    if batch.error:
        lines.append(f"why: {batch.error}")
    if batch.status in LIVE:
        lines.append(f"./touchline batches show {short_ids.short(batch.id)} tells how far it has come")
    document = {"batch": _document(batch), "reasons": reasons, "not_enrolled": refused}
    return Answer(document, [output.line(text) for text in lines], _exit(batch))


def _document(batch: Batch) -> dict[str, object]:
    """With the word that the API has for those who are enrolled."""
    fields: dict[str, object] = dict(vars(batch))
    return {**fields, "done": fields.pop("enrolled")}


def _exit(batch: Batch) -> Exit:
    return Exit.REFUSED if batch.status == "failed" else Exit.DONE
