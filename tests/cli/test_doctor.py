"""`doctor`: one line each, and the mend."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from settings import Settings
from starter.schedule import ensure_reconciler, reconciler_id
from tests.cli.conftest import Cli, Said
from tests.helpers import assert_eventually


def by_name(said: Said) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in said.document}


@pytest.fixture
async def scheduled(temporal_client: Client, services: Settings) -> AsyncIterator[None]:
    await ensure_reconciler(temporal_client, services.task_queue, timedelta(days=1))
    yield
    await temporal_client.get_schedule_handle(reconciler_id(services.task_queue)).delete()


async def test_a_sound_installation_is_all_ok(cli: Cli, services: Settings, worker: None, scheduled: None) -> None:
    """Status 0; every line ok."""

    async def sound() -> Said:
        said = await cli("doctor", "--json")
        assert [f for f in said.document if f["status"] != "ok"] == []
        return said

    said = await assert_eventually(sound)
    assert said.code == 0
    assert set(by_name(said)) >= {
        *("python", "zone files", "settings", "postgresql", "migrations", "row-level security"),
        *("temporal", "search attributes", "worker", "reconciler", "email provider", "sms provider"),
        *("sequences", "disagreements", "overdue enrollments", "messages in doubt", "inbox"),
    }
    lines = (await cli("doctor")).out.splitlines()
    assert len(lines) == len(said.document)
    assert all(line.startswith("ok   ") for line in lines)


async def test_a_missing_worker_fails_with_its_mend(cli: Cli, services: Settings) -> None:
    """Status 1, and the line names the task queue that nobody polls."""
    said = await cli("doctor", "--json")
    assert said.code == 1
    worker = by_name(said)["worker"]
    assert worker["status"] == "fail"
    assert services.task_queue in worker["detail"]
    assert "./touchline up" in worker["mend"]


async def test_with_nothing_running_the_rest_is_still_judged(cli: Cli, bare: object) -> None:
    """Whoever has not started anything yet learns what else would be wrong."""
    said = await cli("doctor", "--json")
    assert said.code == 1
    found = by_name(said)
    assert (found["services"]["status"], found["email provider"]["status"]) == ("fail", "ok")
    assert "./touchline up" in found["services"]["mend"]


async def test_unreachable_services_are_two_lines(cli: Cli, bare: pytest.MonkeyPatch) -> None:
    """PostgreSQL and Temporal each say what they said."""
    bare.setenv("TOUCHLINE_DATABASE_URL", "postgres://127.0.0.1:1/none")
    bare.setenv("TOUCHLINE_TEMPORAL_ADDRESS", "127.0.0.1:1")
    found = by_name(await cli("doctor", "--json"))
    assert (found["postgresql"]["status"], found["temporal"]["status"]) == ("fail", "fail")
    assert "127.0.0.1:1" in found["temporal"]["detail"]
    assert "doctor" not in found["temporal"]["mend"]


async def test_a_misspelt_variable_is_named(cli: Cli, bare: pytest.MonkeyPatch) -> None:
    """It fails, with the name that was probably meant."""
    bare.setenv("TOUCHLINE_DATABSE_URL", "x")
    found = by_name(await cli("doctor", "--json"))["settings"]
    assert (found["status"], "did you mean TOUCHLINE_DATABASE_URL?" in found["detail"]) == ("fail", True)


async def test_providers_are_judged_each_by_its_channel(cli: Cli, bare: pytest.MonkeyPatch) -> None:
    """What is half configured fails, what is switched off warns, and what bulk mail needs is asked for."""
    bare.setenv("TOUCHLINE_EMAIL_PROVIDER", "smtp")
    bare.setenv("TOUCHLINE_SMTP_HOST", "127.0.0.1")
    bare.setenv("TOUCHLINE_SMTP_PORT", "1")
    bare.setenv("TOUCHLINE_SMS_PROVIDER", "none")
    found = by_name(await cli("doctor", "--json"))
    assert (found["email provider"]["status"], found["sms provider"]["status"]) == ("fail", "warn")
    assert "TOUCHLINE_UNSUBSCRIBE_MAILTO" in found["unsubscribing"]["mend"]
    bare.setenv("TOUCHLINE_SMS_PROVIDER", "twilio")
    found = by_name(await cli("doctor", "--json"))
    assert "TOUCHLINE_TWILIO_ACCOUNT_SID" in found["sms provider"]["detail"] + found["sms provider"]["mend"]
    assert "TOUCHLINE_PUBLIC_URL" in found["public address"]["mend"]


async def test_what_rows_complain_of_is_said(cli: Cli, enrolled: dict[str, str], database_url: str) -> None:
    """A sequence that paused itself, overdue enrollments, open disagreements, reports without their effect."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(
            "UPDATE sequences SET status = 'paused', paused_reason = 'paused by itself, nothing could be sent: 535'"
        )
        await owner.execute(
            "UPDATE enrollments SET next_run_at = now() - interval '1 hour' WHERE id = $1", enrolled["P1"]
        )
        await owner.execute(
            "INSERT INTO disagreements SELECT tenant_id, id, 'overdue', 'stuck', now() FROM enrollments WHERE id = $1",
            enrolled["P1"],
        )
        await owner.execute(
            "INSERT INTO inbox (tenant_id, id, lane, kind, report, source, holds, received_at, due_at)"
            " SELECT id, gen_random_uuid(), 'x', 'message', '{}', '/webhooks/test', true,"
            " now() - interval '1 hour', now() + interval '1 hour' FROM tenants"
        )
    finally:
        await owner.close()
    found = by_name(await cli("doctor", "--json"))
    assert "./touchline resume --sequence slow" in found["sequences"]["mend"]
    assert [found[n]["status"] for n in ("sequences", "overdue enrollments", "disagreements", "inbox")] == [
        "fail",
        "fail",
        "warn",
        "fail",
    ]
    assert found["inbox"]["detail"].startswith("1 reports wait")
    assert found["overdue enrollments"]["detail"].startswith("1 ")
    assert "row and workflow disagree" in (await cli("show", enrolled["P1"])).out


