"""Tenants are made and listed by whoever owns the database, and commands act in the one that they are told."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.errors import Conflict
from domain.ids import DEFAULT_TENANT
from entrypoint import Exit
from settings import Settings
from starter.workspace import tenants
from store.pool import Database
from store.workspace import api_keys
from store.workspace import tenants as tenancy
from tests.cli.conftest import Cli


@pytest.fixture
async def application(database_url: str) -> AsyncIterator[str]:
    """The database's URL for a role that may only become the application's."""
    name = f"app_{uuid4().hex}"
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"CREATE ROLE {name} LOGIN; GRANT touchline_app TO {name}")
    try:
        yield database_url.replace(f"//{urlsplit(database_url).username}@", f"//{name}@")
    finally:
        await owner.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
        await owner.close()


async def test_a_tenant_is_made_and_its_first_key_opens_it(
    cli: Cli, services: Settings, database: Database, bare: pytest.MonkeyPatch, files: Path
) -> None:
    """The command that is printed makes the key; whatever is done in the new tenant is seen in no other."""
    made = (await cli("tenants", "add", " Acme  Inc. ", "--timezone", "America/Denver", "--json")).document
    assert (made["name"], made["timezone"], made["api_keys"]) == ("Acme Inc.", "America/Denver", 0)
    tenant = UUID(made["id"])
    assert made["first_key"].startswith("./touchline keys create ")
    key = (await cli(*made["first_key"].split()[1:], "--json")).document
    owner = await api_keys.owner_of(database, key["key"], datetime.now(UTC))
    assert owner is not None
    assert owner.tenant_id == tenant
    assert owner.scopes == {"read", "write", "admin"}

    listed = (await cli("tenants", "list", "--json")).document["tenants"]
    assert [(UUID(one["id"]), one["name"], one["api_keys"], one["current"]) for one in listed] == [
        (DEFAULT_TENANT, "Default", 0, True),
        (tenant, "Acme Inc.", 1, False),
    ]
    shown = await cli("tenants", "list")
    assert (str(tenant) in shown.out, "America/Denver" in shown.out) == (True, True)

    with bare.context() as elsewhere:
        elsewhere.setenv("TOUCHLINE_TENANT", str(tenant))
        assert (await cli("contacts", "import", files / "people.csv")).code == Exit.DONE
        assert (await cli("publish", files / "slow.yaml")).code == Exit.DONE
        assert len((await cli("sequences", "--json")).document) == 1
    assert (await cli("sequences", "--json")).document == []


async def test_keys_and_settings_are_those_of_the_tenant_that_is_named(cli: Cli, services: Settings) -> None:
    """With `--tenant`; without it, of the one that the settings name."""
    other = (await cli("tenants", "add", "Acme", "--json")).document["id"]
    assert (await cli("keys", "create", "crm", "--scope", "read", "--tenant", other)).code == Exit.DONE
    assert (await cli("keys", "list", "--json")).document == {"keys": []}
    [key] = (await cli("keys", "list", "--tenant", other, "--json")).document["keys"]
    assert key["name"] == "crm"
    assert (await cli("keys", "revoke", "crm")).code == Exit.REFUSED
    assert (await cli("keys", "revoke", "crm", "--tenant", other)).code == Exit.DONE
    changed = (await cli("tenant", "--tenant", other, "--timezone", "Europe/Lisbon", "--json")).document
    assert (changed["id"], changed["name"], changed["timezone"]) == (other, "Acme", "Europe/Lisbon")
    assert (await cli("tenant", "--json")).document["timezone"] == "America/New_York"
    nobody = await cli("keys", "list", "--tenant", uuid4())
    assert (nobody.code, "no such tenant" in nobody.err, "./touchline tenants list" in nobody.err) == (1, True, True)
    assert (await cli("keys", "list", "--tenant", "Acme")).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("  ",), "needs a name"),
        (("x" * 201,), "needs a name of 1 to 200 characters"),
        (("Ac\u202eme",), "needs a name of 1 to 200 characters that can be seen"),
        (("Acme\x1b[31m",), "needs a name of 1 to 200 characters that can be seen"),
        (("Acme", "--timezone", "Denver"), "'Denver' is not a time zone"),
        (("default",), f"already: {DEFAULT_TENANT}"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    cli: Cli, services: Settings, arguments: tuple[str, ...], said: str
) -> None:
    """The fault is named, and nothing is made; two names that differ by capitals alone are one."""
    refused = await cli("tenants", "add", *arguments)
    assert (refused.code, said in refused.err) == (Exit.REFUSED, True), refused
    assert len((await cli("tenants", "list", "--json")).document["tenants"]) == 1


async def test_a_name_is_given_once_however_many_ask(database_url: str) -> None:
    """The others are told whose it is."""

    async def add() -> UUID | str:
        try:
            async with tenancy.as_owner(database_url) as tx:
                return (await tenants.add(tx, "Acme", "America/Denver")).id
        except Conflict as refused:
            return str(refused)

    answers = await asyncio.gather(*(add() for _ in range(4)))
    [made] = [answer for answer in answers if isinstance(answer, UUID)]
    assert [answer for answer in answers if answer != made] == [f"there is a tenant 'Acme' already: {made}"] * 3


@pytest.mark.parametrize("arguments", [("add", "Acme"), ("list",)])
async def test_only_the_owner_of_the_tables_sees_tenants(
    cli: Cli, services: Settings, bare: pytest.MonkeyPatch, application: str, arguments: tuple[str, ...]
) -> None:
    """The application's role is told so, instead of that there are none."""
    with bare.context() as elsewhere:
        elsewhere.setenv("TOUCHLINE_DATABASE_URL", application)
        assert (await cli("tenant")).code == Exit.DONE, "it is the application's role, and may act in one"
        said = await cli("tenants", *arguments, "--json")
    assert said.code == Exit.UNREACHABLE
    assert "owns the tables" in said.document["hint"]
    assert len((await cli("tenants", "list", "--json")).document["tenants"]) == 1
