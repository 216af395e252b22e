"""What operators may do to an enrollment and to a sequence, and what is refused."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowUpdateStage

from activities import deliver
from activities.gates import Go, Verdict
from domain.enrollment import EnrollmentState, StopRequest
from domain.errors import Conflict, NotFound
from scheduling.zones import load_zone
from starter.enrollments import control
from starter.sequences import status
from tests.support.harness import DAY, HOUR, Rig, ScriptedProvider, SlowAnswer, about
from tests.support.helpers import assert_eventually
from workflows.enrollment import EnrollmentWorkflow

TWO = """
    sequence: two
    steps:
      - {id: hello, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: again, type: sms, body: "Hello again."}
"""
THREE = (
    TWO
    + """
      - {id: rest, type: delay, hours: 72}
      - {id: last, type: sms, body: "The last one."}
"""
)


PHOENIX = load_zone("America/Phoenix")
"""Where no clock is ever changed, so that each hour is there every day."""


def _with_window(text: str, opens: int) -> str:
    """The last message of `text` may go in the local hour that begins at `opens` only."""
    window = f'window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00"}}'
    return text.replace('body: "Hello again."', f'body: "Hello again.", {window}')


# --- pause and resume ------------------------------------------------------------------------------------


async def test_a_pause_keeps_what_is_left_of_a_delay(skipping: Rig) -> None:
    """Paused one day into three, resumed ten days later: the message goes two days after that."""
    enrollment, _ = await skipping.start(TWO)
    await skipping.arrives(enrollment, "again")
    await skipping.skip(DAY)

    paused = await control.pause(skipping.engine, enrollment)
    assert paused.status == "paused"
    assert about(2 * DAY, timedelta(seconds=paused.remaining_seconds or 0))
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["next_run_at"], row["gate"]) == ("paused", None, "enrollment_paused")

    await skipping.skip(10 * DAY)
    assert len(skipping.outbox()) == 1
    resumed_at = await skipping.now()
    running = await control.resume(skipping.engine, enrollment)
    assert (running.status, running.gate) == ("running", None)
    assert about(resumed_at + 2 * DAY, running.at)
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["next_run_at"], row["gate"]) == ("running", running.at, None)

    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(resumed_at + 2 * DAY, (await skipping.job(enrollment, "again"))["sent_at"])


async def test_a_paused_delay_is_recorded_as_long_as_it_took(skipping: Rig) -> None:
    """The wait's own record ends when the wait ended, not when it had first been planned to."""
    enrollment, _ = await skipping.start(TWO)
    await skipping.arrives(enrollment, "again")
    await control.pause(skipping.engine, enrollment)
    await skipping.skip(5 * DAY)
    await control.resume(skipping.engine, enrollment)
    await skipping.ended(enrollment)
    hello, wait, again = await skipping.steps(enrollment)
    assert about(hello["completed_at"] + 8 * DAY, wait["completed_at"])
    assert wait["completed_at"] <= again["started_at"]


async def test_a_resumed_message_still_waits_for_its_window(skipping: Rig) -> None:
    """What was left of the delay ends outside the hours, so the next opening is the time."""
    opens = ((await skipping.now()).astimezone(PHOENIX).hour + 6) % 24
    enrollment, _ = await skipping.start(_with_window(TWO, opens), zones=(PHOENIX.key,))
    await skipping.arrives(enrollment, "again", gate="window")
    await control.pause(skipping.engine, enrollment)
    await skipping.skip(12 * HOUR)
    running = await control.resume(skipping.engine, enrollment)
    assert running.gate == "window"
    assert running.at is not None
    assert running.at.astimezone(PHOENIX).hour == opens
    await skipping.ended(enrollment)
    assert (await skipping.job(enrollment, "again"))["sent_at"].astimezone(PHOENIX).hour == opens


async def test_a_pause_does_not_lengthen_the_wait_for_a_window(skipping: Rig) -> None:
    """Paused and resumed while only the window holds it back, a message still goes when the window opens."""
    opens = ((await skipping.now()).astimezone(PHOENIX) + 6 * HOUR).hour
    enrollment, _ = await skipping.start(
        _with_window(TWO, opens).replace("hours: 72", "seconds: 1"), zones=(PHOENIX.key,)
    )
    before = await skipping.arrives(enrollment, "again", "window")
    await control.pause(skipping.engine, enrollment)
    await skipping.skip(2 * HOUR)
    resumed = await control.resume(skipping.engine, enrollment)
    assert (resumed.at, resumed.gate) == (before["next_run_at"], "window")