async def test_a_schema_that_lags_behind_fails(cli: Cli, services: Settings, database_url: str) -> None:
    """The pending migrations are named, and the command that applies them."""
    owner = await asyncpg.connect(database_url)
    try:
        last = await owner.fetchval(
            "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)"
            " RETURNING version"
        )
    finally:
        await owner.close()
    found = by_name(await cli("doctor", "--json"))["migrations"]
    assert (found["status"], found["mend"]) == ("fail", "run ./touchline migrate")
    assert last in found["detail"]


async def test_tables_without_row_security_fail(cli: Cli, services: Settings, database_url: str) -> None:
    """The wall between tenants is looked at, not assumed."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute("ALTER TABLE contacts NO FORCE ROW LEVEL SECURITY")
    finally:
        await owner.close()
    found = by_name(await cli("doctor", "--json"))["row-level security"]
    assert (found["status"], found["detail"]) == ("fail", "not forced on contacts")


async def test_a_channel_that_a_published_sequence_uses_must_have_a_provider(
    cli: Cli, services: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails and names the sequence; nobody is enrolled in it either."""
    assert (await cli("contacts", "import", files / "people.csv")).code == 0
    assert (await cli("publish", files / "slow.yaml")).code == 0
    monkeypatch.setenv("TOUCHLINE_SMS_PROVIDER", "none")
    said = await cli("doctor", "--json")
    found = by_name(said)["sms provider"]
    assert (said.code, found["status"], "slow" in found["detail"]) == (1, "fail", True)
    assert "TOUCHLINE_SMS_PROVIDER" in found["mend"]
    refused = await cli("enroll", "slow", "--all", "--json")
    assert (refused.code, "slow sends sms: no provider" in refused.document["error"]) == (3, True)
    assert (await cli("enrollments", "--json")).document["enrollments"] == []


@pytest.mark.parametrize(("channel", "mend"), [("whatsapp", "WHATSAPP_PROVIDER"), ("webhook", "WEBHOOK_PROVIDER")])
async def test_a_channel_that_few_use_is_missed_by_those_who_do(
    cli: Cli, services: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, channel: str, mend: str
) -> None:
    """Switched off and unused it needs no line; used, it fails and names the sequence, until that is archived."""
    file = tmp_path / "few.yaml"
    say = "body: Hi" if channel == "whatsapp" else "url: https://example.com/"
    file.write_text(f"{{sequence: few, steps: [{{id: a, type: sms, body: Hi}}, {{id: b, type: {channel}, {say}}}]}}")
    assert (await cli("publish", file)).code == 0
    assert by_name(await cli("doctor", "--json"))[f"{channel} provider"]["status"] == "ok"
    monkeypatch.setenv(f"TOUCHLINE_{mend}", "none")
    found = by_name(await cli("doctor", "--json"))[f"{channel} provider"]
    assert (found["status"], found["detail"]) == ("fail", f"none, and few would send {channel}")
    assert f"TOUCHLINE_{mend}" in found["mend"]
    assert (await cli("archive", "few")).code == 0
    assert f"{channel} provider" not in by_name(await cli("doctor", "--json"))


async def test_a_tenant_that_does_not_exist_is_named(
    cli: Cli, services: Settings, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By `doctor`, and by every command that would act in it."""
    nobody = str(uuid4())
    monkeypatch.setenv("TOUCHLINE_TENANT", nobody)
    said = await cli("doctor", "--json")
    tenant = by_name(said)["tenant"]
    assert (said.code, tenant["status"], tenant["detail"]) == (1, "fail", f"no such tenant {nobody}")
    for arguments in (("contacts", "import", files / "people.csv"), ("publish", files / "slow.yaml"), ("sequences",)):
        refused = await cli(*arguments, "--json")
        assert (refused.code, refused.document["error"]) == (1, f"no such tenant {nobody}"), arguments


async def test_a_role_that_may_not_act_as_the_application_is_told_the_grant(
    cli: Cli, services: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement that mends it, with the role's name."""
    login = f"guest_{uuid4().hex}"
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(f"CREATE ROLE {login} LOGIN")
        monkeypatch.setenv("TOUCHLINE_DATABASE_URL", database_url.replace("//postgres@", f"//{login}@"))
        found = by_name(await cli("doctor", "--json"))["postgresql"]
    finally:
        await owner.execute(f"DROP ROLE {login}")
        await owner.close()
    assert found["status"] == "fail"
    assert f"GRANT touchline_app TO {login}" in found["mend"]


async def test_messages_in_doubt_are_named_by_their_enrollments(
    cli: Cli, enrolled: dict[str, str], database_url: str
) -> None:
    """Those that hold a live enrollment back; one that has ended waits for nobody."""
    await cli("stop", enrolled["P2"])
    owner = await asyncpg.connect(database_url)
    try:
        # Without the triggers, which let no message fall back into doubt.
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(
            "UPDATE message_jobs SET state = 'ambiguous', error = 'cut off', error_class = 'ambiguous', sent_at = NULL"
            " WHERE enrollment_id = ANY($1) AND state = 'sent'",
            [enrolled["P1"], enrolled["P2"]],
        )
    finally:
        await owner.close()
    found = by_name(await cli("doctor", "--json"))["messages in doubt"]
    assert found["status"] == "warn"
    assert found["detail"].startswith("1: ")
    assert found["detail"].endswith(f"of enrollment {enrolled['P1'][:8]}")
