"""`sequences` and `stats`: what is published, and how it does."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from starter.analytics.splits import MEASURES, ArmReport, SplitReport, split_report
from store.analytics import analytics
from store.analytics.analytics import Counts, StepStats
from store.enrollments import executions
from store.enrollments.executions import Filter
from store.sequences import sequences


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
    """Count a sequence's messages per step, its enrollments by status, and what followed from each arm of a split.

    Counts are exact at the moment of asking. An arm of a split is named the winner by a written rule only: see
    docs/reference/sequences.md.
    """
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        row = await sequences.named(tx, sequence)
        steps = await analytics.step_stats(tx, row.id)
        statuses = await executions.counts(tx, Filter(sequence_id=row.id, is_test=False))
        splits = await split_report(tx, row.id)
    total = analytics.total(steps)
    document = {
        "sequence": row.key,
        "name": row.name,
        "version": row.version,
        "status": row.status,
        "paused_reason": row.paused_reason,
        "steps": steps,
        "total": total,
        "enrollments": statuses,
        "splits": splits,
    }
    text: list[RenderableType] = [output.line(f"{row.name} ({row.key} v{row.version}), {row.status}", "bold")]
    if row.paused_reason:
        text.append(output.line(f"PAUSED, no message goes out: {row.paused_reason}", "bold red"))
        text.append(output.line(f"  ./touchline resume --sequence {row.key} lets it go on"))
    text += [output.line(""), step_table(steps, row.version)]
    if total.ambiguous:
        text.append(
            output.line(f"in doubt, sent or not: {total.ambiguous}; ./touchline doctor names them", "bold yellow")
        )
    text.append(output.line(""))
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
    for split in splits:
        text += [output.line(""), arm_table(split), output.line(split.verdict, "" if split.winner is None else "bold")]
    return Answer(document, text)


def arm_table(split: SplitReport) -> RenderableType:
    """One line per arm: counts, the rate that decides, and how far it is behind the leading arm."""
    rate = f"{split.measure} rate"
    return output.table(
        f"split {split.split}",
        ("arm", "entered", *MEASURES, rate, "against the leader"),
        [
            (
                arm.arm,
                arm.entered,
                *(getattr(arm, measure) for measure in MEASURES),
                "–" if (share := arm.rates[split.measure]) is None else f"{share:.1%}",
                _behind(split, arm),
            )
            for arm in split.arms
        ],
        right=f"entered {' '.join(MEASURES)}",
    )


def _behind(split: SplitReport, arm: ArmReport) -> str | None:
    if arm.arm == split.leader:
        return "leads"
    if arm.against_leader is None:
        return None
    lag = arm.against_leader[split.measure]
    return f"{100 * lag.difference:+.1f} points ({100 * lag.low:+.1f} to {100 * lag.high:+.1f})"


_COUNTED = ("sent", "pending", "failed", "responses", "rate", "opened", "clicked", "bounced", "unsubscribed")
"""`rate`: of the messages sent, those that were answered."""


def step_table(steps: Sequence[StepStats], version: int | None) -> RenderableType:
    """One line per message step; a step that the newest version dropped says so."""
    rows: list[tuple[object, ...]] = [
        (
            step.number,
            step.step + ("" if step.last_version == version else f" (until v{step.last_version})"),
            step.type,
            *_numbers(step),
        )
        for step in steps
    ]
    if len(steps) > 1:
        rows.append((None, "all steps", None, *_numbers(analytics.total(steps))))
    return output.table(None, ("#", "step", "type", *_COUNTED), rows, right=f"# {' '.join(_COUNTED)}")


def _numbers(counts: Counts) -> list[object]:
    rate = "–" if counts.response_rate is None else f"{counts.response_rate:.1%}"
    return [rate if name == "rate" else getattr(counts, name) for name in _COUNTED]
