"""Mail that a real server takes by SMTP and hands to the API: what went out by SMTP is answered by SMTP."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from uuid import UUID

import aiosmtplib
import httpx
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from temporalio.client import Client

from api.http.state import Edge
from domain.contact import Contact
from providers.smtp import SmtpConfig, SmtpProvider
from store.pool import Database
from tests.api.conftest import Api, edge_on
from tests.providers.smtp_server import MailServer
from tests.support.harness import Rig, rig_on

OURS = "sequences@touch.example"
SEQUENCE = """
sequence: letters
steps:
  - {id: hello, type: email, subject: "Hello, {{ name }}", body: "Shall we talk?"}
  - {id: wait, type: delay, days: 3}
  - {id: more, type: email, subject: More, body: "Still there?"}
"""


@dataclass
class Delivering(MailServer):
    """Hands each mail to the API with the trace of its last stop, and takes it over only when the API has."""

    http: httpx.AsyncClient = field(kw_only=True)
    key: dict[str, str] = field(kw_only=True)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """The end of DATA."""
        [recipient] = envelope.rcpt_tos
        received = f"by mx.touch.example with ESMTP id {self.connections}; Sat, 21 Nov 2026 08:00:00 +0000"
        path = (envelope.mail_from or "").strip("<>")
        # RFC 5321 §4.4, and what mail servers add at final delivery.
        trace = f"Return-Path: <{path}>\r\nDelivered-To: {recipient}\r\nReceived: {received}\r\n"
        answer = await self.http.post(
            "/webhooks/email/raw",
            content=trace.encode() + (envelope.original_content or b""),
            headers={**self.key, "Content-Type": "message/rfc822"},
        )
        return "250 2.0.0 delivered" if answer.is_success else f"451 4.3.0 the API answers {answer.status_code}"


@dataclass(frozen=True)
class Letter:
    """An enrollment whose first email has arrived at the contact's server, as that server has it."""

    rig: Rig
    delivering: Delivering
    arrived: EmailMessage
    enrollment_id: UUID
    contact: Contact

    async def send(self, mail: EmailMessage, *, sender: str) -> None:
        """From the contact's side, in an SMTP session of its own."""
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=self.delivering.port) as client:
            await client.sendmail(sender, [OURS], mail.as_bytes(policy=policy.SMTP))

    async def is_cut_short(self) -> bool:
        """The second email never leaves."""
        return bool((await self.rig.job(self.enrollment_id, "more"))["state"] == "cancelled")


@pytest.fixture
async def letter(
    temporal_client: Client, database: Database, tmp_path: Path, connect: Callable[[Edge], Api]
) -> AsyncIterator[Letter]:
    """Sent by the SMTP provider to a real server."""
    theirs = MailServer()
    await theirs.start()
    provider = SmtpProvider(SmtpConfig(host="127.0.0.1", port=theirs.port, tls="none", sender=f"Ada <{OURS}>"))
    async with rig_on(temporal_client, database, tmp_path, provider=provider, email_from=f"Ada <{OURS}>") as rig:
        api = connect(edge_on(rig.engine))
        delivering = Delivering(http=api.http, key=await api.key("write"))
        await delivering.start()
        enrollment_id, contact = await rig.start(SEQUENCE)
        await rig.arrives(enrollment_id, "more")
        [envelope] = theirs.mails
        arrived = message_from_bytes(envelope.original_content or b"", policy=policy.SMTP)
        assert envelope.rcpt_tos == [contact.email]
        yield Letter(rig, delivering, arrived, enrollment_id, contact)
        await delivering.stop()
    await provider.close()
    await theirs.stop()


