"""Batches of campaigns: each enrolls everybody who is in the campaign in one sequence."""

from functools import partial
from uuid import UUID

import asyncpg

from domain import ids
from domain.errors import Conflict, NotFound
from starter.campaigns.campaigns import hold
from starter.engine import Engine
from starter.sequences.status import must_be_active
from starter.signals import taken_in_time
from store import once
from store.campaigns import batches
from store.campaigns.batches import Batch
from store.sequences import sequences


async def assign_sequence(engine: Engine, campaign: str, sequence: str) -> Batch:
    """Enroll everybody who is in the campaign by now in the sequence's newest version, by a batch of its own workflow.

    While a batch of this campaign and sequence is under way, that one is answered: saying it twice does it once. So is
    the one that the same request has begun, also when it has ended. Raises
    NotFound for a campaign that does not exist or a sequence that was never published, Conflict for a sequence that is
    not active, NotReady for one that uses a channel without a provider.
    """
    batch_id = await engine.database.repeat(lambda: _open(engine, campaign, sequence))
    await _start(engine, batch_id)
    async with engine.transaction() as tx:
        return await batch(tx, batch_id)


async def _open(engine: Engine, campaign: str, sequence: str) -> UUID:
    request = once.request_id()
    async with engine.transaction() as tx:
        if request and (begun := await batches.read(tx, ids.batch_of(request))):
            return begun.id
        found = await hold(tx, campaign)
        target = await sequences.find(tx, sequence)
        if target is None or target.version_id is None:
            raise NotFound(f"no published sequence {sequence!r}", hint="publish it first", command="publish FILE")
        must_be_active(target.key, target.status, target.paused_reason)
        version = await sequences.read_version(tx, target.version_id)
        if version is None:
            raise NotFound(f"version {target.version} of {target.key!r} is missing")
        engine.providers.must_carry(version.plan)
        return await batches.open_batch(
            tx,
            ids.batch_of(request) if request else ids.new_id(),
            campaign_id=found.id,
            sequence_id=target.id,
            version_id=version.id,
            now=engine.now(),
        )


async def _start(engine: Engine, batch_id: UUID) -> None:
    """It is recorded: what is not started now, the reconciler starts."""
    if not once.later(partial(_start, engine, batch_id)):
        await taken_in_time(
            engine.runs.start_batch(engine.tenant_id, batch_id), "batch_start_deferred", batch=str(batch_id)
        )


async def batch(tx: asyncpg.Connection, batch_id: UUID) -> Batch:
    """How a batch stands. Raises NotFound."""
    found = await batches.read(tx, batch_id)
    if found is None:
        raise NotFound("there is no such batch", hint="list the batches to find it", command="batches list")
    return found


async def cancel(engine: Engine, batch_id: UUID) -> Batch:
    """End a batch: from its commit on nobody more is enrolled; whoever is stays so.

    Cancelled twice is cancelled. Raises NotFound, or Conflict for one that has ended otherwise.
    """
    async with engine.transaction() as tx:
        await batches.end(tx, batch_id, "cancelled", engine.now())
        found = await batch(tx, batch_id)
    if found.status != "cancelled":
        raise Conflict(f"the batch has {'failed' if found.status == 'failed' else 'been completed'} already")
    return found
