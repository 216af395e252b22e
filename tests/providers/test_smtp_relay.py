"""What a relay is told beside the message, so that its webhooks name it."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from domain.ids import DEFAULT_TENANT, message_id
from domain.messages import EmailContent, OutgoingMessage
from providers.smtp import Relay, SmtpConfig, SmtpProvider
from tests.providers.sending import send
from tests.providers.smtp_server import MailServer
from tests.providers.webhooks.vendors import JOB, POSTMARK, RESEND, SENDGRID, Vendor, merged

CONTENT = EmailContent(
    subject="Hi", text="Hello", message_id=message_id(JOB, "example.org"), date=datetime(2027, 3, 8, 9, 30, tzinfo=UTC)
)
MESSAGE = OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=JOB, to="radia@example.com", content=CONTENT)


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


async def sent(server: MailServer, relay: Relay) -> bytes:
    smtp = SmtpProvider(SmtpConfig(host="localhost", port=server.port, tls="none", sender="a@b.example", relay=relay))
    await send(smtp, MESSAGE)
    await smtp.close()
    content = server.mails[-1].content
    assert isinstance(content, bytes)
    return content


def report_on(vendor: Vendor, changes: dict[str, object]) -> object:
    """The job that a vendor's report names, when nothing but `changes` does."""
    (report,) = vendor.build([]).parse(
        vendor.call(vendor.encode(merged(vendor.samples[0].payload, changes)), vendor.secrets[0])
    )
    return report.job_id


async def test_a_relay_hands_our_job_back(server: MailServer) -> None:
    """What the relay makes of the header, its webhook brings back, and we know the message by it."""
    mail = message_from_bytes(await sent(server, "postmark"), policy=policy.default)
    assert mail["X-PM-KeepID"] == "true"
    metadata = {n.removeprefix("X-PM-Metadata-"): str(v) for n, v in mail.items() if n.startswith("X-PM-Metadata-")}
    assert report_on(POSTMARK, {"Metadata": None}) is None
    assert report_on(POSTMARK, {"Metadata": metadata}) == JOB

    mail = message_from_bytes(await sent(server, "sendgrid"), policy=policy.default)
    arguments = json.loads(mail["X-SMTPAPI"])["unique_args"]
    assert report_on(SENDGRID, {"touchline_job": None}) is None
    assert report_on(SENDGRID, {"touchline_job": None} | arguments) == JOB

    mail = message_from_bytes(await sent(server, "resend"), policy=policy.default)
    headers = [{"name": name, "value": str(value)} for name, value in mail.items()]
    assert report_on(RESEND, {"data": {"tags": None}}) is None
    assert report_on(RESEND, {"data": {"tags": None, "headers": headers}}) == JOB
    assert mail["Resend-Idempotency-Key"] == str(JOB)


@pytest.mark.parametrize("relay", ["none", "resend", "postmark", "sendgrid"])
async def test_a_relays_headers_are_the_same_on_every_attempt(server: MailServer, relay: Relay) -> None:
    """Equal messages are equal bytes, with each header on one line; without a relay nothing is added."""
    first, again = await sent(server, relay), await sent(server, relay)
    assert first == again
    head = first.partition(b"\r\n\r\n")[0].decode()
    assert str(JOB) in head
    assert (head.count(str(JOB)) == 2) == (relay == "none")  # Message-ID and References
    assert "=?" not in head
