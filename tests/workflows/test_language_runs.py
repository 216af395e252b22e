"""The language in motion: what it costs, how long it may run, and every end that it has."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from temporalio.api.enums.v1 import EventType as Recorded

from domain import ids
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.engine import at_time
from starter.inbound import receive
from tests.harness import DAY, HOUR, Rig

CASES = Path(__file__).parent.parent / "cases"
COLD = (CASES / "cold-outreach.yaml").read_text(encoding="utf-8")
NEW_YORK = ZoneInfo("America/New_York")


async def opened(rig: Rig, enrollment: UUID, node: str, at: datetime) -> None:
    report = StatusReport(
        channel=Channel.EMAIL,
        provider="test",
        provider_event_id=f"opened-{node}-{enrollment}",
        at=at,
        type=EventType.OPENED,
        job_id=ids.job_id(enrollment, node),
    )
    await receive(at_time(rig.engine, at), report)


# --- what lies between two messages -------------------------------------------------------------------------


DECIDED = """
    sequence: decided
    window: {{days: {days}, timezone: contact}}
    steps:
      - {{id: first, type: email, subject: Hello, body: Hello., window: {{days: mon-sun}}}}
      - {{id: wait, type: delay, days: 1}}
      - id: asked
        type: condition
        if: opened
        then: [{{id: warm, type: email, subject: Warm, body: Warm.}}]
        else: [{{id: cold, type: email, subject: Cold, body: Cold.}}]
"""


@pytest.mark.parametrize(("hours", "expected"), [(-2, "warm"), (2, "cold")])
async def test_a_decision_put_off_by_a_window_is_about_the_moment_it_was_due(
    skipping: Rig, hours: int, expected: str
) -> None:
    """One wake-up decides and sends; what happened after the wait was over is not asked about."""
    today = (await skipping.now()).astimezone(NEW_YORK)
    # The wait is over on a day on which nothing goes.
    text = DECIDED.format(days=(today + 3 * DAY).strftime("%a").lower())
    enrollment, _ = await skipping.start(text)
    row = await skipping.arrives(enrollment, "asked", gate="window")
    due = (await skipping.job(enrollment, "first"))["sent_at"] + DAY
    assert row["next_run_at"] > due + DAY
    await skipping.skip(due + timedelta(hours=4) - await skipping.now())
    await opened(skipping, enrollment, "first", due + hours * HOUR)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert [job["node_id"] for job in await skipping.jobs(enrollment)] == ["first", expected]
    [record] = await skipping.rows("SELECT * FROM enrollment_steps WHERE id = $1", ids.step_id(enrollment, "asked"))
    assert datetime.fromisoformat(record["result"]["as_of"]) - due < timedelta(minutes=1)
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    assert kinds[Recorded.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 2
    assert kinds[Recorded.EVENT_TYPE_TIMER_STARTED] == 1


BETWEEN = """
    sequence: between
    steps:
      - {id: first, type: email, subject: Hello, body: Hello.}
      - {id: tag, type: action, action: tag_lead, add: [met]}
      - id: asked
        type: condition
        if: {field: tags, contains: met}
        then: [{id: note, type: action, action: set_attribute, attribute: met, value: "yes"}]
      - id: arms
        type: split
        variants: [{id: a, steps: [{id: in-a, type: action, action: mark_qualified}]}, {id: b}]
      - {id: asked-again, type: condition, if: replied, then: [{type: exit}]}
      - {id: second, type: sms, body: Hello again.}
"""


async def test_what_lies_between_two_messages_is_one_workflow_task(skipping: Rig) -> None:
    """Actions, conditions and a split cost the task that schedules the next message, which there is anyway."""
    enrollment, _ = await skipping.start(BETWEEN)
    assert await skipping.ended(enrollment) == ("completed", None)
    kinds = [e.event_type for e in (await skipping.engine.runs.handle(enrollment).fetch_history()).events]
    sent = [place for place, kind in enumerate(kinds) if kind == Recorded.EVENT_TYPE_ACTIVITY_TASK_COMPLETED]
    begun = [place for place, kind in enumerate(kinds) if kind == Recorded.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    assert len(sent) == len(begun) == 2
    between = Counter(kinds[sent[0] + 1 : begun[1]])
    assert between == {
        Recorded.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED: 1,
        Recorded.EVENT_TYPE_WORKFLOW_TASK_STARTED: 1,
        Recorded.EVENT_TYPE_WORKFLOW_TASK_COMPLETED: 1,
    }
