"""Batches of enrollments: their speed beside bare starts, what they hold up, and what `kill -9` leaves of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import httpx
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.batch import Batches
from activities.version_cache import Versions
from bench.enroll import bare_starts
from bench.harness import Bench, bench, middle, served, until, worker_process
from domain.enrollment import EnrollmentInput
from starter.campaigns import batches, campaigns
from starter.engine import Engine
from starter.runs import Runs
from store.workspace import api_keys
from workflows.batch import BatchEnrollmentWorkflow

_SLEEPERS = """
sequence: sleepers
steps:
  - {id: wait, type: delay, days: 30}
  - {id: hello, type: sms, body: "Hello {{ name }}. STOP to end."}
"""
_GREETING = """
sequence: greeting
steps:
  - {id: hello, type: sms, body: "Hello {{ name }}. STOP to end."}
  - {id: wait, type: delay, days: 30}
"""
_BATCH_QUEUE = "batches"
_MEMBERS = 1000
"""As many as one request may name."""


async def batch_ratio_to_bare(enrollments: int = 20_000, turns: int = 4) -> float:
    """Contacts a second from the request for a batch to its end, to those of `start_workflow` alone; in turns.

    Nobody works on the enrollments of either: what is compared is getting them started.
    """
    per_turn = enrollments // turns
    ratios: list[float] = []
    async with bench() as b, _batch_worker(b.engine) as asking:
        sequence = await b.publish(_SLEEPERS)
        await _batch(b, asking, sequence, 50)
        await bare_starts(b, 50)
        for _ in range(turns):
            rate = await _batch(b, asking, sequence, per_turn)
            ratios.append(rate / await bare_starts(b, per_turn))
    return middle(ratios)


async def fairness_delay_s(backlog: int = 1000) -> dict[str, float]:
    """Seconds until somebody who is enrolled singly was written to, while one tenant's batch is worked off.

    That is the slower of two: of that tenant's own, and of another's. `without`: Temporal's fairness is off, and
    batches are started like single enrollments.
    """
    return {"with": await _delay(backlog, fair=True), "without": await _delay(backlog, fair=False)}


async def enrollments_after_kills(members: int = 20_000, kills: int = 3) -> dict[str, int]:
    """What a batch ends in when worker and API are killed in its middle: enrollments, and workflows of them."""
    async with bench() as b:
        await b.publish(_SLEEPERS)
        await _campaign(b, "crowd", members)
        headers = {"Authorization": f"Bearer {await _api_key(b.engine)}"}
        async with AsyncExitStack() as stack:
            for kill in range(1, kills + 2):
                api, url = await stack.enter_async_context(served(b.settings, f"api-{kill}", "-m", "api"))
                # Said again by whoever got no answer: it is the same batch.
                async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http:
                    asked = await http.post("/campaigns/crowd/assign-sequence", json={"sequence": "sleepers"})
                    batch = UUID(asked.raise_for_status().json()["id"])
                worker = await stack.enter_async_context(worker_process(b.settings, max_cached_workflows="1"))
                if kill <= kills:
                    share = kill * members // (kills + 1)
                    await until(partial(_dealt_with, b, batch, share), f"{share} of {members}", timeout_s=3600)
                    await asyncio.gather(worker.kill(), api.kill())
            await until(partial(_completed, b, batch), "the end of the batch", timeout_s=3600)
        workflows = await b.engine.runs.client.count_workflows("WorkflowType = 'Enrollment'")
        return {"enrollments": await _count(b, "enrollments"), "workflows": workflows.count}


# --- what they are made of --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Level(Runs):
    """Starts the enrollments of batches like any others."""

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        await super().start(enrollment, contact_id, version)


@asynccontextmanager
async def _batch_worker(engine: Engine, starts: Runs | None = None) -> AsyncIterator[Engine]:
    """Works on batches and nothing else; answers whoever asks for them."""
    doing = Batches(engine.database, Versions(), starts or engine.runs)
    async with Worker(
        engine.runs.client,
        task_queue=_BATCH_QUEUE,
        workflows=[BatchEnrollmentWorkflow],
        activities=[doing.enroll_batch],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        yield replace(engine, runs=replace(engine.runs, task_queue=_BATCH_QUEUE))


async def _batch(b: Bench, asking: Engine, sequence: str, members: int) -> float:
    """Enroll a new campaign; members a second."""
    key = f"c-{uuid4().hex[:8]}"
    await _campaign(b, key, members)
    began = time.perf_counter()
    batch = await batches.assign_sequence(asking, key, sequence)
    await until(partial(_completed, b, batch.id), "the end of the batch", timeout_s=3600)
    return members / (time.perf_counter() - began)


async def _campaign(b: Bench, key: str, members: int) -> None:
    people = await b.people(members)
    await campaigns.create(b.engine, key)
    for i in range(0, members, _MEMBERS):
        await campaigns.add(b.engine, key, people[i : i + _MEMBERS], "cli")


async def _dealt_with(b: Bench, batch_id: UUID, members: int) -> bool:
    async with b.engine.transaction() as tx:
        found = await batches.batch(tx, batch_id)
    return found.enrolled + found.skipped + found.failed >= members


async def _completed(b: Bench, batch_id: UUID) -> bool:
    async with b.engine.transaction() as tx:
        found = await batches.batch(tx, batch_id)
    if found.status not in ("pending", "running", "completed") or found.skipped or found.failed:
        raise ValueError(f"the batch did not enroll everybody: {found}")
    return found.status == "completed"


async def _count(b: Bench, table: str) -> int:
    async with b.engine.transaction() as tx:
        count: int = await tx.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        return count


async def _api_key(engine: Engine) -> str:
    async with engine.transaction() as tx:
        return await api_keys.create(tx, engine.tenant_id, "bench", {"read", "write"}, datetime.now(UTC))


async def _delay(backlog: int, *, fair: bool) -> float:
    dynamic_config = {"matching.enableFairness": str(fair).lower()}
    async with bench(dynamic_config=dynamic_config) as b:
        other = replace(b, engine=replace(b.engine, tenant_id=await _tenant(b)))
        for one in (b, other):
            await one.publish(_GREETING)
        runs = b.engine.runs
        level = _Level(runs.client, runs.task_queue, runs.search_attributes)
        async with _batch_worker(b.engine, runs if fair else level) as asking:
            await _batch(b, asking, "greeting", backlog)
        async with worker_process(b.settings):
            # The worker is in the middle of it.
            await until(partial(_written_to, b, 20), "the first messages of the batch")
            return round(max(await asyncio.gather(_single(b), _single(other))), 2)


async def _tenant(b: Bench) -> UUID:
    """Another tenant."""
    tenant = uuid4()
    owner = await asyncpg.connect(b.settings.database_url)
    try:
        await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", tenant)
    finally:
        await owner.close()
    return tenant


async def _single(b: Bench) -> float:
    """Seconds from one contact's enrollment to its first message."""
    people = await b.people(1)
    began = time.perf_counter()
    report = await b.enroll("greeting", people)
    await until(partial(_sent, b, report.enrolled[0]), "the single enrollment's message", timeout_s=3600)
    return time.perf_counter() - began


async def _sent(b: Bench, enrollment_id: UUID) -> bool:
    async with b.engine.transaction() as tx:
        return bool(
            await tx.fetchval(
                "SELECT count(*) FROM message_jobs WHERE enrollment_id = $1 AND state = 'sent'", enrollment_id
            )
        )


async def _written_to(b: Bench, people: int) -> bool:
    async with b.engine.transaction() as tx:
        return bool(await tx.fetchval("SELECT count(*) >= $1 FROM message_jobs WHERE state = 'sent'", people))
