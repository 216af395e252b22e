"""Archive a sequence: nobody is enrolled any more; those who are in it finish, or are stopped, as told."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from uuid import UUID

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from domain.errors import NotReady
from starter.engine import Engine
from starter.sequences import status
from starter.signals import deliver
from store.enrollments import enrollments
from store.enrollments.signals import OpenSignal

ANSWERED_WITHIN_S = 20.0
"""An HTTP request is answered within 30 s; the last transaction may wait for a settlement."""
_BATCH = 100
"""Enrollments that one transaction stops: it waits for all of them that are just being claimed or settled."""
_TOLD_SHARE = 0.25
"""Of the time that there is, for word to the workflows: who is stopped gets nothing more, heard of it or not."""


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
        async with engine.transaction() as tx:
            sequence = await status.hold(tx, key)
            held = await status.archive(tx, sequence)
            return sequence.id, [] if stop else await status.call(tx, held, engine.now())

    sequence_id, words = await engine.database.repeat(close)
    return await wind_up(engine, sequence_id, words, stop=stop, reason=reason)


async def wind_up(
    engine: Engine, sequence_id: UUID, held: Sequence[OpenSignal], *, stop: bool, reason: str, within_s: float = inf
) -> Archived:
    """What follows the commit: those whom the sequence had held back go on to their end, or everybody is stopped.

    Whoever waits for an answer says how long. Raises NotReady when somebody is left by then, whom the same request
    stops when it is made again; workflows that have not heard by then hear it from the reconciler.
    """
    await status.wake(engine, held)
    began, ending = time.monotonic(), Ending(status=EnrollmentStatus.STOPPED, reason=reason)
    stopped, is_heard = 0, True
    while stop:
        event_id = ids.new_id()
        words = await engine.database.repeat(partial(_stop, engine, sequence_id, event_id, ending))
        if words is None:
            break
        stopped += len(words)
        passed = time.monotonic() - began
        is_heard = is_heard and passed < within_s * _TOLD_SHARE and await deliver(engine, event_id, words)
        if passed >= within_s:
            await _must_be_over(engine, sequence_id, stopped)
    return Archived(stopped, await _count(engine, sequence_id), len(held))


async def _must_be_over(engine: Engine, sequence_id: UUID, stopped: int) -> None:
    """Raises NotReady while somebody is in it."""
    if left := await _count(engine, sequence_id):
        raise NotReady(
            f"{stopped} were stopped, and {left} are still to be", hint="send the same again, and it goes on from there"
        )


async def _count(engine: Engine, sequence_id: UUID) -> int:
    async with engine.transaction() as tx:
        return await enrollments.count_live(tx, sequence_id)


async def _stop(engine: Engine, sequence_id: UUID, event_id: UUID, ending: Ending) -> list[OpenSignal] | None:
    """What is to be told to those who were stopped; None: nobody is left."""
    async with engine.transaction() as tx:
        batch = await enrollments.lock_live(tx, sequence_id, _BATCH)
        words = await enrollments.end_by(tx, event_id, "reply", batch, ending, now=engine.now())
    return words if batch else None
