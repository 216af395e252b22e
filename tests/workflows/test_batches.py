"""A campaign's members are enrolled by one durable workflow: each once, whoever dies, stops or disturbs it."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities import batch as batch_activity
from activities.batch import Batches, BatchOrder, BatchProgress
from activities.reconcile import Reconciler, Swept
from activities.version_cache import Versions
from domain import ids
from domain.contact import Contact
from domain.enrollment import EnrollmentInput
from domain.errors import Conflict, NotFound, NotReady
from providers.registry import Registry
from starter.campaigns import batches as starter_batches
from starter.campaigns import campaigns
from starter.enrollments import control
from starter.runs import Runs
from starter.sequences import archive, status
from store.campaigns import batches
from store.campaigns.batches import Batch
from tests.support.harness import Rig, result_of
from tests.support.helpers import assert_eventually

TEXTS = """
    sequence: texts
    steps:
      - {id: before, type: delay, days: 3}
      - {id: first, type: sms, body: "Hello. STOP to end."}
"""


async def members(rig: Rig, count: int, key: str = "spring", **fields: Any) -> list[Contact]:
    """A campaign of new contacts, in the order of their ids."""
    people = [await rig.contact(**fields) for _ in range(count)]
    await campaigns.create(rig.engine, key)
    await campaigns.add(rig.engine, key, [c.external_id for c in people], "api")
    return sorted(people, key=lambda contact: contact.id)


async def stands(rig: Rig, batch_id: UUID) -> Batch:
    async with rig.engine.transaction() as tx:
        return await starter_batches.batch(tx, batch_id)


async def ended(rig: Rig, batch_id: UUID) -> Batch:
    """The record of a batch, once its workflow has come to its end."""
    async with rig.time_flies():
        await result_of(rig.engine.runs.client.get_workflow_handle(ids.batch_workflow_id(batch_id)))
    return await stands(rig, batch_id)


async def reasons(rig: Rig, batch_id: UUID) -> dict[UUID, str]:
    rows = await rig.rows("SELECT contact_id, reason FROM batch_refusals WHERE batch_id = $1", batch_id)
    return {row["contact_id"]: row["reason"] for row in rows}


async def enrolled(rig: Rig) -> dict[UUID, UUID]:
    """Contact → enrollment; nobody has two."""
    rows = await rig.rows("SELECT contact_id, id FROM enrollments")
    found = {row["contact_id"]: row["id"] for row in rows}
    assert len(found) == len(rows)
    return found


async def attempt(rig: Rig, batch_id: UUID, runs: Runs | None = None) -> BatchProgress:
    """One attempt of the activity, without a workflow."""
    doing = Batches(rig.engine.database, Versions(), runs or rig.engine.runs)
    order = BatchOrder(tenant_id=rig.engine.tenant_id, batch_id=batch_id)
    return BatchProgress.model_validate(await rig.by_itself(doing.enroll_batch, order))


class Nowhere(Runs):
    """Temporal, which takes no batch."""

    async def start_batch(self, tenant_id: UUID, batch_id: UUID) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")


def without_start(rig: Rig) -> Rig:
    """Batches are recorded, and their workflows are not started."""
    known = rig.engine.runs
    nowhere = Nowhere(known.client, known.task_queue, known.search_attributes)
    return dataclasses.replace(rig, engine=dataclasses.replace(rig.engine, runs=nowhere))


class Dying(Runs):
    """A worker that dies after so many starts."""

    left = 3

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        if Dying.left == 0:
            raise asyncio.CancelledError
        Dying.left -= 1
        await super().start(enrollment, contact_id, version, bulk=bulk)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages of a few contacts."""
    monkeypatch.setattr(batch_activity, "_PAGE", 3)


