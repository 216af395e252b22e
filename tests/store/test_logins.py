"""The role that processes log in as owns nothing: what a fault in one statement could reach ends at the tenant."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.errors import NotReady
from local.postgres import LocalPostgres
from store.logins import ensure_login
from store.pool import Database
from store.schema import migrate, pending_migrations


@pytest.fixture
async def login_url(database_url: str) -> AsyncIterator[str]:
    """The test's database for a role that is not there yet."""
    name = f"login_{uuid4().hex}"
    yield database_url.replace("//postgres@", f"//{name}@")
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"DROP ROLE IF EXISTS {name}")
    await owner.close()


async def test_the_role_is_made_once(database_url: str, login_url: str) -> None:
    """Saying it again changes nothing; a role that there is is only allowed to become the application's."""
    assert await ensure_login(database_url, login_url) is not None
    assert await ensure_login(database_url, login_url) is None
    name = login_url.partition("//")[2].partition("@")[0]
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(f"REVOKE touchline_app FROM {name}")
        assert await ensure_login(database_url, login_url) is None
        may = "SELECT rolcanlogin, rolinherit, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1"
        assert [tuple(row) for row in await owner.fetch(may, name)] == [(True, False, False, False, False)]
        assert await owner.fetchval("SELECT pg_has_role($1, 'touchline_app', 'MEMBER')", name)
    finally:
        await owner.close()


async def test_the_application_works_as_that_role(database_url: str, login_url: str, tenant_id: UUID) -> None:
    """Its pool becomes touchline_app by itself, and it can tell whether the schema is up to date."""
    await ensure_login(database_url, login_url)
    pool = await Database.connect(login_url, size=2)
    try:
        async with pool.transaction(tenant_id) as tx:
            assert await tx.fetchval("SELECT count(*) FROM tenants") == 1
        assert await pool.tenant_ids() == [tenant_id]
    finally:
        await pool.close()
    assert await pending_migrations(login_url) == []


async def test_behind_the_application_s_role_there_is_nothing(database_url: str, login_url: str) -> None:
    """Whoever got out of touchline_app would have no table, no function with the owner's rights, and no other role."""
    await ensure_login(database_url, login_url)
    connection = await asyncpg.connect(login_url, server_settings={"role": "touchline_app"})
    try:
        for statement in (
            "SELECT * FROM contacts",
            "SELECT * FROM tenants",
            "SELECT tenant_ids()",
            "SELECT rolpassword FROM pg_authid",
            "SELECT pg_ls_dir('.')",
            "CREATE TABLE mine (x int)",
            "SET ROLE postgres",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SET ROLE NONE; {statement}")
    finally:
        await connection.close()


async def test_functions_with_the_owner_s_rights_are_for_the_application_alone(database_url: str) -> None:
    """No function that runs as its owner may be called by everybody."""
    owner = await asyncpg.connect(database_url)
    try:
        open_to_all = await owner.fetch(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
            " AND has_function_privilege('public', oid, 'EXECUTE')"
        )
    finally:
        await owner.close()
    assert [row[0] for row in open_to_all] == []


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[LocalPostgres]:
    """A server of its own that asks everybody but its owner for a password."""
    server = LocalPostgres(tmp_path / "guarded", durable=False)
    await server.start()
    rules = server.data_dir / "pg_hba.conf"
    rules.write_text("local all postgres trust\nlocal all all scram-sha-256\n")
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute("SELECT pg_reload_conf()")
    await admin.close()
    try:
        await migrate(server.url("touchline"))
        yield server
    finally:
        await server.remove()


@pytest.mark.e2e
async def test_the_role_gets_the_password_of_its_url(guarded: LocalPostgres) -> None:
    """It opens, another does not; and nobody but the owner may even make temporary tables in the database."""
    password = "it's 100% sec/ret:@?"
    url = guarded.url("touchline", f"touchline:{quote(password, safe='')}")
    assert await ensure_login(guarded.url("touchline"), url) == "touchline"
    pool = await Database.connect(url, size=1)
    await pool.close()
    with pytest.raises(NotReady):
        await Database.connect(guarded.url("touchline", "touchline:another"), size=1)
    connection = await asyncpg.connect(url)
    try:
        for role in ("none", "touchline_app"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SET ROLE {role}; CREATE TEMPORARY TABLE mine (x int)")
    finally:
        await connection.close()


async def test_a_password_that_could_not_be_kept_safely_is_refused(database_url: str) -> None:
    """What PostgreSQL would first have to normalise; its words are no part of the error."""
    with pytest.raises(NotReady, match="ASCII") as refused:
        await ensure_login(database_url, database_url.replace("//postgres@", "//somebody:pässword@"))
    assert "pässword" not in str(refused.value)
