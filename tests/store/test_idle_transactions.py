"""A process that falls silent within a transaction keeps nobody waiting for good."""

from uuid import UUID

import asyncpg
import pytest

from store import pool
from store.pool import LOST, Database
from tests.helpers import assert_eventually


async def _fall_silent(frozen: Database, other: asyncpg.Connection, tenant_id: UUID) -> None:
    """Lock a row, say nothing until somebody else gets it, and go on."""
    async with frozen.transaction(tenant_id) as tx:
        await tx.execute("SELECT FROM tenants WHERE id = $1 FOR UPDATE", tenant_id)

        async def free() -> bool:
            return bool(await other.fetch("SELECT id FROM tenants WHERE id = $1 FOR UPDATE SKIP LOCKED", tenant_id))

        await assert_eventually(free)
        await tx.execute("SELECT 1")


async def test_a_silent_transaction_lets_go_of_what_it_has_locked(
    database_url: str, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends its session, and whoever wakes up in it learns that the database was lost."""
    monkeypatch.setattr(pool, "_IDLE_IN_TRANSACTION_S", 1)
    frozen = await Database.connect(database_url, size=2)
    other = await asyncpg.connect(database_url)
    try:
        with pytest.raises(LOST):
            await _fall_silent(frozen, other, tenant_id)
        async with frozen.transaction(tenant_id) as tx:
            assert await tx.fetchval("SELECT 1") == 1
    finally:
        await other.close()
        await frozen.close()


async def test_no_provider_and_no_reader_is_mistaken_for_a_silent_process(database: Database, tenant_id: UUID) -> None:
    """The bound is that of every connection of the application, and longer than a hand-over or a chunk may take."""
    async with database.transaction(tenant_id) as tx:
        assert await tx.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
