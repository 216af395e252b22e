"""The wall between tenants, table by table: the lists come from the database, so a new table cannot be forgotten."""

from typing import Any

import asyncpg
import pytest

from store.pool import Database
from tests.store.tenants import Tenant

RELATIONS = """
    SELECT c.relname AS name, c.relkind = 'r' AS is_table, a.attname AS tenant_column,
        c.relrowsecurity AND c.relforcerowsecurity AS walled,
        coalesce(c.reloptions @> '{security_invoker=true}', false) AS invoker,
        pg_get_userbyid(c.relowner) AS owner
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND (
        a.attname IN ('tenant_id', 'workspace_id') OR a.attname = 'id' AND c.relname = 'tenants')
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
        AND c.relname <> 'schema_migrations'
    ORDER BY c.relname
"""


async def relations(owner: asyncpg.Connection) -> list[Any]:
    found = await owner.fetch(RELATIONS)
    assert len(found) > 15
    return list(found)


async def test_every_table_is_walled_and_every_view_asks_as_its_reader(owner: asyncpg.Connection) -> None:
    """Row security is on and forced for each table; each view applies it to whoever reads."""
    for relation in await relations(owner):
        assert relation["walled"] if relation["is_table"] else relation["invoker"], relation["name"]


async def test_nothing_of_another_tenant_can_be_read(owner: asyncpg.Connection, tenant: Tenant, other: Tenant) -> None:
    """Each table and view holds rows of both tenants and shows each only its own."""
    for relation in await relations(owner):
        if relation["tenant_column"] is None:
            # The one view without a workspace's column must be told apart by its executions.
            assert relation["name"] == "flow_execution_steps"
            continue
        query = f"SELECT DISTINCT {relation['tenant_column']} AS whose FROM {relation['name']}"  # noqa: S608 - our own names
        for reader in (tenant, other):
            assert await reader.rows(query) == [{"whose": reader.id}], relation["name"]
    for reader in (tenant, other):
        executions = await reader.rows("SELECT DISTINCT execution_id FROM flow_execution_steps")
        assert executions == [{"execution_id": reader.enrollment}]


async def test_without_a_tenant_nothing_can_be_read(
    owner: asyncpg.Connection, database_url: str, tenant: Tenant
) -> None:
    """A connection as the application's role that names no tenant sees no row of any table or view."""
    connection = await asyncpg.connect(database_url, server_settings={"role": "touchline_app"})
    try:
        for relation in await relations(owner):
            assert await connection.fetch(f"SELECT * FROM {relation['name']}") == [], relation["name"]  # noqa: S608 - our own names
    finally:
        await connection.close()


async def test_a_tenant_is_forgotten_with_its_transaction(database: Database, tenant: Tenant) -> None:
    """The next user of a pooled connection does not inherit the tenant."""
    async with database.session(tenant.id) as session:
        async with session.transaction() as tx:
            assert await tx.fetchval("SELECT current_tenant()") == tenant.id
        assert await tx.fetchval("SELECT current_tenant()") is None


