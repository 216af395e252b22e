"""`contacts`: in and out as CSV files, and forgotten."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import TouchlineError
from starter.cli import connect, output
from starter.cli.command import Answer, AsJson, command
from starter.contact_export import export_to
from starter.contacts import ImportReport, import_csv
from starter.ending import Exit
from starter.erasure import erase
from starter.telling import say_many


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Contacts: bring them in and out, forget them.", no_args_is_help=True)
    command(group, "contacts import examples/contacts.csv", name="import")(import_contacts)
    command(group, "contacts export all.csv", name="export")(export_contacts)
    command(group, "contacts erase C-1001 --stop", name="erase")(erase_contact)
    app.add_typer(group, name="contacts")


async def import_contacts(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV in UTF-8 with a header line.")],
    as_json: AsJson = False,
) -> Answer:
    """Create or update contacts by their external id; good lines go in, bad ones are named.

    Columns: external_id, name, email, phone, company, timezone, tags, triggers (several separated by semicolons),
    status; any further column becomes an attribute, and so does attributes.status. An empty cell leaves what is
    stored. Exit status 1 says that a line was rejected, although the others are in.
    """
    async with connect.engine(lazy=True) as engine:
        with output.progress(quiet=as_json) as progress:
            task = progress.add_task(file.name, total=None)

            def on_progress(read: int, total: int, imported: int) -> None:
                progress.update(task, completed=read, total=total, description=f"{imported} contacts")

            report = await import_csv(
                engine.database,
                engine.tenant_id,
                file,
                default_region=engine.default_region,
                on_progress=on_progress,
                tell=partial(say_many, engine),
            )
    return Answer(
        {"imported": report.imported, **report.model_dump()},
        [
            *(
                output.line(f"{file}:{rejected.line}: {rejected.external_id or '?'}: {'; '.join(rejected.reasons)}")
                for rejected in report.rejected
            ),
            output.line(_summary(report)),
        ],
        Exit.REFUSED if report.rejected_count else Exit.DONE,
    )


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
    return (
        f"{report.imported} of {report.read} contacts imported ({report.created} new, {report.updated} updated), "
        f"{report.rejected_count} rejected{more}"
    )
