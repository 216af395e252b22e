"""`simulate` and `verify`: who would get what, when, and whether it is what the author expects."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker

from authoring.check import Checked
from cli.commands import authoring, simulation_text
from cli.terminal import connect, output
from cli.terminal.command import Answer, AsJson, command
from composition import links_of, temporal_address_of, worker_of
from domain.errors import NotReady
from domain.messages import Channel
from entrypoint import Exit
from providers.recorder import Recorder
from providers.registry import Registry
from settings import Settings
from simulation.clock import ShiftedRunner, SkippingClock
from simulation.cues import REPLY, Cue
from simulation.interceptor import Attempts
from simulation.people import people_of_csv, read_people, start_of
from simulation.run import Person, Played, must_fit, simulate
from simulation.servers import Servers, Site, throwaway_servers
from simulation.verify import verify
from starter.engine import Engine, connect_temporal
from starter.runs import Runs
from store.pool import Database
from store.workspace import tenant_settings
from store.workspace.tenant_settings import Tenant

_ZONE = "America/New_York"
"""A new database's: of those whose own zone nobody knows."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(
        app,
        "simulate examples/quick-tour.yaml --csv examples/contacts.csv --start 2026-12-01",
        "simulate examples/quick-tour.yaml --contact C-1001 --reply hello:C-1001 --json",
        name="simulate",
    )(simulate_file)
    command(app, "verify my-sequence.yaml", name="verify")(verify_file)