def answer_to(letter: Letter, text: str, *, sender: str) -> EmailMessage:
    """As a mail program writes it: the thread named, what is answered quoted below."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, OURS, f"Re: {letter.arrived['Subject']}"
    mail["Message-ID"] = make_msgid(domain="example.com")
    mail["In-Reply-To"] = mail["References"] = letter.arrived["Message-ID"]
    mail.set_content(f"{text}\n\nOn Sat, Nov 21, 2026 at 8:00 AM Ada <{OURS}> wrote:\n> Shall we talk?\n")
    return mail


def bounce_of(letter: Letter) -> EmailMessage:
    """A delivery status notification (RFC 3464) of the contact's server, with our headers returned."""
    recipient = letter.contact.email
    return message_from_bytes(
        f"""\
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: {OURS}
Subject: Undelivered Mail Returned to Sender
Message-ID: {make_msgid(domain="mx.example.com")}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"

--cut
Content-Type: text/plain

Your message could not be delivered.

--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox

--cut
Content-Type: text/rfc822-headers

Message-ID: {letter.arrived["Message-ID"]}
Subject: {letter.arrived["Subject"]}

--cut--
""".encode(),
        policy=policy.SMTP,
    )


async def test_a_reply_stops_what_it_answers(letter: Letter) -> None:
    """From another address than was written to: the Message-ID that the first email went out with names it."""
    elsewhere = "ada@elsewhere.example"
    await letter.send(answer_to(letter, "Yes, on Monday.", sender=elsewhere), sender=elsewhere)
    assert await letter.rig.ended(letter.enrollment_id) == ("stopped", "replied")
    assert await letter.is_cut_short()
    [reply] = await letter.rig.rows(
        "SELECT enrollment_id, node_id, order_index, address, body FROM messages WHERE direction = 'in'"
    )
    assert (reply["enrollment_id"], reply["node_id"], reply["order_index"]) == (letter.enrollment_id, "hello", 0)
    assert (reply["address"], reply["body"]) == (elsewhere, "Yes, on Monday.")


async def test_a_bounce_by_the_null_return_path_bars_the_address(letter: Letter) -> None:
    """A mail from `<>` is a report of our message, and never an answer."""
    await letter.send(bounce_of(letter), sender="")
    assert await letter.rig.ended(letter.enrollment_id) == ("stopped", "bounced")
    assert await letter.is_cut_short()
    barred = await letter.rig.rows("SELECT channel, address, reason, active FROM suppressions")
    assert barred == [{"channel": "email", "address": letter.contact.email, "reason": "bounced", "active": True}]
    assert await letter.rig.rows("SELECT id FROM messages WHERE direction = 'in'") == []
    [event] = await letter.rig.rows("SELECT matched_by, payload #> '{payload,headers}' AS headers FROM events")
    assert event["matched_by"] == "token", "our id, in the Message-ID that came back"
    assert event["headers"]["return-path"] == ["<>"]


async def test_a_mail_delivered_twice_has_one_effect(letter: Letter) -> None:
    """The second session is answered like the first, though the mail came another way."""
    address = letter.contact.email or ""
    mail = answer_to(letter, "Please take me off your list.", sender=address)
    for _ in range(2):
        await letter.send(mail, sender=address)
    assert await letter.rig.ended(letter.enrollment_id) == ("stopped", "unsubscribed")
    for table in ("messages WHERE direction = 'in'", "events", "suppressions"):
        assert len(await letter.rig.rows(f"SELECT 1 FROM {table}")) == 1, table  # noqa: S608 - our own names
    [counted] = await letter.rig.rows("SELECT sum(responses) AS responses FROM step_counters")
    assert counted["responses"] == 1


async def test_a_mail_that_the_api_refuses_stays_with_its_server(letter: Letter) -> None:
    """451 at the end of DATA, so that it is tried again; then it has its effect."""
    mail = answer_to(letter, "Yes.", sender=letter.contact.email or "")
    letter.delivering.key, key = {}, letter.delivering.key
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await letter.send(mail, sender=letter.contact.email or "")
    assert refused.value.code == 451
    assert await letter.rig.rows("SELECT id FROM events") == []
    letter.delivering.key = key
    await letter.send(mail, sender=letter.contact.email or "")
    assert await letter.rig.ended(letter.enrollment_id) == ("stopped", "replied")
