"""A report of a message proves that a provider took it over: it is settled as sent, and never handed over again."""

from datetime import timedelta
from uuid import UUID

import pytest

from activities.reconcile import Reconciler, Swept
from domain import ids
from domain.contact import Contact
from domain.enrollment import ExecuteInput, StepResult
from domain.errors import AmbiguousError, TransientError
from domain.messages import Unknown
from starter.enrollments import control
from store.enrollments import ledger
from tests.support.harness import HOUR, Rig, ScriptedProvider, SlowAnswer, about, receipt
from tests.support.reports import hear_of, nudge
from tests.workflows.test_reconciler import ScriptedRuns
from workflows.enrollment import EnrollmentWorkflow

LOST = AmbiguousError("scripted", "the connection died", code="lost")
LATER = Unknown(reason="the list lags behind", ask_again_after=timedelta(hours=1))
TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""
WAITING_FIRST = TEXTS.replace("steps:", "steps:\n      - {id: before, type: delay, days: 1}")


async def held(rig: Rig, provider: ScriptedProvider, gate: str) -> tuple[UUID, Contact]:
    """An enrollment whose first message was handed over without success, and is held by this gate."""
    provider.answers.append(TransientError("scripted", "busy", retry_after=HOUR) if gate == "provider_retry" else LOST)
    provider.lookups.append(LATER if gate == "reconcile" else Unknown(reason="it cannot be asked"))
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "first", gate=gate)
    return enrollment, contact


async def settle_late(rig: Rig, enrollment: UUID) -> bool:
    async with rig.engine.transaction(lock_enrollment=enrollment) as tx:
        return await ledger.settle_late(tx, ids.job_id(enrollment, "first"), await rig.now()) is not None


async def is_sent_once(rig: Rig, provider: ScriptedProvider, enrollment: UUID) -> None:
    """In the ledger, the step and the conversation, since its claim; one hand-over of it."""
    job = await rig.job(enrollment, "first")
    assert (job["state"], job["assumed"], job["error"], job["cancel_reason"]) == ("sent", False, None, None)
    assert (job["sent_at"], job["attempts"]) == (job["claimed_at"], 1)
    [step] = [s for s in await rig.steps(enrollment) if s["node_id"] == "first"]
    assert (step["status"], step["completed_at"]) == ("success", job["sent_at"])
    logged = await rig.rows("SELECT provider_message_id FROM messages WHERE id = $1", job["id"])
    assert logged == [{"provider_message_id": job["provider_message_id"]}]
    assert [m.job_id for m in provider.handed_over].count(job["id"]) == 1


# --- the enrollment lives --------------------------------------------------------------------------------------


@pytest.mark.parametrize("gate", ["ambiguous", "reconcile"])
async def test_a_nudge_makes_a_message_in_doubt_sent(scripted: Rig, provider: ScriptedProvider, gate: str) -> None:
    """Heard of, a message in doubt is settled at once and the sequence goes on; the provider is asked no more."""
    enrollment, _ = await held(scripted, provider, gate)
    await hear_of(scripted, enrollment)
    await nudge(scripted, enrollment)
    await scripted.arrives(enrollment, "second")
    await is_sent_once(scripted, provider, enrollment)
    assert (await scripted.job(enrollment, "first"))["provider_message_id"] == "reported"
    assert provider.asked == 1
    assert await scripted.ended(enrollment) == ("completed", None)


async def test_a_message_that_waits_for_another_try_is_not_tried_again(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """A failed attempt that arrived all the same, by its report, is found sent when its next try comes."""
    enrollment, _ = await held(scripted, provider, "provider_retry")
    await hear_of(scripted, enrollment, provider_message_id=None)
    assert await scripted.ended(enrollment) == ("completed", None)
    await is_sent_once(scripted, provider, enrollment)
    assert len(provider.handed_over) == 2


async def test_a_nudge_that_brings_nothing_changes_nothing(scripted: Rig, provider: ScriptedProvider) -> None:
    """Looked at again without a report, the message stays in doubt and is not sent."""
    enrollment, _ = await held(scripted, provider, "ambiguous")
    await nudge(scripted, enrollment)
    state = await scripted.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)
    assert state.gate == "ambiguous"
    assert (await scripted.job(enrollment, "first"))["state"] == "ambiguous"
    assert len(provider.handed_over) == 1


async def test_send_now_does_not_send_what_has_arrived(scripted: Rig, provider: ScriptedProvider) -> None:
    """An operator who asks for a message in doubt to go again is answered by its report."""
    enrollment, _ = await held(scripted, provider, "ambiguous")
    await hear_of(scripted, enrollment)
    assert (await control.send_now(scripted.engine, enrollment)).node_id == "second"
    await is_sent_once(scripted, provider, enrollment)


