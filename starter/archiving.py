"""Archive a sequence: nobody is enrolled any more; those who are in it finish, or are stopped, as told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from starter import standing
from starter.engine import Engine
from starter.telling import say
from store import enrollments
from store.signals import OpenSignal

_BATCH = 100
"""Enrollments that one transaction stops: it waits for all of them that are just being claimed or settled."""


@dataclass(frozen=True)
class Archived:
    """What became of the people in it."""

    stopped: int
    finishing: int
    """Live enrollments that go on to their end."""
    woken: int
    """Of these, those that the paused sequence had held back."""


async def archive(engine: Engine, key: str, *, stop: bool, reason: str = "archived") -> Archived:
    """Archive a sequence, whatever it was before; safe to repeat, also to stop later those who were to finish.

    Whoever is stopped gets nothing more from the moment at which their transaction commits, whatever Temporal does.
    Raises NotFound, and Conflict for what was never published.
    """

    async def close() -> tuple[UUID, list[OpenSignal]]:
        async with engine.database.transaction(engine.tenant_id) as tx:
            sequence = await standing.hold(tx, key)
            held = await standing.archive(tx, sequence)
            return sequence.id, [] if stop else await standing.call(tx, held, engine.now())

    sequence_id, words = await engine.database.repeat(close)
    return await wind_up(engine, sequence_id, words, stop=stop, reason=reason)


async def wind_up(
    engine: Engine, sequence_id: UUID, held: Sequence[OpenSignal], *, stop: bool, reason: str
) -> Archived:
    """What follows the commit: those whom the sequence had held back go on to their end, or everybody is stopped."""
    await standing.wake(engine, held)
    ending = Ending(status=EnrollmentStatus.STOPPED, reason=reason)
    stopped = 0
    while stop:
        event_id = ids.new_id()
        words = await engine.database.repeat(partial(_stop, engine, sequence_id, event_id, ending))
        if words is None:
            break
        stopped += len(words)
        await say(engine, event_id, words)
    async with engine.database.transaction(engine.tenant_id) as tx:
        finishing = await enrollments.count_live(tx, sequence_id)
    return Archived(stopped, finishing, len(held))


async def _stop(engine: Engine, sequence_id: UUID, event_id: UUID, ending: Ending) -> list[OpenSignal] | None:
    """What is to be told to those who were stopped; None: nobody is left."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        batch = await enrollments.lock_live(tx, sequence_id, _BATCH)
        words = await enrollments.end_by(tx, event_id, "reply", batch, ending, now=datetime.now(UTC))
    return words if batch else None
