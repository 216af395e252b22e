"""Moving enrollments to another version: where they stand, and the record of a move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import Ending, EnrollmentStatus, Gate, Upcoming, Visit, ending_of
from domain.migration import MoveOrder, MoveResult, OpenStep
from domain.plan import Outgoing
from scheduling.itinerary import LocalTime, Stop
from scheduling.migration import Position
from store.enrollments import local_time, steps
from store.enrollments.steps import Course
from store.pool import load_queries

_sql = load_queries("enrollments/moves")


@dataclass(frozen=True)
class Candidate:
    """An enrollment that may be moved, as it is recorded."""

    id: UUID
    contact: str
    """External id."""
    contact_id: UUID
    status: EnrollmentStatus
    ending: Ending | None
    sequence_id: UUID
    version_id: UUID
    standing: Position | None
    """None: it has ended."""
    where: LocalTime


async def people(
    tx: asyncpg.Connection, sequence_id: UUID, version_id: UUID, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Live enrollments that are on another version than this one, a page by id."""
    rows = _sql.people(tx, sequence_id=sequence_id, version_id=version_id, after=after, limit=limit)
    return [row["id"] async for row in rows]


async def count(tx: asyncpg.Connection, sequence_id: UUID, version_id: UUID) -> tuple[int, int]:
    """How many live enrollments are on this version, and how many on others."""
    row = await _sql.count(tx, sequence_id=sequence_id, version_id=version_id)
    return row["there"], row["others"]


async def never_published(tx: asyncpg.Connection, sequence_id: UUID, steps: Sequence[str]) -> list[str]:
    """Those of these steps that no version of the sequence has."""
    rows = _sql.never_published(tx, sequence_id=sequence_id, steps=list(steps))
    return [row["step"] async for row in rows]


async def candidates(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID]) -> list[Candidate]:
    """Where they stand, by id."""
    return [_candidate(row) async for row in _sql.standings(tx, ids=list(enrollment_ids))]


async def hold(tx: asyncpg.Connection, enrollment_id: UUID) -> Candidate | None:
    """Where one stands, under the enrollment's lock, with its open records locked as well."""
    await _sql.hold_steps(tx, enrollment_id=enrollment_id)
    found = await candidates(tx, [enrollment_id])
    return found[0] if found else None


def _candidate(row: asyncpg.Record) -> Candidate:
    status = EnrollmentStatus(row["status"])
    standing = None
    if row["current_node"] is not None:
        gate = Gate(row["gate"]) if row["gate"] else None
        found = [OpenStep.model_validate(one) for one in row["open_steps"] or ()]
        own = [step for step in found if step.node_id == row["current_node"]]
        standing = Position(
            next=Upcoming(node_id=row["current_node"], at=row["next_run_at"], gate=gate, lap=row["lap"]),
            paused=status is EnrollmentStatus.PAUSED,
            not_before=row["not_before"],
            waits=tuple(step for step in found if step.is_delay and step not in own),
            own=own[0] if own else None,
            message=row["message"],
            been=frozenset(row["been"]),
            mailed=frozenset(row["mailed"]),
        )
    return Candidate(
        id=row["id"],
        contact=row["contact"],
        contact_id=row["contact_id"],
        status=status,
        ending=ending_of(row["status"], row["reason"]),
        sequence_id=row["sequence_id"],
        version_id=row["version_id"],
        standing=standing,
        where=local_time.of_row(row, row["id"]),
    )


async def record(
    tx: asyncpg.Connection, order: MoveOrder, found: Candidate, stop: Stop, answer: MoveResult, now: datetime
) -> None:
    """Move it: what was planned is planned anew, what has happened stays. The caller holds the enrollment's lock."""
    if found.standing is None:
        raise ValueError("an enrollment that has ended is not moved")
    await _leave(tx, found, stop, now)
    visit = Visit(found.id, stop.node.id, stop.lap)
    if stop.since is None:
        await _sql.begin_anew(tx, step_id=visit.step_id, now=now)
    await _sql.move(
        tx,
        enrollment_id=found.id,
        version_id=order.version_id,
        node_id=stop.node.id,
        at=stop.at,
        gate=stop.gate,
    )
    await steps.record(tx, found.sequence_id, [Course(found.id, found.contact_id, stop)])
    if stop.since is not None:
        await _sql.wait_on(tx, step_id=visit.step_id, at=stop.at)
    await _sql.note(
        tx,
        id=order.move_id,
        enrollment_id=found.id,
        from_version_id=found.version_id,
        to_version_id=order.version_id,
        from_node=found.standing.next.node_id,
        to_node=stop.node.id,
        answer=answer.model_dump(mode="json"),
        now=now,
    )


async def _leave(tx: asyncpg.Connection, found: Candidate, stop: Stop, now: datetime) -> None:
    if found.standing is None:
        return
    kept = {stop.node.id, *(wait.node.id for wait in stop.waits)}
    left = {found.standing.next.node_id}
    if stop.waits:
        left |= {wait.node_id for wait in found.standing.waits}
    sent = {stop.node.id} if isinstance(stop.node, Outgoing) else set()
    lap = found.standing.next.lap
    await _sql.leave(
        tx,
        job_ids=[Visit(found.id, node_id, lap).job_id for node_id in sorted(left - sent)],
        step_ids=[Visit(found.id, node_id, lap).step_id for node_id in sorted(left - kept)],
        node_id=stop.node.id,
        now=now,
    )


async def answer(tx: asyncpg.Connection, move_id: UUID) -> MoveResult | None:
    """What this move was answered when it was made; None: it was not."""
    found = await _sql.answer(tx, id=move_id)
    return MoveResult.model_validate(found) if found else None
