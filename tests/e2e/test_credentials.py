"""Providers that are not configured, or not rightly."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from local.temporal import LocalTemporal
from starter.sequences import status
from tests.e2e.site import Site, site_on
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi
from tests.providers.smtp_server import PASSWORD, USER, MailServer
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

MAILS = """
sequence: mails
steps:
  - {id: hello, type: email, subject: Hello, body: "Hello {{ external_id }}"}
"""
TEXTS = """
sequence: texts
steps:
  - {id: hello, type: sms, body: "Hello {{ external_id }}"}
"""
WRONG = {"smtp_password": "a typo", "twilio_auth_token": "a typo"}


@pytest.fixture
async def servers() -> AsyncIterator[tuple[MailServer, TwilioApi]]:
    """An SMTP server and a Twilio account that let nobody in without the right words."""
    async with AsyncExitStack() as open_:
        mail, twilio = MailServer(wants_auth=True), TwilioApi()
        for server in (mail, twilio):
            await server.start()
            open_.push_async_callback(server.stop)
        yield mail, twilio


@pytest.fixture
async def signed_in(
    database_url: str, temporal: LocalTemporal, tmp_path: Path, servers: tuple[MailServer, TwilioApi]
) -> AsyncIterator[Site]:
    """An installation whose settings are right."""
    mail, twilio = servers
    settings: dict[str, Any] = {
        "email_provider": "smtp",
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_tls": "none",
        "smtp_username": USER,
        "smtp_password": PASSWORD,
        "sms_provider": "twilio",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_from": NUMBER,
        "twilio_base_url": twilio.url,
    }
    async with site_on(database_url, temporal, tmp_path, **settings) as site:
        yield site


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # on loopback
async def test_wrong_credentials_pause_the_sequence_and_lose_nothing(
    signed_in: Site, servers: tuple[MailServer, TwilioApi]
) -> None:
    """The sequence says what to fix; a worker with the right settings and a resume send everything once."""
    mail, twilio = servers
    rig = signed_in.rig
    people = await signed_in.contacts(5)
    for text in (MAILS, TEXTS):
        await rig.enroll(await rig.publish(text), *people)

    async def paused() -> dict[str, str]:
        rows = await rig.rows("SELECT key, paused_reason FROM sequences WHERE status = 'paused'")
        held = await rig.rows("SELECT id FROM enrollments WHERE status = 'running' AND gate = 'sequence_paused'")
        assert (len(rows), len(held)) == (2, 10), (rows, held)
        return {row["key"]: row["paused_reason"] for row in rows}

    async with signed_in.worker(**WRONG):
        reasons = await assert_eventually(paused)
    assert "TOUCHLINE_SMTP_PASSWORD" in reasons["mails"]
    assert "TOUCHLINE_TWILIO_" in reasons["texts"]
    states = await rig.rows("SELECT DISTINCT state FROM message_jobs")
    assert [row["state"] for row in states] == ["pending"]
    assert (mail.mails, twilio.messages) == ([], [])

    async with signed_in.worker():
        assert [await status.resume_sequence(rig.engine, key) for key in ("mails", "texts")] == [5, 5]
        await signed_in.all_ended(10)
    assert sorted(envelope.rcpt_tos for envelope in mail.mails) == sorted([contact.email] for contact in people)
    assert sorted(message["to"] for message in twilio.messages) == sorted(contact.phone or "" for contact in people)


@pytest.mark.parametrize(
    ("settings", "mend"),
    [
        ({"sms_provider": "none"}, "TOUCHLINE_SMS_PROVIDER"),
        ({"sms_provider": "twilio"}, "TOUCHLINE_TWILIO_ACCOUNT_SID"),
    ],
)
async def test_a_channel_that_nobody_carries_is_refused_at_publishing(
    site: Site, tmp_path: Path, settings: dict[str, str], mend: str
) -> None:
    """Not the thousandth send: `publish` fails, names the channel and the setting, and stores nothing."""
    file = tmp_path / "texts.yaml"
    file.write_text(TEXTS)
    publishing = site.command("publish", file, **settings)
    assert await publishing.exit_status() != 0
    said = publishing.log.read_text()
    assert "sms" in said
    assert mend in said
    assert await site.rig.rows("SELECT id FROM sequence_versions") == []
