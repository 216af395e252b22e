"""`event`: something that a contact did, reported manually as your own system would report it."""

from typing import Annotated

import typer

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from starter.contacts.events import RecordedEvent, record_event


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "event C-1001 signed-contract", "event C-1001 paid --key invoice-77")(event)


async def event(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="The contact's external id.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What happened, as `wait_for` and conditions call it.")],
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Names this one occurrence; the same key twice has one effect.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Say that something happened to a contact, for the steps that wait for it, conditions and goals."""
    async with connect.engine() as engine:
        happened = await record_event(engine, contact, name, key)
    return Answer(vars(happened), [output.line(_said(name, happened))])


def _said(name: str, happened: RecordedEvent) -> str:
    if happened.duplicate:
        return f"{name} was recorded before under this key; nothing was changed"
    awaited = ", ".join(short_ids.short(one) for one in happened.awaited)
    stopped = ", ".join(short_ids.short(one) for one in happened.stopped)
    parts = [f"awaited by {awaited}" if awaited else "", f"the goal of {stopped}" if stopped else ""]
    return f"{name} is recorded; " + (" and ".join(part for part in parts if part) or "nobody was waiting for it")
