"""`contacts`: in and out as CSV files, and forgotten."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from domain.errors import TouchlineError
from entrypoint import Exit
from starter.contacts.columns import Column
from starter.contacts.csv_file import Key, Reading
from starter.contacts.dates import DateOrder
from starter.contacts.erasure import erase
from starter.contacts.exports import export_to
from starter.contacts.imports import ImportBroke, ImportReport, import_csv


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Contacts: bring them in and out, forget them.", no_args_is_help=True)
    command(group, "contacts import examples/contacts.csv", name="import")(import_contacts)
    command(group, "contacts export all.csv", name="export")(export_contacts)
    command(group, "contacts erase C-1001 --stop", name="erase")(erase_contact)
    app.add_typer(group, name="contacts")


async def import_contacts(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV with a header line.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what the columns are taken for and what would go in; write nothing.")
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Such as windows-1252 or utf-16; left out: by its mark, else UTF-8."),
    ] = None,
    dates: Annotated[
        DateOrder | None, typer.Option(help="The order in which dates such as 12/24/2026 are written.")
    ] = None,
    key: Annotated[
        Key, typer.Option(help="By what contacts are known: their email or phone, where no column is an id.")
    ] = ("external_id"),
    as_json: AsJson = False,
) -> Answer:
    """Create or update contacts by their external id; good lines go in, bad ones are named.

    Columns: external_id, name, email, phone, company, timezone, tags, triggers (several separated by semicolons),
    status; any further column becomes an attribute, and so does attributes.status. Columns of well-known exports are
    found by their own names. A column country decides about phone numbers without a country code. An empty cell leaves
    what is stored. Exit status 1 says that a line was rejected, although the others are in.
    """
    async with connect.engine(lazy=True) as engine:
        with output.progress(quiet=as_json) as progress:
            task = progress.add_task(file.name, total=None)

            so_far: ImportReport | None = None

            def on_progress(read: int, total: int, report: ImportReport) -> None:
                nonlocal so_far
                so_far = report
                progress.update(task, completed=read, total=total, description=f"{report.imported} contacts")

            try:
                report = await import_csv(
                    engine,
                    file,
                    Reading(default_region=engine.default_region, encoding=encoding, dates=dates, key=key),
                    dry_run=dry_run,
                    on_progress=on_progress,
                )
            except ImportBroke as broke:
                return _answer(file, broke.report, Exit.UNREACHABLE)
            except asyncio.CancelledError:
                if so_far is None:
                    raise
                return _answer(file, so_far, Exit.INTERRUPTED)
    return _answer(file, report, Exit.REFUSED if report.rejected_count else Exit.DONE)


def _answer(file: Path, report: ImportReport, status: Exit) -> Answer:
    columns = [
        f"{column.header or '(no name)'}: {_taken(column)}"
        for column in report.columns
        if report.dry_run or _renamed(column)
    ]
    shared = [
        f"{file}:{one.line}: {one.external_id} has the {one.address} of {one.other}; a sequence takes in one of them"
        for one in report.shared
    ]
    notices = [
        f"{file}:{one.line}: {one.text}" + (f" (and on {one.count - 1} more lines)" if one.count > 1 else "")
        for one in report.notices
    ]
    return Answer(
        {"imported": report.imported, **report.model_dump()},
        [
            *(output.line(text) for text in (*columns, *notices, *shared)),
            *(
                output.line(f"{file}:{rejected.line}: {rejected.external_id or '?'}: {'; '.join(rejected.reasons)}")
                for rejected in report.rejected
            ),
            output.line(_summary(report)),
        ],
        status,
    )


def _renamed(column: Column) -> bool:
    """Whether the file calls it by another name than it is taken for, or it is read for more than that."""
    return column.also is not None or column.taken_for not in (column.header, f"attributes.{column.header}")


def _taken(column: Column) -> str:
    also = {None: "", "country": ", and decides about phone numbers without a country code"}
    return (column.taken_for or "left out") + also.get(column.also, ", and a part of the name")


async def export_contacts(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Where to; it must not exist.")],
    as_json: AsJson = False,
) -> Answer:
    """Write all contacts into a CSV file, with a column for each attribute; an import of it changes nothing.

    Texts that a spreadsheet would take for a formula have an apostrophe before them, which an import takes away.
    """
    async with connect.engine(lazy=True) as engine:
        try:
            count = await export_to(engine, file)
        except OSError as error:
            raise TouchlineError(f"{file} cannot be written: {error.strerror}", hint="name a new file") from error
    return Answer({"exported": count, "file": str(file)}, [output.line(f"{count} contacts are in {file}")])


async def erase_contact(
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="The contact's external id, or ours.")],
    stop: Annotated[bool, typer.Option("--stop", help="Stop the contact's live enrollments.")] = False,
    as_json: AsJson = False,
) -> Answer:
    """Overwrite everything that tells who a contact was, for good; what was counted stays, and so do suppressions."""
    async with connect.engine() as engine:
        id_ = await erase(engine, contact, stop=stop)
    return Answer({"erased": id_}, [output.line(f"erased; the records stay under {id_}")])


def _summary(report: ImportReport) -> str:
    unnamed = report.rejected_count - len(report.rejected)
    more = f" ({unnamed} of them not listed)" if unnamed else ""
    shared = f", {report.shared_count} share an address with another contact" if report.shared_count else ""
    broke = (
        f"; it broke off: import the file again, which repeats nothing, or go on at line {report.next_line}"
        if report.next_line is not None
        else ""
    )
    done = "would be imported" if report.dry_run else "imported"
    return (
        f"{report.imported} of {report.read} contacts {done} ({report.created} new, {report.updated} updated), "
        f"{report.rejected_count} rejected{more}{shared}{broke}"
    )
