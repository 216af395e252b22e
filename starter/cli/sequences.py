"""`sequences` and `stats`: what is published, and how it does."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType

from starter.cli import connect, output, refer
from starter.cli.command import Answer, AsJson, command
from store import reports, sequences
from store.reports import StepStats


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "sequences", name="sequences")(list_sequences)
    command(app, "stats quick-tour")(stats)


async def list_sequences(as_json: AsJson = False) -> Answer:
    """List the sequences with their newest version, and why a paused one is paused."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        rows = await sequences.list_all(tx)
    document = [
        {
            "key": row.key,
            "name": row.name,
            "version": row.version,
            "status": row.status,
            "paused_reason": row.paused_reason,
            "triggers": row.triggers,
        }
        for row in rows
    ]
    if not rows:
        return Answer(document, [output.line("no sequences; ./touchline publish FILE publishes one")])
    listed = output.table(
        None,
        ("sequence", "name", "version", "status", "triggers"),
        ((row.key, row.name, row.version, row.status, ", ".join(row.triggers)) for row in rows),
        right="version",
    )
    paused = [
        output.line(f"{row.key} is paused: {row.paused_reason}", "bold yellow") for row in rows if row.paused_reason
    ]
    return Answer(document, [listed, *paused])


async def stats(
    sequence: Annotated[str, typer.Argument(metavar="SEQUENCE", show_default=False, help="Key of the sequence.")],
    as_json: AsJson = False,
) -> Answer:
    """Count a sequence's messages per step, and its enrollments by status; exact at the moment of asking."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        row = await refer.sequence(tx, sequence)
        steps = await reports.step_stats(tx, row.id)
        statuses = await reports.status_counts(tx, row.id)
    document = {
        "sequence": row.key,
        "name": row.name,
        "version": row.version,
        "status": row.status,
        "paused_reason": row.paused_reason,
        "steps": steps,
        "enrollments": statuses,
    }
    text: list[RenderableType] = [output.line(f"{row.name} ({row.key} v{row.version}), {row.status}", "bold")]
    if row.paused_reason:
        text.append(output.line(f"PAUSED, no message goes out: {row.paused_reason}", "bold red"))
        text.append(output.line(f"  ./touchline resume --sequence {row.key} lets it go on"))
    text += [output.line(""), step_table(steps, row.version), output.line("")]
    text.append(
        output.table(
            None,
            ("enrollments", "status", "reason"),
            ((count.enrollments, count.status, count.reason) for count in statuses),
            right="enrollments",
        )
        if statuses
        else output.line("nobody has been enrolled yet")
    )
    return Answer(document, text)


def step_table(steps: Sequence[StepStats], version: int | None) -> RenderableType:
    """One line per message step; a step that the newest version dropped says so."""
    numbers = ("sent", "pending", "failed", "responses", "ambiguous", "cancelled")
    return output.table(
        None,
        ("#", "step", "type", *numbers),
        (
            (
                step.number,
                step.step + ("" if step.last_version == version else f" (until v{step.last_version})"),
                step.type,
                *(getattr(step, name) for name in numbers),
            )
            for step in steps
        ),
        right=f"# {' '.join(numbers)}",
    )
