"""Webhooks out, with a real worker and a real receiver: signed, in order, until they are taken."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID

import asyncpg
import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from activities import subscription as posting
from activities.reconcile import Reconciler
from domain import ids
from domain.errors import Conflict
from starter.changes import subscriptions
from starter.changes.subscriptions import Wanted
from starter.enrollments import control
from starter.runs import Runs
from store.changes import subscriptions as stored
from store.changes.changes import TYPES, ChangeType
from store.changes.subscriptions import Subscription
from store.pool import Database
from tests.support.harness import Rig, rig_on
from tests.support.helpers import assert_eventually
from tests.workflows.receiver import Receiver, receiving

SLOW = """
    sequence: slow
    steps:
      - {id: one, type: email, subject: Hi, body: Hi.}
      - {id: wait, type: delay, days: 3}
      - {id: two, type: email, subject: Hi again, body: Hi again.}
"""
ENDS: tuple[ChangeType, ...] = ("enrollment.paused", "enrollment.resumed", "enrollment.stopped")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


@pytest.fixture
async def rig(
    temporal_client: Client, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rig]:
    """A worker whose tenant may be called on the loopback, and which is in a hurry."""
    monkeypatch.setattr(posting, "_LOOKS_EVERY_S", 0.05)
    monkeypatch.setattr(posting, "_WAITS", (timedelta(seconds=0.2),) * 3)
    monkeypatch.setattr("workflows.subscription._FIRST_REST", timedelta(seconds=0.1))
    async with rig_on(temporal_client, database, tmp_path / "outbox") as found:
        await found.execute("UPDATE tenants SET webhook_allow = '{127.0.0.0/8}'")
        yield found
    with suppress(RPCError):  # one that was never begun
        await temporal_client.get_workflow_handle(ids.webhook_feed_workflow_id(found.settings.task_queue)).terminate()


async def subscribe(rig: Rig, receiver: Receiver, *types: ChangeType) -> Subscription:
    made, receiver.secret = await subscriptions.create(rig.engine, Wanted(receiver.url, types or TYPES))
    return made


async def took(receiver: Receiver, *types: str) -> None:
    async def true() -> None:
        assert receiver.types == list(types)

    await assert_eventually(true)


async def log(rig: Rig, subscription: Subscription) -> list[dict[str, Any]]:
    async with rig.engine.transaction() as tx:
        found = await stored.deliveries(tx, subscription.id, None, None, 100)
    return [dict(delivery) for delivery in sorted(found, key=lambda d: d.created_at)]


async def states(rig: Rig, subscription: Subscription, *expected: str) -> list[dict[str, Any]]:
    async def true() -> list[dict[str, Any]]:
        found = await log(rig, subscription)
        assert [delivery["state"] for delivery in found] == list(expected)
        return found

    return await assert_eventually(true)


async def how(rig: Rig, subscription: Subscription) -> Subscription:
    async with rig.engine.transaction() as tx:
        found = await stored.read(tx, subscription.id)
    assert found is not None
    return found


async def waiting(rig: Rig) -> UUID:
    enrollment, _ = await rig.start(SLOW)
    await rig.arrives(enrollment, "two")
    return enrollment


async def test_what_happens_is_posted_in_its_order(rig: Rig, receiver: Receiver) -> None:
    """From enrolling to the reply: signed, each once, as one stable document; the log says that it was taken."""
    subscription = await subscribe(rig, receiver)
    enrollment, contact = await rig.start(SLOW)
    await rig.arrives(enrollment, "two")
    await rig.reply(contact)
    await rig.ended(enrollment)

    async def told() -> list[dict[str, Any]]:
        assert {"reply.received", "enrollment.stopped", "step.skipped"} <= set(receiver.types)
        found = await log(rig, subscription)
        assert len(found) == len(receiver.taken)
        return found

    found = await assert_eventually(told)
    steps = [(d["type"], d["data"]["step"]) for d in receiver.taken if d["type"].startswith("step.")]
    assert steps[:3] == [("step.started", "one"), ("step.completed", "one"), ("step.started", "wait")]
    assert receiver.types[0] == "enrollment.enrolled"
    assert receiver.types.index("enrollment.started") < receiver.types.index("step.completed")
    document = receiver.taken[receiver.types.index("enrollment.stopped")]
    assert set(document) == {"type", "timestamp", "data"}
    data = document["data"]
    assert (data["enrollment_id"], data["sequence"], data["contact"]) == (str(enrollment), "slow", contact.external_id)
    assert data["data"] == {"status": "stopped", "reason": "replied"}
    assert str(contact.email) not in str(receiver.taken)
    numbers = [int(d["data"]["id"].partition("-")[2]) for d in receiver.taken]
    assert (sorted(numbers), receiver.unsigned) == (numbers, 0)
    await states(rig, subscription, *["delivered"] * len(found))
    found = await log(rig, subscription)
    assert {(d["attempts"], d["last_status"]) for d in found} == {(1, 204)}


async def test_only_what_was_subscribed_to_is_posted(rig: Rig, receiver: Receiver) -> None:
    """Of the types that it names, and from when it began; switched off, nothing."""
    enrollment = await waiting(rig)
    await control.pause(rig.engine, enrollment)
    subscription = await subscribe(rig, receiver, "enrollment.resumed", "enrollment.stopped")
    await control.resume(rig.engine, enrollment)
    await took(receiver, "enrollment.resumed")
    off = Wanted(receiver.url, ENDS, active=False)
    assert not (await subscriptions.change(rig.engine, subscription.id, off)).active
    await control.pause(rig.engine, enrollment)
    await subscriptions.change(rig.engine, subscription.id, Wanted(receiver.url, ENDS))
    await control.stop(rig.engine, enrollment, "manual")
    await took(receiver, "enrollment.resumed", "enrollment.stopped")


async def test_what_is_not_taken_comes_again_and_the_rest_waits_for_it(rig: Rig, receiver: Receiver) -> None:
    """Same id, same document; the later ones of the same enrollment stay behind it."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    receiver.answers.extend([500, 302, 204])
    await control.pause(rig.engine, enrollment)
    await control.resume(rig.engine, enrollment)
    await took(receiver, "enrollment.paused", "enrollment.resumed")
    [first, second, third, fourth] = receiver.calls
    assert first == second == third
    assert fourth[0] != first[0]
    found = await states(rig, subscription, "delivered", "delivered")
    assert {d["type"]: d["attempts"] for d in found} == {"enrollment.paused": 3, "enrollment.resumed": 1}
    assert (await how(rig, subscription)).failures == 0