async def test_the_author_s_wait_counts_from_the_hand_over(scripted: Rig, provider: ScriptedProvider) -> None:
    """A day in doubt is a day of the delay that follows."""
    enrollment, _ = await held(scripted, provider, "ambiguous")
    await scripted.skip(24 * HOUR)
    await hear_of(scripted, enrollment)
    await nudge(scripted, enrollment)
    row = await scripted.arrives(enrollment, "second")
    assert about(await scripted.now() + 48 * HOUR, row["next_run_at"])


async def test_what_is_heard_during_a_pause_counts_after_it(scripted: Rig, provider: ScriptedProvider) -> None:
    """A paused enrollment is not moved; resumed, it settles the message and goes on."""
    enrollment, _ = await held(scripted, provider, "ambiguous")
    await control.pause(scripted.engine, enrollment)
    await hear_of(scripted, enrollment)
    await nudge(scripted, enrollment)
    await control.resume(scripted.engine, enrollment)
    assert await scripted.ended(enrollment) == ("completed", None)
    await is_sent_once(scripted, provider, enrollment)


@pytest.mark.parametrize("fails", [True, False])
async def test_a_report_during_the_hand_over_is_kept(scripted: Rig, provider: ScriptedProvider, fails: bool) -> None:
    """A report that comes before the provider's answer settles an answer that is lost, and survives one that is not."""
    slow = SlowAnswer(outcome=LOST if fails else None)
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    await hear_of(scripted, enrollment)
    await nudge(scripted, enrollment)
    slow.let_go.set()
    await scripted.arrives(enrollment, "second")
    job = await scripted.job(enrollment, "first")
    own_id = receipt(provider.handed_over[0]).provider_message_id
    assert (job["state"], job["delivery"], job["assumed"]) == ("sent", "delivered", False)
    assert job["provider_message_id"] == ("reported" if fails else own_id)
    assert len(provider.handed_over) == 1


async def test_a_dead_worker_s_message_is_settled_without_asking(scripted: Rig, provider: ScriptedProvider) -> None:
    """A job left `sending` that was heard of needs no answer of the provider."""
    enrollment, contact = await scripted.start(WAITING_FIRST)
    await scripted.claim(enrollment, contact, "first")
    await hear_of(scripted, enrollment)
    order = ExecuteInput(tenant_id=scripted.engine.tenant_id, enrollment_id=enrollment, node_id="first")
    result = StepResult.model_validate(await scripted.by_itself(scripted.deliveries().deliver, order))
    assert (result.verdict, result.next and result.next.node_id) == ("sent", "second")
    assert (await scripted.job(enrollment, "first"))["state"] == "sent"
    assert (provider.asked, provider.handed_over) == (0, [])


# --- the enrollment has ended ----------------------------------------------------------------------------------


@pytest.mark.parametrize("gate", ["ambiguous", "reconcile", "provider_retry"])
@pytest.mark.parametrize("first_heard", [True, False])
async def test_the_end_changes_nothing_about_what_arrived(
    scripted: Rig, provider: ScriptedProvider, gate: str, first_heard: bool
) -> None:
    """Heard of before the enrollment ends or after: the same record, sent, named as its last step."""
    enrollment, _ = await held(scripted, provider, gate)
    if first_heard:
        await hear_of(scripted, enrollment)
    await control.stop(scripted.engine, enrollment, "manual")
    if not first_heard:
        assert not await settle_late(scripted, enrollment)
        await hear_of(scripted, enrollment)
        assert await settle_late(scripted, enrollment)
    assert not await settle_late(scripted, enrollment)
    await is_sent_once(scripted, provider, enrollment)
    row = await scripted.enrollment(enrollment)
    assert (row["status"], row["last_node"], row["last_order_index"]) == ("stopped", "first", 0)
    [counted] = await scripted.rows(
        "SELECT sum(sent) AS sent, sum(pending + ambiguous + cancelled) AS other FROM step_counters"
        " WHERE node_id = 'first'"
    )
    assert (counted["sent"], counted["other"]) == (1, 0)


async def test_the_sweep_settles_an_abandoned_message_by_its_report(scripted: Rig, provider: ScriptedProvider) -> None:
    """Ended while it was handed over, heard of since: the reconciler records it without asking the provider."""
    enrollment, contact = await scripted.start(WAITING_FIRST)
    await scripted.claim(enrollment, contact, "first")
    await control.stop(scripted.engine, enrollment, "manual")
    await hear_of(scripted, enrollment)
    await scripted.execute("UPDATE message_jobs SET claimed_at = claimed_at - interval '10 minutes'")
    sweep = Reconciler(scripted.deliveries(), ScriptedRuns()).reconcile
    assert Swept.model_validate(await scripted.by_itself(sweep)).settled == 1
    assert (await scripted.job(enrollment, "first"))["state"] == "sent"
    assert (provider.asked, provider.handed_over) == (0, [])
