"""Bulk enrollment beside bare starts, in turns; what a sleeping enrollment holds, and what waking one costs."""

import asyncio
import csv
import time

import psutil
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from bench.harness import Bench, bench, middle, until, worker_process, workflow_name
from bench.shapes import Bare, Order

_STARTS_AT_ONCE = 64
_SLEEPERS = """
sequence: sleepers
steps:
  - {id: wait, type: delay, days: 30}
  - {id: hello, type: email, subject: "Hello {{ name }}", body: "Hello {{ name }}."}
  - {id: wait-again, type: delay, days: 30}
  - {id: bye, type: email, thread: hello, body: "Goodbye {{ name }}."}
"""


async def run(enrollments: int, turns: int) -> dict[str, float]:
    """Rates are medians over the turns; memory and CPU are a worker process's own."""
    per_turn = enrollments // turns
    enroll_rates: list[float] = []
    bare_rates: list[float] = []
    async with bench() as b:
        sequence = await b.publish(_SLEEPERS)
        await _enroll(b, sequence, await b.people(50))
        await bare_starts(b, 50)
        sleeping = 50
        for _ in range(turns):
            enroll_rates.append(await _enroll(b, sequence, await b.people(per_turn)))
            bare_rates.append(await bare_starts(b, per_turn))
            sleeping += per_turn
        kib = await _memory(b, sleeping)
        wake_ms = await _wake(b)
    return {
        "enroll_per_s": middle(enroll_rates, 1),
        "bare_start_per_s": middle(bare_rates, 1),
        "ratio_to_bare": middle([e / s for e, s in zip(enroll_rates, bare_rates, strict=True)]),
        "kib_per_cached_enrollment": round(kib, 1),
        "wake_cpu_ms": round(wake_ms, 2),
    }


async def _enroll(b: Bench, sequence: str, people: list[str]) -> float:
    """From a CSV file of external ids to started workflows, as `enroll --csv` does."""
    file = b.settings.outbox_dir.parent / "people.csv"
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([["external_id"], *([p] for p in people)])
    began = time.perf_counter()
    with file.open(newline="") as opened:
        named = [row["external_id"] for row in csv.DictReader(opened)]
    report = await b.enroll(sequence, named)
    took = time.perf_counter() - began
    if len(report.enrolled) != len(people) or report.unstarted:
        raise ValueError(f"{len(report.enrolled)} of {len(people)} were enrolled, {report.unstarted} not started")
    return len(people) / took


async def bare_starts(b: Bench, count: int) -> float:
    """`start_workflow` and nothing else, with as many calls under way at once; nobody works on them."""
    slots = asyncio.Semaphore(_STARTS_AT_ONCE)

    async def start() -> None:
        async with slots:
            await b.engine.runs.client.start_workflow(
                Bare.run,
                Order("tenant", "enrollment", "node"),
                id=workflow_name("bare"),
                task_queue="nobody",
            )

    began = time.perf_counter()
    await asyncio.gather(*(start() for _ in range(count)))
    return count / (time.perf_counter() - began)


async def _memory(b: Bench, sleeping: int) -> float:
    """KiB of a worker's memory for each sleeping enrollment in its cache."""
    # A worker that caches nothing reads the same code and holds the same pools.
    async with worker_process(b.settings, max_cached_workflows="1") as process:
        await _caught_up(b, sleeping // 2)
        empty = psutil.Process(process.pid).memory_info().rss
    remaining = await _backlog(b)
    async with worker_process(b.settings, max_cached_workflows=str(sleeping + 100)) as process:
        await _caught_up(b, 0)
        full = psutil.Process(process.pid).memory_info().rss
    return (full - empty) / 1024 / remaining


async def _wake(b: Bench, count: int = 200) -> float:
    """CPU of a worker to wake one enrollment that is in no cache: fetch its history, replay it, answer."""
    async with b.engine.transaction() as tx:
        rows = await tx.fetch("SELECT id FROM enrollments ORDER BY id LIMIT $1", count + 20)
    async with worker_process(b.settings, max_cached_workflows="5000") as server:
        process = psutil.Process(server.pid)
        for row in rows[:20]:
            await b.engine.runs.handle(row["id"]).query("state")
        before = sum(process.cpu_times()[:2])
        for row in rows[20:]:
            await b.engine.runs.handle(row["id"]).query("state")
        return (sum(process.cpu_times()[:2]) - before) / count * 1000


async def _caught_up(b: Bench, backlog: int) -> None:
    async def done() -> bool:
        return await _backlog(b) <= backlog

    await until(done, f"a backlog of {backlog} workflow tasks")


async def _backlog(b: Bench) -> int:
    client = b.engine.runs.client
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=b.engine.runs.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
            report_stats=True,
        )
    )
    return answer.stats.approximate_backlog_count
