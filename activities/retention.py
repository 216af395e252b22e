"""What is kept for a while only, or in fewer rows: changes, deliveries of webhooks, answers, counts."""

from datetime import datetime, timedelta
from uuid import UUID

from store import changes, counters, idempotency, subscriptions
from store.pool import Database

CHANGES_KEPT = timedelta(hours=25)
"""A client of the live stream may be away for a day."""
ANSWERS_KEPT = timedelta(hours=25)
"""Of writing requests: whoever repeats one does so within a day."""
DELIVERIES_KEPT = timedelta(days=30)
_PARTS = 20
"""Of one sweep, so that it ends; the next one goes on."""


async def throw_away(database: Database, tenant_id: UUID, now: datetime) -> None:
    """Throw away what is older, and put counts together; what webhooks still need of the changes stays."""

    async def prune() -> bool:
        async with database.transaction(tenant_id) as tx:
            _, more = await changes.prune(tx, now - CHANGES_KEPT)
        return more

    async def forget() -> None:
        async with database.transaction(tenant_id) as tx:
            await subscriptions.forget(tx, now - DELIVERIES_KEPT)
            await idempotency.forget(tx, now - ANSWERS_KEPT)

    async def fold() -> None:
        async with database.transaction(tenant_id) as tx:
            await counters.fold(tx)

    for _ in range(_PARTS):
        if not await database.repeat(prune):
            break
    await database.repeat(forget)
    await database.repeat(fold)
