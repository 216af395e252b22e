"""What people have to do before an enrollment goes on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain.enrollment import Visit
from store.enrollments import signals
from store.enrollments.signals import OpenSignal
from store.keyset import FIRST, Keyset
from store.pool import load_queries

_sql = load_queries("enrollments/tasks")

Outcome = Literal["completed", "skipped", "lapsed"]


@dataclass(frozen=True)
class Task:
    """One step that waits for a person."""

    id: UUID
    title: str
    instructions: str | None
    assignee: str | None
    contact: str
    """External id."""
    contact_name: str | None
    enrollment_id: UUID
    sequence: str
    step: str
    created_at: datetime
    lapses_at: datetime | None


async def give(
    tx: asyncpg.Connection,
    visit: Visit,
    contact_id: UUID,
    *,
    title: str,
    instructions: str | None,
    assignee: str | None,
    now: datetime,
    lapses_at: datetime | None,
) -> None:
    """Put it on the list; without an assignee it is for whoever looks after the contact."""
    await _sql.give(
        tx,
        id=visit.step_id,
        enrollment_id=visit.enrollment_id,
        contact_id=contact_id,
        node_id=visit.node_id,
        title=title,
        instructions=instructions,
        assignee=assignee,
        lapses_at=lapses_at,
        now=now,
    )


async def close(tx: asyncpg.Connection, task_id: UUID, outcome: Outcome, now: datetime) -> UUID | None:
    """Note how an open task ended, also on its step; answers whose it was, None: it is not open."""
    enrollment: UUID | None = await _sql.close(tx, id=task_id, outcome=outcome, now=now)
    return enrollment


async def tell(tx: asyncpg.Connection, task_id: UUID, enrollment_id: UUID, now: datetime) -> list[OpenSignal]:
    """Leave word for the workflow that waits."""
    return await signals.leave(tx, task_id, "nudge", [enrollment_id], now=now)


async def enrollment_of(tx: asyncpg.Connection, task_id: UUID) -> UUID | None:
    """Whose task it is; None: there is none of that id."""
    enrollment: UUID | None = await _sql.enrollment_of(tx, id=task_id)
    return enrollment


async def listed(
    tx: asyncpg.Connection, assignee: str | None, limit: int, *, behind: Keyset | None = None
) -> list[Task]:
    """Those that are open, oldest first; with `assignee` only theirs, with `behind` from that time and id on."""
    at, after = behind or FIRST
    return [Task(**row) async for row in _sql.listed(tx, assignee=assignee, at=at, after=after, limit=limit)]


async def between(tx: asyncpg.Connection, low: UUID, high: UUID) -> list[UUID]:
    """Open tasks with an id from `low` to `high`, two at most: enough to tell one from several."""
    return [row["id"] async for row in _sql.between(tx, low=low, high=high)]
