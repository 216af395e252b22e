"""`migrate`: the database's schema, or the people in a sequence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from domain.errors import NotReady
from domain.version_diff import Diff
from entrypoint import Exit
from local.stack import running_stack
from starter import humanize
from starter.enrollments.migration import MigrationReport, Person
from starter.enrollments.migration import migrate as migrate_people
from store.logins import ensure_login
from store.schema import migrate as migrate_schema

_NAMED = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "migrate", "migrate quick-tour --to 2 --dry-run", "migrate quick-tour --to 2 --map offer=idea")(
        migrate
    )


async def migrate(
    sequence: Annotated[
        str | None,
        typer.Argument(metavar="SEQUENCE", show_default=False, help="Key of the sequence whose people are moved."),
    ] = None,
    to: Annotated[
        int | None, typer.Option("--to", metavar="VERSION", min=1, help="The version that they are moved to.")
    ] = None,
    replaced: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OLD=NEW", help="Step NEW takes the place of step OLD; may be repeated."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would become of whom, and change nothing.")] = (
        False
    ),
    as_json: AsJson = False,
) -> Answer:
    """Bring the database to this checkout's schema; with SEQUENCE, move the people in it to another version.

    Alone: the database of the settings, or the running local stack's. Needs the role that owns the tables, by
    TOUCHLINE_DATABASE_OWNER_URL; creates the database if it is missing, and the role that TOUCHLINE_DATABASE_URL names.

    With SEQUENCE: every live enrollment goes on from the step of the same id, or from the one that --map names, and
    keeps what is left of its wait. Whoever cannot be moved stays, and is named with the reason. Safe to say again.
    """
    if sequence is None:
        if to is not None or replaced or dry_run:
            raise typer.BadParameter("--to, --map and --dry-run go with a SEQUENCE")
        return await _schema()
    if to is None:
        raise typer.BadParameter("say to which version: --to VERSION")
    mapping = _mapping(replaced or ())
    async with connect.engine() as engine:
        with output.progress(quiet=as_json) as progress:
            task = progress.add_task("judging" if dry_run else "moving", total=None)
            report = await migrate_people(
                engine,
                sequence,
                to,
                mapping,
                dry_run=dry_run,
                on_count=lambda total: progress.update(task, total=total),
                on_progress=lambda n: progress.advance(task, n),
            )
    return Answer(_document(report), _text(report), Exit.UNREACHABLE if report.interrupted else Exit.DONE)


async def _schema() -> Answer:
    settings = connect.load_settings()
    owner, login = settings.database_owner_url or settings.database_url, settings.database_url
    if not owner:
        stack = running_stack(settings.state_dir)
        if stack is None:
            raise NotReady(
                "there is no database to migrate",
                hint="set TOUCHLINE_DATABASE_OWNER_URL; ./touchline up migrates its own",
            )
        owner, login = stack.owner_url, stack.database_url
    applied = await migrate_schema(owner)
    made = await ensure_login(owner, login) if login not in ("", owner) else None
    said = [f"applied {Path(name).stem}" for name in applied] or ["nothing to do: the schema is this checkout's"]
    if made is not None:
        said.append(f"made the role {made}, which may log in and become touchline_app")
    return Answer({"applied": applied, "role_made": made}, [output.line(text) for text in said])


def _mapping(given: Iterable[str]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for text in given:
        old, sign, new = (part.strip() for part in text.partition("="))
        if not (old and sign and new):
            raise typer.BadParameter(f"{text!r} is not OLD=NEW", param_hint="--map")
        if mapping.setdefault(old, new) != new:
            raise typer.BadParameter(f"{old} has two successors, {mapping[old]} and {new}", param_hint="--map")
    return mapping


def _document(report: MigrationReport) -> dict[str, object]:
    said: dict[str, object] = {
        "sequence": report.sequence,
        "to": report.version,
        "dry_run": report.dry_run,
        "moved": len(report.moved),
        "stays": len(report.stay),
        "already_there": report.there,
        "versions": [{"version": number, **diff.model_dump()} for number, diff in sorted(report.diffs.items())],
        "steps": [
            {
                "version": version,
                "step": step,
                "people": len(people),
                "moved": sum(person.stays is None for person in people),
                "next": [{"step": to, "people": count} for to, count in _next(people).items()],
                "first_at": min((person.at for person in people if person.at), default=None),
                "last_at": max((person.at for person in people if person.at), default=None),
                "stays": Counter(str(person.stays) for person in people if person.stays),
            }
            for (version, step), people in _by_step(report).items()
        ],
        "enrollments": [_person(person) for person in report.people],
    }
    if report.interrupted is not None:
        said |= {"error": str(report.interrupted), "hint": output.mend(report.interrupted)}
    return said


def _person(person: Person) -> dict[str, object]:
    next_ = None if person.to is None else {"step": person.to, "at": person.at, "gate": person.gate}
    return {
        "enrollment": person.enrollment,
        "contact": person.contact,
        "status": person.status,
        "version": person.version,
        "step": person.step,
        "next": next_,
        "stays": person.stays,
        "detail": person.detail or None,
    }


def _by_step(report: MigrationReport) -> dict[tuple[int, str], list[Person]]:
    found: dict[tuple[int, str], list[Person]] = defaultdict(list)
    for person in report.people:
        found[person.version, person.step].append(person)
    return dict(sorted(found.items()))


def _next(people: Sequence[Person]) -> Counter[str]:
    return Counter(person.to for person in people if person.to is not None)


def _text(report: MigrationReport) -> list[RenderableType]:
    text: list[RenderableType] = []
    for number, diff in sorted(report.diffs.items()):
        text += [output.line(f"v{number} → v{report.version}", "bold"), *map(output.line, _changes(diff))]
    if report.people:
        text += [output.line(""), _table(report)]
    could = "would be moved" if report.dry_run else "moved"
    text.append(output.line(f"{len(report.moved)} {could}, {len(report.stay)} stay, {report.there} were there before"))
    text += [
        output.line(
            f"  {short_ids.short(one.enrollment)} ({one.contact}) stays before {one.step}: {one.detail}", "yellow"
        )
        for one in report.stay[:_NAMED]
    ]
    if len(report.stay) > _NAMED:
        text.append(output.line(f"  and {len(report.stay) - _NAMED} more; --json names everybody"))
    if report.interrupted is not None:
        text.append(output.line(f"interrupted: {report.interrupted}", "bold red"))
        text.append(output.line(f"  {output.mend(report.interrupted)}"))
    return text


def _changes(diff: Diff) -> list[str]:
    lines = {
        "added": ", ".join(diff.added),
        "removed": ", ".join(diff.removed),
        "changed": ", ".join(f"{one.step} ({', '.join(one.what)})" for one in diff.changed),
        "moved": ", ".join(diff.moved),
        "settings": ", ".join(diff.settings),
    }
    return [f"  {name}: {steps}" for name, steps in lines.items() if steps] or ["  the same steps"]


def _table(report: MigrationReport) -> RenderableType:
    rows = []
    for (version, step), people in _by_step(report).items():
        times = sorted(person.at for person in people if person.at)
        rows.append(
            (
                f"v{version}",
                step,
                len(people),
                ", ".join(f"{to} ({count})" for to, count in _next(people).items()),
                humanize.clock(times[0]) if times else "",
                humanize.clock(times[-1]) if times else "",
                ", ".join(f"{why}: {n}" for why, n in Counter(p.stays for p in people if p.stays).items()),
            )
        )
    columns = ("from", "step", "people", "then", "first (UTC)", "last (UTC)", "stay")
    return output.table("People", columns, rows, right="people")
