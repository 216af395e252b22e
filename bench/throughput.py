"""Enrollments per second, in turns: Touchline, sending alone, and bookkeeping around every node."""

import asyncio
import time

from bench.harness import BARE_QUEUE, JOURNEY, Bench, bench, middle, until, workflow_name
from bench.shapes import Bare, Empty, Order, PerNode

_STARTS_AT_ONCE = 64
_MESSAGES = 3


async def run(enrollments: int, turns: int, *, in_memory: bool = False) -> dict[str, object]:
    """Medians over the turns; each ratio is the median of the turns' own ratios."""
    rates: dict[str, list[float]] = {"touchline": [], "bare": [], "per_node": []}
    async with bench(in_memory=in_memory) as b:
        sequence = await b.publish(JOURNEY)
        await _touchline(b, sequence, 20)
        await _shape(b, Bare, 20)
        for _ in range(turns):
            rates["touchline"].append(await _touchline(b, sequence, enrollments))
            rates["bare"].append(await _shape(b, Bare, enrollments))
            rates["per_node"].append(await _shape(b, PerNode, enrollments))
    summary: dict[str, object] = {
        name: {"enrollments_per_s": middle(values), "messages_per_s": middle([_MESSAGES * v for v in values])}
        for name, values in rates.items()
    }
    for other in ("bare", "per_node"):
        pairs = zip(rates["touchline"], rates[other], strict=True)
        summary[f"ratio_to_{other}"] = middle([ours / theirs for ours, theirs in pairs])
    return summary | {"enrollments": enrollments, "turns": turns}


async def _touchline(b: Bench, sequence: str, count: int) -> float:
    people = await b.people(count)
    async with b.worker():
        began = time.perf_counter()
        report = await b.enroll(sequence, people)

        async def all_ended() -> bool:
            return await b.live() == 0

        await until(all_ended, f"{len(report.enrolled)} enrollments")
        took = time.perf_counter() - began
    async with b.engine.transaction() as tx:
        sent = await tx.fetchval(
            "SELECT count(*) FROM message_jobs WHERE state = 'sent' AND enrollment_id = ANY($1)", report.enrolled
        )
    if sent != _MESSAGES * count:
        raise ValueError(f"{sent} messages were sent, not {_MESSAGES * count}: this run measured something else")
    return count / took


async def _shape(b: Bench, shape: type[Bare] | type[PerNode], count: int) -> float:
    empty, slots = Empty(), asyncio.Semaphore(_STARTS_AT_ONCE)
    empty.expected = count

    async def start() -> None:
        async with slots:
            await b.engine.runs.client.start_workflow(
                shape.run,
                Order("tenant", "enrollment", "node"),
                id=workflow_name(shape.__name__.lower()),
                task_queue=BARE_QUEUE,
            )

    async with b.bare_worker(empty):
        began = time.perf_counter()
        await asyncio.gather(*(start() for _ in range(count)))
        await empty.all_ended.wait()
        took = time.perf_counter() - began
    return count / took
