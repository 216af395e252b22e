"""Contacts' dates that enrollments wait for: whoever waits looks again when a date may have changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from domain import ids
from store.enrollments import signals
from store.enrollments.signals import OpenSignal
from store.pool import load_queries

_sql = load_queries("enrollments/date_waits")


async def changed(
    tx: asyncpg.Connection, contact_ids: Sequence[UUID], now: datetime, *, but: UUID | None = None
) -> None:
    """Leave word for the workflows of these contacts that wait for a date, `but` for the one that changed it."""
    rows = _sql.waiting(tx, contact_ids=list(contact_ids), but=but)
    await signals.leave(tx, ids.new_id(), "nudge", [row["id"] async for row in rows], now=now)


async def changed_of(tx: asyncpg.Connection, external_ids: Sequence[str], now: datetime) -> list[OpenSignal]:
    """Signals for enrollments that wait for a date of these contacts, which an import names."""
    rows = _sql.waiting_of(tx, external_ids=list(external_ids))
    return await signals.leave(tx, ids.new_id(), "nudge", [row["id"] async for row in rows], now=now)
