"""Keys are made, listed and revoked at the command line, and dead letters read."""

from datetime import UTC, datetime
from uuid import uuid4

from settings import Settings
from store.inbound import dead_letters
from store.pool import Database
from store.workspace import api_keys
from tests.cli.conftest import Cli


async def test_a_key_is_shown_once_and_opens_until_it_is_revoked(
    cli: Cli, services: Settings, database: Database
) -> None:
    """`create` prints it, `list` does not, `revoke` ends it; a name is given once."""
    made = (await cli("keys", "create", "crm", "--scope", "write", "--scope", "read", "--json")).document
    assert (made["name"], made["scopes"]) == ("crm", ["read", "write"])
    owner = await api_keys.owner_of(database, made["key"], datetime.now(UTC))
    assert owner is not None
    assert owner.tenant_id == services.tenant
    assert owner.scopes == {"read", "write"}
    listed = await cli("keys", "list", "--json")
    assert [(key["name"], key["revoked_at"]) for key in listed.document["keys"]] == [("crm", None)]
    assert made["key"] not in listed.out
    assert (await cli("keys", "create", "crm", "--scope", "read")).code == 1
    assert (await cli("keys", "revoke", "crm")).code == 0
    assert await api_keys.owner_of(database, made["key"], datetime.now(UTC)) is None
    assert "crm" in (await cli("keys", "list")).out
    again = await cli("keys", "revoke", "crm")
    assert (again.code, "crm" in again.err) == (1, True)


async def test_a_key_needs_a_name_and_a_scope_that_exists(cli: Cli, services: Settings) -> None:
    """Wrong usage is refused before anything is made."""
    assert (await cli("keys", "create", " ", "--scope", "read")).code == 1
    assert (await cli("keys", "create", "crm")).code == 2
    assert (await cli("keys", "create", "crm", "--scope", "everything")).code == 2
    assert (await cli("keys", "list", "--json")).document == {"keys": []}


async def test_dead_letters_are_listed_and_shown(cli: Cli, services: Settings, database: Database) -> None:
    """The list names place and reason, `--show` what was sent; an unknown id is refused."""
    assert "none" in (await cli("dead-letters")).out
    async with database.transaction(services.tenant) as tx:
        letter = await dead_letters.keep(
            tx,
            services.tenant,
            source="/webhooks/email/resend",
            reason="the body is not JSON",
            content_type="application/json",
            body=b"{\x1b[2J\xff",
            now=datetime.now(UTC),
        )
    [listed] = (await cli("dead-letters", "--json")).document["dead_letters"]
    assert (listed["id"], listed["source"], listed["bytes"]) == (str(letter), "/webhooks/email/resend", 6)
    shown = await cli("dead-letters", "--show", letter)
    assert "the body is not JSON" in shown.out
    assert "\x1b" not in shown.out
    assert (await cli("dead-letters", "--show", letter, "--json")).document[
        "body"
    ] == "{\x1b[2J\N{REPLACEMENT CHARACTER}"
    assert (await cli("dead-letters", "--show", uuid4())).code == 1
