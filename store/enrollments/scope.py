"""How an enrollment stands, and what is needed to compute its times."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import Ending, EnrollmentStatus, Gate, Upcoming, ending_of
from scheduling.itinerary import LocalTime
from store.enrollments import local_time
from store.pool import load_queries

_sql = load_queries("enrollments/scope")


@dataclass(frozen=True)
class Scope:
    """How an enrollment stands, and what is needed to compute its times."""

    id: UUID
    status: EnrollmentStatus
    reason: str | None
    error: str | None
    current_node: str | None
    next_run_at: datetime | None
    gate: Gate | None
    lap: int
    not_before: datetime | None
    """The contact is away until then (UTC)."""
    sequence_id: UUID
    sequence_status: str
    version_id: UUID
    contact_id: UUID
    where: LocalTime
    """What local time and local law mean for it."""

    @property
    def next(self) -> Upcoming | None:
        """What it waits for; None when it has ended."""
        if self.current_node is None:
            return None
        return Upcoming(node_id=self.current_node, at=self.next_run_at, gate=self.gate, lap=self.lap)

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while it lives."""
        return ending_of(self.status, self.reason)

    def since(self, row: asyncpg.Record) -> "Scope":
        """How it stands by a row that was read later; what its sequence, contact and tenant say is as it was read."""
        return replace(
            self,
            status=EnrollmentStatus(row["status"]),
            reason=row["reason"],
            error=row["error"],
            current_node=row["current_node"],
            next_run_at=row["next_run_at"],
            gate=_gate(row),
            lap=row["lap"],
            not_before=row["not_before"],
        )


async def read_scope(tx: asyncpg.Connection, enrollment_id: UUID) -> Scope | None:
    """How an enrollment stands; None when the tenant has none of that id."""
    row = await _sql.read_scope(tx, enrollment_id=enrollment_id)
    return scope_of(enrollment_id, row) if row else None


def scope_of(enrollment_id: UUID, row: asyncpg.Record) -> Scope:
    """The scope that a row has, among other columns."""
    return Scope(
        id=enrollment_id,
        status=EnrollmentStatus(row["status"]),
        reason=row["reason"],
        error=row["error"],
        current_node=row["current_node"],
        next_run_at=row["next_run_at"],
        gate=_gate(row),
        lap=row["lap"],
        not_before=row["not_before"],
        sequence_id=row["sequence_id"],
        sequence_status=row["sequence_status"],
        version_id=row["version_id"],
        contact_id=row["contact_id"],
        where=local_time.of_row(row, enrollment_id),
    )


def _gate(row: asyncpg.Record) -> Gate | None:
    return Gate(row["gate"]) if row["gate"] else None
