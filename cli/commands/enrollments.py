"""`enroll`, `enrollments`, `show`: who is in which sequence, and how it goes."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.commands import enrollment_text
from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, Refused, command
from domain.enrollment import EnrollmentStatus
from domain.errors import NotFound
from entrypoint import Exit
from starter import humanize
from starter.contacts.csv_file import external_ids
from starter.engine import Engine
from starter.enrollments import enroll as enrolling
from starter.enrollments.enroll import EnrollReport
from starter.enrollments.record import record_of
from store.contacts import contacts, records
from store.enrollments import record
from store.enrollments.record import EnrollmentRow
from store.sequences import sequences

_PAGE = 5000
_NAMED = 20
_STATE_WIDTH = 100
"""`show` and --json have an error whole."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "enroll quick-tour --contact T01 --contact T02", "enroll quick-tour --all --trigger tour")(enroll)
    command(app, "enrollments --sequence quick-tour --status running", name="enrollments")(list_enrollments)
    command(app, "show 1f0c2a9b")(show)


async def enroll(
    sequence: Annotated[str, typer.Argument(metavar="SEQUENCE", show_default=False, help="Key of the sequence.")],
    contact: Annotated[
        list[str] | None, typer.Option("--contact", metavar="ID", help="External id of a contact; may be repeated.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Everybody in the external_id column of a CSV file.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every contact.")] = False,
    trigger: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --all: only contacts that carry this trigger.")
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="A test run: everything happens, and no statistics count it.")
    ] = False,
    as_json: AsJson = False,
) -> Answer:
    """Enroll contacts in a sequence's newest version; whoever is live in it already stays as they are.

    Whoever shares an email or phone with somebody in it stays out, unless it says `shared_addresses: allow`.

    Unknown ids are reported all together, and then nobody is enrolled. Exit status 1 also says that somebody named
    by --contact did not get in.
    """
    if (bool(contact) + (csv is not None) + everyone) != 1:
        raise typer.BadParameter("say who: one of --contact ID, --csv FILE and --all")
    if trigger is not None and not everyone:
        raise typer.BadParameter("--trigger goes with --all")
    named = list(dict.fromkeys(contact or (external_ids(csv) if csv else ())))
    async with connect.engine() as engine:
        await _must_exist(engine, named)
        people = enrolling.everyone(engine, trigger) if everyone else enrolling.chosen(engine, named)
        source = f"trigger:{trigger}" if trigger else "csv" if csv else "manual"
        with output.progress(quiet=as_json) as progress:
            task = progress.add_task("enrolling", total=await _expected(engine, named, everyone, trigger))
            report = await enrolling.enroll(
                engine,
                sequence,
                people,
                source=source,
                is_test=test,
                on_progress=lambda n: progress.advance(task, n),
                bulk=not contact,
            )
    refused = bool(contact) and report.skipped > 0
    return Answer(_document(sequence, report), _lines(report), Exit.REFUSED if refused else Exit.DONE)


async def _must_exist(engine: Engine, external_ids: Sequence[str]) -> None:
    """Before anybody is enrolled, so that a list with a mistake in it can be fixed and given again."""
    unknown: list[str] = []
    for i in range(0, len(external_ids), _PAGE):
        wanted = external_ids[i : i + _PAGE]
        async with engine.transaction() as tx:
            known = {c.external_id for c in await contacts.by_external_ids(tx, wanted)}
        unknown += [x for x in wanted if x not in known]
    if unknown:
        refused = records.unknown(unknown, "nobody was enrolled")
        raise Refused(str(refused), hint=output.mend(refused), details={"unknown": unknown})


async def _expected(engine: Engine, named: Sequence[str], everyone: bool, trigger: str | None) -> int:
    if not everyone:
        return len(named)
    async with engine.transaction() as tx:
        return await contacts.count_contacts(tx, trigger)


def _document(sequence: str, report: EnrollReport) -> dict[str, object]:
    return {
        "sequence": sequence,
        "enrolled": len(report.enrolled),
        "enrollments": report.enrolled,
        "skipped": {
            "live": len(report.live),
            "once_only": len(report.once_only),
            "shared_address": [
                {"contact": one.contact.external_id, "with": one.sharer.external_id, "address": one.sharer.kind}
                for one in report.shared
            ],
            "unschedulable": [{"contact": who, "reason": why} for who, why in report.unschedulable],
        },
        "unstarted": report.unstarted,
    }


def _lines(report: EnrollReport) -> list[Text]:
    lines = [f"{len(report.enrolled)} enrolled"]
    if len(report.enrolled) <= _NAMED:
        lines += [f"  {enrollment_id}" for enrollment_id in report.enrolled]
    if report.live:
        lines.append(f"{len(report.live)} not enrolled: live in it already")
    if report.once_only:
        lines.append(f"{len(report.once_only)} not enrolled: were in it before, and it says `reenroll: never`")
    lines += [f"{one.contact.external_id} not enrolled: {one}" for one in report.shared[:_NAMED]]
    if len(report.shared) > _NAMED:
        lines.append(f"{len(report.shared) - _NAMED} more not enrolled: they share an address with somebody in it")
    lines += [f"{who} not enrolled: {why}" for who, why in report.unschedulable[:_NAMED]]
    if len(report.unschedulable) > _NAMED:
        lines.append(f"{len(report.unschedulable) - _NAMED} more not enrolled: no allowed time exists for them")
    if report.unstarted:
        lines.append(f"{report.unstarted} enrolled but not started yet: the reconciler starts them")
    return [output.line(text) for text in lines]


async def list_enrollments(
    sequence: Annotated[str | None, typer.Option(metavar="KEY", help="Only those in this sequence.")] = None,
    status: Annotated[EnrollmentStatus | None, typer.Option(help="Only those with this status.")] = None,
    test: Annotated[
        bool | None, typer.Option("--test/--real", help="Only test runs, or only real ones.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
) -> Answer:
    """List enrollments, newest first."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        key = (await sequences.named(tx, sequence)).id if sequence else None
        rows = await record.list_enrollments(tx, sequence_id=key, status=status, is_test=test, limit=limit + 1)
    more = len(rows) > limit
    rows = rows[:limit]
    document = {"enrollments": [{**_row(row), "state": humanize.state_of(row)} for row in rows], "more": more}
    text: list[RenderableType] = [
        output.table(
            None,
            ("enrollment", "sequence", "contact", "state", "next run (UTC)"),
            (
                (
                    short_ids.short(row.id),
                    f"{row.sequence} v{row.version}",
                    row.contact,
                    shorten(humanize.state_of(row), _STATE_WIDTH, placeholder=" …"),
                    humanize.clock(row.next_run_at),
                )
                for row in rows
            ),
        )
        if rows
        else output.line("no enrollments")
    ]
    if more:
        text.append(output.line(f"(the newest {limit}; --limit shows more)"))
    paused = {row.sequence: row.paused_reason for row in rows if row.sequence_status == "paused"}
    text += [output.line(f"sequence {key} is paused: {why}", "bold yellow") for key, why in paused.items()]
    return Answer(document, text)


def _row(row: EnrollmentRow) -> dict[str, object]:
    return dict(vars(row))


async def show(enrollment: short_ids.Enrollment, as_json: AsJson = False) -> Answer:
    """Show one enrollment: its history, and what is next and when, or what holds it back."""
    async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
        enrollment_id = await short_ids.enrollment(tx, enrollment)
        report = await record.read_enrollment(tx, enrollment_id)
    if report is None:
        raise NotFound(f"no enrollment {enrollment}")
    return Answer(record_of(report), enrollment_text.text(report))
