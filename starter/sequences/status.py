"""How a sequence stands: it is paused, goes on and is archived by moves that make sense, each under its row's lock."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from domain import ids
from domain.errors import Conflict
from starter.engine import Engine
from starter.signals import deliver_many
from store.enrollments import enrollments, signals
from store.enrollments.signals import OpenSignal
from store.sequences import sequences
from store.sequences.sequences import SequenceRow


async def hold(tx: asyncpg.Connection, name: str) -> SequenceRow:
    """A sequence by key or id, which nobody else moves before the transaction ends. Raises NotFound."""
    found = await sequences.hold(tx, name)
    if found is None:
        raise sequences.no_such(name)
    return found


async def pause(tx: asyncpg.Connection, sequence: SequenceRow, reason: str) -> None:
    """Hold everybody before their next message. Raises Conflict."""
    _must_be_published(sequence)
    if sequence.status == "paused":
        raise Conflict(f"sequence {sequence.key!r} is paused already: {sequence.paused_reason}")
    if sequence.status == "archived":
        raise Conflict(
            f"sequence {sequence.key!r} is archived: those who are in it finish",
            hint="archive it once more and stop them, or make it active again first",
            command=f"archive {sequence.key} --stop",
        )
    await sequences.set_status(tx, sequence.id, "paused", reason)


async def resume(tx: asyncpg.Connection, sequence: SequenceRow, now: datetime) -> list[OpenSignal]:
    """Let it go on; answers word for the enrollments that it held, to be said after the commit. Raises Conflict."""
    _must_be_published(sequence)
    if sequence.status == "active":
        raise Conflict(f"sequence {sequence.key!r} is not paused")
    await sequences.set_status(tx, sequence.id, "active")
    return await call(tx, await enrollments.held_by_sequence(tx, sequence.id), now)


async def archive(tx: asyncpg.Connection, sequence: SequenceRow) -> list[UUID]:
    """Enroll nobody any more, whatever it was before; answers the enrollments that it held. Raises Conflict."""
    _must_be_published(sequence)
    # The row's lock waits for those who are being enrolled at this moment, so that they are stopped as well.
    await sequences.set_status(tx, sequence.id, "archived")
    return await enrollments.held_by_sequence(tx, sequence.id)


async def call(tx: asyncpg.Connection, held: Sequence[UUID], now: datetime) -> list[OpenSignal]:
    """Leave word for enrollments that their sequence holds them no more."""
    return await signals.leave(tx, ids.new_id(), "nudge", held, now=now)


async def wake(engine: Engine, words: Sequence[OpenSignal]) -> None:
    """Say it after the commit; whoever does not hear it hears it from the reconciler."""
    if words:
        await deliver_many(engine, words[0].event_id, words)


def _must_be_published(sequence: SequenceRow) -> None:
    if sequence.version is None:
        raise Conflict(f"sequence {sequence.key!r} is a draft: it was never published", hint="publish it, or delete it")


async def pause_sequence(engine: Engine, key: str, reason: str) -> None:
    """Hold every enrollment of a sequence before its next message; loses nobody."""

    async def halt() -> None:
        async with engine.transaction() as tx:
            await pause(tx, await hold(tx, key), reason)

    await engine.database.repeat(halt)


async def resume_sequence(engine: Engine, key: str) -> int:
    """Let a sequence go on, and wake the enrollments that it held; answers how many."""

    async def go_on() -> list[OpenSignal]:
        async with engine.transaction() as tx:
            return await resume(tx, await hold(tx, key), engine.now())

    words = await engine.database.repeat(go_on)
    await wake(engine, words)
    return len(words)


def must_be_active(key: str, status: str | None, reason: str | None = None) -> None:
    """Raises Conflict for a sequence that takes nobody in."""
    if status != "active":
        raise Conflict(
            f"sequence {key!r} is {status}" + (f": {reason}" if reason else ""),
            hint="make it active first",
            command=f"resume --sequence {key}",
        )
