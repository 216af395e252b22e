"""Nobody knows whether it was sent: the provider is asked, then the sequence's policy decides, then a person."""

from datetime import timedelta
from uuid import UUID

import pytest

from activities.settle import MAX_RESENDS, RECONCILE_FOR
from domain.contact import Contact
from domain.errors import AmbiguousError, Conflict, TransientError
from domain.messages import Absent, Channel, Receipt, Unknown
from starter.enrollments import control
from tests.support.harness import HOUR, Rig, ScriptedProvider

LOST = AmbiguousError("scripted", "the connection died", code="lost")
FOUND = Receipt(provider="scripted", provider_message_id="found")
LATER = Unknown(reason="the list lags behind", ask_again_after=timedelta(seconds=40))


def texts(policy: str) -> str:
    return f"""
        sequence: texts
        on_ambiguous: {policy}
        steps:
          - {{id: first, type: sms, body: "Hello. STOP to end."}}
          - {{id: wait, type: delay, hours: 72}}
          - {{id: second, type: sms, body: "Hello again."}}
    """


# --- the provider can tell --------------------------------------------------------------------------------


async def test_a_message_that_the_provider_has_counts_as_sent(scripted: Rig, provider: ScriptedProvider) -> None:
    """Found: it is sent, under the provider's id, and not handed over again."""
    provider.answers.append(LOST)
    provider.lookups.append(FOUND)
    enrollment, _ = await scripted.start(texts("hold"))
    assert await scripted.ended(enrollment) == ("completed", None)
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["provider_message_id"], job["attempts"]) == ("sent", "found", 1)
    assert (job["assumed"], job["error"]) == (False, None)
    assert len(provider.handed_over) == 2


async def test_a_message_that_the_provider_never_had_goes_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """Absent: it is tried again after the back-off, the same bytes."""
    provider.answers.append(LOST)
    provider.lookups.append(Absent())
    enrollment, _ = await scripted.start(texts("hold"))
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    assert await scripted.ended(enrollment) == ("completed", None)
    assert provider.handed_over[0] == provider.handed_over[1]
    assert (await scripted.job(enrollment, "first"))["attempts"] == 2


async def test_a_provider_that_lags_is_asked_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """While asking may still prove something, the job stays `sending` behind the gate `reconcile`."""
    provider.answers.append(LOST)
    provider.lookups.extend([LATER, LATER, FOUND])
    enrollment, _ = await scripted.start(texts("hold"))
    await scripted.arrives(enrollment, "first", gate="reconcile")
    assert (await scripted.job(enrollment, "first"))["state"] == "sending"
    assert await scripted.ended(enrollment) == ("completed", None)
    assert provider.asked == 3
    assert [m.job_id for m in provider.handed_over] == [j["id"] for j in await scripted.jobs(enrollment)]


async def test_asking_has_an_end(scripted: Rig, provider: ScriptedProvider) -> None:
    """A provider that never knows is asked for RECONCILE_FOR, then the policy decides."""
    provider.answers.append(LOST)
    provider.lookups.extend([LATER] * 100)
    enrollment, _ = await scripted.start(texts("assume_sent"))
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (await scripted.job(enrollment, "first"))["assumed"]
    assert LATER.ask_again_after is not None
    assert provider.asked <= 2 + RECONCILE_FOR / LATER.ask_again_after


async def test_a_provider_that_fails_to_answer_is_asked_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """An error while asking proves nothing: the question is put again."""
    asked = provider.lookup

    async def failing(*args: object) -> None:
        provider.lookup = asked  # type: ignore[method-assign]
        raise TransientError("scripted", "busy")

    provider.lookup = failing  # type: ignore[method-assign, assignment]
    provider.answers.append(LOST)
    provider.lookups.append(FOUND)
    enrollment, _ = await scripted.start(texts("hold"))
    await scripted.arrives(enrollment, "first", gate="reconcile")
    assert await scripted.ended(enrollment) == ("completed", None)
    assert (await scripted.job(enrollment, "first"))["provider_message_id"] == "found"


# --- nobody can tell: the policy ---------------------------------------------------------------------------


async def in_doubt(rig: Rig, provider: ScriptedProvider) -> tuple[UUID, Contact]:
    """An enrollment whose first message is held as ambiguous."""
    provider.answers.append(LOST)
    enrollment, contact = await rig.start(texts("hold"))
    await rig.arrives(enrollment, "first", gate="ambiguous")
    return enrollment, contact


async def test_hold_waits_for_a_person(scripted: Rig, provider: ScriptedProvider) -> None:
    """Under `hold` the message is ambiguous, visible, without a next run, however long it takes."""
    enrollment, _ = await in_doubt(scripted, provider)
    row = await scripted.enrollment(enrollment)
    assert (row["status"], row["next_run_at"]) == ("running", None)
    await scripted.skip(500 * HOUR)
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["error_class"], job["error_code"]) == ("ambiguous", "ambiguous", "lost")
    [seen] = await scripted.rows("SELECT current_state, message_status FROM sequence_progress_monitor")
    assert seen == {
        "current_state": "held: nobody knows whether first was sent",
        "message_status": "ambiguous",
    }
    assert len(provider.handed_over) == 1


