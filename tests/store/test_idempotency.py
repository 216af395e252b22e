"""Answers that are kept for a repetition are not kept for ever."""

from datetime import timedelta
from unittest.mock import AsyncMock
from uuid import uuid4

import pytest

from activities.retention import ANSWERS_KEPT, throw_away
from store import idempotency
from store.idempotency import Attempt
from store.pool import Database
from tests.store.tenants import AT, Tenant


async def test_one_kind_that_cannot_be_thrown_away_keeps_no_other(
    database: Database, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with the changes leaves the answers no longer than they are meant to stay."""
    monkeypatch.setattr(
        "store.changes.changes.prune", AsyncMock(side_effect=ValueError("a change that nobody can read"))
    )
    async with database.transaction(tenant.id) as tx:
        at = AT - ANSWERS_KEPT - timedelta(hours=1)
        await idempotency.begin(tx, Attempt("old", uuid4()), b"f" * 32, now=at, held_until=at)
    with pytest.raises(ValueError, match="nobody can read"):
        await throw_away(database, tenant.id, AT)
    assert "old" not in {row["key"] for row in await tenant.rows("SELECT key FROM idempotent_requests")}


async def test_answers_are_forgotten_after_a_day(database: Database, tenant: Tenant, other: Tenant) -> None:
    """What began long enough ago goes, unless it is still under way; other tenants' stay."""
    await tenant.execute("DELETE FROM idempotent_requests")
    minute = timedelta(minutes=1)
    began = {"old": AT - ANSWERS_KEPT - minute, "under way": AT - ANSWERS_KEPT - minute, "new": AT - ANSWERS_KEPT}
    async with database.transaction(tenant.id) as tx:
        for key, at in began.items():
            attempt = Attempt(key, uuid4())
            until = AT + minute if key == "under way" else at + minute
            assert await idempotency.begin(tx, attempt, b"f" * 32, now=at, held_until=until)
            if key == "old":
                await idempotency.keep(tx, attempt, 200, b"?")
    await throw_away(database, tenant.id, AT)
    assert {row["key"] for row in await tenant.rows("SELECT key FROM idempotent_requests")} == {"under way", "new"}
    assert len(await other.rows("SELECT key FROM idempotent_requests")) == 1
