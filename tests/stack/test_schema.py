"""Migrations reach a database once, and a failure says what and where."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from domain.errors import NotReady
from local.postgres import LocalPostgres
from store.schema import migrate, pending_migrations
from tests.support.helpers import assert_eventually


@pytest.fixture
async def empty_url(postgres: LocalPostgres) -> AsyncIterator[str]:
    name = f"empty_{uuid4().hex}"
    yield postgres.url(name)
    admin = await asyncpg.connect(postgres.url("postgres"))
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    (tmp_path / "1_first.sql").write_text("-- migrate:up\nCREATE TABLE a (x int);\n-- migrate:down\n")
    return tmp_path


async def test_what_is_pending_is_applied_once(empty_url: str, migrations: Path) -> None:
    """A missing database is created, each file runs once, and asking changes nothing."""
    assert await migrate(empty_url, migrations) == ["1_first.sql"]
    (migrations / "2_second.sql").write_text("-- migrate:up\nCREATE TABLE b (x int);\n-- migrate:down\n")
    assert await pending_migrations(empty_url, migrations) == ["2_second.sql"]
    assert await pending_migrations(empty_url, migrations) == ["2_second.sql"]
    assert await migrate(empty_url, migrations) == ["2_second.sql"]
    assert await migrate(empty_url, migrations) == []
    assert await pending_migrations(empty_url, migrations) == []


async def test_a_failing_migration_names_its_file_and_leaves_nothing(empty_url: str, migrations: Path) -> None:
    """The error carries PostgreSQL's words and the file; its earlier statements are undone."""
    (migrations / "2_wrong.sql").write_text(
        "-- migrate:up\nCREATE TABLE b (x int);\nALTER TABLE nowhere ADD y int;\n-- migrate:down\n"
    )
    with pytest.raises(NotReady, match=r"2_wrong\.sql[\s\S]*nowhere"):
        await migrate(empty_url, migrations)
    connection = await asyncpg.connect(empty_url)
    try:
        assert await connection.fetchval("SELECT to_regclass('b')") is None
    finally:
        await connection.close()


async def test_a_migration_gives_way_to_whoever_comes_while_its_table_is_in_use(
    empty_url: str, migrations: Path
) -> None:
    """It waits for a table only so long that nobody behind it waits for minutes, and comes again until it is free."""
    await migrate(empty_url, migrations)
    (migrations / "2_second.sql").write_text("-- migrate:up\nALTER TABLE a ADD y int;\n-- migrate:down\n")
    export, reader = await asyncpg.connect(empty_url), await asyncpg.connect(empty_url)
    try:
        reading = export.transaction()
        await reading.start()
        await export.execute("SELECT * FROM a")
        migrating = asyncio.create_task(migrate(empty_url, migrations))

        async def waits() -> None:
            assert await reader.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")

        await assert_eventually(waits)
        await reader.execute("SET statement_timeout = '30s'")
        await reader.execute("SELECT * FROM a")
        assert not migrating.done()
        await reading.rollback()
        assert await migrating == ["2_second.sql"]
    finally:
        await export.close()
        await reader.close()


async def test_an_unreachable_database_is_told_from_a_wrong_migration(tmp_path: Path, migrations: Path) -> None:
    """The hint points to the URL, and no password shows in the error."""
    url = f"postgres://somebody:secret-word@/x?host={tmp_path}&sslmode=disable"
    with pytest.raises(NotReady) as caught:
        await migrate(url, migrations)
    assert "TOUCHLINE_DATABASE_URL" in str(caught.value.hint)
    assert "secret-word" not in str(caught.value)


async def test_the_application_reads_and_writes_what_was_migrated(database_url: str) -> None:
    """This checkout's own migrations apply to an empty database and leave none pending."""
    assert await pending_migrations(database_url) == []
