"""Enrollments that wait by their contacts' clocks, and what they wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from store.pool import load_queries

_sql = load_queries("enrollments/clock_waits")


@dataclass(frozen=True)
class OpenWait:
    """A delay that is not over, as it is recorded. UTC."""

    node_id: str
    started_at: datetime | None
    """None: it begins when the one before is over."""
    due_at: datetime


async def waiting(tx: asyncpg.Connection, contact_ids: Sequence[UUID]) -> list[UUID]:
    """Which enrollments of these contacts wait for a time that a clock may move, not locked."""
    return [row["id"] async for row in _sql.waiting(tx, contact_ids=list(contact_ids))]


async def hold(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID]) -> list[UUID]:
    """Lock these, as far as they still wait so. Comes before every other lock."""
    return [row["id"] async for row in _sql.hold(tx, ids=list(enrollment_ids))]


async def open_waits(tx: asyncpg.Connection, enrollment_id: UUID, lap: int) -> list[OpenWait]:
    """The delays before what is next, in their order."""
    return [OpenWait(**row) async for row in _sql.open_waits(tx, enrollment_id=enrollment_id, lap=lap)]
