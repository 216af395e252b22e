"""What has to be known of a message before an open, a click or a wish is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from store.pool import load_queries

_sql = load_queries("inbound/tracking")


@dataclass(frozen=True)
class Tracked:
    """A message whose picture was loaded or whose link was followed."""

    sent_at: datetime | None
    """UTC; None: its hand-over is not recorded yet."""
    known: frozenset[UUID]
    """Of the events asked for, those that are stored."""


async def look_up(tx: asyncpg.Connection, job_id: UUID, event_ids: Sequence[UUID]) -> Tracked | None:
    """None when the tenant has no such message."""
    row = await _sql.tracked(tx, job_id=job_id, event_ids=list(event_ids))
    return Tracked(row["sent_at"], frozenset(row["known"])) if row else None


async def last_wish(tx: asyncpg.Connection, job_id: UUID) -> Literal["unsubscribed", "subscribed"] | None:
    """What whoever got this message last wished; None when the tenant has sent no such message."""
    row = await _sql.last_wish(tx, job_id=job_id)
    return row["wish"] if row else None
