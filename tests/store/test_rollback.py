"""Every migration can be taken back, and applied again, to the same schema."""

import asyncio
import os
import sysconfig
from pathlib import Path

import asyncpg

from store.schema import MIGRATIONS, migrate, pending_migrations
from tests.store.tenants import Tenant

FINGERPRINT = """
    SELECT 'column' AS kind, table_name || '.' || column_name AS name, data_type || ' ' || is_nullable AS what
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'policy', tablename || '.' || policyname, coalesce(qual, '') || coalesce(with_check, '')
    FROM pg_policies WHERE schemaname = 'public'
    UNION ALL SELECT 'grant', table_name || '.' || grantee, string_agg(privilege_type, ',' ORDER BY privilege_type)
    FROM information_schema.table_privileges WHERE table_schema = 'public' GROUP BY table_name, grantee
    UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1, 2, 3
"""


async def _fingerprint(connection: asyncpg.Connection) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await connection.fetch(FINGERPRINT)]


async def _take_back(url: str) -> None:
    """Undo the newest migration, with the program that applies them."""
    process = await asyncio.create_subprocess_exec(
        Path(sysconfig.get_path("scripts")) / "dbmate",
        "--no-dump-schema",
        "--migrations-dir",
        MIGRATIONS,
        "rollback",
        env={**os.environ, "DATABASE_URL": url},
        cwd=MIGRATIONS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()


async def test_migrations_go_down_and_up_again(database_url: str, owner: asyncpg.Connection) -> None:
    """All taken back, one by one, nothing of ours is left; applied again, the schema is the same to the last grant."""
    before = await _fingerprint(owner)
    files = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
    for count in range(1, len(files) + 1):
        await _take_back(database_url)
        assert len(await pending_migrations(database_url)) == count
    left = {name.partition(".")[0] for kind, name, _ in await _fingerprint(owner) if kind != "index"}
    assert left == {"schema_migrations"}
    assert await migrate(database_url) == files
    assert await _fingerprint(owner) == before


async def test_counts_survive_a_rollback_and_the_way_back(
    database_url: str, tenant: Tenant, owner: asyncpg.Connection
) -> None:
    """Rows of counters are folded into the older form and taken over from it: each count stays what it was."""
    await tenant.execute("UPDATE message_jobs SET state = 'cancelled', cancel_reason = 'x' WHERE node_id = 'two'")
    sums = (
        "SELECT node_id, sum(pending) AS pending, sum(cancelled) AS cancelled FROM step_counters GROUP BY 1 ORDER BY 1"
    )
    arms = "SELECT arm, sum(entered) AS entered FROM arm_counters GROUP BY 1"
    before = await tenant.rows(sums), await tenant.rows(arms)
    while not await owner.fetchval(
        "SELECT EXISTS (SELECT FROM information_schema.columns WHERE column_name = 'shard')"
    ):
        await _take_back(database_url)
    assert (await tenant.rows(sums), await tenant.rows(arms)) == before
    await tenant.execute("UPDATE message_jobs SET state = 'cancelled', cancel_reason = 'x' WHERE node_id = 'one'")
    moved = await tenant.rows(sums)
    assert {"node_id": "one", "pending": 0, "cancelled": 1} in moved
    await migrate(database_url)
    assert (await tenant.rows(sums), await tenant.rows(arms)) == (moved, before[1])
