"""What is kept for a while only, or in fewer rows: changes, deliveries of webhooks, answers, counts."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from store import idempotency
from store.analytics import counters
from store.changes import changes, subscriptions
from store.pool import Database

CHANGES_KEPT = timedelta(hours=25)
"""A client of the live stream may be away for a day."""
ANSWERS_KEPT = timedelta(hours=25)
"""Of writing requests: whoever repeats one does so within a day."""
DELIVERIES_KEPT = timedelta(days=30)
_PARTS = 20
"""Of one sweep, so that it ends; the next one goes on."""


async def throw_away(database: Database, tenant_id: UUID, now: datetime) -> None:
    """Throw away what is older, and put counts together; what webhooks still need of the changes stays.

    Each kind by itself, whatever becomes of the others; raises the last failure.
    """
    failure: Exception | None = None
    for part in (_changes, _deliveries, _answers, _counts):
        try:
            await part(database, tenant_id, now)
        except Exception as error:
            failure = error
    if failure is not None:
        raise failure


async def _changes(database: Database, tenant_id: UUID, now: datetime) -> None:
    async def prune() -> bool:
        async with database.transaction(tenant_id) as tx:
            _, more = await changes.prune(tx, now - CHANGES_KEPT)
        return more

    for _ in range(_PARTS):
        if not await database.repeat(prune):
            break


async def _deliveries(database: Database, tenant_id: UUID, now: datetime) -> None:
    await _in_one(database, tenant_id, lambda tx: subscriptions.forget(tx, now - DELIVERIES_KEPT))


async def _answers(database: Database, tenant_id: UUID, now: datetime) -> None:
    await _in_one(database, tenant_id, lambda tx: idempotency.forget(tx, now - ANSWERS_KEPT))


async def _counts(database: Database, tenant_id: UUID, _now: datetime) -> None:
    await _in_one(database, tenant_id, counters.fold)


async def _in_one(
    database: Database, tenant_id: UUID, statement: Callable[[asyncpg.Connection], Awaitable[object]]
) -> None:
    async def work() -> None:
        async with database.transaction(tenant_id) as tx:
            await statement(tx)

    await database.repeat(work)
