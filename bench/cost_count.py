"""What one workflow has cost in Temporal, counted from its history."""

from collections import Counter
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle


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