async def test_what_is_given_up_can_be_redelivered(rig: Rig, receiver: Receiver) -> None:
    """The log says why; once more under the same id, at once; a delivery under way is refused."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    receiver.always = 503
    await control.pause(rig.engine, enrollment)
    [failed] = await states(rig, subscription, "failed")
    assert (failed["attempts"], failed["last_status"], failed["last_error"]) == (4, 503, "HTTP 503")
    assert ((await how(rig, subscription)).failures, (await how(rig, subscription)).active) == (4, True)
    receiver.always = 204
    again = await subscriptions.redeliver(rig.engine, failed["id"])
    assert again.state == "pending"
    await took(receiver, "enrollment.paused")
    [delivered] = await states(rig, subscription, "delivered")
    assert delivered["attempts"] == 5
    assert {call for call, _ in receiver.calls} == {str(failed["id"])}
    await subscriptions.change(rig.engine, subscription.id, Wanted(receiver.url, ENDS, active=False))
    with pytest.raises(Conflict, match="switched off"):
        await subscriptions.redeliver(rig.engine, failed["id"])


async def test_a_receiver_that_is_gone_is_let_go(rig: Rig, receiver: Receiver) -> None:
    """410 switches the subscription off, with the reason; what was to come is given up."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    receiver.always = 410
    await control.pause(rig.engine, enrollment)
    await states(rig, subscription, "failed")
    gone = await how(rig, subscription)
    assert (gone.active, "HTTP 410" in (gone.disabled_reason or "")) == (False, True)
    back = await subscriptions.change(rig.engine, subscription.id, Wanted(receiver.url, ENDS))
    assert (back.active, back.disabled_reason) == (True, None)


