"""`doctor`: one line each, and the fix."""

from collections.abc import AsyncIterator
from datetime import timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.client import Client

from domain.ids import reconciler_id
from settings import Settings
from starter.schedules import ensure_reconciler
from store.logins import ensure_login
from tests.cli.conftest import Cli, Said
from tests.support.helpers import assert_eventually


def decodes_line_breaks() -> bool:
    """Whether the standard library of this Python has the hole."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "=?utf-8?q?=0ABcc:_x?="
    try:
        return b"\nBcc" in mail.as_bytes()
    except MessageError:
        return False


def by_name(said: Said) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in said.document}


@pytest.fixture
async def scheduled(temporal_client: Client, services: Settings) -> AsyncIterator[None]:
    await ensure_reconciler(temporal_client, services.task_queue, timedelta(days=1))
    yield
    await temporal_client.get_schedule_handle(reconciler_id(services.task_queue)).delete()


@pytest.fixture
async def login(services: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """The settings name a role of its own, and the owner beside it, as `migrate` makes them."""
    name = f"login_{uuid4().hex}"
    url = database_url.replace("//postgres@", f"//{name}@")
    await ensure_login(database_url, url)
    monkeypatch.setenv("TOUCHLINE_DATABASE_URL", url)
    monkeypatch.setenv("TOUCHLINE_DATABASE_OWNER_URL", database_url)
    yield name
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"DROP ROLE {name}")
    await owner.close()


async def test_a_sound_installation_is_all_ok(
    cli: Cli, services: Settings, login: str, worker: None, scheduled: None
) -> None:
    """Status 0; every line ok, but for a Python whose own email package wants its fix."""
    unsound = {"python"} if decodes_line_breaks() else set()

    async def sound() -> Said:
        said = await cli("doctor", "--json")
        assert {f["name"] for f in said.document if f["status"] != "ok"} == unsound
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
    assert [line for line in lines if not line.startswith("ok   ")] == [
        line for line in lines if unsound and line.startswith("warn python: ")
    ]


@pytest.mark.parametrize("unpatched", [True, False])
async def test_a_python_that_decodes_line_breaks_is_named(
    cli: Cli, bare: object, monkeypatch: pytest.MonkeyPatch, unpatched: bool
) -> None:
    """By trying it, whatever its number: distributions fix older ones (CVE-2024-6923)."""
    written = b"Subject: \nProbe: x\r\n\r\n" if unpatched else b"Subject: =?utf-8?q?=0AProbe=3A?= x\r\n\r\n"
    monkeypatch.setattr(EmailMessage, "as_bytes", lambda _mail: written)
    found = by_name(await cli("doctor", "--json"))["python"]
    assert found["status"] == ("warn" if unpatched else "ok")
    assert ("CVE-2024-6923" in found["detail"], "3.11.10" in found["mend"]) == (unpatched, unpatched)


async def test_a_role_that_could_do_more_is_a_warning(
    cli: Cli, services: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A superuser, and whoever owns the tables or may become the owner: nothing fails, and the fix is named."""
    found = by_name(await cli("doctor", "--json"))["database role"]
    assert (found["status"], "is a superuser" in found["detail"]) == ("warn", True)
    assert "TOUCHLINE_DATABASE_OWNER_URL" in found["mend"]
    name = f"owner_{uuid4().hex}"
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(
            f"CREATE ROLE {name} LOGIN; GRANT touchline_app TO {name}; ALTER TABLE tasks OWNER TO {name}"
        )
        monkeypatch.setenv("TOUCHLINE_DATABASE_URL", database_url.replace("//postgres@", f"//{name}@"))
        found = by_name(await cli("doctor", "--json"))["database role"]
    finally:
        await owner.execute(f"REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name}; DROP ROLE {name}")
        await owner.close()
    assert (found["status"], "owns the tables" in found["detail"]) == ("warn", True)


async def test_the_owner_s_commands_take_the_owner_s_setting(cli: Cli, login: str) -> None:
    """Beside a role that owns nothing, which every other command is content with."""
    assert (await cli("migrate", "--json")).document == {"applied": [], "role_made": None}
    assert len((await cli("tenants", "list", "--json")).document["tenants"]) == 1
    assert (await cli("keys", "list")).code == 0


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


