"""An automatic answer goes out once, in time, or not at all."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

import composition
from activities.reconcile import Reconciler, Swept
from domain import ids
from domain.errors import TransientError
from domain.messages import Channel, Receipt
from starter.runs import Runs
from store.pool import Database
from tests.support.harness import HOUR, Rig, ScriptedProvider, SlowAnswer, about, result_of, rig_on
from tests.support.notices import MINUTE, Desk


@pytest.fixture
async def desk(database: Database, provider: ScriptedProvider) -> Desk:
    """A tenant with both texts; its rig is `scripted`, on the same database and the same provider."""
    made = Desk(database, provider)
    await made.offer_help()
    return made


async def ended(rig: Rig, notice: UUID) -> str:
    """Start its workflow and wait for its end, while time flies."""
    await rig.engine.runs.start_notice(rig.engine.tenant_id, notice)
    async with rig.time_flies():
        return str(await result_of(rig.engine.runs.client.get_workflow_handle(ids.notice_workflow_id(notice))))


# --- sent -------------------------------------------------------------------------------------------------------


async def test_a_confirmation_goes_out_although_the_address_is_barred(scripted: Rig, desk: Desk) -> None:
    """It is the one message that may follow an opt-out; the conversation shows it, with no enrollment."""
    contact = await scripted.contact()
    await scripted.execute(
        "INSERT INTO suppressions (tenant_id, channel, address, reason, at, created_at)"
        " VALUES ($1, 'sms', $2, 'unsubscribed', now(), now())",
        scripted.engine.tenant_id,
        contact.phone,
    )
    notice = await desk.owed(contact=contact, now=await scripted.now())
    assert await ended(scripted, notice) == "sent"
    [message] = desk.provider.handed_over
    assert (message.job_id, message.to, message.channel) == (notice, contact.phone, Channel.SMS)
    [logged] = await scripted.rows("SELECT * FROM messages")
    assert (logged["id"], logged["direction"], logged["kind"]) == (notice, "out", "confirmation")
    assert (logged["contact_id"], logged["enrollment_id"]) == (contact.id, None)
    assert (logged["address"], logged["provider_message_id"]) == (contact.phone, f"scripted-{notice}")
    assert logged["body"] == (await desk.row(notice))["body"]
    assert logged["at"] == (await desk.row(notice))["sent_at"]


async def test_help_goes_out_by_whatsapp_to_a_stranger(scripted: Rig, desk: Desk) -> None:
    """On the channel that was written on; the conversation shows it for no contact."""
    notice = await desk.owed("help", channel=Channel.WHATSAPP, now=await scripted.now())
    assert await ended(scripted, notice) == "sent"
    [message] = desk.provider.handed_over
    assert (message.channel, message.to) == (Channel.WHATSAPP, "+12125550199")
    [logged] = await scripted.rows("SELECT kind, contact_id, channel FROM messages")
    assert logged == {"kind": "help", "contact_id": None, "channel": "whatsapp"}


async def test_started_twice_it_is_sent_once(scripted: Rig, desk: Desk) -> None:
    """While it runs and after it has ended, another start changes nothing."""
    slow = SlowAnswer()
    desk.provider.answers.append(slow)
    notice = await desk.owed(now=await scripted.now())
    await scripted.engine.runs.start_notice(scripted.engine.tenant_id, notice)
    await slow.under_way.wait()
    await scripted.engine.runs.start_notice(scripted.engine.tenant_id, notice)
    slow.let_go.set()
    assert await ended(scripted, notice) == "sent"
    assert await ended(scripted, notice) == "sent"
    assert await desk.send(notice) == "sent"
    assert len(desk.provider.handed_over) == 1


async def test_a_passing_error_is_tried_again(scripted: Rig, desk: Desk) -> None:
    """Until then it waits, with the error on record."""
    desk.provider.answers.extend([TransientError("scripted", "busy"), TransientError("scripted", "still busy")])
    notice = await desk.owed(now=await scripted.now())
    assert await ended(scripted, notice) == "sent"
    assert len(desk.provider.handed_over) == 3
    assert (await desk.row(notice))["error"] is None


async def test_what_cannot_go_in_time_expires(scripted: Rig, desk: Desk) -> None:
    """After five minutes of a provider's refusals, a confirmation is given up, unsent; the last error is the record."""
    desk.provider.answers.extend([TransientError("scripted", "busy")] * 50)
    notice = await desk.owed(now=await scripted.now())
    assert await ended(scripted, notice) == "expired"
    assert about(5 * MINUTE, await _took(scripted, notice))
    assert (await desk.row(notice))["error"] == "scripted: busy"
    assert await scripted.rows("SELECT FROM messages") == []


