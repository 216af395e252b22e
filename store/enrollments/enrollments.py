"""Enrollments: rows in, rows out; what is next is decided elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from domain.enrollment import Ending, EnrollmentStatus, StopMark, Upcoming, Visit
from domain.plan import MessageNode
from scheduling.itinerary import Stop
from store.enrollments import ledger, steps
from store.enrollments.signals import OpenSignal, Signal
from store.enrollments.steps import Course
from store.pool import load_queries

_sql = load_queries("enrollments/enrollments")


class Held(NamedTuple):
    """The addresses that nobody else in the sequence may have while an enrollment lives; None: anybody may."""

    email: str | None = None
    phone: str | None = None


NOBODYS = Held()
"""Of an enrollment whose addresses anybody may have."""


@dataclass(frozen=True)
class NewEnrollment:
    """An enrollment about to be written, its first stop already computed."""

    id: UUID
    contact_id: UUID
    stop: Stop
    held: Held = NOBODYS


@dataclass(frozen=True)
class Sharer:
    """Somebody else in the sequence who has the same address."""

    id: UUID
    external_id: str
    kind: Literal["email", "phone"]
    """What the two share."""


@dataclass(frozen=True)
class Made:
    """An enrollment that was written before."""

    id: UUID
    contact_id: UUID
    is_pending: bool
    """Nobody has started its workflow yet, as far as is known."""


@dataclass(frozen=True)
class Visited:
    """The message that was just sent."""

    node: MessageNode
    lap: int


async def create(
    tx: asyncpg.Connection,
    *,
    sequence_id: UUID,
    version_id: UUID,
    source: str,
    now: datetime,
    new: Sequence[NewEnrollment],
    chain: Sequence[UUID] = (),
    is_test: bool = False,
) -> set[UUID]:
    """Insert enrollments with their first steps and job; answers the ids that went in.

    A contact with a live enrollment in the sequence is left out, and one whose address a live one holds: the unique
    indexes decide, not a check.
    """
    inserted = {
        row["id"]
        async for row in _sql.create_enrollments(
            tx,
            sequence_id=sequence_id,
            version_id=version_id,
            source=source,
            chain=list(chain),
            is_test=is_test,
            now=now,
            ids=[n.id for n in new],
            contact_ids=[n.contact_id for n in new],
            node_ids=[n.stop.node.id for n in new],
            ats=[n.stop.at for n in new],
            gates=[n.stop.gate for n in new],
            emails=[n.held.email for n in new],
            phones=[n.held.phone for n in new],
        )
    }
    await steps.record(tx, sequence_id, [Course(n.id, n.contact_id, n.stop) for n in new if n.id in inserted])
    return inserted


async def made(tx: asyncpg.Connection, ids: Sequence[UUID]) -> list[Made]:
    """Which of these enrollments there are."""
    return [
        Made(row["id"], row["contact_id"], row["status"] == "pending") async for row in _sql.made(tx, ids=list(ids))
    ]


async def origin_of(tx: asyncpg.Connection, enrollment_id: UUID) -> tuple[list[UUID], bool]:
    """The sequences whose actions led to an enrollment, the first one first, and whether it is a test run."""
    row = await _sql.origin_of(tx, enrollment_id=enrollment_id)
    return row["chain"], row["is_test"]


async def once_enrolled(tx: asyncpg.Connection, sequence_id: UUID, contact_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these contacts were ever in the sequence, test runs aside."""
    rows = _sql.contacts_once_enrolled(tx, sequence_id=sequence_id, contact_ids=list(contact_ids))
    return {row["contact_id"] async for row in rows}


async def sharers(
    tx: asyncpg.Connection, sequence_id: UUID, held: Mapping[UUID, Held], *, ever: bool
) -> dict[UUID, Sharer]:
    """By contact, who else of these addresses is live in the sequence, or (`ever`) was in it; one for each is named."""
    rows = _sql.sharers(
        tx,
        sequence_id=sequence_id,
        contact_ids=list(held),
        emails=[one.email for one in held.values()],
        phones=[one.phone for one in held.values()],
        ever=ever,
    )
    return {row["contact_id"]: Sharer(row["other_id"], row["other"], row["kind"]) async for row in rows}


async def mark_started(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID], now: datetime) -> None:
    """Their workflows exist."""
    await _sql.mark_started(tx, ids=list(enrollment_ids), now=now)


async def move_on(
    tx: asyncpg.Connection, course: Course, sequence_id: UUID, *, now: datetime, sent: Visited | None = None
) -> None:
    """Record what comes next, in the transaction that settled what came before."""
    if course.stop is None:
        raise ValueError("an enrollment at its end does not move on")
    await _sql.move_on(
        tx,
        enrollment_id=course.enrollment_id,
        node_id=course.stop.node.id,
        at=course.stop.at,
        gate=course.stop.gate,
        lap=course.stop.lap,
        now=now,
        **_last(sent),
    )
    await steps.record(tx, sequence_id, [course])


def _last(sent: Visited | None) -> dict[str, object]:
    return {
        "last_node": sent.node.id if sent else None,
        "last_order_index": sent.node.order_index if sent else None,
        "last_lap": sent.lap if sent else None,
    }