async def test_everybody_in_a_campaign_is_enrolled_once(skipping: Rig, small_pages: None) -> None:
    """Each has the enrollment that batch and contact name, and its workflow runs."""
    key = await skipping.publish(TEXTS)
    people = await members(skipping, 8)
    batch = await starter_batches.assign_sequence(skipping.engine, "spring", key)
    assert batch.total == 8
    done = await ended(skipping, batch.id)
    assert (done.status, done.enrolled, done.skipped, done.failed) == ("completed", 8, 0, 0)
    assert await enrolled(skipping) == {c.id: ids.enrolled_in(batch.id, c.id) for c in people}
    assert await skipping.rows("SELECT DISTINCT source FROM enrollments") == [{"source": "campaign:spring"}]
    for enrollment in (await enrolled(skipping)).values():
        assert await skipping.ended(enrollment) == ("completed", None)
    assert len(skipping.outbox()) == 8


async def test_whoever_is_not_enrolled_is_named_with_the_reason(skipping: Rig, small_pages: None) -> None:
    """Live already, once only, no allowed time, and a fault of one contact: the others go in."""
    key = await skipping.publish(TEXTS.replace("steps:", "reenroll: never\n    steps:"))
    people = await members(skipping, 7)
    before, live, broken = people[1], people[3], people[4]
    [first] = await skipping.enroll(key, before)
    await skipping.enroll(key, live)
    await control.stop(skipping.engine, first, "manual")
    # Such as nobody can store through the front door.
    await skipping.execute("UPDATE contacts SET zones = '{Nowhere/Nowhere}' WHERE id = $1", broken.id)
    batch = await starter_batches.assign_sequence(skipping.engine, "spring", key)
    done = await ended(skipping, batch.id)
    assert (done.status, done.enrolled, done.skipped, done.failed) == ("completed", 4, 2, 1)
    assert await reasons(skipping, batch.id) == {
        before.id: "once_only",
        live.id: "once_only",
        broken.id: "error",
    }


