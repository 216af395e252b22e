"""What the reconciler reads and writes: rows that have no workflow, are overdue, or disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import Gate, Upcoming
from store.pool import load_queries

_sql = load_queries("enrollments/reconcile")


@dataclass(frozen=True)
class Astray:
    """A live enrollment, as its row has it."""

    id: UUID
    contact_id: UUID
    version_id: UUID
    next: Upcoming
    retries: int
    """How often it was retried after a failure."""


def _astray(row: asyncpg.Record) -> Astray:
    gate = Gate(row["gate"]) if row["gate"] else None
    upcoming = Upcoming(node_id=row["current_node"], at=row["next_run_at"], gate=gate, lap=row["lap"])
    return Astray(row["id"], row["contact_id"], row["version_id"], upcoming, row["retries"])


async def unstarted(tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]) -> list[Astray]:
    """Pending since before `before`: nobody started their workflow. Oldest first, without those in `but`."""
    return [_astray(row) async for row in _sql.unstarted(tx, before=before, limit=limit, but=but)]


async def overdue(tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]) -> list[Astray]:
    """Due before `before` and still waiting. Oldest first, without those in `but`."""
    return [_astray(row) async for row in _sql.overdue(tx, before=before, limit=limit, but=but)]


async def live_of(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID]) -> list[Astray]:
    """Those of `enrollment_ids` that have not ended in the database."""
    return [_astray(row) async for row in _sql.live_of(tx, ids=list(enrollment_ids))]


async def flag(tx: asyncpg.Connection, enrollment_id: UUID, kind: str, detail: str, now: datetime) -> None:
    """Note a disagreement for a person; noting it again keeps the first time."""
    await _sql.flag(tx, enrollment_id=enrollment_id, kind=kind, detail=detail, now=now)


async def resolve_flags(tx: asyncpg.Connection, before: datetime, now: datetime) -> int:
    """Close the flags of enrollments that ended or are due after `before` again; answers how many stay open."""
    count: int = await _sql.resolve_flags(tx, before=before, now=now)
    return count
