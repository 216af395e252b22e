"""One batch of each shape that a history can have; they are recorded and replayed like enrollments."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from domain import ids
from starter.campaigns import batches as starter_batches
from starter.campaigns import campaigns
from starter.sequences import status
from store.campaigns import batches
from store.sequences import sequences
from tests.replay.shapes import TEXTS
from tests.support.harness import HOUR, Rig, result_of
from tests.support.helpers import assert_eventually

Shape = Callable[[Rig], Awaitable[UUID]]


async def _recorded(rig: Rig) -> UUID:
    """A batch of two contacts whose workflow is not started yet."""
    key = await rig.publish(TEXTS)
    people = [await rig.contact() for _ in range(2)]
    campaign = await campaigns.create(rig.engine, "spring")
    await campaigns.add(rig.engine, "spring", [contact.external_id for contact in people], "api")
    async with rig.engine.transaction() as tx:
        found = await sequences.find(tx, key)
        assert found is not None
        assert found.version_id is not None
        return await batches.open_batch(
            tx,
            ids.new_id(),
            campaign_id=campaign.id,
            sequence_id=found.id,
            version_id=found.version_id,
            now=rig.engine.now(),
        )


async def _ended(rig: Rig, batch_id: UUID) -> UUID:
    async with rig.time_flies():
        await result_of(rig.engine.runs.client.get_workflow_handle(ids.batch_workflow_id(batch_id)))
    return batch_id


async def batch(rig: Rig) -> UUID:
    """Enrolled in one attempt."""
    batch_id = await _recorded(rig)
    await rig.engine.runs.start_batch(rig.engine.tenant_id, batch_id)
    return await _ended(rig, batch_id)


async def batch_held(rig: Rig) -> UUID:
    """Its sequence was paused: it has looked again and again, and gone on in the end."""
    batch_id = await _recorded(rig)
    await status.pause_sequence(rig.engine, "texts", "the offer is wrong")
    await rig.engine.runs.start_batch(rig.engine.tenant_id, batch_id)

    async def held() -> None:
        async with rig.engine.transaction() as tx:
            assert (await starter_batches.batch(tx, batch_id)).held

    await assert_eventually(held, timeout_s=30)
    await rig.skip(HOUR / 15)
    await status.resume_sequence(rig.engine, "texts")
    return await _ended(rig, batch_id)


BATCHES: dict[str, Shape] = {shape.__name__: shape for shape in (batch, batch_held)}
"""Recorded on the time-skipping server."""