async def test_what_does_not_fit_the_state_is_refused_in_words(skipping: Rig) -> None:
    """Pausing twice, resuming what runs, hurrying what is paused, stopping what is over: each says why not."""
    engine = skipping.engine
    enrollment, _ = await skipping.start(TWO)
    await skipping.arrives(enrollment, "again")
    with pytest.raises(Conflict, match="it is not paused"):
        await control.resume(engine, enrollment)
    with pytest.raises(Conflict, match="no message of it is in doubt"):
        await control.assume_sent(engine, enrollment)
    await control.pause(engine, enrollment)
    with pytest.raises(Conflict, match="it is paused already"):
        await control.pause(engine, enrollment)
    with pytest.raises(Conflict, match="it is paused; resume it first"):
        await control.send_now(engine, enrollment)
    await control.stop(engine, enrollment, "manual")
    for command in (control.pause, control.resume, control.send_now, control.assume_sent):
        with pytest.raises(Conflict, match="has ended already: manual"):
            await command(engine, enrollment)
    with pytest.raises(Conflict, match="has ended already: manual"):
        await control.stop(engine, enrollment, "again")
    with pytest.raises(NotFound, match="no enrollment"):
        await control.pause(engine, uuid4())


# --- send now, stop, state --------------------------------------------------------------------------------


async def test_send_now_cuts_the_wait(skipping: Rig) -> None:
    """The message goes at once, and the wait before it is recorded as over then."""
    enrollment, _ = await skipping.start(TWO)
    await skipping.arrives(enrollment, "again")
    asked_at = await skipping.now()
    await control.send_now(skipping.engine, enrollment)
    assert await skipping.ended(enrollment) == ("completed", None)
    _, wait, again = await skipping.steps(enrollment)
    assert about(asked_at, again["completed_at"])
    assert about(asked_at, wait["completed_at"])


async def test_send_now_does_not_open_a_window(skipping: Rig) -> None:
    """Outside the hours the message is held until they begin, and the answer says so."""
    opens = ((await skipping.now()).astimezone(PHOENIX).hour + 3) % 24
    enrollment, _ = await skipping.start(_with_window(TWO, opens), zones=(PHOENIX.key,))
    asked_at = await skipping.now()
    await skipping.arrives(enrollment, "again", gate="window")
    state = await control.send_now(skipping.engine, enrollment)
    assert state.gate == "window"
    assert state.at is not None
    assert state.at - asked_at < 4 * HOUR
    assert state.at.astimezone(PHOENIX).hour == opens
    assert len(skipping.outbox()) == 1
    await skipping.ended(enrollment)
    assert (await skipping.job(enrollment, "again"))["sent_at"].astimezone(PHOENIX).hour == opens