async def test_a_settings_file_that_others_may_read_is_a_warning(
    cli: Cli, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the command that fixes it; without such a file there is no line."""
    assert "settings file" not in by_name(await cli("doctor", "--json"))
    file = tmp_path / "my env"
    file.write_text("TOUCHLINE_SMTP_PASSWORD=secret\n")
    bare.setitem(Settings.model_config, "env_file", str(file))
    for mode, status in ((0o644, "warn"), (0o640, "warn"), (0o600, "ok"), (0o400, "ok")):
        file.chmod(mode)
        found = by_name(await cli("doctor", "--json"))["settings file"]
        assert found["status"] == status, oct(mode)
        assert found["mend"] == (f"chmod 600 '{file}'" if status == "warn" else "")


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
    """The statement that fixes it, with the role's name."""
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


SECRET = "hunter2-Zq"
CREDENTIALS = {
    "DATABASE_URL": [
        f"postgres://user:{SECRET}{odd}tail@127.0.0.1:1/db"
        for odd in ("/", "#", "?", "[", "]", "%zz", "^", " ", "\\", '"', "é", ":/")
    ]
    + [
        f"postgres://user:{SECRET}@%2Ftmp:x/db",
        f"postgres://user:{SECRET}@127.0.0.1:{SECRET}/db",
        f"postgres://127.0.0.1:1/db?password={SECRET}&port={SECRET}",
        f"postgres://127.0.0.1:1/db?password={SECRET}&{SECRET}",
        f"postgres://127.0.0.1:1/db?sslmode={SECRET}",
        f"postgres://user:{SECRET}@[::1]:1/db",
        f"postgres://user:{SECRET}@%2Ftmp%2Fnowhere/db",
        f"mysql://user:{SECRET}@127.0.0.1/db",
        f"user:{SECRET}@127.0.0.1",
    ],
    "DATABASE_OWNER_URL": [
        f"postgres://user:{SECRET}/tail@127.0.0.1:1/db",
        f"postgres://user:{SECRET}@127.0.0.1:{SECRET}/db",
        f"mysql://user:{SECRET}@127.0.0.1/db",
    ],
    "TEMPORAL_ADDRESS": [f"https://user:{SECRET}@127.0.0.1:1", f"user:{SECRET}@127.0.0.1:1"],
    "TEMPORAL_API_KEY": [f"{SECRET}\n{SECRET}", f"{SECRET}é"],
    "PUBLIC_URL": [f"https://user:{SECRET}@example.com", f"https://[{SECRET}]", f"https://x:{SECRET}/"],
    "TWILIO_BASE_URL": [f"https://user:{SECRET}@127.0.0.1:1", f"https://127.0.0.1:{SECRET}", f"{SECRET}"],
    "TWILIO_AUTH_TOKEN": [f"{SECRET}\n{SECRET}"],
    "SMTP_HOST": [f"smtp://user:{SECRET}@127.0.0.1", f"user:{SECRET}@127.0.0.1"],
    "SMTP_PASSWORD": [f"{SECRET}\r\n{SECRET}", f"{SECRET}é"],
    "IMAP_HOST": [f"imaps://user:{SECRET}@127.0.0.1"],
    "IMAP_PASSWORD": [f"{SECRET}\r\n{SECRET}"],
    "WEBHOOK_SECRET": [SECRET, f"whsec_{SECRET}é", f"whsec_{SECRET}="],
    "RESEND_WEBHOOK_SECRETS": [SECRET, f"whsec_{SECRET}é"],
    "POSTMARK_WEBHOOK_LOGINS": [SECRET, f"user:{SECRET}é, {SECRET}"],
    "SENDGRID_WEBHOOK_KEYS": [SECRET, f"{SECRET}é"],
    "SENDGRID_INBOUND_LOGINS": [SECRET],
    "TWILIO_WEBHOOK_TOKENS": [f"{SECRET}é"],
    "SECRET_KEYS": [SECRET],
    "METRICS_TOKEN": [SECRET, SECRET * 5 + "é"],
}
"""Values that cannot be used, each with something in it that nobody else may read."""


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_what_is_wrong_with_a_setting_never_repeats_a_credential(
    cli: Cli, bare: pytest.MonkeyPatch, name: str
) -> None:
    """Neither `doctor`, nor `migrate`, which reaches the database by another program."""
    for variable, value in {
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "DATABASE_URL": "postgres://127.0.0.1:1/none",
        "PUBLIC_URL": "https://example.com",
        "EMAIL_PROVIDER": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": "1",
        "SMTP_USERNAME": "user",
        "SMS_PROVIDER": "twilio",
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_FROM": "+12125550100",
        "TWILIO_BASE_URL": "http://127.0.0.1:1",
        "WEBHOOK_PROVIDER": "http",
        "IMAP_HOST": "127.0.0.1",
        "IMAP_PORT": "1",
        "IMAP_USERNAME": "user",
    }.items():
        bare.setenv(f"TOUCHLINE_{variable}", value)
    for value in CREDENTIALS[name]:
        bare.setenv(f"TOUCHLINE_{name}", value)
        for command in ("doctor", "migrate"):
            said = await cli(command)
            assert SECRET not in said.out + said.err, (value, said)


def test_every_secret_is_tried() -> None:
    """A new setting that holds one, or is a URL, has to be put to the test."""
    settings = Settings.model_fields.items()
    secret = {n.upper() for n, field in settings if "SecretStr" in str(field.annotation) or n.endswith("_url")}
    assert secret <= CREDENTIALS.keys()
