"""What one enrollment costs in Temporal, counted from its history, and what it costs to compile a large graph."""

from collections.abc import Awaitable, Callable

from bench import cost_compile, cost_in_window
from bench.cost_count import count
from bench.harness import BARE_QUEUE, JOURNEY, Bench, bench, until, workflow_name
from bench.shapes import Bare, Empty, Order, PerNode


async def run() -> dict[str, object]:
    """Run the reference journey, cold outreach in its window and the two shapes beside them, and count."""
    async with bench() as b:
        client, empty = b.engine.runs.client, Empty()
        async with b.worker(), b.bare_worker(empty):
            counted = {"reference": await _travel(b, JOURNEY)}
            for name, shape in (("bare", Bare), ("per_node", PerNode)):
                order = Order("t", "e", "n")
                other = await client.start_workflow(shape.run, order, id=workflow_name(name), task_queue=BARE_QUEUE)
                await other.result()
                counted[name] = await count(other)
    return {**counted, **await cost_in_window.run(), **cost_compile.run()}


async def _travel(b: Bench, text: str) -> dict[str, int]:
    """What it costs one contact to come to the end, answering nothing."""
    report = await b.enroll(await b.publish(text), await b.people(1))
    handle = b.engine.runs.handle(report.enrolled[0])
    await handle.result()
    await until(lambda: _none_live(b.live), "the enrollment's end")
    return await count(handle)


async def _none_live(live: Callable[[], Awaitable[int]]) -> bool:
    return await live() == 0