async def test_a_window_that_closes_after_the_claim_holds_the_hand_over(
    skipping: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hours are looked at again right before the provider is called, whatever the claim found."""
    opens = ((await skipping.now()).astimezone(PHOENIX) + 3 * HOUR).hour
    enrollment, _ = await skipping.start(_with_window(TWO, opens), zones=(PHOENIX.key,))
    await skipping.arrives(enrollment, "again", gate="window")

    def at_the_first_claim(*facts: Any) -> Verdict:
        monkeypatch.undo()
        return Go()

    monkeypatch.setattr(deliver, "check_gates", at_the_first_claim)
    state = await control.send_now(skipping.engine, enrollment)
    assert (state.gate, len(skipping.outbox())) == ("window", 1)
    assert (await skipping.job(enrollment, "again"))["state"] == "pending"
    assert await skipping.ended(enrollment) == ("completed", None)
    assert len(skipping.outbox()) == 2


async def test_send_now_said_twice_sends_one_message(scripted: Rig, provider: ScriptedProvider) -> None:
    """Both are about the message that is next when they are said; the one after it keeps its own wait."""
    slow = SlowAnswer()
    enrollment, _ = await scripted.start(THREE)
    await scripted.arrives(enrollment, "again")
    provider.answers.append(slow)
    handle = scripted.engine.runs.handle(enrollment)
    first = await handle.start_update(EnrollmentWorkflow.send_now, wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    await slow.under_way.wait()
    second = await handle.start_update(EnrollmentWorkflow.send_now, wait_for_stage=WorkflowUpdateStage.ACCEPTED)
    slow.let_go.set()
    states = [await first.result(), await second.result()]
    assert {state.node_id for state in states} == {"last"}
    assert len(provider.handed_over) == 2
    assert about((await scripted.now()) + 72 * HOUR, states[1].at)


async def test_a_stop_records_its_reason(skipping: Rig) -> None:
    """The reason stands on the enrollment, on the cancelled message and on the steps that will not be."""
    enrollment, _ = await skipping.start(TWO)
    await skipping.arrives(enrollment, "again")
    state = await control.stop(skipping.engine, enrollment, "asked on the phone")
    assert (state.status, state.reason) == ("stopped", "asked on the phone")
    assert await skipping.ended(enrollment) == ("stopped", "asked on the phone")
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["reason"], row["next_run_at"]) == ("stopped", "asked on the phone", None)
    job = await skipping.job(enrollment, "again")
    assert (job["state"], job["cancel_reason"]) == ("cancelled", "asked on the phone")
    assert [s["status"] for s in await skipping.steps(enrollment)] == ["success", "skipped", "skipped"]
    assert len(skipping.outbox()) == 1


async def test_a_stop_during_a_delivery_comes_after_it(scripted: Rig, provider: ScriptedProvider) -> None:
    """A message that is being handed over is recorded as sent; the enrollment stops behind it."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TWO)
    await slow.under_way.wait()
    stopping = await scripted.engine.runs.handle(enrollment).start_update(
        EnrollmentWorkflow.stop, StopRequest(reason="enough"), wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    slow.let_go.set()
    assert (await stopping.result()).status == "stopped"
    assert [j["state"] for j in await scripted.jobs(enrollment)] == ["sent", "cancelled"]
    assert (await scripted.enrollment(enrollment))["last_node"] == "hello"


async def test_the_workflow_says_how_it_stands(skipping: Rig) -> None:
    """The query answers node, time and gate as the row has them, and afterwards the ending."""
    enrollment, _ = await skipping.start(TWO)
    row = await skipping.arrives(enrollment, "again")
    handle = skipping.engine.runs.handle(enrollment)

    async def agrees() -> None:
        state = await handle.query(EnrollmentWorkflow.state)
        assert state == EnrollmentState(status=state.status, node_id="again", at=row["next_run_at"])
        assert state.status == "running"

    await assert_eventually(agrees)
    await skipping.ended(enrollment)
    assert (await handle.query(EnrollmentWorkflow.state)).status == "completed"


# --- a whole sequence --------------------------------------------------------------------------------------


async def test_a_paused_sequence_holds_its_messages_and_loses_none(skipping: Rig) -> None:
    """Each due message waits behind the gate `sequence_paused`; when the sequence goes on, it goes at once."""
    key = await skipping.publish(TWO)
    people = [await skipping.contact() for _ in range(3)]
    enrollments = await skipping.enroll(key, *people)
    for enrollment in enrollments:
        await skipping.arrives(enrollment, "again")
    await status.pause_sequence(skipping.engine, key, "the offer is wrong")
    await skipping.skip(72.5 * HOUR)
    for enrollment in enrollments:
        row = await skipping.arrives(enrollment, "again", gate="sequence_paused")
        assert row["status"] == "running"
        assert (await skipping.job(enrollment, "again"))["gate"] == "sequence_paused"
    assert len(skipping.outbox()) == 3

    went_on = await skipping.now()
    assert await status.resume_sequence(skipping.engine, key) == 3
    for enrollment in enrollments:
        assert await skipping.ended(enrollment) == ("completed", None)
        assert about(went_on, (await skipping.job(enrollment, "again"))["sent_at"])


async def test_a_paused_sequence_takes_nobody_in(skipping: Rig) -> None:
    """Enrolling is refused with the reason for the pause; pausing or resuming twice is refused as well."""
    key = await skipping.publish(TWO)
    await status.pause_sequence(skipping.engine, key, "the offer is wrong")
    contact = await skipping.contact()
    with pytest.raises(Conflict, match="paused: the offer is wrong"):
        await skipping.enroll(key, contact)
    with pytest.raises(Conflict, match="paused already: the offer is wrong"):
        await status.pause_sequence(skipping.engine, key, "another")
    await status.resume_sequence(skipping.engine, key)
    with pytest.raises(Conflict, match="is not paused"):
        await status.resume_sequence(skipping.engine, key)
    with pytest.raises(NotFound):
        await status.pause_sequence(skipping.engine, "no-such", "why")


async def test_a_sequence_that_goes_on_leaves_ordinary_waits_alone(skipping: Rig) -> None:
    """Pausing and resuming a sequence during a delay neither shortens the delay nor wakes the enrollment."""
    enrollment, _ = await skipping.start(TWO)
    row = await skipping.arrives(enrollment, "again")
    await status.pause_sequence(skipping.engine, "two", "for a moment")
    assert await status.resume_sequence(skipping.engine, "two") == 0
    await skipping.engine.runs.handle(enrollment).signal(EnrollmentWorkflow.nudge)
    await skipping.ended(enrollment)
    assert about(row["next_run_at"], (await skipping.job(enrollment, "again"))["sent_at"])
