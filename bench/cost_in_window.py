"""What cold outreach costs in Temporal with its window in force: the cheapest and the dearest of many starts."""

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid5

from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Worker

from authoring.check import Checked, check
from bench.cost_count import count
from composition import temporal_address_of, worker_of
from domain.contact import Contact
from domain.messages import Channel
from providers.recorder import Recorder
from providers.registry import Registry
from settings import Settings
from simulation.clock import ShiftedRunner, SkippingClock
from simulation.interceptor import Attempts
from simulation.run import Person, id_of, simulate
from simulation.servers import throwaway_servers
from starter.engine import Engine, connect_temporal
from starter.runs import Runs
from store.pool import Database

_OUTREACH = (Path(__file__).parent / "cold-outreach.yaml").read_bytes()
_FIRST = datetime(2026, 12, 7, 16, tzinfo=UTC)
"""Eleven in the morning in New York. Within three weeks every hold there is comes up: nights, weekends, a holiday."""
_STARTS = [_FIRST + timedelta(hours=10 * n) for n in range(50)]


async def run() -> dict[str, dict[str, int]]:
    """Play it for contacts who answer nothing, each enrolled at another time; no delay is shortened."""
    checked = check(_OUTREACH)
    if checked.plan is None:
        raise ValueError(f"the benchmark's own sequence has errors: {checked.diagnostics}")
    with tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder:
        async with throwaway_servers(Path(folder)) as servers, servers.place() as place:
            settings = Settings.model_construct().model_copy(
                update={
                    "database_url": place.database_url,
                    "temporal_address": place.temporal_address,
                    "search_attributes": False,
                }
            )
            costs = await _costs(settings, checked, [_person(at) for at in _STARTS])
    by_actions = sorted(costs, key=lambda cost: (cost["actions"], cost["events"]))
    return {"outreach": by_actions[-1], "outreach_unheld": by_actions[0]}


async def _costs(settings: Settings, checked: Checked, people: list[Person]) -> list[dict[str, int]]:
    # The SDK says on stdout what the test server cannot do; the report stands there.
    quiet = Runtime(telemetry=TelemetryConfig(logging=None))
    client = await connect_temporal(temporal_address_of(settings), runtime=quiet)
    database = await Database.connect(settings.database_url, size=settings.database_pool_size)
    try:
        runs, recorder = Runs(client, settings.task_queue, settings.search_attributes), Recorder()
        providers = Registry(dict.fromkeys(Channel, recorder))
        engine = Engine(database=database, runs=runs, providers=providers, tenant_id=settings.tenant)
        return await _play(settings, engine, checked, people)
    finally:
        await database.close()


async def _play(settings: Settings, engine: Engine, checked: Checked, people: list[Person]) -> list[dict[str, int]]:
    def worker(attempts: Attempts, clock: SkippingClock) -> Worker:
        return worker_of(settings, engine, interceptors=[attempts], around=lambda runner: ShiftedRunner(runner, clock))

    played = await simulate(engine, worker, checked, people, [])
    if {outcome.status for outcome in played.outcomes} != {"completed"}:
        raise ValueError(f"not everybody came to the end: {[outcome.reason for outcome in played.outcomes]}")
    key = checked.plan.sequence if checked.plan else ""
    return [await count(engine.runs.handle(uuid5(person.contact.id, key))) for person in people]


def _person(start: datetime) -> Person:
    name = f"{start:%m-%d-%H}"
    contact = Contact(
        id=id_of(name),
        external_id=name,
        name="Ada Lovelace",
        email=f"ada-{name}@example.com",
        company="Example",
        zones=("America/New_York",),
    )
    return Person(contact, start)