async def test_an_attempt_that_dies_is_taken_up_where_it_was(
    skipping: Rig, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was written is started by the next attempt, once; whoever was not yet dealt with is enrolled."""
    key = await skipping.publish(TEXTS)
    people = await members(skipping, 20)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    known = skipping.engine.runs
    monkeypatch.setattr(Dying, "left", 2)
    with pytest.raises(asyncio.CancelledError):
        await attempt(skipping, batch.id, Dying(known.client, known.task_queue, known.search_attributes))
    halfway = await stands(skipping, batch.id)
    assert 3 <= halfway.enrolled < 20
    pending = await skipping.rows("SELECT id FROM enrollments WHERE status = 'pending'")
    assert pending
    assert (await attempt(skipping, batch.id)).status == "completed"
    assert await enrolled(skipping) == {c.id: ids.enrolled_in(batch.id, c.id) for c in people}
    assert await skipping.rows("SELECT id FROM enrollments WHERE status = 'pending'") == []
    assert (await stands(skipping, batch.id)).enrolled == 20


async def test_two_attempts_at_once_make_each_enrollment_once(skipping: Rig, small_pages: None) -> None:
    """One that was taken for dead and its successor: a page that both have is dealt with by one of them."""
    key = await skipping.publish(TEXTS)
    people = await members(skipping, 20)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    await asyncio.gather(*(attempt(skipping, batch.id) for _ in range(3)), return_exceptions=True)
    assert (await attempt(skipping, batch.id)).status == "completed"
    done = await stands(skipping, batch.id)
    assert (done.enrolled, done.skipped, done.failed) == (20, 0, 0)
    assert await enrolled(skipping) == {c.id: ids.enrolled_in(batch.id, c.id) for c in people}
    assert await skipping.rows("SELECT id FROM enrollments WHERE status = 'pending'") == []


async def test_saying_it_again_is_the_same_batch_while_it_is_under_way(skipping: Rig) -> None:
    """However many callers race, one batch; after its end, the next request is a new one."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 2)
    engine = without_start(skipping).engine
    asked = await asyncio.gather(*(starter_batches.assign_sequence(engine, "spring", key) for _ in range(10)))
    [batch_id] = {batch.id for batch in asked}
    assert (await attempt(skipping, batch_id)).status == "completed"
    again = await starter_batches.assign_sequence(skipping.engine, "spring", key)
    assert again.id != batch_id
    done = await ended(skipping, again.id)
    assert (done.enrolled, done.skipped) == (0, 2)
    assert set((await reasons(skipping, again.id)).values()) == {"live"}


async def test_after_a_cancellation_nobody_more_is_enrolled(
    skipping: Rig, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was in before its commit stays, and is started; the workflow ends."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 9)
    page = batches.page
    batch_id: UUID | None = None

    async def cancelled_on_the_way(tx: Any, work: Any, after: UUID | None, limit: int) -> list[Contact]:
        found = await page(tx, work, after, limit)
        if after is not None:
            [row] = await skipping.rows("SELECT id FROM enrollment_batches")
            assert (await starter_batches.cancel(skipping.engine, row["id"])).status == "cancelled"
        return found

    monkeypatch.setattr(batches, "page", cancelled_on_the_way)
    batch_id = (await starter_batches.assign_sequence(skipping.engine, "spring", key)).id
    done = await ended(skipping, batch_id)
    assert (done.status, done.enrolled, done.total) == ("cancelled", 3, 9)
    assert len(await enrolled(skipping)) == 3
    assert await skipping.rows("SELECT id FROM enrollments WHERE status = 'pending'") == []
    assert (await starter_batches.cancel(skipping.engine, batch_id)).status == "cancelled"


async def test_what_has_ended_is_not_cancelled(skipping: Rig) -> None:
    """A completed batch says so, and stays completed."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 1)
    batch = await starter_batches.assign_sequence(skipping.engine, "spring", key)
    await ended(skipping, batch.id)
    with pytest.raises(Conflict, match="completed"):
        await starter_batches.cancel(skipping.engine, batch.id)
    assert (await stands(skipping, batch.id)).status == "completed"


async def test_a_batch_waits_while_its_sequence_is_paused(skipping: Rig) -> None:
    """It says why it waits, and goes on by itself once the sequence does."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 2)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    await status.pause_sequence(skipping.engine, key, "the offer is wrong")
    await skipping.engine.runs.start_batch(skipping.engine.tenant_id, batch.id)

    async def held() -> None:
        assert (await stands(skipping, batch.id)).held == "sequence 'texts' is paused: the offer is wrong"

    await assert_eventually(held, timeout_s=30)
    assert await enrolled(skipping) == {}
    await skipping.skip(timedelta(hours=1))
    await status.resume_sequence(skipping.engine, key)
    done = await ended(skipping, batch.id)
    assert (done.status, done.enrolled, done.held) == ("completed", 2, None)


async def test_a_batch_ends_with_its_sequence(skipping: Rig) -> None:
    """Of an archived one it fails, and says why."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 1)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    await archive.archive(skipping.engine, key, stop=False)
    assert (await attempt(skipping, batch.id)).status == "failed"
    done = await stands(skipping, batch.id)
    assert (done.status, done.error) == ("failed", "sequence 'texts' is archived")
    assert await enrolled(skipping) == {}


async def test_only_who_was_in_when_it_was_asked_for_is_enrolled(skipping: Rig, small_pages: None) -> None:
    """Whoever comes later is for the next batch; whoever leaves before their turn is left out."""
    key = await skipping.publish(TEXTS)
    people = await members(skipping, 3)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    late = await skipping.contact()
    await campaigns.add(skipping.engine, "spring", [str(late.id)], "api")
    await campaigns.remove(skipping.engine, "spring", people[0].external_id)
    assert (await attempt(skipping, batch.id)).status == "completed"
    assert set(await enrolled(skipping)) == {people[1].id, people[2].id}


async def test_a_batch_needs_a_campaign_an_active_sequence_and_a_provider(skipping: Rig) -> None:
    """What is missing is named, and nothing is recorded."""
    key = await skipping.publish(TEXTS)
    with pytest.raises(NotFound, match="campaign"):
        await starter_batches.assign_sequence(skipping.engine, "spring", key)
    await members(skipping, 1)
    with pytest.raises(NotFound, match="'nothing'"):
        await starter_batches.assign_sequence(skipping.engine, "spring", "nothing")
    with pytest.raises(NotReady):
        await starter_batches.assign_sequence(
            dataclasses.replace(skipping.engine, providers=Registry({})), "spring", key
        )
    await status.pause_sequence(skipping.engine, key, "the offer is wrong")
    with pytest.raises(Conflict, match="the offer is wrong"):
        await starter_batches.assign_sequence(skipping.engine, "spring", key)
    assert await skipping.rows("SELECT id FROM enrollment_batches") == []


async def test_a_campaign_is_not_dissolved_under_its_batch(skipping: Rig) -> None:
    """Afterwards it is, and the record of the batch stays."""
    key = await skipping.publish(TEXTS)
    await members(skipping, 1)
    batch = await starter_batches.assign_sequence(without_start(skipping).engine, "spring", key)
    with pytest.raises(Conflict, match="under way"):
        await campaigns.delete(skipping.engine, "spring")
    await attempt(skipping, batch.id)
    await campaigns.delete(skipping.engine, "spring")
    assert await skipping.rows("SELECT contact_id FROM campaign_members") == []
    kept = await stands(skipping, batch.id)
    assert (kept.campaign, kept.campaign_id, kept.enrolled) == ("spring", None, 1)


# --- the sweep -----------------------------------------------------------------------------------------------


async def sweep(rig: Rig) -> Swept:
    return Swept.model_validate(await rig.by_itself(Reconciler(rig.deliveries(), rig.engine.runs).reconcile))


async def test_a_batch_that_was_never_started_is_started_by_the_sweep(on_dev_server: Rig) -> None:
    """The process died between the row and the start, or Temporal was down; a young one is left alone."""
    rig = on_dev_server
    key = await rig.publish(TEXTS)
    await members(rig, 2)
    batch = await starter_batches.assign_sequence(without_start(rig).engine, "spring", key)
    assert (await sweep(rig)).batches == 0
    await rig.execute("UPDATE enrollment_batches SET moved_at = moved_at - interval '1 minute'")
    assert (await sweep(rig)).batches == 1
    assert (await ended(rig, batch.id)).enrolled == 2


async def test_a_batch_whose_workflow_was_terminated_is_cancelled(on_dev_server: Rig) -> None:
    """Whoever ends it in Temporal has decided: the record follows."""
    rig = on_dev_server
    key = await rig.publish(TEXTS)
    await members(rig, 1)
    batch = await starter_batches.assign_sequence(without_start(rig).engine, "spring", key)
    await status.pause_sequence(rig.engine, key, "the offer is wrong")
    await rig.engine.runs.start_batch(rig.engine.tenant_id, batch.id)

    async def held() -> None:
        assert (await stands(rig, batch.id)).held

    await assert_eventually(held, timeout_s=30)
    await rig.engine.runs.client.get_workflow_handle(ids.batch_workflow_id(batch.id)).terminate()
    await rig.execute("UPDATE enrollment_batches SET moved_at = moved_at - interval '1 hour'")
    assert (await sweep(rig)).batches == 1
    assert (await stands(rig, batch.id)).status == "cancelled"


async def test_a_batch_goes_behind_single_enrollments(on_dev_server: Rig) -> None:
    """Its enrollments are started with a lower priority, all with their tenant as fairness key."""
    rig = on_dev_server
    key = await rig.publish(TEXTS)
    await members(rig, 1)
    batch = await starter_batches.assign_sequence(rig.engine, "spring", key)
    await ended(rig, batch.id)
    [bulk] = (await enrolled(rig)).values()
    [single] = await rig.enroll(key, await rig.contact())

    async def priority(workflow_id: str) -> tuple[int, str]:
        described = await rig.engine.runs.client.get_workflow_handle(workflow_id).describe()
        found = described.raw_description.workflow_execution_info.priority
        return found.priority_key, found.fairness_key

    tenant = str(rig.engine.tenant_id)
    # 0: none was named, which counts as 3; a lower one goes first.
    assert await priority(ids.workflow_id(bulk)) == (4, tenant)
    assert await priority(ids.workflow_id(single)) == (0, tenant)
    assert await priority(ids.batch_workflow_id(batch.id)) == (0, tenant)
