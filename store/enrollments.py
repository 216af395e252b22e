"""Enrollments and the records of their nodes: rows in, rows out; what is next is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus, Gate, StepStatus, Upcoming, ending_of
from domain.plan import ExitNode, MessageNode
from scheduling.itinerary import Stop
from store import ledger
from store.pool import load_queries

_sql = load_queries("enrollments")


@dataclass(frozen=True)
class NewEnrollment:
    """An enrollment about to be written, its first stop already computed."""

    id: UUID
    contact_id: UUID
    stop: Stop


@dataclass(frozen=True)
class Scope:
    """What is needed to compute an enrollment's times, and how it stands."""

    status: EnrollmentStatus
    reason: str | None
    error: str | None
    current_node: str | None
    next_run_at: datetime | None
    gate: Gate | None
    not_before: datetime | None
    """The contact is away until then (UTC)."""
    version_id: UUID
    contact_id: UUID
    zones: tuple[str, ...]
    tenant_zone: str

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it lives."""
        return ending_of(self.status, self.reason, self.error)


async def create(
    tx: asyncpg.Connection,
    *,
    sequence_id: UUID,
    version_id: UUID,
    source: str,
    now: datetime,
    new: Sequence[NewEnrollment],
) -> set[UUID]:
    """Insert enrollments with their first steps and job; answers the ids that went in.

    A contact with a live enrollment in the sequence is left out: the unique index decides, not a check.
    """
    inserted = {
        row["id"]
        async for row in _sql.create_enrollments(
            tx,
            sequence_id=sequence_id,
            version_id=version_id,
            source=source,
            now=now,
            ids=[n.id for n in new],
            contact_ids=[n.contact_id for n in new],
            node_ids=[n.stop.node.id for n in new],
            ats=[n.stop.at for n in new],
            gates=[n.stop.gate for n in new],
        )
    }
    await record_stops(tx, sequence_id, [n for n in new if n.id in inserted])
    return inserted


async def record_stops(tx: asyncpg.Connection, sequence_id: UUID, stops: Sequence[NewEnrollment]) -> None:
    """Write the waits and the node that each enrollment has come to, and the message into the ledger."""
    steps = [
        (
            ids.step_id(n.id, wait.node.id),
            n.id,
            wait.node.id,
            "delay",
            wait.node.order_index,
            StepStatus.RUNNING if i == 0 else StepStatus.PENDING,
            wait.ends,
            wait.starts if i == 0 else None,
        )
        for n in stops
        for i, wait in enumerate(n.stop.waits)
    ]
    steps += [
        (
            ids.step_id(n.id, n.stop.node.id),
            n.id,
            n.stop.node.id,
            n.stop.node.channel if isinstance(n.stop.node, MessageNode) else n.stop.node.kind,
            n.stop.node.order_index,
            StepStatus.PENDING,
            n.stop.at,
            None,
        )
        for n in stops
        if not (isinstance(n.stop.node, ExitNode) and n.stop.node.implicit)
    ]
    jobs = [(n, n.stop.node) for n in stops if isinstance(n.stop.node, MessageNode)]
    step = _columns(steps, 8)
    await _sql.record_stops(
        tx,
        step_ids=step[0],
        step_enrollment_ids=step[1],
        step_node_ids=step[2],
        node_types=step[3],
        step_order_indexes=step[4],
        statuses=step[5],
        step_due_ats=step[6],
        started_ats=step[7],
        ids=[ids.job_id(n.id, node.id) for n, node in jobs],
        enrollment_ids=[n.id for n, _ in jobs],
        sequence_ids=[sequence_id] * len(jobs),
        contact_ids=[n.contact_id for n, _ in jobs],
        node_ids=[node.id for _, node in jobs],
        order_indexes=[node.order_index for _, node in jobs],
        channels=[str(node.channel) for _, node in jobs],
        due_ats=[n.stop.at for n, _ in jobs],
    )


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


async def once_enrolled(tx: asyncpg.Connection, sequence_id: UUID, contact_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these contacts were ever in the sequence."""
    rows = _sql.contacts_once_enrolled(tx, sequence_id=sequence_id, contact_ids=list(contact_ids))
    return {row["contact_id"] async for row in rows}


async def mark_started(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID], now: datetime) -> None:
    """Their workflows exist."""
    await _sql.mark_started(tx, ids=list(enrollment_ids), now=now)


