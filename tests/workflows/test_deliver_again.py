"""A delivery may be asked for again at any point: the worker died before it could answer."""

from uuid import UUID

from domain.contact import Contact
from domain.enrollment import ExecuteInput, StepResult
from domain.errors import PermanentError
from domain.messages import Absent, Receipt
from tests.support.harness import Rig, ScriptedProvider

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""
DELAYED = TEXTS.replace("steps:", "steps:\n      - {id: before, type: delay, days: 1}")


async def _deliver(rig: Rig, enrollment: UUID, node_id: str) -> StepResult:
    order = ExecuteInput(tenant_id=rig.engine.tenant_id, enrollment_id=enrollment, node_id=node_id)
    return StepResult.model_validate(await rig.by_itself(rig.deliveries().deliver, order))


async def _claimed(rig: Rig) -> tuple[UUID, Contact]:
    """An enrollment whose first message was claimed by a worker that then died."""
    enrollment, contact = await rig.start(DELAYED)
    await rig.claim(enrollment, contact, "first")
    return enrollment, contact


async def test_a_settled_message_answers_what_was_recorded(scripted: Rig, provider: ScriptedProvider) -> None:
    """After `sent` the answer is the recorded next node and time; nothing is handed over, nothing changes."""
    enrollment, _ = await scripted.start(TEXTS)
    row = await scripted.arrives(enrollment, "second")
    result = await _deliver(scripted, enrollment, "first")
    assert result.next is not None
    assert (result.next.node_id, result.next.at, result.next.gate) == ("second", row["next_run_at"], None)
    assert len(provider.handed_over) == 1
    assert await scripted.enrollment(enrollment) == row
    assert len(await scripted.rows("SELECT FROM messages")) == 1


async def test_a_failed_message_is_not_tried_by_a_second_asking(scripted: Rig, provider: ScriptedProvider) -> None:
    """After `failed` the answer is the recorded ending; what failed it stays in the record."""
    provider.answers.append(PermanentError("scripted", "no such user"))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.ended(enrollment)
    result = await _deliver(scripted, enrollment, "first")
    assert result.ended is not None
    assert (result.ended.status, result.ended.reason) == ("failed", None)
    assert (await scripted.enrollment(enrollment))["error"] == "first: scripted: no such user"
    assert len(provider.handed_over) == 1


async def test_a_message_found_sending_is_looked_up_not_sent(scripted: Rig, provider: ScriptedProvider) -> None:
    """A claim without an outcome: a provider that has the message settles it, and the next step is planned."""
    enrollment, _ = await _claimed(scripted)
    provider.lookups.append(Receipt(provider="scripted", provider_message_id="found"))
    result = await _deliver(scripted, enrollment, "first")
    assert result.next is not None
    assert (result.verdict, result.next.node_id) == ("sent", "second")
    assert provider.handed_over == []
    assert (await scripted.job(enrollment, "first"))["provider_message_id"] == "found"


async def test_a_message_that_never_left_is_sent_as_it_was_frozen(scripted: Rig, provider: ScriptedProvider) -> None:
    """A claim that the provider never saw: the frozen content goes out, once."""
    enrollment, contact = await _claimed(scripted)
    await scripted.execute("UPDATE contacts SET phone = '+12125550999' WHERE id = $1", contact.id)
    provider.lookups.append(Absent())
    assert (await _deliver(scripted, enrollment, "first")).verdict == "sent"
    [message] = provider.handed_over
    assert (message.to, message.content.body) == (contact.phone, "Frozen.")  # type: ignore[union-attr] # a text
    assert (await scripted.job(enrollment, "first"))["attempts"] == 2
