"""Cancelled from Temporal's side: the record follows, and a hand-over is never left without one."""

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from domain.errors import PermanentError
from tests.support.harness import Rig, ScriptedProvider, SlowAnswer

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""


async def _is_cancelled(rig: Rig, enrollment: object) -> None:
    with pytest.raises(WorkflowFailureError) as failure:
        await rig.ended(enrollment)  # type: ignore[arg-type] # an enrollment's id
    assert isinstance(failure.value.cause, CancelledError)


async def test_a_cancelled_workflow_leaves_a_cancelled_record(skipping: Rig) -> None:
    """Cancelled during a wait: enrollment, job and steps say so, and the workflow closes as cancelled."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await skipping.engine.runs.handle(enrollment).cancel()
    await _is_cancelled(skipping, enrollment)
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["reason"], row["next_run_at"]) == ("cancelled", "cancelled", None)
    assert [job["state"] for job in await skipping.jobs(enrollment)] == ["sent", "cancelled"]
    assert [step["status"] for step in await skipping.steps(enrollment)] == ["success", "skipped", "skipped"]


async def test_a_cancel_lets_the_hand_over_finish(scripted: Rig, provider: ScriptedProvider) -> None:
    """Cancelled while a message is under way: it is recorded as sent, then the enrollment is cancelled."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    handle = scripted.engine.runs.handle(enrollment)
    await handle.cancel()
    slow.let_go.set()
    await _is_cancelled(scripted, enrollment)
    assert [job["state"] for job in await scripted.jobs(enrollment)] == ["sent", "cancelled"]
    row = await scripted.enrollment(enrollment)
    assert (row["status"], row["last_node"]) == ("cancelled", "first")
    assert len(provider.handed_over) == 1


async def test_an_ending_that_came_first_stays(scripted: Rig, provider: ScriptedProvider) -> None:
    """A cancel that arrives while the last message fails changes nothing about the failure."""
    slow = SlowAnswer(PermanentError("scripted", "no such user"))
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    await scripted.engine.runs.handle(enrollment).cancel()
    slow.let_go.set()
    await _is_cancelled(scripted, enrollment)
    row = await scripted.enrollment(enrollment)
    assert (row["status"], row["error"]) == ("failed", "first: scripted: no such user")
