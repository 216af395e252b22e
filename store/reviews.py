"""Inbound messages that a person should read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from store.pool import load_queries

_sql = load_queries("reviews")


@dataclass(frozen=True)
class Review:
    """One of them. Times are UTC."""

    id: UUID
    """The message's."""
    reason: str
    """`doubtful_opt_out`: it may mean stop; it counted as a reply (an automatic one as none), and bars nothing.
    `left`: the contact no longer works there. `ticket`: a person may have answered through a ticket system."""
    detail: str
    """The words that raised the doubt, or what is to be done."""
    at: datetime
    channel: str
    address: str
    """The sender's."""
    subject: str | None
    body: str
    contact: str | None
    """External id; None: nobody we know."""
    contact_name: str | None
    sequence: str | None
    enrollment_id: UUID | None
    step: str | None
    """The step that it answers."""
    step_number: int | None


async def still_open(tx: asyncpg.Connection, limit: int) -> list[Review]:
    """Those that nobody has read, the oldest first."""
    return [Review(**row) async for row in _sql.list_open(tx, limit=limit)]


async def open_between(tx: asyncpg.Connection, low: UUID, high: UUID) -> list[UUID]:
    """At most two ids of the range."""
    return [row["message_id"] async for row in _sql.open_between(tx, low=low, high=high)]


async def resolve(tx: asyncpg.Connection, message_id: UUID, now: datetime) -> bool:
    """Read and dealt with; False when it was not open."""
    return await _sql.resolve(tx, message_id=message_id, now=now) is not None
