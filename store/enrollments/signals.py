"""What the database has decided and a workflow has yet to hear: written with the decision, told after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain.enrollment import Ending, StopMark, Upcoming
from store.pool import load_queries

_sql = load_queries("enrollments/signals")

Signal = Literal["reply", "suppress", "nudge", "postpone", "pause"]


@dataclass(frozen=True)
class OpenSignal:
    """Word for one enrollment's workflow."""

    event_id: UUID
    enrollment_id: UUID
    signal: Signal
    mark: StopMark
    """With `reply` and `suppress`."""
    upcoming: Upcoming | None = None
    """With `postpone`: the node that is next, and when."""


@dataclass(frozen=True)
class Heard:
    """A word that its workflow has heard, or that came too late for it."""

    word: OpenSignal
    at: datetime
    """UTC."""


async def leave(
    tx: asyncpg.Connection,
    event_id: UUID,
    signal: Signal,
    enrollment_ids: Sequence[UUID],
    *,
    now: datetime,
    upcoming: Mapping[UUID, Upcoming] | None = None,
) -> list[OpenSignal]:
    """Leave word for enrollments that go on; an event that has left word with one of them already leaves no other."""
    upcoming = upcoming or {}
    if not enrollment_ids:
        return []
    await _sql.leave(
        tx,
        event_id=event_id,
        signal=signal,
        enrollment_ids=list(enrollment_ids),
        # As text: each new connection would have to look the type of an array of jsonb up first.
        upcoming=[upcoming[e].model_dump_json() if e in upcoming else None for e in enrollment_ids],
        now=now,
    )
    return [
        OpenSignal(event_id, e, signal, StopMark(event_id=event_id, ending=None), upcoming.get(e))
        for e in enrollment_ids
    ]


async def of_event(tx: asyncpg.Connection, event_id: UUID) -> list[OpenSignal]:
    """What one event still has to tell."""
    return [_open(row) async for row in _sql.of_event(tx, event_id=event_id)]


async def open_pauses(tx: asyncpg.Connection, enrollment_id: UUID) -> list[OpenSignal]:
    """Pauses of an enrollment that its workflow has yet to hear of."""
    return [_open(row) async for row in _sql.open_pauses(tx, enrollment_id=enrollment_id)]


async def was_left(tx: asyncpg.Connection, event_id: UUID, enrollment_id: UUID) -> bool:
    """Whether an event has left word with an enrollment, heard or not."""
    return bool(await _sql.was_left(tx, event_id=event_id, enrollment_id=enrollment_id))


async def still_open(tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]) -> list[OpenSignal]:
    """Decided before `before` and not yet heard, oldest first, without those for the enrollments in `but`."""
    return [_open(row) async for row in _sql.still_open(tx, before=before, limit=limit, but=but)]


async def mark_heard(tx: asyncpg.Connection, heard: Sequence[Heard]) -> None:
    """The workflows have heard them, or have ended."""
    await _sql.mark_heard(
        tx,
        event_ids=[h.word.event_id for h in heard],
        enrollment_ids=[h.word.enrollment_id for h in heard],
        ats=[h.at for h in heard],
    )


def _open(row: asyncpg.Record) -> OpenSignal:
    ending = Ending.model_validate(row["ending"]) if row["ending"] else None
    upcoming = Upcoming.model_validate(row["upcoming"]) if row["upcoming"] else None
    mark = StopMark(event_id=row["event_id"], ending=ending)
    return OpenSignal(row["event_id"], row["enrollment_id"], row["signal"], mark, upcoming)
