"""What scripts rely on: statuses, one document on stdout, words on stderr."""

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import typer

from cli.app import app
from settings import Settings
from tests.cli.conftest import Cli
from tests.support.helpers import assert_eventually


def _names(group: typer.Typer, prefix: str = "") -> set[str]:
    names = {
        prefix + (info.name or (info.callback.__name__ if info.callback else "")) for info in group.registered_commands
    }
    for sub in group.registered_groups:
        names |= _names(sub.typer_instance, f"{sub.name} ") if sub.typer_instance else set()
    return names


COMMANDS = _names(app)
PASSED_ON = {"test", "bench", "console build", "console dev"}


def test_the_commands_are_those_that_users_know() -> None:
    """A command that vanishes or is renamed breaks somebody's script."""
    assert {
        *("demo", "up", "doctor", "migrate", "test", "bench", "console build", "console dev"),
        *("check", "publish", "export", "simulate", "verify"),
        *(f"contacts {what}" for what in ("import", "export", "erase")),
        *("enroll", "enrollments", "show", "sequences", "stats", "outbox", "archive"),
        *(f"campaigns {what}" for what in ("create", "list", "members", "add", "remove", "assign", "delete")),
        *("batches list", "batches show", "batches cancel"),
        *("event", "tasks", "task", "notifications"),
        *("reply", "pause", "resume", "stop", "send-now", "assume-sent", "retry"),
        *("webhooks create", "webhooks list", "webhooks change", "webhooks rotate", "webhooks delete"),
        *("webhooks deliveries", "webhooks redeliver"),
        *(f"senders {what}" for what in ("add", "list", "default", "remove")),
        *("keys create", "keys list", "keys revoke", "dead-letters", "tenant", "conversation", "reviews", "read"),
        *("tenants add", "tenants list"),
        *(f"law {what}" for what in ("show", "rules", "enforce", "ignore", "block", "unblock", "decisions")),
    } == COMMANDS


@pytest.mark.parametrize("name", sorted(COMMANDS - PASSED_ON))
async def test_every_command_has_json_and_an_example(cli: Cli, name: str) -> None:
    """Help says how it is called and what its exit status means."""
    said = await cli(*name.split(), "--help")
    assert said.code == 0
    assert "--json" in said.out
    assert f"Example: ./touchline {name}" in " ".join(said.out.split())
    assert "Exit status: 0 done; 1 " in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("sequences",),
        ("stats", "slow"),
        ("enrollments",),
        ("show", "0000"),
        ("enroll", "slow", "--all"),
        ("reply", "--from", "a@example.com", "hi"),
        ("pause", "0000"),
        ("resume", "--sequence", "slow"),
        ("stop", "0000"),
        ("send-now", "0000"),
        ("assume-sent", "0000"),
        ("retry", "0000"),
        ("contacts", "import", "x.csv"),
        ("migrate",),
    ],
)
async def test_with_nothing_running_the_mend_is_named(cli: Cli, bare: object, arguments: tuple[str, ...]) -> None:
    """Status 3, one JSON document with error and hint, and nothing is created on disk."""
    said = await cli(*arguments, "--json")
    assert said.code == 3
    assert set(said.document) == {"error", "hint"}
    assert "./touchline up" in said.document["hint"]
    assert said.err.startswith("touchline: ")


async def test_naming_one_service_alone_is_refused(cli: Cli, bare: pytest.MonkeyPatch, database_url: str) -> None:
    """Rows in one place and workflows in another would never agree."""
    bare.setenv("TOUCHLINE_DATABASE_URL", database_url)
    said = await cli("sequences")
    assert said.code == 3
    assert "TOUCHLINE_TEMPORAL_ADDRESS is not set" in said.err


