"""Tasks: steps that wait until a person has done something."""

from uuid import UUID

import pytest

from domain import ids
from domain.errors import Conflict, NotFound
from starter.enrollments import control, tasks
from tests.support.harness import DAY, HOUR, Rig, about

CALL = """
    sequence: calling
    steps:
      - id: call
        type: task
        title: "Call {{ name }}"
        instructions: Ask about the budget.
        lapse: 3d
        completed: [{id: thanks, type: email, subject: Thanks, body: Thanks.}]
        skipped: [{id: sorry, type: email, subject: Sorry, body: Sorry.}]
        lapsed: [{id: late, type: email, subject: Late, body: Late.}]
"""


async def sent(rig: Rig, enrollment: UUID) -> list[str]:
    return [job["node_id"] for job in await rig.jobs(enrollment) if job["state"] == "sent"]


async def test_a_task_waits_with_its_text(skipping: Rig) -> None:
    """It is on the list of whoever looks after the contact, with the contact's own values."""
    contact = await skipping.contact()
    await skipping.execute("UPDATE contacts SET assigned_to = 'grace'")
    [enrollment] = await skipping.enroll(await skipping.publish(CALL), contact)
    row = await skipping.arrives(enrollment, "call", gate="task")
    assert about(await skipping.now() + 3 * DAY, row["next_run_at"])
    [task] = await skipping.rows("SELECT id, title, instructions, assignee, state FROM tasks")
    assert task == {
        "id": ids.step_id(enrollment, "call"),
        "title": "Call Ada Lovelace",
        "instructions": "Ask about the budget.",
        "assignee": "grace",
        "state": "open",
    }


@pytest.mark.parametrize(("outcome", "mail"), [("completed", "thanks"), ("skipped", "sorry")])
async def test_a_person_says_how_it_goes_on(skipping: Rig, outcome: str, mail: str) -> None:
    """Done and skipped each take their branch at once, and once."""
    enrollment, _ = await skipping.start(CALL)
    await skipping.arrives(enrollment, "call", gate="task")
    task = ids.step_id(enrollment, "call")
    await tasks.close(skipping.engine, task, outcome)  # type: ignore[arg-type]
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await sent(skipping, enrollment) == [mail]
    [step] = [s for s in await skipping.steps(enrollment) if s["node_id"] == "call"]
    assert step["result"] == {"outcome": outcome}
    with pytest.raises(Conflict):
        await tasks.close(skipping.engine, task, "completed")


async def test_a_task_lapses(skipping: Rig) -> None:
    """After its time nobody is waited for any more."""
    enrollment, _ = await skipping.start(CALL)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await sent(skipping, enrollment) == ["late"]
    assert await skipping.rows("SELECT state FROM tasks") == [{"state": "lapsed"}]


async def test_a_task_without_a_lapse_waits_for_ever(skipping: Rig) -> None:
    """And is done whenever it is done."""
    enrollment, _ = await skipping.start(
        "{sequence: patient, steps: [{id: call, type: task, title: Call}, {id: bye, type: email, subject: A, body: B}]}"
    )
    row = await skipping.arrives(enrollment, "call", gate="task")
    assert row["next_run_at"] is None
    await skipping.skip(400 * DAY)
    await tasks.close(skipping.engine, ids.step_id(enrollment, "call"), "completed")
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await sent(skipping, enrollment) == ["bye"]


async def test_an_end_takes_the_task_off_the_list(skipping: Rig) -> None:
    """Nobody has to call whoever has answered."""
    enrollment, contact = await skipping.start(CALL)
    await skipping.arrives(enrollment, "call", gate="task")
    await skipping.reply(contact, enrollment_id=enrollment)
    assert await skipping.ended(enrollment) == ("stopped", "replied")
    [task] = await skipping.rows("SELECT state FROM tasks")
    assert task["state"] == "cancelled"


async def test_a_task_that_is_done_during_a_pause_goes_on_after_it(skipping: Rig) -> None:
    """It counts at once; its branch waits for the resume."""
    enrollment, _ = await skipping.start(CALL)
    await skipping.arrives(enrollment, "call", gate="task")
    await control.pause(skipping.engine, enrollment)
    await tasks.close(skipping.engine, ids.step_id(enrollment, "call"), "completed")
    await skipping.skip(HOUR)
    assert await sent(skipping, enrollment) == []
    await control.resume(skipping.engine, enrollment)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await sent(skipping, enrollment) == ["thanks"]


async def test_an_unknown_task_is_named(skipping: Rig) -> None:
    """Whoever mistypes an id hears of it."""
    with pytest.raises(NotFound):
        await tasks.close(skipping.engine, ids.new_id(), "completed")
