"""Whoever waits for an event, a person or a date moves to another version."""

from collections.abc import Mapping

import pytest

from domain import ids
from domain.migration import Stays
from starter.contacts.events import record_event
from starter.enrollments import tasks
from tests.support.harness import DAY, Rig, about
from tests.support.helpers import assert_eventually
from tests.workflows.moving import move, stays, texts

AWAITING = """
    sequence: awaiting
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - id: answer
        type: wait_for
        event: paid
        timeout: 3d
        then: [{id: thanks, type: sms, body: Thanks.}]
        else: [{id: late, type: sms, body: Late.}]
"""


@pytest.mark.parametrize(("new", "replaced"), [("answer", {}), ("reaction", {"answer": "reaction"})])
async def test_whoever_waits_for_an_event_goes_on_waiting(skipping: Rig, new: str, replaced: Mapping[str, str]) -> None:
    """For the new version's events, from when the wait began; a longer time-out ends so much later."""
    enrollment, contact = await skipping.start(AWAITING)
    before = await skipping.arrives(enrollment, "answer", gate="event")
    text = AWAITING.replace("timeout: 3d", "timeout: 5d").replace("event: paid", "event: signed")
    key = await skipping.publish(text.replace("id: answer", f"id: {new}"))
    await move(skipping, key, 2, **replaced)
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["gate"], row["next_run_at"]) == (new, "event", before["next_run_at"] + 2 * DAY)
    assert (await record_event(skipping.engine, contact.external_id, "paid")).awaited == ()
    assert (await record_event(skipping.engine, contact.external_id, "signed")).awaited == (enrollment,)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping)[-1] == "Thanks."


async def test_a_wait_for_an_event_times_out_at_its_new_time(skipping: Rig) -> None:
    """The record is what decides when the time is up."""
    enrollment, _ = await skipping.start(AWAITING)
    before = await skipping.arrives(enrollment, "answer", gate="event")
    await move(skipping, await skipping.publish(AWAITING.replace("timeout: 3d", "timeout: 1d")), 2)
    await skipping.ended(enrollment)
    assert about(before["next_run_at"] - 2 * DAY, (await skipping.job(enrollment, "late"))["sent_at"])


CALL = """
    sequence: calling
    steps:
      - {id: call, type: task, title: "Call {{ name }}", lapse: 3d, skipped: [{type: exit, reason: no call}]}
      - {id: thanks, type: sms, body: "Thanks. STOP to end."}
"""


async def test_a_task_stays_with_its_person(skipping: Rig) -> None:
    """As it was given; it lapses when the new version says."""
    enrollment, _ = await skipping.start(CALL)
    before = await skipping.arrives(enrollment, "call", gate="task")
    await move(skipping, await skipping.publish(CALL.replace("3d", "5d").replace("Call", "Ring")), 2)
    row = await skipping.enrollment(enrollment)
    assert (row["gate"], row["next_run_at"]) == ("task", before["next_run_at"] + 2 * DAY)
    assert await skipping.rows("SELECT title, state, lapses_at FROM tasks") == [
        {"title": "Call Ada Lovelace", "state": "open", "lapses_at": row["next_run_at"]}
    ]
    await move(skipping, "calling", 1)
    await move(skipping, await skipping.publish(CALL.replace(", lapse: 3d", "")), 3)
    row = await skipping.enrollment(enrollment)
    assert (row["gate"], row["next_run_at"]) == ("task", None)
    await tasks.close(skipping.engine, ids.step_id(enrollment, "call"), "completed")
    assert await skipping.ended(enrollment) == ("completed", None)


async def test_a_task_whose_step_went_away_is_withdrawn(skipping: Rig) -> None:
    """Its successor comes when the task would have lapsed; another task is given at once."""
    enrollment, _ = await skipping.start(CALL)
    before = await skipping.arrives(enrollment, "call", gate="task")
    key = await skipping.publish(CALL.replace("id: call", "id: ring"))
    await move(skipping, key, 2, call="ring")
    await skipping.arrives(enrollment, "ring", gate="task")
    states = await skipping.rows("SELECT node_id, state FROM tasks ORDER BY node_id")
    assert [tuple(row.values()) for row in states] == [("call", "cancelled"), ("ring", "open")]
    assert await stays(skipping, key, 1, ring="call") == (Stays.BEEN_THERE, "it has been at call already")
    await skipping.publish(CALL.replace("id: call", "id: other"))
    [person] = (await move(skipping, key, 3, ring="thanks")).people
    assert (person.to, person.gate) == ("thanks", None)
    assert about(before["next_run_at"], person.at)
    assert await skipping.rows("SELECT FROM tasks WHERE state = 'open'") == []


async def test_a_date_is_looked_up_again_when_its_step_was_changed(skipping: Rig) -> None:
    """Two days before the appointment became one: the wait is as long as the new version says."""
    text = """
        sequence: dates
        steps:
          - {id: until, type: delay, until: {days: 2, before: appointment}}
          - {id: soon, type: sms, body: "See you. STOP to end."}
    """
    at = (await skipping.now()) + 10 * DAY
    enrollment, _ = await skipping.start(text, attributes={"appointment": at.isoformat()}, zones=("Etc/UTC",))
    before = await skipping.arrives(enrollment, "until", gate="date")
    await move(skipping, await skipping.publish(text.replace("days: 2", "days: 1")), 2)

    async def later() -> None:
        row = await skipping.enrollment(enrollment)
        assert (row["gate"], row["next_run_at"]) == ("date", before["next_run_at"] + DAY)

    await assert_eventually(later)
    await skipping.ended(enrollment)
    assert about(at - DAY, (await skipping.job(enrollment, "soon"))["sent_at"])