async def _took(rig: Rig, notice: UUID) -> timedelta:
    """How long its workflow ran."""
    described = await rig.engine.runs.client.get_workflow_handle(ids.notice_workflow_id(notice)).describe()
    assert described.close_time is not None
    return described.close_time - described.start_time


async def test_the_providers_own_delay_does_not_outlast_the_notice(scripted: Rig, desk: Desk) -> None:
    """A Retry-After is kept, but the end is recorded when it comes."""
    desk.provider.answers.append(TransientError("scripted", "busy", retry_after=2 * HOUR))
    notice = await desk.owed(now=await scripted.now())
    assert await ended(scripted, notice) == "expired"
    assert about(5 * MINUTE, await _took(scripted, notice))
    assert len(desk.provider.handed_over) == 1


# --- Temporal is down -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unreachable(Runs):
    """Temporal, while it is down."""

    async def start_notice(self, tenant_id: UUID, notice_id: UUID) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")


@dataclass(frozen=True)
class Sweepable(Runs):
    """The time-skipping server has no lists."""

    async def closed_badly(self, tenant_id: UUID, since: datetime) -> list[UUID]:
        return []


async def sweep(rig: Rig, at: datetime, runs: type[Runs] = Sweepable) -> Swept:
    known = rig.engine.runs
    reconciler = Reconciler(rig.deliveries(), runs(known.client, known.task_queue, known.search_attributes))
    return Swept.model_validate(await rig.by_itself(reconciler.reconcile, at=at))


async def test_a_notice_that_temporal_never_heard_of_is_started_by_the_sweep(scripted: Rig, desk: Desk) -> None:
    """One that has just been owed is left to whoever owed it."""
    now = await scripted.now()
    notice = await desk.owed(now=now)
    assert (await sweep(scripted, now)).answers == 0
    assert (await sweep(scripted, now + MINUTE)).answers == 1
    assert await ended(scripted, notice) == "sent"
    assert (await sweep(scripted, now + MINUTE)).answers == 0
    assert len(desk.provider.handed_over) == 1


@dataclass(frozen=True)
class _Down(Sweepable, Unreachable):
    """Neither lists nor starts."""


async def test_a_notice_that_nobody_could_send_expires_in_the_sweep(scripted: Rig, desk: Desk) -> None:
    """Temporal stays down: the sweep fails until the notice is long over, and then ends it without a hand-over."""
    now = await scripted.now()
    waiting, dropped = await desk.owed(sender="+12125550198", now=now), await desk.claimed(now=now)
    swept = await sweep(scripted, now + 6 * MINUTE, _Down)
    assert (swept.answers, swept.failed) == (0, 2)
    desk.provider.lookups.append(Receipt(provider="scripted", provider_message_id="found"))
    swept = await sweep(scripted, now + 11 * MINUTE, _Down)
    assert (swept.answers, swept.failed) == (2, 0)
    assert [(await desk.row(n))["state"] for n in (waiting, dropped)] == ["expired", "sent"]
    assert desk.provider.handed_over == []


# --- as it runs in production -----------------------------------------------------------------------------------------


async def test_whoever_opts_out_by_text_gets_one_confirmation(scripted: Rig, desk: Desk) -> None:
    """Reporting the message does it all, and reporting it again does nothing more."""
    contact = await scripted.contact()
    for _ in range(2):
        await scripted.reply(contact, "please stop texting me", channel=Channel.SMS, provider_event_id="E1")
    [notice] = await desk.rows("SELECT id FROM notices")
    assert await ended(scripted, notice["id"]) == "sent"
    assert [message.to for message in desk.provider.handed_over] == [contact.phone]


async def test_a_notice_runs_in_the_strict_sandbox(
    time_skipping: WorkflowEnvironment,
    database: Database,
    tmp_path: Path,
    provider: ScriptedProvider,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its workflow keeps the sandbox's rules, although production does not load it anew for each run."""
    monkeypatch.setattr(composition, "_OURS", ())
    async with rig_on(time_skipping.client, database, tmp_path, environment=time_skipping, provider=provider) as strict:
        assert await ended(strict, await desk.owed(now=await strict.now())) == "sent"


async def test_on_a_real_server_it_is_answered_at_once(on_dev_server: Rig, desk: Desk) -> None:
    """With search attributes and the local outbox, as it runs in production."""
    notice = await desk.owed(now=datetime.now(UTC))
    assert await ended(on_dev_server, notice) == "sent"
    [entry] = on_dev_server.outbox()
    assert (entry.message.job_id, entry.body) == (notice, (await desk.row(notice))["body"])
    described = await on_dev_server.engine.runs.client.get_workflow_handle(ids.notice_workflow_id(notice)).describe()
    assert "+1212" not in str(described.raw_description)
