"""A process that falls silent within a transaction keeps nobody waiting for good."""

import asyncio
from threading import Thread
from uuid import UUID

import asyncpg
import pytest

from store import pool
from store.pool import LOST, Database
from tests.support.helpers import assert_eventually


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


async def _end_session(database_url: str, pid: int) -> None:
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
    await connection.close()


async def _speak_after(turns: int, database: Database, database_url: str, tenant_id: UUID) -> None:
    """Say something after so many turns of the event loop, none of which had read the session's end before."""
    async with database.transaction(tenant_id) as tx:
        pid = await tx.fetchval("SELECT pg_backend_pid()")
        killer = Thread(target=lambda: asyncio.run(_end_session(database_url, pid)))
        killer.start()
        killer.join()
        for _ in range(turns):
            await asyncio.sleep(0)
        await tx.execute("SELECT 1")


@pytest.mark.parametrize("turns", range(5))
async def test_whoever_speaks_while_its_session_is_being_ended_learns_it(
    turns: int, database: Database, database_url: str, tenant_id: UUID
) -> None:
    """Before its last words are read, between them and the end of the connection, and behind it."""
    with pytest.raises(LOST):
        await _speak_after(turns, database, database_url, tenant_id)


async def test_no_provider_and_no_reader_is_mistaken_for_a_silent_process(database: Database, tenant_id: UUID) -> None:
    """The bound is that of every connection of the application, and longer than a hand-over or a chunk may take."""
    async with database.transaction(tenant_id) as tx:
        assert await tx.fetchval("SHOW idle_in_transaction_session_timeout") == "1min"
