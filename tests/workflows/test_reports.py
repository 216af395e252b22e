"""What is reported of messages and contacts reaches the workflows, or holds without them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain import ids
from domain.errors import AmbiguousError
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.engine import TemporalAddress, connect_temporal
from starter.inbound.receive import receive
from starter.runs import Runs
from store.inbound.reception import Received
from tests.support.harness import DAY, Rig, ScriptedProvider, SlowAnswer
from tests.support.helpers import assert_eventually
from tests.workflows.test_replies import EMAILS, TEXTS

ENDS = {EventType.BOUNCED: "bounced", EventType.COMPLAINED: "complained", EventType.UNSUBSCRIBED: "unsubscribed"}


async def hears(rig: Rig, type: EventType, enrollment: UUID, node: str, **fields: Any) -> Received:
    """A status report of a message of this enrollment."""
    report = StatusReport(
        type=type,
        channel=fields.pop("channel", Channel.EMAIL),
        provider="scripted",
        provider_event_id=uuid4().hex,
        at=datetime.now(UTC),
        job_id=ids.job_id(enrollment, node),
        **fields,
    )
    return await receive(rig.engine, report)


@pytest.fixture
async def cut_off(skipping: Rig) -> Rig:
    """The same engine in a process that cannot reach Temporal, while the worker can."""
    # Nobody listens on this port.
    client = await connect_temporal(TemporalAddress("127.0.0.1:1"), lazy=True)
    runs = Runs(client, skipping.engine.runs.task_queue, search_attributes=False)
    return replace(skipping, engine=replace(skipping.engine, runs=runs))


@pytest.mark.parametrize("what", ENDS)
async def test_a_final_report_ends_the_workflow_at_once(skipping: Rig, what: EventType) -> None:
    """No further activity runs, and the contact's texts go on."""
    emails, contact = await skipping.start(EMAILS)
    [texts] = await skipping.enroll(await skipping.publish(TEXTS), contact)
    await skipping.arrives(emails, "two")
    await skipping.arrives(texts, "second")
    assert (await hears(skipping, what, emails, "one")).stopped == (emails,)
    assert await skipping.ended(emails) == ("stopped", ENDS[what])
    assert await skipping.ended(texts) == ("completed", None)
    job = await skipping.job(emails, "two")
    assert (job["state"], job["cancel_reason"], job["attempts"]) == ("cancelled", ENDS[what], 0)
    assert len([entry for entry in skipping.outbox() if entry.message.to == contact.email]) == 1


async def test_a_status_settles_a_message_in_doubt_and_the_sequence_goes_on(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """The report proves that it went out: its workflow hears of it, and sends the next message in its time."""
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    await hears(scripted, EventType.SENT, enrollment, "first", channel=Channel.SMS, provider_message_id="SM1")
    await scripted.arrives(enrollment, "second")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["provider_message_id"], job["assumed"]) == ("sent", "SM1", False)
    assert await scripted.ended(enrollment) == ("completed", None)
    assert len(provider.handed_over) == 2


async def test_a_status_during_the_hand_over_does_not_wait_for_it(scripted: Rig, provider: ScriptedProvider) -> None:
    """A provider that calls back before it answers is answered itself; the message is settled once, with both."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    async with asyncio.timeout(60):
        await hears(scripted, EventType.DELIVERED, enrollment, "first", channel=Channel.SMS)
    slow.let_go.set()
    await scripted.arrives(enrollment, "second")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["delivery"]) == ("sent", "delivered")
    assert job["provider_message_id"] == f"scripted-{job['id']}"
    assert len(provider.handed_over) == 1


async def test_a_no_holds_although_temporal_cannot_be_reached(skipping: Rig, cut_off: Rig) -> None:
    """The report is answered all the same; the workflow, told nothing, finds at its time that it has ended."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    received = await cut_off.reply(contact, "Please take me off your list")
    assert (received.kind, received.stopped) == ("opt_out", (enrollment,))
    [word] = await skipping.rows("SELECT signalled_at FROM enrollment_signals")
    assert word["signalled_at"] is None
    await skipping.skip(4 * DAY)
    assert await skipping.ended(enrollment) == ("stopped", "unsubscribed")
    assert len(skipping.outbox()) == 1


async def test_what_temporal_did_not_hear_is_told_when_the_report_comes_again(skipping: Rig, cut_off: Rig) -> None:
    """A provider that repeats it has no second effect, and gets the word delivered that is still open."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    await cut_off.reply(contact, provider_event_id="evt-1")
    again = await skipping.reply(contact, provider_event_id="evt-1")
    assert (again.duplicate, [word.signal for word in again.signals]) == (True, ["reply"])

    async def over() -> None:
        assert (await skipping.engine.runs.handle(enrollment).describe()).close_time is not None

    await assert_eventually(over)
    [word] = await skipping.rows("SELECT signalled_at FROM enrollment_signals")
    assert word["signalled_at"] is not None
