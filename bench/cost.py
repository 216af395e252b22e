"""What one enrollment costs in Temporal, counted from its history."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from bench.harness import BARE_QUEUE, JOURNEY, OUTREACH, Bench, bench, until, workflow_name
from bench.shapes import Bare, Empty, Order, PerNode


async def count(handle: WorkflowHandle[Any, Any]) -> dict[str, int]:
    """Events, activities, local activities, timers and billable Actions of one closed workflow.

    Actions as Temporal Cloud bills them: the start, each timer, each attempt of an activity, each signal and
    update, and the local activities of one workflow task together.
    """
    history = await handle.fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    attempts = sum(
        event.activity_task_started_event_attributes.attempt
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    )
    local = [
        event.marker_recorded_event_attributes.workflow_task_completed_event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
        and event.marker_recorded_event_attributes.marker_name == "core_local_activity"
    ]
    timers = kinds[EventType.EVENT_TYPE_TIMER_STARTED]
    told = (
        kinds[EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED]
        + kinds[EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED]
        + kinds[EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES]
    )
    return {
        "events": len(history.events),
        "activities": kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED],
        "local_activities": len(local),
        "timers": timers,
        "actions": 1 + timers + attempts + told + len(set(local)),
    }


async def run() -> dict[str, dict[str, int]]:
    """Run the reference journey, cold outreach's longest way and the two shapes beside them once each, and count."""
    async with bench() as b:
        client, empty = b.engine.runs.client, Empty()
        async with b.worker(), b.bare_worker(empty):
            counted = {"reference": await _travel(b, JOURNEY), "outreach": await _travel(b, OUTREACH)}
            for name, shape in (("bare", Bare), ("per_node", PerNode)):
                order = Order("t", "e", "n")
                other = await client.start_workflow(shape.run, order, id=workflow_name(name), task_queue=BARE_QUEUE)
                await other.result()
                counted[name] = await count(other)
    return counted


async def _travel(b: Bench, text: str) -> dict[str, int]:
    """What it costs one contact to come to the end, answering nothing."""
    report = await b.enroll(await b.publish(text), await b.people(1))
    handle = b.engine.runs.handle(report.enrolled[0])
    await handle.result()
    await until(lambda: _none_live(b.live), "the enrollment's end")
    return await count(handle)


async def _none_live(live: Callable[[], Awaitable[int]]) -> bool:
    return await live() == 0
