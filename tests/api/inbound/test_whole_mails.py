"""A mail with everything attached, as long as a vendor posts it: its words count, and the rest is let go."""

import dataclasses
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import chain
from uuid import uuid4

import pytest
from httpx import Response

from api.http.state import Edge
from api.inbound import providers
from providers.inbound import postmark, sendgrid
from providers.inbound.base import WebhookRequest
from providers.inbound.postmark import PostmarkWebhook
from providers.inbound.registry import build_email_webhooks
from tests.api.conftest import POSTMARK_LOGIN, Api
from tests.providers.webhooks.vendors import Secret, curve_key, ecdsa, form

PHOTO = 26_000_000
"""Bytes; 35 MB in base64, the most that a vendor takes."""
WISH = "Please stop emailing me."
LOGIN = "sendgrid:correct horse"
KEY: Secret = curve_key()


@pytest.fixture
def edge(edge: Edge) -> Edge:
    """SendGrid may sign the mail that it receives, or bring a login."""
    hooks = build_email_webhooks(
        resend=[], postmark=[POSTMARK_LOGIN], sendgrid_keys=[KEY.ours], sendgrid_logins=[LOGIN]
    )
    return dataclasses.replace(edge, email_webhooks=hooks)


def mail() -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Ada <ada@example.com>"
    made["To"] = "us@example.org"
    made["Subject"] = "Re: Hi"
    made["Message-ID"] = f"<{uuid4().hex}@example.com>"
    made.set_content(WISH)
    return made


