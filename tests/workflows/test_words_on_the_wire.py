"""Whatever a contact's fields hold, a message says it, goes to one person, and stays one message."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from csv import writer
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.client import Client

from domain import ids
from providers.base import Provider
from providers.smtp import SmtpConfig, SmtpProvider
from providers.twilio import TwilioConfig, TwilioProvider
from starter.contacts.csv_file import Reading
from starter.contacts.imports import import_csv
from starter.enrollments.enroll import chosen, enroll
from store.pool import Database
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi
from tests.providers.smtp_server import MailServer
from tests.support.harness import Rig, rig_on

_FIELDS = "{{ name }}|{{ first_name }}|{{ company }}|{{ external_id }}|{{ attributes.note }}|{{ tags | join: '+' }}"
EMAIL = f"""
sequence: wire
steps:
  - id: mail
    type: email
    subject: "{_FIELDS}"
    body: "{_FIELDS}"
    html: "<p>{_FIELDS}</p>"
"""
TEXT = f"""
sequence: wire
steps:
  - id: text
    type: sms
    body: "{_FIELDS}"
"""

WORDS = {
    "emoji": "👩‍🚀 Zoë 🎉",
    "right_to_left": "שלום עולם مرحبا",
    "chinese": "王小明",
    "override": "abc \u202e gpj.exe",
    "combining": "e\u0301le\u0300ve",
    "markup": '<b>"A & B"</b>',
    "liquid": "{{ email }}{% raw %}",
    "formula": "=HYPERLINK(1)",
    "long": "långt " * 30,
}
INJECTIONS = {
    "crlf": "Ada\r\nBcc: all@example.com\r\nX-Evil: 1",
    "lf": "Ada\nBcc: all@example.com",
    "body": "Ada\r\n\r\nA second body\r\n.\r\nMAIL FROM:<evil@example.com>",
    "nel": "Ada\x85Bcc: all@example.com",
    "separator": "Ada\u2028Bcc: all@example.com",
    "nul": "Ada\tBcc:\x0ball@example.com",
}


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    """A real SMTP server."""
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def twilio_api() -> AsyncIterator[TwilioApi]:
    """Twilio, as far as its own description goes."""
    api = TwilioApi()
    await api.start()
    yield api
    await api.stop()


@asynccontextmanager
async def _carried_by(provider: Provider, client: Client, database: Database, folder: Path) -> AsyncIterator[Rig]:
    async with rig_on(client, database, folder, provider=provider) as rig:
        yield rig
    await provider.close()


def _smtp(server: MailServer) -> SmtpProvider:
    return SmtpProvider(
        SmtpConfig(host="127.0.0.1", port=server.port, tls="none", sender="Ada <ada@example.com>", timeout_s=20)
    )


def _twilio(api: TwilioApi) -> TwilioProvider:
    return TwilioProvider(TwilioConfig(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=api.url))


def _expected(name: str) -> str:
    return f"{name}|{name.split(' ')[0]}|{name}|{{id}}|{name}|{name}"


async def _imported(rig: Rig, folder: Path, values: dict[str, str]) -> None:
    """Everybody by CSV, as a user would bring them."""
    file = folder / "people.csv"
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = writer(opened)
        rows.writerow(["external_id", "name", "email", "phone", "company", "tags", "note"])
        for number, (key, value) in enumerate(values.items()):
            rows.writerow([key, value, f"{key}@example.com", f"+1212555{number:04}", value, value, value])
    report = await import_csv(rig.engine, file, Reading(default_region="US"))
    assert (report.imported, report.rejected) == (len(values), ())


async def _enrolled(rig: Rig, text: str, keys: list[str]) -> list[UUID]:
    sequence = await rig.publish(text)
    report = await enroll(rig.engine, sequence, chosen(rig.engine, keys))
    for enrollment in report.enrolled:
        assert await rig.ended(enrollment) == ("completed", None)
    return report.enrolled


def _parsed(server: MailServer) -> dict[str, EmailMessage]:
    """By recipient; more or fewer than one recipient each is a failure."""
    mails: dict[str, EmailMessage] = {}
    for envelope in server.mails:
        [recipient] = envelope.rcpt_tos
        assert recipient not in mails
        content = envelope.content
        parsed = message_from_bytes(content if isinstance(content, bytes) else b"", policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        mails[recipient] = parsed
    return mails


async def test_every_script_arrives_by_email_as_it_was_imported(
    temporal_client: Client, database: Database, tmp_path: Path, mail_server: MailServer
) -> None:
    """Subject and both bodies hold each value unharmed; HTML escapes what is markup."""
    async with _carried_by(_smtp(mail_server), temporal_client, database, tmp_path) as rig:
        await _imported(rig, tmp_path, WORDS)
        await _enrolled(rig, EMAIL, list(WORDS))
    mails = _parsed(mail_server)
    assert set(mails) == {f"{key}@example.com" for key in WORDS}
    for key, value in WORDS.items():
        mail = mails[f"{key}@example.com"]
        wanted = " ".join(_expected(value.strip()).replace("{id}", key).split())
        assert " ".join(str(mail["Subject"]).split()) == wanted
        plain = mail.get_body(("plain",))
        html = mail.get_body(("html",))
        assert plain is not None
        assert html is not None
        assert " ".join(plain.get_content().split()) == wanted
        assert "<b>" not in html.get_content()
        assert mail["To"] == f"{key}@example.com"


async def test_every_script_arrives_by_text_as_it_was_imported(
    temporal_client: Client, database: Database, tmp_path: Path, twilio_api: TwilioApi
) -> None:
    """Twilio is asked to send exactly what the contact's fields say."""
    short = {key: value for key, value in WORDS.items() if key != "long"}
    async with _carried_by(_twilio(twilio_api), temporal_client, database, tmp_path) as rig:
        await _imported(rig, tmp_path, short)
        await _enrolled(rig, TEXT, list(short))
    sent = {message["to"]: message["body"] for message in twilio_api.messages}
    assert len(sent) == len(twilio_api.messages) == len(short)
    for number, (key, value) in enumerate(short.items()):
        assert sent[f"+1212555{number:04}"] == _expected(value).replace("{id}", key)


async def test_no_field_can_add_a_header_or_a_recipient(
    temporal_client: Client, database: Database, tmp_path: Path, mail_server: MailServer
) -> None:
    """Line breaks that got past the import (by another way in) end as one line of one mail to one person."""
    async with _carried_by(_smtp(mail_server), temporal_client, database, tmp_path) as rig:
        people = [
            await rig.contact(
                external_id=f"{key}-{ids.new_id().hex[:6]}",
                name=value,
                company=value,
                tags=(value,),
                attributes={"note": value},
                email=f"{key}@example.com",
            )
            for key, value in INJECTIONS.items()
        ]
        await _enrolled(rig, EMAIL, [contact.external_id for contact in people])
    mails = _parsed(mail_server)
    assert set(mails) == {f"{key}@example.com" for key in INJECTIONS}
    for mail in mails.values():
        assert (mail["Bcc"], mail["X-Evil"], mail["Cc"]) == (None, None, None)
        assert mail["From"] == "Ada <ada@example.com>"
        assert str(mail["Subject"]).startswith("Ada")
        assert len(str(mail["Subject"]).splitlines()) == 1
        assert mail.is_multipart()
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