async def simulate_file(
    file: authoring.File,
    contact: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A contact of the running database; may be repeated.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Everybody in this file; needs no database.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="When they are enrolled, by each contact's clock: 2026-12-01T09:30. Now, if left out."
        ),
    ] = None,
    reply: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP:CONTACT", help="The contact answers as soon as the step has come; may be repeated."),
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STEP:CONTACT:NAME",
            help="As soon as the step has come: opened, clicked, bounced, unsubscribed, or an event of your own; "
            "may be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Play a sequence through, and say who would get what, when, and why anything is held back or skipped.

    The real engine runs it on servers of its own, where weeks pass in seconds; nothing is published or sent. Times are
    told by each contact's clock.
    """
    if (csv is None) == (not contact):
        raise typer.BadParameter("name either contacts (--contact ID) or a file (--csv FILE)")
    checked = authoring.read(file)
    if not checked.ok:
        return authoring.refused(checked, "nothing was simulated")
    settings = connect.load_settings(level="error")
    now = datetime.now(UTC)
    tenant: Tenant | None = None
    if csv is not None:
        known = people_of_csv(csv, settings.default_region)
        people = [Person(one, start_of(one, start, now, _ZONE)) for one in known]
    else:
        tenant, people = await _contacts(contact or [], start, now)
    cues = [*_replies(reply or []), *_events(event or [], people)]
    must_fit(checked, [person.contact for person in people], cues)
    async with throwaway_servers(settings.state_dir) as servers:
        played = await play(settings, servers, checked, people, cues, tenant)
    for cue in played.unplayed:
        output.note(f"{cue}: it never came to that", "bold yellow")
    return Answer({"contacts": [o.document() for o in played.outcomes]}, simulation_text.text(played.outcomes))


async def verify_file(file: authoring.File, as_json: AsJson = False) -> Answer:
    """Run the `tests` that stand in a sequence file, and say what is not as they expect.

    Each of them is a simulation: a contact, a start and what the contact does. Exit status 1 says that an expectation
    is not met.
    """
    checked = authoring.read(file)
    if not checked.ok:
        return authoring.refused(checked, "nothing was run")
    settings = connect.load_settings(level="error")
    async with throwaway_servers(settings.state_dir) as servers:

        async def played(people: Sequence[Person], cues: Sequence[Cue]) -> Played:
            return await play(settings, servers, checked, people, cues)

        verdicts = await verify(checked, played, settings.default_region, _ZONE)
    failed = sum(bool(verdict.differences) for verdict in verdicts)
    document = {
        "file": checked.filename,
        "passed": len(verdicts) - failed,
        "failed": failed,
        "tests": [verdict.document() for verdict in verdicts],
    }
    return Answer(document, simulation_text.verdicts(checked.filename, verdicts), Exit.REFUSED if failed else Exit.DONE)


async def _contacts(names: Sequence[str], start: str | None, now: datetime) -> tuple[Tenant | None, list[Person]]:
    try:
        async with connect.database() as (settings, database), database.transaction(settings.tenant) as tx:
            tenant = await tenant_settings.read(tx)
            return tenant, await read_people(tx, names, start, now, tenant.timezone if tenant else _ZONE)
    except NotReady as error:
        raise NotReady(
            f"--contact reads a running database: {error}", f"--csv FILE needs none; or {error.hint}"
        ) from error


async def play(
    settings: Settings,
    servers: Servers,
    checked: Checked,
    people: Sequence[Person],
    cues: Sequence[Cue] = (),
    tenant: Tenant | None = None,
) -> Played:
    """One simulation, on a place of its own."""
    async with servers.place() as place, _engine(own := _settings(settings, place)) as engine:

        def worker(attempts: Attempts, clock: SkippingClock) -> Worker:
            return worker_of(own, engine, interceptors=[attempts], around=lambda runner: ShiftedRunner(runner, clock))

        return await simulate(engine, worker, checked, people, cues, tenant)


@asynccontextmanager
async def _engine(settings: Settings) -> AsyncIterator[Engine]:
    database = await Database.connect(settings.database_url, size=settings.database_pool_size)
    try:
        client = await connect_temporal(temporal_address_of(settings), runtime=_quiet())
        yield Engine(
            database=database,
            runs=Runs(client, settings.task_queue, settings.search_attributes),
            providers=Registry(dict.fromkeys(Channel, Recorder())),
            tenant_id=settings.tenant,
            default_region=settings.default_region,
            links=links_of(settings),
        )
    finally:
        await database.close()


@cache
def _quiet() -> Runtime:
    """The SDK says on stdout what the test server cannot do; there stands the answer, and nothing else."""
    return Runtime(telemetry=TelemetryConfig(logging=None))


def _settings(settings: Settings, place: Site) -> Settings:
    """Nothing of the user's but where telephones are: a simulation reaches nobody."""
    return Settings.model_construct().model_copy(
        update={
            "database_url": place.database_url,
            "temporal_address": place.temporal_address,
            "search_attributes": False,
            "default_region": settings.default_region,
            # Links have to look like links; these lead nowhere.
            "public_url": settings.public_url or "https://touchline.invalid",
            "secret_keys": SecretStr("simulation" * 4),
        }
    )


def _replies(said: Sequence[str]) -> list[Cue]:
    cues = []
    for one in said:
        step, colon, contact = one.partition(":")
        if not (step and colon and contact):
            raise typer.BadParameter(f"{one!r} is not STEP:CONTACT", param_hint="--reply")
        cues.append(Cue(contact, step, REPLY))
    return cues


def _events(said: Sequence[str], people: Sequence[Person]) -> list[Cue]:
    """Contacts and names may both hold colons, so the contact is one that takes part, if any does."""
    known = {person.contact.external_id for person in people}
    cues = []
    for one in said:
        step, _, rest = one.partition(":")
        ends = [at for at, sign in enumerate(rest) if sign == ":"]
        if not step or not ends or not rest[: ends[-1]] or not rest[ends[-1] + 1 :]:
            raise typer.BadParameter(f"{one!r} is not STEP:CONTACT:NAME", param_hint="--event")
        end = next((at for at in ends if rest[:at] in known), ends[-1])
        cues.append(Cue(rest[:end], step, "reply" if rest[end + 1 :] == "replied" else rest[end + 1 :]))
    return cues
