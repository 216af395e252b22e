"""Emails that say what was meant and nothing that a contact smuggled in."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.headers import address
from content.mime import build
from domain.errors import ContentError
from domain.ids import message_id
from domain.messages import EmailContent, OutgoingMessage, TextContent

JOB = UUID("5f0c2c7a-0000-4000-8000-00000000000a")
NOW = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)


def email(to: str = "radia@example.com", **fields: object) -> OutgoingMessage:
    content = {
        "subject": "Hello",
        "text": "Hi\n",
        "message_id": message_id(JOB, "example.org"),
        "date": NOW,
    } | fields
    return OutgoingMessage(tenant_id=JOB, job_id=JOB, to=to, content=EmailContent.model_validate(content))


def sent(message: OutgoingMessage, sender: str = "Ann <ann@example.org>") -> EmailMessage:
    """What a mailbox reads from the bytes."""
    parsed = message_from_bytes(build(message, sender=sender).as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def lines(part: MIMEPart | None) -> str:
    """A body as read, its line ends as in a file."""
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def raw(message: OutgoingMessage) -> bytes:
    return build(message, sender="Ann <ann@example.org>").as_bytes()


def test_headers_identify_the_message() -> None:
    """From, To, Subject, Date and the deterministic Message-ID are present once each."""
    mail = sent(email())
    assert mail["From"] == "Ann <ann@example.org>"
    assert mail["To"] == "radia@example.com"
    assert mail["Subject"] == "Hello"
    assert mail["Date"] == "Sun, 08 Mar 2026 09:30:00 +0000"
    assert mail["Message-ID"] == f"<{JOB}@example.org>"
    assert len(mail.keys()) == len({key.lower() for key in mail})


def test_equal_input_gives_equal_bytes() -> None:
    """A second attempt sends the same bytes, multipart boundary included."""
    message = email(html="<p>Hi</p>", subject="Grüße 👋")
    assert raw(message) == raw(message)


def test_html_is_the_preferred_alternative() -> None:
    """Both bodies are present, the plain one first."""
    mail = sent(email(text="plain ☎", html="<b>rich ☎</b>"))
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert lines(mail.get_body(("plain",))) == "plain ☎\n"
    assert lines(mail.get_body(("html",))) == "<b>rich ☎</b>\n"


@pytest.mark.parametrize(
    "text", ["Émile Zoë 王", "👩‍🚀 e\u0301", "مرحبا \u202bשלום\u202c", "a" * 2000, "=?utf-8?q?x?=", ".\n..\nFrom here"]
)
def test_every_script_survives(text: str) -> None:
    """Unicode, emoji, right-to-left and long lines arrive as written, in 7-bit bytes and short lines."""
    message = email(subject=text.splitlines()[0], text=text, html=text)
    data = raw(message)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998
    mail = sent(message)
    assert lines(mail.get_body(("plain",))) == text + "\n"
    if not text.startswith("=?"):
        assert mail["Subject"] == text.splitlines()[0]


HOSTILE = st.text(max_size=60) | st.builds(
    "{}{}Bcc: all@example.com{}".format,
    st.text(max_size=10),
    st.sampled_from(["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0", "\r\n\r\n"]),
    st.text(max_size=10),
)


@given(subject=HOSTILE, text=HOSTILE, name=HOSTILE)
def test_no_value_adds_a_header(subject: str, text: str, name: str) -> None:
    """Whatever a contact put into a field, the header names stay the ones that were written."""
    quoted = name.replace("<", "").replace(">", "")
    mail = sent(email(subject=subject, text=text, reply_to=f"{quoted} <r@example.com>"))
    assert {key.lower() for key in mail.keys()} == {  # noqa: SIM118 - a message iterates over its lines, not its keys
        "from", "to", "subject", "date", "message-id", "references", "reply-to", "mime-version", "content-type",
        "content-transfer-encoding",
    }  # fmt: skip
    assert mail["Reply-To"].addresses[0].addr_spec == "r@example.com"


@pytest.mark.parametrize(
    "to",
    [
        "",
        "plain",
        "a@b.com\r\nBcc: all@example.com",
        "a@b.com\nx",
        "a@b.com, c@d.com",
        "a@b.com <c@d.com> <e@f.com>",
        "a@b@c.com",
        "a b@c.com",
        "a@b.com>",
        "zoë@example.com",
        "a\0@example.com",
        'a@"b".com',
        "a.@b.com",
    ],
)
def test_a_doubtful_address_is_refused(to: str) -> None:
    """An address is refused with its text, never fixed into another."""
    with pytest.raises(ContentError, match="not an email address"):
        raw(email(to=to))


def test_internationalised_domains_are_written_in_ascii() -> None:
    """A domain takes its IDNA 2008 form, on which `ß` is not `ss`."""
    assert address("a@faß.de").addr_spec == "a@xn--fa-hia.de"
    assert address("Zoë <a@münchen.de>").display_name == "Zoë"


def test_thread_headers_stay_whole() -> None:
    """Ids longer than a line are neither broken nor encoded."""
    ids = tuple(message_id(UUID(int=n), "a-rather-long-subdomain." * 3 + "example.org") for n in range(12))
    data = raw(email(in_reply_to=ids[-1], references=ids, message_id=ids[0]))
    head = data.split(b"\r\n\r\n")[0]
    assert b"=?" not in head
    mail = sent(email(in_reply_to=ids[-1], references=ids))
    assert mail["In-Reply-To"] == ids[-1]
    assert tuple(mail["References"].split()) == (*ids, mail["Message-ID"])


def test_a_message_refers_to_itself() -> None:
    """A relay that replaces the Message-ID leaves the References, by which answers and bounces still name it."""
    mail = sent(email())
    assert mail["References"] == mail["Message-ID"]


def test_one_click_unsubscribe_needs_https() -> None:
    """List-Unsubscribe-Post stands beside an https URI only, and long URIs are not encoded."""
    url = "https://example.org/u/" + "t" * 200
    data = raw(email(unsubscribe_url=url, unsubscribe_mailto="out@example.org"))
    assert b"List-Unsubscribe: <" + url.encode() + b">,\r\n <mailto:out@example.org>\r\n" in data
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data
    assert b"List-Unsubscribe-Post" not in raw(email(unsubscribe_mailto="mailto:out@example.org?subject=out"))
    assert b"List-Unsubscribe-Post" not in raw(email(unsubscribe_url="http://example.org/u"))
    assert b"List-Unsubscribe" not in raw(email())


@pytest.mark.parametrize(
    "fields",
    [
        {"unsubscribe_url": "https://example.org/a>,<b"},
        {"unsubscribe_url": "https://example.org/\r\nX: y"},
        {"unsubscribe_url": "javascript:alert(1)"},
        {"message_id": "<a@b>\r\nX: y"},
        {"in_reply_to": "no brackets"},
        {"references": ("<a@b>", "<c d@e>")},
        {"reply_to": "a@b.com\r\nX: y"},
    ],
)
def test_ids_and_links_are_checked(fields: dict[str, Any]) -> None:
    """What stands in a header unencoded must be what it claims to be."""
    with pytest.raises(ContentError):
        raw(email(**fields))


def test_only_emails_are_composed() -> None:
    """A text message is refused by the name of its channel."""
    message = OutgoingMessage(tenant_id=JOB, job_id=JOB, to="a@b.com", content=TextContent(body="x"))
    with pytest.raises(ContentError, match="sms"):
        raw(message)