async def end(
    tx: asyncpg.Connection,
    enrollment_ids: Sequence[UUID],
    ending: Ending,
    *,
    now: datetime,
    sent: Visited | None = None,
    failed_at: str | None = None,
    error: str | None = None,
) -> set[UUID]:
    """End those that still live, as their workflows know; answers which did.

    `failed_at`: the node whose failure ends it; without it, the one that was next. `error`: the whole of what failed
    it, where the ending has only its kind.
    """
    return await _end(tx, enrollment_ids, ending, {"failed_at": failed_at, **_last(sent)}, now=now, error=error)


async def end_by(
    tx: asyncpg.Connection,
    event_id: UUID,
    signal: Signal,
    enrollment_ids: Sequence[UUID],
    ending: Ending,
    *,
    now: datetime,
    ended_by_at: datetime | None = None,
) -> list[OpenSignal]:
    """End those that still live by what their workflows do not know, and leave word for them.

    `ended_by_at`: when what was reported happened, if that ends it.
    """
    if not enrollment_ids:
        return []
    word = {"event_id": event_id, "signal": signal, "word": ending.model_dump(mode="json")}
    more = {"ended_by_at": ended_by_at, **word, **_last(None)}
    ended = await _end(tx, enrollment_ids, ending, more, now=now)
    return [OpenSignal(event_id, e, signal, StopMark(event_id=event_id, ending=ending)) for e in sorted(ended)]


async def _end(
    tx: asyncpg.Connection,
    enrollment_ids: Sequence[UUID],
    ending: Ending,
    more: Mapping[str, object],
    *,
    now: datetime,
    error: str | None = None,
) -> set[UUID]:
    failed = ending.status is EnrollmentStatus.FAILED
    rows = _sql.end_enrollments(
        tx,
        ids=list(enrollment_ids),
        status=ending.status,
        reason=None if failed else ending.reason,
        error=(error or ending.reason or "unknown") if failed else None,
        now=now,
        **dict.fromkeys(("ended_by_at", "failed_at", "event_id", "signal", "word")) | dict(more),
    )
    ended = {row["id"]: row["heard_of"] async for row in rows}
    for job_id in filter(None, ended.values()):
        await ledger.settle_late(tx, job_id, now)
    return set(ended)


async def pause(tx: asyncpg.Connection, enrollment_id: UUID, now: datetime) -> None:
    """Hold everything."""
    await _sql.pause(tx, enrollment_id=enrollment_id, now=now)


async def resume(tx: asyncpg.Connection, enrollment_id: UUID, upcoming: Upcoming, *, late: timedelta) -> None:
    """Go on: the node is due at its new time (or held by its gate, as before the pause), the waits end `late`."""
    await _sql.resume(tx, enrollment_id=enrollment_id, at=upcoming.at, gate=upcoming.gate)
    if upcoming.at is not None:
        visit = Visit(enrollment_id, upcoming.node_id, upcoming.lap)
        await _sql.due_again(
            tx,
            enrollment_id=enrollment_id,
            job_id=visit.job_id,
            step_id=visit.step_id,
            at=upcoming.at,
            late=late,
        )


async def set_away(tx: asyncpg.Connection, enrollment_id: UUID, until: datetime) -> None:
    """The contact is away: nothing goes out before `until` (UTC); of several absences the longest counts."""
    await _sql.set_away(tx, enrollment_id=enrollment_id, until=until)


async def clear_away(tx: asyncpg.Connection, enrollment_id: UUID) -> None:
    """An operator knows better: no absence holds anything back."""
    await _sql.clear_away(tx, enrollment_id=enrollment_id)


async def postpone(tx: asyncpg.Connection, enrollment_id: UUID, upcoming: Upcoming) -> None:
    """What is next waits for the contact's return; the waits before it end as planned."""
    visit = Visit(enrollment_id, upcoming.node_id, upcoming.lap)
    await _sql.postpone(
        tx,
        enrollment_id=enrollment_id,
        job_id=visit.job_id,
        step_id=visit.step_id,
        at=upcoming.at,
        gate=upcoming.gate,
    )


async def hold(tx: asyncpg.Connection, enrollment_id: UUID, upcoming: Upcoming) -> None:
    """A gate holds back what is next, which is no message."""
    await _sql.hold(tx, enrollment_id=enrollment_id, at=upcoming.at, gate=upcoming.gate)


async def held_by_sequence(tx: asyncpg.Connection, sequence_id: UUID) -> list[UUID]:
    """Those that wait for their sequence to go on."""
    return [row["id"] async for row in _sql.held_by_sequence(tx, sequence_id=sequence_id)]


async def lock_live(tx: asyncpg.Connection, sequence_id: UUID, limit: int) -> list[UUID]:
    """Lock live enrollments of a sequence, by id: nothing of them is claimed until the transaction ends."""
    return [row["id"] async for row in _sql.lock_live(tx, sequence_id=sequence_id, limit=limit)]


async def count_live(tx: asyncpg.Connection, sequence_id: UUID) -> int:
    """How many of a sequence live."""
    count: int = await _sql.count_live(tx, sequence_id=sequence_id)
    return count


@dataclass(frozen=True)
class LiveEnrollment:
    """A live enrollment."""

    id: UUID
    contact_id: UUID
    sequence: str
    """Its key."""


async def live_of(
    tx: asyncpg.Connection, contact_ids: Sequence[UUID], sequence_id: UUID | None = None
) -> list[LiveEnrollment]:
    """Where contacts live, the oldest first; in one sequence alone, if it is named."""
    return [
        LiveEnrollment(**row) async for row in _sql.live_of(tx, contact_ids=list(contact_ids), sequence_id=sequence_id)
    ]