def photo() -> bytes:
    return b64encode(bytes(range(256)) * (PHOTO // 256))


async def by_postmark(api: Api) -> Response:
    """The attachment stands within it, and once more in the mail as it came, which stands before the headers."""
    source = mail()
    source.add_attachment(b"\xff" * PHOTO, maintype="image", subtype="jpeg")
    call = {
        "FromFull": {"Email": "ada@example.com"},
        "From": "ada@example.com",
        "MessageID": str(uuid4()),
        "TextBody": WISH,
        "RawEmail": source.as_string(),
        "Headers": [{"Name": "X-Spam", "Value": "No"}],
        "Attachments": [{"Name": "a.jpg", "ContentType": "image/jpeg", "Content": photo().decode()}],
    }
    user, _, password = POSTMARK_LOGIN.partition(":")
    return await api.http.post("/webhooks/email/postmark", json=call, auth=(user, password))


async def by_postmark_taken_apart(api: Api) -> Response:
    """Without the mail as it came."""
    call = {
        "RecordType": "Inbound",
        "From": "ada@example.com",
        "MessageID": str(uuid4()),
        "Attachments": [{"Name": "a.jpg", "ContentType": "image/jpeg", "Content": photo().decode()}],
        "TextBody": WISH,
    }
    user, _, password = POSTMARK_LOGIN.partition(":")
    return await api.http.post("/webhooks/email/postmark", json=call, auth=(user, password))


def sendgrid_form() -> bytes:
    headers = "\n".join(f"{name}: {value}" for name, value in mail().items() if name in ("From", "To", "Subject"))
    return form(
        {
            "headers": headers,
            "text": WISH,
            "envelope": json.dumps({"from": "ada@example.com", "to": ["us@example.org"]}),
        },
        [("attachment1", "image/jpeg", b"\xff\xd8" * (PHOTO // 2))],
    )


KIND = "multipart/form-data; boundary=xYzZY"


async def by_sendgrid(api: Api) -> Response:
    """A form, by login."""
    user, _, password = LOGIN.partition(":")
    return await api.http.post(
        "/webhooks/email/sendgrid", content=sendgrid_form(), headers={"Content-Type": KIND}, auth=(user, password)
    )


async def by_sendgrid_raw(api: Api) -> Response:
    """The mail as it came, in a field of a form."""
    source = mail()
    source.add_attachment(b"\xff" * PHOTO, maintype="image", subtype="jpeg")
    user, _, password = LOGIN.partition(":")
    return await api.http.post(
        "/webhooks/email/sendgrid",
        content=form({"email": source.as_bytes()}),
        headers={"Content-Type": KIND},
        auth=(user, password),
    )


async def by_sendgrid_signed(api: Api) -> Response:
    """The signature is over every byte, those included that are let go."""
    body = sendgrid_form()
    call = WebhookRequest("", {"content-type": KIND}, body, datetime.now(UTC))
    return await api.http.post(
        "/webhooks/email/sendgrid", content=body, headers={"Content-Type": KIND, **ecdsa(call, KEY)}
    )


async def by_raw(api: Api) -> Response:
    """A mail server's own, with a length that nobody announces."""
    source = mail()
    source.add_attachment(b"\xff" * PHOTO, maintype="image", subtype="jpeg")
    body = source.as_bytes()

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), 65_536):
            yield body[at : at + 65_536]

    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    return await api.http.post("/webhooks/email/raw", content=chunks(), headers=headers)


WAYS = [by_postmark, by_postmark_taken_apart, by_sendgrid, by_sendgrid_raw, by_sendgrid_signed, by_raw]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way.__name__))
async def test_a_wish_with_a_photo_is_heard(api: Api, way: Callable[[Api], object]) -> None:
    """35 MB by every way: 200, the address is suppressed, and the record says how much was left out."""
    answer = await way(api)  # type: ignore[misc]
    assert (answer.status_code, answer.json()) == (200, {"received": 1, "known": 0, "kept": 0})
    [message] = await api.rig.rows("SELECT address, kind, body FROM messages")
    assert (message["address"], message["kind"]) == ("ada@example.com", "opt_out")
    assert message["body"].strip() == WISH
    [event] = await api.rig.rows("SELECT payload, length(payload::text) AS length FROM events")
    assert event["payload"]["payload"]["left_out_bytes"] > 20_000_000
    assert event["length"] < 2_500_000
    assert await api.count("dead_letters") == 0


MB = 1_000_000
LINE = b64encode(b"\xff" * 57) + b"\r\n"
PARTS = {
    "text": b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + WISH.encode() + b"\r\n",
    "photo": b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    "notes": b'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\n',
}
"""What a part begins with; of all but the text the rest is lines without end."""
ORDERS = {
    "words first": ("text", "photo"),
    "photo first": ("photo", "text"),
    "notes first": ("notes", "text"),
    "between": ("photo", "text", "photo"),
}


def source(order: tuple[str, ...], size: int) -> Iterator[bytes]:
    """A mail of so many bytes, made as it is read."""
    head = "".join(f"{name}: {value}\r\n" for name, value in mail().items() if not name.lower().startswith("content-"))
    yield head.encode() + b'Content-Type: multipart/mixed; boundary="=_zz"\r\nMIME-Version: 1.0\r\n\r\n'
    attached = [name for name in order if name != "text"]
    for name in order:
        yield b"--=_zz\r\n" + PARTS[name]
        if name != "text":
            for _ in range(size // len(attached) // len(LINE) // 500):
                yield LINE * 500
    yield b"--=_zz--\r\n"


async def passed_on(*parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    for part in chain(*parts):
        yield part


async def raw_of(api: Api, order: tuple[str, ...], size: int) -> Response:
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    return await api.http.post("/webhooks/email/raw", content=passed_on(source(order, size)), headers=headers)


async def postmark_of(api: Api, order: tuple[str, ...], size: int) -> Response:
    """The mail as it came stands before its text, which Postmark has taken out of it."""
    raw = (json.dumps(part.decode())[1:-1].encode() for part in source(order, size))
    head = b'{"RecordType":"Inbound","FromFull":{"Email":"ada@example.com"},"From":"ada@example.com","MessageID":"'
    between = head + uuid4().hex.encode() + b'","RawEmail":"'
    rest = b'","TextBody":"' + WISH.encode() + b'","Attachments":[]}'
    user, _, password = POSTMARK_LOGIN.partition(":")
    return await api.http.post(
        "/webhooks/email/postmark", content=passed_on([between], raw, [rest]), auth=(user, password)
    )


async def sendgrid_of(api: Api, order: tuple[str, ...], size: int) -> Response:
    head = b'--xYzZY\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
    user, _, password = LOGIN.partition(":")
    return await api.http.post(
        "/webhooks/email/sendgrid",
        content=passed_on([head], source(order, size), [b"\r\n--xYzZY--\r\n"]),
        headers={"Content-Type": KIND},
        auth=(user, password),
    )


@pytest.mark.parametrize(
    ("size", "order"),
    [(35 * MB, "photo first"), (35 * MB, "notes first"), (45 * MB, "words first"), (45 * MB, "between")],
)
@pytest.mark.parametrize("way", [raw_of, postmark_of, sendgrid_of], ids=["raw", "postmark", "sendgrid"])
async def test_a_wish_is_heard_wherever_it_stands_in_its_mail(
    api: Api, way: Callable[[Api, tuple[str, ...], int], Awaitable[Response]], order: str, size: int
) -> None:
    """Before, behind or between what is attached: it suppresses the address, and is no reply."""
    answer = await way(api, ORDERS[order], size)
    assert (answer.status_code, answer.json()) == (200, {"received": 1, "known": 0, "kept": 0})
    [message] = await api.rig.rows("SELECT address, kind, body FROM messages")
    assert (message["address"], message["kind"], message["body"].strip()) == ("ada@example.com", "opt_out", WISH)
    assert [row["reason"] for row in await api.rig.rows("SELECT reason FROM suppressions")] == ["unsubscribed"]


@pytest.mark.parametrize("way", [raw_of, postmark_of, sendgrid_of], ids=["raw", "postmark", "sendgrid"])
async def test_the_beginning_of_what_is_too_long_counts(
    api: Api, way: Callable[[Api, tuple[str, ...], int], Awaitable[Response]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """413 with a dead letter; its writer is heard as far as it was read, and not written to as if nothing came."""
    for module in (providers, postmark, sendgrid):
        monkeypatch.setattr(module, "LONGEST_CALL", 2 * MB)
    answer = await way(api, ORDERS["words first"], 3 * MB)
    assert answer.status_code == 413
    assert await api.count("dead_letters") == 1
    [message] = await api.rig.rows("SELECT address, kind FROM messages")
    assert (message["address"], message["kind"]) == ("ada@example.com", "opt_out")


async def test_a_signature_over_other_bytes_is_none(api: Api) -> None:
    """A byte that is let go is signed like any other."""
    body = sendgrid_form()
    call = WebhookRequest("", {"content-type": KIND}, body, datetime.now(UTC))
    forged = bytearray(body)
    forged[len(forged) // 2] ^= 1
    answer = await api.http.post(
        "/webhooks/email/sendgrid", content=bytes(forged), headers={"Content-Type": KIND, **ecdsa(call, KEY)}
    )
    assert answer.status_code == 401
    assert await api.count("messages") == 0


async def test_nothing_is_read_of_whoever_brings_no_login(api: Api) -> None:
    """401 at the head: a stranger cannot make us take tens of megabytes in."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"{"
        raise AssertionError("it was read on")

    for path in ("postmark", "sendgrid"):
        answer = await api.http.post(
            f"/webhooks/email/{path}", content=chunks(), headers={"Content-Type": KIND}, auth=("a", "b")
        )
        assert answer.status_code == 401


async def test_what_is_longer_than_any_mail_is_kept_by_its_beginning(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 with a record, once it is proven whose it is."""
    monkeypatch.setattr(providers, "LONGEST_CALL", 2_000_000)
    monkeypatch.setattr(postmark, "LONGEST_CALL", 2_000_000)
    raw = mail().as_bytes() + b"x" * 2_000_000
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    user, _, password = POSTMARK_LOGIN.partition(":")
    call = json.dumps({"TextBody": WISH, "Attachments": "x" * 2_000_000})
    answers = [
        await api.http.post("/webhooks/email/raw", content=raw, headers=headers),
        await api.http.post("/webhooks/email/postmark", content=call, auth=(user, password)),
    ]
    assert [answer.status_code for answer in answers] == [413, 413]
    letters = await api.rig.rows("SELECT source, reason, body FROM dead_letters ORDER BY source")
    assert [letter["source"] for letter in letters] == ["/webhooks/email/postmark", "/webhooks/email/raw"]
    assert all("2,000,000" in letter["reason"] and WISH.encode() in letter["body"] for letter in letters)


def test_the_reader_takes_the_login_from_the_head() -> None:
    """What Postmark's calls are proven by stands before their body."""
    head = WebhookRequest("", {}, b"", datetime.now(UTC))
    with pytest.raises(Exception, match="no login"):
        PostmarkWebhook([POSTMARK_LOGIN]).intake(head)