async def test_nothing_can_be_written_for_another_tenant(
    owner: asyncpg.Connection, tenant: Tenant, other: Tenant
) -> None:
    """Inserting, moving and changing rows across the wall is refused or hits nothing, table by table."""
    for relation in await relations(owner):
        table = relation["name"]
        if not relation["is_table"] or table == "tenants":
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await tenant.clone(table, tenant_id=other.id)
        if await _may(owner, table, "UPDATE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await tenant.execute(f"UPDATE {table} SET tenant_id = $1", other.id)  # noqa: S608 - our own names
            hit = await tenant.execute(f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = $1", other.id)  # noqa: S608 - our own names
            assert hit == "UPDATE 0", table
        if await _may(owner, table, "DELETE"):
            hit = await tenant.execute(f"DELETE FROM {table} WHERE tenant_id = $1", other.id)  # noqa: S608 - our own names
            assert hit == "DELETE 0", table


async def _may(owner: asyncpg.Connection, table: str, privilege: str) -> bool:
    return bool(await owner.fetchval("SELECT has_table_privilege('touchline_app', $1, $2)", table, privilege))


async def test_the_role_owns_nothing_and_bypasses_nothing(owner: asyncpg.Connection, database: Database) -> None:
    """The application acts as `touchline_app`, which has no attribute that would let it past the wall."""
    role = await owner.fetchrow("SELECT * FROM pg_roles WHERE rolname = 'touchline_app'")
    assert role is not None
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication", "rolcanlogin")
    assert [power for power in powers if role[power]] == []
    assert await owner.fetch("SELECT FROM pg_auth_members WHERE member = $1", role["oid"]) == []
    assert {relation["owner"] for relation in await relations(owner)}.isdisjoint({"touchline_app"})
    owned = "SELECT proname FROM pg_proc WHERE proowner = $1 UNION SELECT nspname FROM pg_namespace WHERE nspowner = $1"
    assert await owner.fetch(owned, role["oid"]) == []
    assert not await owner.fetchval("SELECT has_schema_privilege('touchline_app', 'public', 'CREATE')")
    # Which migrations there are is no secret, and asked by doctor.
    assert [p for p in ("INSERT", "UPDATE", "DELETE", "TRUNCATE") if await _may(owner, "schema_migrations", p)] == []
    async with database.transaction(await owner.fetchval("SELECT id FROM tenants LIMIT 1")) as tx:
        assert await tx.fetchval("SELECT current_user") == "touchline_app"


async def test_what_was_published_or_logged_cannot_be_rewritten(tenant: Tenant) -> None:
    """Versions, events, messages and responses are written once: no update, no deletion."""
    for table in ("sequence_versions", "version_contents", "events", "messages", "responses"):
        for statement in (f"UPDATE {table} SET tenant_id = tenant_id", f"DELETE FROM {table}"):  # noqa: S608 - our own names
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
                await tenant.execute(statement)


async def test_a_tenant_changes_its_own_settings_alone(tenant: Tenant, other: Tenant) -> None:
    """A statement without a condition reaches the tenant's own row and no other."""
    assert await tenant.execute("UPDATE tenants SET help_text = 'Mine'") == "UPDATE 1"
    assert await other.rows("SELECT help_text FROM tenants") == [{"help_text": None}]


async def test_little_may_be_deleted(owner: asyncpg.Connection) -> None:
    """A suppression may be taken back, a dead letter thrown away, a campaign dissolved, an unpublished sequence
    deleted, a webhook ended with its log, an old change forgotten, a tag taken off, rows of counters folded, somebody
    signed out, and what came in is taken out with its effect; everything else is kept."""
    deletable = [
        r["name"]
        for r in await relations(owner)
        if await _may(owner, r["name"], "DELETE") or await _may(owner, r["name"], "TRUNCATE")
    ]
    assert deletable == [
        "arm_counters",
        "campaign_members",
        "campaigns",
        "changes",
        "contact_tags",
        "dead_letters",
        "enrollment_counts",
        "idempotent_requests",
        "inbox",
        "senders",
        "sequences",
        "sessions",
        "sign_in_links",
        "step_counters",
        "suppressions",
        "users",
        "webhook_deliveries",
        "webhook_feeds",
        "webhook_subscriptions",
    ]


async def test_a_sweep_learns_the_ids_of_all_tenants_and_no_more(
    database: Database, tenant: Tenant, other: Tenant
) -> None:
    """`tenant_ids` names them; names and zones of the others stay unread, and no tenant can be made or changed."""
    assert set(await database.tenant_ids()) == {tenant.id, other.id}
    assert [row["id"] for row in await tenant.rows("SELECT id FROM tenants")] == [tenant.id]
    for statement in (
        "UPDATE tenants SET name = 'Mine'",
        "INSERT INTO tenants (id, name) VALUES (gen_random_uuid(), 'X')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tenant.execute(statement)


async def test_nobody_but_the_application_may_read_anything(owner: asyncpg.Connection) -> None:
    """No table and no view is open to PUBLIC or to a role that this file does not look through."""
    granted = await owner.fetch(
        "SELECT DISTINCT table_name, grantee FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee NOT IN ('touchline_app', $1)",
        (await relations(owner))[0]["owner"],
    )
    assert granted == []


PASSAGES = {
    "api_key_owner",
    "erase_log",
    "overdue_subscriptions",
    "tenant_ids",
    "tenants_with_inbox",
    "tenants_with_news",
}
"""What the application may ask of the owner: ids beyond its tenant, a key's owner for whoever has the key, and that
the log of its own tenant forgets a contact who is erased."""


async def test_every_passage_through_the_wall_is_known(owner: asyncpg.Connection) -> None:
    """A function that runs as its owner reads past the wall: a new one has to be looked at by a person."""
    found = await owner.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        " AND has_function_privilege('touchline_app', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype"
    )
    assert {row["proname"] for row in found} == PASSAGES


async def test_hashes_of_others_keys_stay_unread(database: Database, tenant: Tenant, other: Tenant) -> None:
    """Neither the table nor the function that lets keys in tells a hash, or whose a key is to whoever has it not."""
    [mine] = await tenant.rows("SELECT hash FROM api_keys")
    [theirs] = await other.rows("SELECT hash FROM api_keys")
    assert mine != theirs
    assert await tenant.rows("SELECT hash FROM api_keys WHERE hash = $1", theirs["hash"]) == []
    known = await database.api_key_owner(theirs["hash"])
    assert known is not None
    assert "hash" not in known.keys()  # noqa: SIM118 - a record's values are what `in` looks through
    assert await database.api_key_owner(b"\0" * 32) is None
