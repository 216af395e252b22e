"""`outbox`: what the local outbox holds."""

import asyncio
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from domain.errors import TouchlineError
from providers.outbox import OutboxEntry, count_outbox, list_outbox
from starter import humanize


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "outbox --limit 5 --to ada@example.com", name="outbox")(show_outbox)


async def show_outbox(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 20,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only messages to this address.")] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Another outbox, such as the demo's.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Show what the local outbox holds, newest first: every message that was handed over without a real provider.

    It is a folder of the installation, with the messages of all its tenants.
    """
    folder = directory or connect.load_settings().outbox_dir
    try:
        total, entries = await asyncio.to_thread(_read, folder, limit, to)
    except OSError as error:
        raise TouchlineError(f"{folder} cannot be read: {error.strerror}") from error
    document = {"directory": str(folder), "total": total, "messages": [_message(entry) for entry in entries]}
    listed: RenderableType = (
        output.table(
            None,
            ("at (UTC)", "channel", "to", "subject", "text"),
            (
                (humanize.clock(e.at), e.message.channel, e.message.to, e.subject, " ".join(e.body.split())[:80])
                for e in entries
            ),
        )
        if entries
        else output.line("no messages" + (f" to {to}" if to else ""))
    )
    return Answer(document, [listed, output.line(f"{len(entries)} of {total} messages in {folder}")])


def _read(folder: Path, limit: int, to: str | None) -> tuple[int, list[OutboxEntry]]:
    if to is None:
        return count_outbox(folder), list_outbox(folder, limit)
    wanted = to.strip().lower()
    matching = (entry for entry in list_outbox(folder) if entry.message.to.lower() == wanted)
    return count_outbox(folder), list(islice(matching, limit))


def _message(entry: OutboxEntry) -> dict[str, object]:
    return {
        "at": entry.at,
        "channel": entry.message.channel,
        "to": entry.message.to,
        "subject": entry.subject,
        "body": entry.body,
        "tenant_id": entry.message.tenant_id,
        "job_id": entry.message.job_id,
    }
