"""The language in motion: what it costs, how long it may run, and every end that it has."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from temporalio.api.enums.v1 import EventType as Recorded
from temporalio.testing import WorkflowEnvironment

from domain import ids
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.contacts.events import record_event
from starter.engine import at_time
from starter.enrollments import control
from starter.inbound.receive import receive
from store.pool import Database
from tests.support.harness import DAY, HOUR, Rig, rig_on
from workflows.commands import MOST_EVENTS

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
    today = await skipping.until_noon("America/New_York")
    # The wait is over on a day on which nothing goes.
    text = DECIDED.format(days=(today + 3 * DAY).strftime("%a").lower())
    enrollment, _ = await skipping.start(text)
    row = await skipping.arrives(enrollment, "asked", gate="window")
    sent_at = (await skipping.job(enrollment, "first"))["sent_at"].astimezone(NEW_YORK)
    # A day by that clock, which may have 23 hours or 25.
    due = (sent_at + DAY).astimezone(UTC)
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


# --- long runs ---------------------------------------------------------------------------------------------


def _steps(count: int) -> str:
    """Texts and waits by turns."""
    one = "      - {{id: text-{n}, type: sms, body: Text {n}.}}\n      - {{id: wait-{n}, type: delay, days: 1}}\n"
    return "    sequence: lengthy\n    steps:\n" + "".join(one.format(n=n) for n in range(count // 2))


@pytest.fixture
async def cached(time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    """With workflows in memory, as a worker in service keeps them; to replay a long history at each task takes long."""
    async with rig_on(
        time_skipping.client, database, tmp_path / "outbox", environment=time_skipping, max_cached_workflows=10
    ) as rig:
        yield rig


async def lengths(rig: Rig, enrollment: UUID) -> list[int]:
    """Of the history of each run of an enrollment's workflow, the first one last."""
    described = await rig.engine.runs.handle(enrollment).describe()
    found, run = [], described.run_id
    while run:
        handle = rig.engine.runs.client.get_workflow_handle(described.id, run_id=run)
        events = (await handle.fetch_history()).events
        found.append(len(events))
        run = events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    return found


async def test_two_hundred_steps_fit_into_one_history(cached: Rig) -> None:
    """A hundred texts and a hundred waits: eleven events for each pair."""
    enrollment, _ = await cached.start(_steps(200))
    assert await cached.ended(enrollment) == ("completed", None)
    assert len(cached.outbox()) == 100
    [length] = await lengths(cached, enrollment)
    assert length < MOST_EVENTS


LONG = settings.get_current_profile_name() == "long"
ROUNDS = 1000 if LONG else 100
WAITING_LOOP = f"""
    sequence: ticking
    steps:
      - id: round
        type: wait_for
        event: tick
        timeout: 1d
        then: [{{id: heard, type: action, action: mark_qualified}}]
      - {{id: again, type: goto, step: round, times: {ROUNDS}}}
"""


async def test_a_loop_of_waiting_rounds_passes_in_short_histories_and_hears_everything(
    cached: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run follows run; every round is there once, and whatever is said at any moment is acted on.

    A thousand rounds under the limit in force take a minute; a tenth of both is the same story.
    """
    limit = MOST_EVENTS if LONG else MOST_EVENTS // 10
    monkeypatch.setattr("workflows.enrollment.MOST_EVENTS", limit)
    enrollment, contact = await cached.start(WAITING_LOOP)
    await cached.arrives(enrollment, "round", gate="event")
    heard = 0
    for _ in range(15):
        # Not while time flies: nothing but the server's own limit on workflows would end a pause.
        passing = asyncio.create_task(cached.skip(3 * DAY))
        told = await record_event(at_time(cached.engine, await cached.now()), contact.external_id, "tick")
        heard += len(told.awaited)
        await control.pause(cached.engine, enrollment)
        assert (await control.resume(cached.engine, enrollment)).status == "running"
        await passing
    assert await cached.ended(enrollment) == ("completed", None)
    [rounds] = await cached.rows(
        "SELECT count(*) AS count, max(lap) AS last, count(DISTINCT lap) AS laps, "
        "count(*) FILTER (WHERE status = 'success') AS done FROM enrollment_steps WHERE node_id = 'round'"
    )
    assert rounds == {"count": ROUNDS + 1, "last": ROUNDS, "laps": ROUNDS + 1, "done": ROUNDS + 1}
    [then] = await cached.rows(
        "SELECT count(*) AS count FROM enrollment_steps WHERE node_id = 'heard' AND status = 'success'"
    )
    assert then["count"] == heard > 0
    found = await lengths(cached, enrollment)
    assert len(found) > 3
    # What is under way when the limit is reached comes to its end in the same run.
    assert max(found) < limit + 50