async def test_services_that_do_not_answer_are_named(cli: Cli, services: Settings, files: Path) -> None:
    """PostgreSQL by its address, Temporal by its own; reading needs no Temporal."""
    with pytest.MonkeyPatch.context() as change:
        change.setenv("TOUCHLINE_TEMPORAL_ADDRESS", "127.0.0.1:1")
        said = await cli("publish", files / "slow.yaml")
        assert (said.code, "Temporal cannot be reached at 127.0.0.1:1" in said.err) == (3, True)
        assert (await cli("sequences")).code == 0
        change.setenv("TOUCHLINE_DATABASE_URL", "postgres://127.0.0.1:1/none")
        said = await cli("sequences", "--json")
        assert (said.code, "PostgreSQL cannot be used" in said.document["error"]) == (3, True)


async def test_a_database_that_goes_away_in_the_middle_is_an_error_in_words(
    cli: Cli, services: Settings, database_url: str
) -> None:
    """Status 3 and no traceback, whenever the connection is lost."""
    # One to block the command, one to cut it off: a transaction sees a single picture of who is waiting.
    blocker, watcher = await asyncpg.connect(database_url), await asyncpg.connect(database_url)

    async def cut_off() -> bool:
        return bool(
            await watcher.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )

    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE sequences IN ACCESS EXCLUSIVE MODE")
            command = asyncio.ensure_future(cli("sequences", "--json"))
            await assert_eventually(cut_off)
            said = await command
    finally:
        await blocker.close()
        await watcher.close()
    assert said.code == 3
    assert "PostgreSQL went away" in said.document["error"]


async def test_a_database_without_its_schema_is_sent_to_migrate(
    cli: Cli, services: Settings, database_url: str
) -> None:
    """A checkout newer than its database says so, instead of quoting SQL at the user."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("ALTER TABLE sequences RENAME COLUMN paused_reason TO something_else")
    await owner.close()
    said = await cli("sequences", "--json")
    assert said.code == 3
    assert "./touchline migrate" in said.document["hint"]


async def test_migrate_creates_and_then_has_nothing_to_do(cli: Cli, services: Settings) -> None:
    """The names of what was applied, once."""
    with pytest.MonkeyPatch.context() as change:
        url = services.database_url
        fresh = f"test_{uuid4().hex}"
        change.setenv("TOUCHLINE_DATABASE_URL", url.replace(url.split("/")[3].split("?")[0], fresh))
        try:
            applied = (await cli("migrate", "--json")).document["applied"]
            assert applied[0].endswith("_tenants.sql")
            assert (await cli("migrate", "--json")).document == {"applied": [], "role_made": None}
            assert (await cli("sequences")).code == 0
        finally:
            admin = await asyncpg.connect(url)
            await admin.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')
            await admin.close()


async def test_migrate_makes_the_role_that_everything_else_logs_in_as(cli: Cli, services: Settings) -> None:
    """Once; from then on the commands work as that role, and the owner is not needed."""
    login = f"login_{uuid4().hex}"
    admin = await asyncpg.connect(services.database_url)
    try:
        with pytest.MonkeyPatch.context() as change:
            change.setenv("TOUCHLINE_DATABASE_OWNER_URL", services.database_url)
            change.setenv("TOUCHLINE_DATABASE_URL", services.database_url.replace("//postgres@", f"//{login}@"))
            assert (await cli("migrate", "--json")).document == {"applied": [], "role_made": login}
            assert (await cli("migrate", "--json")).document == {"applied": [], "role_made": None}
            change.delenv("TOUCHLINE_DATABASE_OWNER_URL")
            assert (await cli("sequences")).code == 0
    finally:
        await admin.execute(f"DROP ROLE IF EXISTS {login}")
        await admin.close()


@pytest.mark.parametrize(("name", "value"), [("TOUCHLINE_SMTP_PORT", "many"), ("TOUCHLINE_SMS_PROVIDER", "pigeon")])
async def test_a_wrong_setting_is_named_without_its_value(
    cli: Cli, bare: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Values may be passwords."""
    bare.setenv(name, value)
    said = await cli("sequences")
    assert said.code == 3
    assert name in said.err
    assert value not in said.err


async def test_outbox_of_nothing_is_empty_and_no_error(cli: Cli, bare: object) -> None:
    """Before the first message there is no folder; a reader finds an empty list."""
    assert (await cli("outbox", "--json")).document["messages"] == []
    assert "no messages" in (await cli("outbox")).out
