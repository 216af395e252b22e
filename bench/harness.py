"""The servers and the engine that benchmarks run on: a durable PostgreSQL, Temporal's dev server, the outbox."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

from temporalio.worker import Worker

from authoring.check import check
from bench.shapes import Bare, Empty, PerNode
from composition import engine_of, worker_of
from domain.contact import Contact
from settings import Settings
from starter.engine import Engine
from starter.enroll import EnrollReport, chosen, enroll
from starter.postgres import LocalPostgres
from starter.publish import publish
from starter.temporal_server import LocalTemporal
from store import contacts
from store.migrate import migrate

BARE_QUEUE = "bare"

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
        async with self.engine.database.transaction(self.engine.tenant_id) as tx:
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
        async with self.engine.database.transaction(self.engine.tenant_id) as tx:
            count: int = await tx.fetchval("SELECT count(*) FROM enrollments WHERE ended_at IS NULL")
            return count


@asynccontextmanager
async def bench(*, in_memory: bool = False) -> AsyncIterator[Bench]:
    """Everything up, in a folder of its own, and gone afterwards.

    `in_memory`: Temporal keeps nothing on disk, unlike the local stack; PostgreSQL is durable either way.
    """
    with tempfile.TemporaryDirectory(prefix="touchline-bench-", ignore_cleanup_errors=True) as folder:
        postgres, temporal = (
            LocalPostgres(Path(folder) / "pg"),
            LocalTemporal(None if in_memory else Path(folder) / "temporal", ui=False),
        )
        try:
            await postgres.start()
            await migrate(postgres.url("touchline"))
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
