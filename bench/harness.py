"""The servers and the engine that benchmarks run on: a durable PostgreSQL, Temporal's dev server, the outbox."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
from temporalio.worker import Worker

from authoring.check import check
from bench.shapes import Bare, Empty, PerNode
from composition import engine_of, worker_of
from domain.contact import Contact
from local.postgres import LocalPostgres
from local.process import ServerProcess
from local.temporal import LocalTemporal
from scheduling.law import TenantLaw, law
from settings import PREFIX, Settings
from starter.engine import Engine
from starter.enrollments.enroll import EnrollReport, chosen, enroll
from starter.sequences.publish import publish
from store.contacts import contacts
from store.schema import migrate

BARE_QUEUE = "bare"

_ROOT = Path(__file__).parent.parent
_SERVING = re.compile(r'"port": ?(\d+)')

JOURNEY = (Path(__file__).parent / "reference-journey.yaml").read_text()


@dataclass(frozen=True)
class Bench:
    """What a benchmark works with."""

    settings: Settings
    engine: Engine

    async def publish(self, text: str) -> str:
        """Publish a sequence; answers its key."""
        checked = check(text)
        if checked.plan is None:
            raise ValueError(f"the benchmark's own sequence has errors: {checked.diagnostics}")
        await publish(self.engine, checked)
        return checked.plan.sequence

    async def people(self, count: int) -> list[str]:
        """New contacts, all reachable; answers their external ids."""
        batch = uuid4().hex[:8]
        new = [
            Contact(
                id=uuid4(),
                external_id=f"{batch}-{i}",
                name=f"Contact {i}",
                email=f"{batch}.{i}@example.com",
                phone=f"+1212{int(batch[:4], 16) % 1000:03}{i:04}",
                company="Example",
                zones=("America/New_York",),
            )
            for i in range(count)
        ]
        async with self.engine.transaction() as tx:
            await contacts.upsert(tx, new)
        return [c.external_id for c in new]

    async def enroll(self, sequence: str, external_ids: list[str]) -> EnrollReport:
        """Enroll them as the command line does."""
        return await enroll(self.engine, sequence, chosen(self.engine, external_ids), source="bench")

    def worker(self) -> Worker:
        """Touchline's worker, in this process."""
        return worker_of(self.settings, self.engine)

    def bare_worker(self, empty: Empty) -> Worker:
        """A worker for the shapes to compare with, of the same size."""
        return Worker(
            self.engine.runs.client,
            task_queue=BARE_QUEUE,
            workflows=[Bare, PerNode],
            activities=[empty.empty, empty.empty_last],
            max_concurrent_activities=self.settings.max_concurrent_deliveries,
            max_cached_workflows=self.settings.max_cached_workflows,
        )

    async def live(self) -> int:
        """Enrollments that have not ended."""
        async with self.engine.transaction() as tx:
            count: int = await tx.fetchval("SELECT count(*) FROM enrollments WHERE ended_at IS NULL")
            return count


@asynccontextmanager
async def bench(
    *, in_memory: bool = False, gives_way: bool = False, dynamic_config: Mapping[str, str] | None = None
) -> AsyncIterator[Bench]:
    """Everything up, in a folder of its own, and gone afterwards.

    `in_memory`: Temporal keeps nothing on disk, unlike the local stack; PostgreSQL is durable either way.
    `gives_way`: Temporal does, as under `up`. Not where the worker is this process, which gives way to nobody.
    `dynamic_config`: what Temporal is told beyond that of the local stack, or in its place.
    """
    with tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder:
        postgres, temporal = (
            LocalPostgres(Path(folder) / "pg"),
            LocalTemporal(
                None if in_memory else Path(folder) / "temporal",
                ui=False,
                gives_way=gives_way,
                dynamic_config=dynamic_config,
            ),
        )
        try:
            await postgres.start()
            await migrate(postgres.url("touchline"))
            await _at_any_hour(postgres.url("touchline"))
            await temporal.start()
            settings = Settings(
                database_url=postgres.url("touchline"),
                temporal_address=temporal.address,
                outbox_dir=Path(folder) / "outbox",
                max_cached_workflows=10_000,
            )
            async with engine_of(settings) as engine:
                yield Bench(settings, engine)
        finally:
            await temporal.stop()
            await postgres.remove()


async def _at_any_hour(url: str) -> None:
    """What is measured does not wait for the hours of the law, which are shut half of the day."""
    owner = await asyncpg.connect(url)
    shut = TenantLaw(switched=dict.fromkeys(law(), False))
    await owner.execute("UPDATE tenants SET law = $1", shut.model_dump_json())
    await owner.close()


@asynccontextmanager
async def program(settings: Settings, name: str, *argv: str, **changed: str) -> AsyncIterator[ServerProcess]:
    """A program of the checkout in a process of its own, on the benchmark's servers; `changed`: further settings."""
    given = {
        "database_url": settings.database_url,
        "temporal_address": settings.temporal_address,
        "outbox_dir": str(settings.outbox_dir),
        "log_level": "error",
        "env_file": "",
        **changed,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment = inherited | {PREFIX + name.upper(): value for name, value in given.items()}
    log = settings.outbox_dir.parent / f"{name}.log"
    process = ServerProcess(name, [sys.executable, *argv], log, env=environment | {"PYTHONPATH": str(_ROOT)})
    try:
        yield process
    finally:
        await process.stop(60)


def worker_process(settings: Settings, **changed: str) -> AbstractAsyncContextManager[ServerProcess]:
    """A worker in a process of its own."""
    return program(settings, "worker", str(_ROOT / "worker.py"), **{"reconcile_every_s": "86400", **changed})


@asynccontextmanager
async def served(settings: Settings, name: str, *argv: str, **changed: str) -> AsyncIterator[tuple[ServerProcess, str]]:
    """An HTTP server that logs its port once it listens, and its URL."""
    more = {"log_format": "json", "log_level": "info", "api_port": "0", **changed}
    async with program(settings, name, *argv, **more) as process:
        port: list[str] = []

        async def listens() -> bool:
            port.extend(_SERVING.findall(process.log_tail()))
            return bool(port)

        await process.until(listens, 60)
        yield process, f"http://127.0.0.1:{port[0]}"


@asynccontextmanager
async def serving(settings: Settings, name: str, *argv: str, **changed: str) -> AsyncIterator[str]:
    """The URL of the same."""
    async with served(settings, name, *argv, **changed) as (_, url):
        yield url


async def until(done: Callable[[], object], what: str, timeout_s: float = 600) -> None:
    """Poll ten times a second. Raises TimeoutError naming what was waited for."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                value = done()
                if asyncio.iscoroutine(value):
                    value = await value
                if value:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise TimeoutError(f"waited {timeout_s:.0f} s for {what}") from error


def middle(values: list[float], digits: int = 2) -> float:
    """Median, rounded for a report."""
    return round(median(values), digits)


def workflow_name(kind: str) -> str:
    """A new workflow id."""
    return f"{kind}-{uuid4()}"