async def test_days_of_failure_switch_it_off(rig: Rig, receiver: Receiver) -> None:
    """Three days and ten attempts, in which nothing was taken."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    receiver.always = 500
    await rig.execute(
        "UPDATE webhook_subscriptions SET failures = 8, failing_since = $1", datetime.now(UTC) - timedelta(days=4)
    )
    await control.pause(rig.engine, enrollment)
    [failed] = await states(rig, subscription, "failed")
    off = await how(rig, subscription)
    assert (off.active, failed["attempts"]) == (False, 2)
    assert (off.disabled_reason or "").startswith("nothing was taken since ")


async def test_two_secrets_are_valid_while_one_is_changed(rig: Rig, receiver: Receiver) -> None:
    """A receiver that knows only the old one believes, and so does one that knows the new one."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    _, new = await subscriptions.rotate(rig.engine, subscription.id, timedelta(hours=1))
    await control.pause(rig.engine, enrollment)
    await took(receiver, "enrollment.paused")
    receiver.secret = new
    await control.resume(rig.engine, enrollment)
    await took(receiver, "enrollment.paused", "enrollment.resumed")
    assert receiver.unsigned == 0


async def test_our_own_network_is_not_told(rig: Rig, receiver: Receiver) -> None:
    """An address that left the tenant's list after it was named is not called, and the log says so."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    await rig.execute("UPDATE tenants SET webhook_allow = '{}'")
    await control.pause(rig.engine, enrollment)
    [failed] = await states(rig, subscription, "failed")
    assert "not on the internet" in failed["last_error"]
    assert receiver.calls == []


async def test_what_nobody_posts_is_found_again(rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliveries whose workflow is lost are posted by the next look; a feed that is not there is begun."""
    monkeypatch.setattr(posting, "_OVERDUE", timedelta())
    enrollment = await waiting(rig)
    with monkeypatch.context() as without_feed:
        without_feed.setattr(Runs, "keep_webhook_feed", AsyncMock())
        await subscribe(rig, receiver, *ENDS)
    await control.pause(rig.engine, enrollment)
    async with rig.engine.transaction() as tx:
        [owed], _ = await stored.feed(tx, datetime.now(UTC))
    assert receiver.calls == []
    await rig.by_itself(Reconciler(rig.deliveries(), rig.engine.runs).reconcile)
    await took(receiver, "enrollment.paused")
    run = rig.engine.runs.client.get_workflow_handle(ids.subscription_workflow_id(owed))

    async def over() -> None:
        assert (await run.describe()).status is WorkflowExecutionStatus.COMPLETED

    await assert_eventually(over)


async def test_what_is_wrong_with_one_tenants_changes_keeps_nobody_elses_back(
    rig: Rig, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed goes on behind them, and says so in the log."""
    poisoned, feed, with_news = ids.new_id(), stored.feed, Database.tenants_with_news

    async def choking(tx: asyncpg.Connection, now: datetime) -> tuple[frozenset[UUID], bool]:
        if await tx.fetchval("SELECT current_tenant()") == poisoned:
            raise ValueError("a change that nobody can read")
        return await feed(tx, now)

    async def poisoned_first(database: Database) -> list[UUID]:
        return [poisoned, *await with_news(database)]

    monkeypatch.setattr(stored, "feed", choking)
    monkeypatch.setattr(Database, "tenants_with_news", poisoned_first)
    enrollment = await waiting(rig)
    await subscribe(rig, receiver, *ENDS)
    await control.pause(rig.engine, enrollment)
    await took(receiver, "enrollment.paused")


async def test_a_change_becomes_one_delivery(rig: Rig, receiver: Receiver) -> None:
    """However often the feed meets it: the place is moved with the deliveries, and their ids are derived."""
    enrollment = await waiting(rig)
    subscription = await subscribe(rig, receiver, *ENDS)
    await control.pause(rig.engine, enrollment)
    await states(rig, subscription, "delivered")
    await rig.execute("UPDATE webhook_feeds SET xid = '1', id = 0")
    async with rig.engine.transaction() as tx:
        await stored.feed(tx, datetime.now(UTC))
    assert len(await log(rig, subscription)) == len(receiver.calls) == 1
