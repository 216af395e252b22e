"""`dead-letters`: what was reported and could not be read."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from starter import humanize
from store.inbound import dead_letters
from store.inbound.dead_letters import DeadLetter


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "dead-letters --limit 5", name="dead-letters")(show_dead_letters)


async def show_dead_letters(
    show: Annotated[UUID | None, typer.Option(metavar="ID", help="Show this one, with what was sent.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> Answer:
    """List the calls of proven senders that could not be read or recorded, newest first, each with its reason."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        if show is not None:
            letter, body = await dead_letters.read(tx, show)
            return _one(letter, body)
        found = await dead_letters.listed(tx, limit)
    listed: RenderableType = (
        output.table(
            None,
            ("received (UTC)", "id", "where", "bytes", "reason"),
            ((humanize.clock(f.received_at), f.id, f.source, f.bytes, f.reason) for f in found),
            right="bytes",
        )
        if found
        else output.line("none: everything that was reported could be read")
    )
    return Answer({"dead_letters": [asdict(letter) for letter in found]}, [listed])


def _one(letter: DeadLetter, body: bytes) -> Answer:
    # As text where it is one; the replacement characters of anything else say enough.
    text = body.decode(errors="replace")
    fields = asdict(letter)
    return Answer(
        {**fields, "body": text},
        [
            output.table(None, ("", ""), [(name.replace("_", " "), value) for name, value in fields.items()]),
            output.line(""),
            output.line(text),
        ],
    )