async def read_scope(tx: asyncpg.Connection, enrollment_id: UUID) -> Scope | None:
    """How an enrollment stands; None when the tenant has none of that id."""
    row = await _sql.enrollment_scope(tx, enrollment_id=enrollment_id)
    if row is None:
        return None
    typed = {
        "status": EnrollmentStatus(row["status"]),
        "gate": Gate(row["gate"]) if row["gate"] else None,
        "zones": tuple(row["zones"]),
    }
    return Scope(**{**row, **typed})


async def move_on(
    tx: asyncpg.Connection,
    enrollment_id: UUID,
    contact_id: UUID,
    sequence_id: UUID,
    stop: Stop,
    *,
    now: datetime,
    sent: MessageNode | None,
) -> None:
    """Record what comes next, in the transaction that settled what came before."""
    await _sql.move_on(
        tx,
        enrollment_id=enrollment_id,
        node_id=stop.node.id,
        at=stop.at,
        gate=stop.gate,
        now=now,
        last_node=sent.id if sent else None,
        last_order_index=sent.order_index if sent else None,
    )
    await record_stops(tx, sequence_id, [NewEnrollment(enrollment_id, contact_id, stop)])


async def end(
    tx: asyncpg.Connection,
    enrollment_ids: Sequence[UUID],
    ending: Ending,
    *,
    now: datetime,
    sent: MessageNode | None = None,
    ended_by_at: datetime | None = None,
) -> set[UUID]:
    """End those that still live; answers which did. `ended_by_at`: when what was reported happened, if that ends it."""
    failed = ending.status is EnrollmentStatus.FAILED
    rows = _sql.end_enrollments(
        tx,
        ids=list(enrollment_ids),
        status=ending.status,
        reason=None if failed else ending.reason,
        error=(ending.reason or "unknown") if failed else None,
        ended_by_at=ended_by_at,
        now=now,
        last_node=sent.id if sent else None,
        last_order_index=sent.order_index if sent else None,
    )
    ended = {row["id"]: row["heard_of"] async for row in rows}
    for job_id in filter(None, ended.values()):
        await ledger.settle_late(tx, job_id, now)
    return set(ended)


async def complete_path(tx: asyncpg.Connection, enrollment_id: UUID, now: datetime) -> None:
    """Every wait is over and the exit is reached."""
    await _sql.complete_path(tx, enrollment_id=enrollment_id, now=now)


async def pause(tx: asyncpg.Connection, enrollment_id: UUID, now: datetime) -> None:
    """Hold everything."""
    await _sql.pause(tx, enrollment_id=enrollment_id, now=now)


async def resume(tx: asyncpg.Connection, enrollment_id: UUID, upcoming: Upcoming, *, late: timedelta) -> None:
    """Go on: the node is due at its new time (or held by its gate, as before the pause), the waits end `late`."""
    await _sql.resume(tx, enrollment_id=enrollment_id, at=upcoming.at, gate=upcoming.gate)
    if upcoming.at is not None:
        await _sql.due_again(
            tx,
            enrollment_id=enrollment_id,
            job_id=ids.job_id(enrollment_id, upcoming.node_id),
            step_id=ids.step_id(enrollment_id, upcoming.node_id),
            at=upcoming.at,
            late=late,
        )


async def stay_away(tx: asyncpg.Connection, enrollment_id: UUID, until: datetime) -> None:
    """The contact is away: nothing goes out before `until` (UTC); of several absences the longest counts."""
    await _sql.stay_away(tx, enrollment_id=enrollment_id, until=until)


async def come_back(tx: asyncpg.Connection, enrollment_id: UUID) -> None:
    """An operator knows better: no absence holds anything back."""
    await _sql.come_back(tx, enrollment_id=enrollment_id)


async def postpone(tx: asyncpg.Connection, enrollment_id: UUID, upcoming: Upcoming) -> None:
    """What is next waits for the contact's return; the waits before it end as planned."""
    await _sql.postpone(
        tx,
        enrollment_id=enrollment_id,
        job_id=ids.job_id(enrollment_id, upcoming.node_id),
        step_id=ids.step_id(enrollment_id, upcoming.node_id),
        at=upcoming.at,
        gate=upcoming.gate,
    )


async def held_by_sequence(tx: asyncpg.Connection, sequence_id: UUID) -> list[UUID]:
    """Those that wait for their sequence to go on."""
    return [row["id"] async for row in _sql.held_by_sequence(tx, sequence_id=sequence_id)]
