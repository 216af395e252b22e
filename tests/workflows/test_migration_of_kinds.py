"""In the other version a step of the same id is of another kind: what was begun counts no more."""

import pytest

from domain import ids
from starter.enrollments import control, tasks
from starter.enrollments.migration import migrate
from tests.store.counted import COUNTED
from tests.support.harness import DAY, Rig, about

WAIT = """
    sequence: kinds
    steps:
      - {id: step, type: wait_for, event: paid, timeout: 2d}
      - {id: thanks, type: sms, body: "Thanks. STOP to end."}
"""
TASK = """
    sequence: kinds
    steps:
      - {id: step, type: task, title: Call, skipped: [{type: exit, reason: no call}]}
      - {id: thanks, type: sms, body: "Thanks. STOP to end."}
"""
DELAY = """
    sequence: kinds
    steps:
      - {id: step, type: delay, days: 1}
      - {id: thanks, type: sms, body: "Thanks. STOP to end."}
"""
TEXT = """
    sequence: kinds
    steps:
      - {id: first, type: delay, days: 1}
      - {id: step, type: sms, body: "Hello. STOP to end."}
      - {id: thanks, type: sms, body: Thanks.}
"""


async def test_a_task_that_became_a_wait_is_withdrawn_and_the_wait_begins(skipping: Rig) -> None:
    """Nobody is asked to do what counts no more, and the new wait is not over before it began; and back."""
    enrollment, _ = await skipping.start(TASK)
    await skipping.arrives(enrollment, "step", gate="task")
    await migrate(skipping.engine, await skipping.publish(WAIT), 2, {})
    assert await skipping.rows("SELECT state FROM tasks") == [{"state": "cancelled"}]
    row = await skipping.arrives(enrollment, "step", gate="event")
    assert about(await skipping.now() + 2 * DAY, row["next_run_at"])
    await migrate(skipping.engine, "kinds", 1, {})
    await skipping.arrives(enrollment, "step", gate="task")
    assert await skipping.rows("SELECT state, closed_at FROM tasks") == [{"state": "open", "closed_at": None}]
    await tasks.close(skipping.engine, ids.step_id(enrollment, "step"), "completed")
    assert await skipping.ended(enrollment) == ("completed", None)


@pytest.mark.parametrize("paused", [False, True])
async def test_a_wait_that_became_a_task_is_given_to_a_person(skipping: Rig, paused: bool) -> None:
    """At once, or when a pause is over; that the wait had begun does not make it a task that has lapsed."""
    enrollment, _ = await skipping.start(WAIT)
    await skipping.arrives(enrollment, "step", gate="event")
    if paused:
        await control.pause(skipping.engine, enrollment)
    await migrate(skipping.engine, await skipping.publish(TASK), 2, {})
    if paused:
        assert await skipping.rows("SELECT FROM tasks") == []
        await control.resume(skipping.engine, enrollment)
    row = await skipping.arrives(enrollment, "step", gate="task")
    assert row["next_run_at"] is None
    assert await skipping.rows("SELECT state FROM tasks") == [{"state": "open"}]
    [record, *_] = await skipping.steps(enrollment)
    assert about(record["started_at"], await skipping.now())


async def test_a_wait_that_became_a_delay_is_followed_by_the_whole_of_it(skipping: Rig) -> None:
    """It begins when the wait would have been over."""
    enrollment, _ = await skipping.start(WAIT, zones=("Etc/UTC",))
    before = await skipping.arrives(enrollment, "step", gate="event")
    await migrate(skipping.engine, await skipping.publish(DELAY), 2, {})
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(before["next_run_at"] + DAY, (await skipping.job(enrollment, "thanks"))["sent_at"])


async def test_a_message_that_became_a_task_leaves_the_ledger(skipping: Rig) -> None:
    """It is not pending for ever; and is again, once, when the move is taken back."""
    enrollment, _ = await skipping.start(TEXT)
    await skipping.arrives(enrollment, "step")
    await migrate(skipping.engine, await skipping.publish(TASK), 2, {})
    job = await skipping.job(enrollment, "step")
    assert (job["state"], job["cancel_reason"]) == ("cancelled", "migrated")
    for row in await skipping.rows(COUNTED):
        assert row["counts"] == row["truth"], row
    await migrate(skipping.engine, "kinds", 1, {})
    assert (await skipping.job(enrollment, "step"))["state"] == "pending"
    assert await skipping.ended(enrollment) == ("completed", None)
    assert len(skipping.outbox()) == 2