async def test_a_person_may_say_that_it_was_sent(scripted: Rig, provider: ScriptedProvider) -> None:
    """`assume_sent` counts it as sent, marks the assumption, and the next delay begins."""
    enrollment, _ = await in_doubt(scripted, provider)
    state = await control.assume_sent(scripted.engine, enrollment)
    assert (state.node_id, state.gate) == ("second", None)
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["assumed"], job["error"]) == ("sent", True, None)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert len(provider.handed_over) == 2


async def test_a_person_may_have_it_sent_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """`send_now` on a message in doubt hands the same bytes over once more."""
    enrollment, _ = await in_doubt(scripted, provider)
    state = await control.send_now(scripted.engine, enrollment)
    assert state.node_id == "second"
    assert provider.handed_over[0] == provider.handed_over[1]
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["assumed"], job["attempts"]) == ("sent", False, 2)


async def test_a_paused_doubt_waits_for_the_resume(scripted: Rig, provider: ScriptedProvider) -> None:
    """While paused nothing is decided about it; afterwards it is held as before."""
    enrollment, _ = await in_doubt(scripted, provider)
    await control.pause(scripted.engine, enrollment)
    with pytest.raises(Conflict, match="it is paused; resume it first"):
        await control.assume_sent(scripted.engine, enrollment)
    state = await control.resume(scripted.engine, enrollment)
    assert (state.gate, state.at) == ("ambiguous", None)
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    assert (await control.assume_sent(scripted.engine, enrollment)).node_id == "second"


async def test_assume_sent_goes_on_by_itself(scripted: Rig, provider: ScriptedProvider) -> None:
    """Under `assume_sent` the message counts as sent, marked as assumed, and the sequence goes on."""
    provider.answers.append(LOST)
    enrollment, _ = await scripted.start(texts("assume_sent"))
    assert await scripted.ended(enrollment) == ("completed", None)
    first, second = await scripted.jobs(enrollment)
    assert [(j["state"], j["assumed"]) for j in (first, second)] == [("sent", True), ("sent", False)]
    assert len(provider.handed_over) == 2


async def test_resend_sends_the_same_again_but_not_for_ever(scripted: Rig, provider: ScriptedProvider) -> None:
    """Under `resend` it is handed over up to MAX_RESENDS times; still in doubt, a person decides."""
    provider.answers.extend([LOST] * 10)
    enrollment, _ = await scripted.start(texts("resend"))
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    async with scripted.time_flies():
        await scripted.arrives(enrollment, "first", gate="ambiguous")
    assert provider.handed_over == [provider.handed_over[0]] * MAX_RESENDS
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"]) == ("ambiguous", MAX_RESENDS)


async def test_resend_that_succeeds_is_sent(scripted: Rig, provider: ScriptedProvider) -> None:
    """A resend that the provider takes over settles the doubt."""
    provider.answers.append(LOST)
    enrollment, _ = await scripted.start(texts("resend"))
    assert await scripted.ended(enrollment) == ("completed", None)
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"], job["assumed"], job["error"]) == ("sent", 2, False, None)


# --- and an answer comes meanwhile ---------------------------------------------------------------------------


async def test_a_reply_ends_what_is_in_doubt(scripted: Rig, provider: ScriptedProvider) -> None:
    """The enrollment stops; the job stays ambiguous, for the record, and is never sent again."""
    enrollment, contact = await in_doubt(scripted, provider)
    await scripted.reply(contact, enrollment_id=enrollment)
    assert await scripted.ended(enrollment) == ("stopped", "replied")
    assert (await scripted.job(enrollment, "first"))["state"] == "ambiguous"
    [step] = [s for s in await scripted.steps(enrollment) if s["node_id"] == "first"]
    assert (step["status"], step["result"]["ended"]) == ("failed", "replied")
    assert len(provider.handed_over) == 1


async def test_an_answer_to_a_message_in_doubt_answers_that_message(scripted: Rig, provider: ScriptedProvider) -> None:
    """The contact's reply is the best sign that it arrived, so it is attributed to its step."""
    enrollment, contact = await in_doubt(scripted, provider)
    received = await scripted.reply(contact, channel=Channel.SMS)
    assert (received.enrollment_id, received.node_id, received.step_number) == (enrollment, "first", 1)


async def test_after_the_end_a_message_in_doubt_can_still_be_settled(scripted: Rig, provider: ScriptedProvider) -> None:
    """Stopped while in doubt, the record reads failed everywhere; assume-sent makes it sent, and sends nothing."""
    enrollment, _ = await in_doubt(scripted, provider)
    await control.stop(scripted.engine, enrollment, "manual")
    [row] = await scripted.rows("SELECT * FROM sequence_progress_monitor WHERE enrollment_id = $1", enrollment)
    assert (row["current_step"], row["step_status"], row["message_status"]) == ("first", "failed", "ambiguous")
    [row] = await scripted.rows("SELECT * FROM flow_sequence_message_jobs WHERE execution_id = $1", enrollment)
    assert row["status"] == "failed"

    handed_over = len(provider.handed_over)
    state = await control.assume_sent(scripted.engine, enrollment)
    assert (state.status, state.reason) == ("stopped", "manual")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["assumed"]) == ("sent", True)
    assert [s["status"] for s in await scripted.steps(enrollment) if s["node_id"] == "first"] == ["success"]
    assert len(provider.handed_over) == handed_over
    with pytest.raises(Conflict):
        await control.assume_sent(scripted.engine, enrollment)
