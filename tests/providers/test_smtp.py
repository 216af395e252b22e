"""SMTP: what each answer, and each silence, says about a message."""

import asyncio
import re
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trustme

from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    NotCleared,
    PermanentError,
    SenderRefusedError,
    SendError,
    TransientError,
)
from domain.ids import DEFAULT_TENANT, job_id, message_id
from domain.messages import EmailContent, OutgoingMessage, Receipt, TextContent
from providers.base import Soon
from providers.echoes import without
from providers.smtp import SmtpConfig, SmtpProvider
from tests.providers.sending import send
from tests.providers.smtp_server import PASSWORD, USER, MailServer
from tests.support.machine import later

COMPOSED = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
DEADLINE_S = 60
"""Of a message in these tests; nobody waits for it, see `out_of_time`."""


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


def provider(server: MailServer, **config: Any) -> SmtpProvider:
    values: dict[str, Any] = {"host": "localhost", "port": server.port, "tls": "none", "timeout_s": DEADLINE_S} | config
    return SmtpProvider(SmtpConfig(sender="Ann <ann@example.org>", **values))


def email(number: int = 1, to: str = "radia@example.com", text: str = "Hello") -> OutgoingMessage:
    job = job_id(DEFAULT_TENANT, "step", number)
    content = EmailContent(subject="Hi", text=text, message_id=message_id(job, "example.org"), date=COMPOSED)
    return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=job, to=to, content=content)


async def test_a_name_that_spells_a_line_break_arrives_as_a_name(server: MailServer) -> None:
    """An encoded word in a contact's field is shown as it was written: it is no header, and no body."""
    name = "=?utf-8?q?=0ABcc:_evil@example.com=0A=0APay_here?="
    message = email()
    message = message.model_copy(update={"content": message.content.model_copy(update={"subject": f"Hi, {name}"})})
    await send(provider(server), message)
    data = server.mails[0].content
    assert isinstance(data, bytes)
    block, _, body = data.partition(b"\r\n\r\n")
    assert [line.split(b":")[0].decode() for line in block.split(b"\r\n") if line[:1] != b" "] == [
        *(
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "References",
            "Content-Type",
            "Content-Transfer-Encoding",
            "MIME-Version",
        )
    ]
    assert message_from_bytes(data, policy=policy.default)["Subject"] == f"Hi, {name}"
    assert body == b"Hello\r\n"
    assert server.mails[0].rcpt_tos == ["radia@example.com"]


async def out_of_time(server: MailServer, *sending: Coroutine[Any, Any, Receipt]) -> list[Receipt | BaseException]:
    """What becomes of messages whose deadline passes while the server says nothing to the first of them."""
    tasks = [asyncio.create_task(each) for each in sending]
    await asyncio.wait_for(server.met.wait(), 60)
    with later(DEADLINE_S):
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), DEADLINE_S - 10)


@pytest.mark.parametrize(
    ("command", "answer", "kind", "effect"),
    [
        ("MAIL", "451 4.7.1 greylisted", TransientError, None),
        ("MAIL", "421 4.3.2 shutting down", TransientError, None),
        ("MAIL", "550 5.7.1 sender refused", ConfigurationError, None),
        ("MAIL", "530 5.7.0 authentication required", ConfigurationError, None),
        ("MAIL", "552 5.3.4 too big", PermanentError, "none"),
        ("RCPT", "450 4.2.1 mailbox busy", TransientError, None),
        ("RCPT", "452 4.2.2 mailbox full", TransientError, None),
        ("RCPT", "550 5.1.1 no such user", PermanentError, "bounced"),
        ("RCPT", "550 user unknown", PermanentError, "bounced"),
        ("RCPT", "553 not here", PermanentError, "bounced"),
        ("RCPT", "550 5.2.1 mailbox disabled", PermanentError, "bounced"),
        ("RCPT", "552 5.2.2 mailbox full", PermanentError, "none"),
        ("RCPT", "550 5.7.1 refused by policy", PermanentError, "none"),
        ("RCPT", "550 5.1.8 sender's domain does not exist", ConfigurationError, None),
        ("RCPT", "535 5.7.8 sign in first", ConfigurationError, None),
        (
            "RCPT",
            "550 Service unavailable; client [203.0.113.5] blocked using zen.spamhaus.org",
            SenderRefusedError,
            None,
        ),
        ("RCPT", "550 SPF check failed for acme.example", SenderRefusedError, None),
        ("RCPT", "550 5.1.0 ann@example.org sender rejected", SenderRefusedError, None),
        ("RCPT", "550 5.2.1 The user is receiving mail at a rate that prevents more", TransientError, None),
        ("RCPT", "550 mailbox is full", PermanentError, "none"),
        ("RCPT", "550 5.4.1 Recipient address rejected: Access denied", PermanentError, "bounced"),
        ("RCPT", "550", PermanentError, "none"),
        ("DATA", "451 4.3.0 try later", TransientError, None),
        ("DATA", "554 5.7.1 spam", PermanentError, "none"),
        ("DATA", "550 content refused", PermanentError, "none"),
        ("DATA", "550 5.1.1 no such user", PermanentError, "bounced"),
        ("DATA", "299 whatever", AmbiguousError, None),
        ("RCPT", "drop", TransientError, None),
        ("MAIL", "drop", TransientError, None),
        ("DATA", "drop", AmbiguousError, None),
        ("DATA", "keep+drop", AmbiguousError, None),
    ],
)
async def test_an_answer_is_classified_by_its_code_and_place(
    server: MailServer, command: str, answer: str, kind: type[SendError], effect: str | None
) -> None:
    """4yz later, 5yz never; before RCPT for everybody; silence after DATA nobody knows."""
    server.script[command] = [answer]
    smtp = provider(server)
    with pytest.raises(kind) as caught:
        await send(smtp, email())
    assert type(caught.value) is kind
    assert getattr(caught.value, "effect", None) == effect
    if answer[0].isdigit():
        assert str(caught.value.code).startswith(answer[:3])
    await smtp.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("550 5.1.1 no such user", "smtp 550 5.1.1: no such user"),
        ("550-5.1.1 no such user\r\n550 5.1.1 here", "smtp 550 5.1.1: no such user here"),
        ("451 4.3.0 later", "smtp 451 4.3.0: later"),
        ("550 user unknown", "smtp 550: user unknown"),
        ("550 5.1.1", "smtp 550 5.1.1: the server gives no reason"),
    ],
)
async def test_a_refusal_is_told_in_the_servers_words_with_its_codes_once(
    server: MailServer, answer: str, said: str
) -> None:
    """Reply code and enhanced code stand before the words, not in them again."""
    server.script["RCPT"] = [answer]
    smtp = provider(server)
    with pytest.raises(SendError) as caught:
        await send(smtp, email())
    assert str(caught.value) == said
    await smtp.close()


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "451 4.3.0 later", "drop", "hang"])
async def test_a_failure_leaves_the_next_message_unharmed(server: MailServer, answer: str) -> None:
    """After any failure the connection is in step again, or replaced."""
    server.script["RCPT"] = [answer]
    smtp = provider(server, connections=1)
    if answer == "hang":
        [error] = await out_of_time(server, send(smtp, email(1)))
        assert isinstance(error, TransientError)
    else:
        with pytest.raises((PermanentError, TransientError)):
            await send(smtp, email(1))
    await send(smtp, email(2, to="grace@example.com"))
    assert [mail.rcpt_tos for mail in server.mails] == [["grace@example.com"]]
    await smtp.close()


async def test_a_resend_has_the_same_bytes(server: MailServer) -> None:
    """What was frozen on the job, read back from its JSON, goes out unchanged: Date is when it was composed."""
    server.script["DATA"] = ["keep+drop"]
    smtp = provider(server)
    message = email()
    with pytest.raises(AmbiguousError):
        await send(smtp, message)
    await send(smtp, OutgoingMessage.model_validate_json(message.model_dump_json()))
    first, second = (mail.content for mail in server.mails)
    assert isinstance(first, bytes)
    assert first == second
    assert message_from_bytes(first)["Date"] == "Sun, 08 Mar 2026 09:30:00 +0000"
    await smtp.close()


async def test_a_refused_recipient_keeps_the_connection(server: MailServer) -> None:
    """A bounce does not cost a new connection with its TLS and sign-in."""
    server.script["RCPT"] = ["550 5.1.1 no such user"]
    smtp = provider(server, connections=1)
    with pytest.raises(PermanentError):
        await send(smtp, email(1))
    await send(smtp, email(2))
    assert server.connections == 1
    await smtp.close()


@pytest.mark.parametrize(
    ("command", "kind"), [("MAIL", TransientError), ("RCPT", TransientError), ("DATA", AmbiguousError)]
)
async def test_one_deadline_holds_for_a_slow_server(server: MailServer, command: str, kind: type[SendError]) -> None:
    """A server that does not answer is left in time; only after DATA is the message in doubt."""
    server.script[command] = ["hang"]
    smtp = provider(server)
    [error] = await out_of_time(server, send(smtp, email()))
    assert type(error) is kind
    await smtp.close()


async def test_who_finds_every_connection_busy_waits_for_the_next_and_is_not_passed(server: MailServer) -> None:
    """A line is got before a message is claimed: none is free while each is in use, nor while somebody waits."""
    smtp = provider(server, connections=1)
    line = smtp.free_line(UUID(int=1))
    assert not isinstance(line, Soon)
    soon = smtp.free_line(UUID(int=1))
    assert isinstance(soon, Soon)
    waiting = asyncio.ensure_future(soon.next_line())
    await asyncio.sleep(0)
    line.release()
    assert isinstance(smtp.free_line(UUID(int=1)), Soon)
    assert await waiting is line
    line.release()
    assert smtp.free_line(UUID(int=1)) is line


async def test_the_last_look_comes_when_the_server_has_accepted_everything_but_the_message(server: MailServer) -> None:
    """After MAIL and RCPT, before DATA; a no takes nothing there, and the connection serves the next message."""
    smtp = provider(server, connections=1)

    async def say_no() -> None:
        server.script["DATA"] = ["554 DATA was said"]
        raise NotCleared("unsubscribed")

    with pytest.raises(NotCleared):
        await send(smtp, email(1), clear=say_no)
    assert server.script.pop("DATA") == ["554 DATA was said"]
    server.script["RCPT"] = ["550 5.1.1 no such user"]
    with pytest.raises(PermanentError):
        await send(smtp, email(2), clear=say_no)
    assert "DATA" not in server.script, "nobody looked before the server had accepted the recipient"
    await send(smtp, email(3))
    assert (len(server.mails), server.connections) == (1, 1)
    await smtp.close()


async def test_a_cancelled_send_frees_its_connection(server: MailServer) -> None:
    """Cancelling in mid-dialogue leaves no half-said envelope for the next message."""
    server.script["RCPT"] = ["hang"]
    smtp = provider(server, connections=1)
    sending = asyncio.create_task(send(smtp, email(1)))
    await server.met.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await send(smtp, email(2))
    assert len(server.mails) == 1
    await smtp.close()


async def test_connections_are_few_and_kept(server: MailServer) -> None:
    """Forty messages in parallel share the configured connections."""
    smtp = provider(server, connections=3)
    await asyncio.gather(*(send(smtp, email(number)) for number in range(40)))
    assert len(server.mails) == 40
    assert server.connections <= 3
    await smtp.close()


async def test_an_idle_connection_that_was_left_is_replaced(server: MailServer) -> None:
    """A server that hung up, or restarted, between two messages costs neither a failure nor a duplicate."""
    smtp = provider(server, connections=1)
    await send(smtp, email(1))
    server.hang_up()
    await send(smtp, email(2))
    server.script["MAIL"] = ["421 4.4.2 idle for too long"]
    await send(smtp, email(3))
    await server.stop()
    await server.start()
    await send(smtp, email(4))
    assert len(server.mails) == 4
    await smtp.close()


async def test_a_lost_connection_after_data_is_not_tried_again(server: MailServer) -> None:
    """Also on a reused connection: the message may be there already, so it goes once."""
    smtp = provider(server, connections=1)
    await send(smtp, email(1))
    server.script["DATA"] = ["keep+drop"]
    with pytest.raises(AmbiguousError):
        await send(smtp, email(2))
    assert len(server.mails) == 2
    await smtp.close()


async def test_the_receipt_is_the_message_id_and_the_servers_word(server: MailServer) -> None:
    """A mailbox and the ledger know the message by the same id."""
    smtp = provider(server)
    receipt = await send(smtp, email())
    content = server.mails[0].content
    assert isinstance(content, bytes)
    assert f"Message-ID: {receipt.provider_message_id}\r\n".encode() in content
    assert receipt.detail == "2.0.0 queued as 1"
    assert server.mails[0].mail_from == "ann@example.org"
    await smtp.close()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (
            "250 Ok 0102018f3a5b7c9d-1a2b3c4d-0000-4000-8000-1a2b-000000",
            "0102018f3a5b7c9d-1a2b3c4d-0000-4000-8000-1a2b-000000",
        ),
        ("250 2.0.0 Ok: queued as Zt4zTrRlQuCvPRlNRrKd5w", "Zt4zTrRlQuCvPRlNRrKd5w"),
        ("250 2.0.0 OK: queued as <202611301200.123@smtp-relay.example>", "202611301200.123@smtp-relay.example"),
        (
            "250 2.0.0 OK <AM0PR@eur.outlook.example> [InternalId=1, Hostname=a.example] Queued mail for delivery",
            "AM0PR@eur.outlook.example",
        ),
        ("250 2.0.0 Ok: queued as 4XyZ12", None),
        ("250 2.0.0 Message accepted for delivery", None),
        ("250 OK", None),
    ],
)
async def test_the_id_that_a_relay_gives_is_kept(server: MailServer, said: str, name: str | None) -> None:
    """Bounces and answers may know no other one; numbers of queues are used again."""
    server.script["DATA"] = [said]
    smtp = provider(server)
    receipt = await send(smtp, email())
    assert receipt.relay_message_id == name
    await smtp.close()


async def test_dots_at_line_starts_survive(server: MailServer) -> None:
    """A line of one dot in a body does not end the message."""
    smtp = provider(server)
    await send(smtp, email(text="one\n.\n..two"))
    content = server.mails[0].content
    assert isinstance(content, bytes)
    assert b"one\r\n.\r\n..two\r\n" in content
    await smtp.close()


async def test_an_impossible_recipient_is_refused_without_a_connection(server: MailServer) -> None:
    """An address that would smuggle a command never reaches the server."""
    with pytest.raises(PermanentError) as caught:
        await send(provider(server), email(to="a@example.com>\r\nRCPT TO:<all@example.com"))
    assert caught.value.effect == "none"
    assert server.connections == 0


async def test_a_text_message_is_refused(server: MailServer) -> None:
    """What is routed here by mistake is one of the four errors."""
    message = OutgoingMessage(
        tenant_id=DEFAULT_TENANT, job_id=DEFAULT_TENANT, to="a@b.com", content=TextContent(body="")
    )
    with pytest.raises(PermanentError, match="sms"):
        await send(provider(server), message)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=["starttls", "tls"])
async def secure(request: pytest.FixtureRequest, authority: trustme.CA) -> AsyncIterator[MailServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = MailServer(tls=request.param, context=context, wants_auth=True)
    await server.start()
    yield server
    await server.stop()


async def test_mail_goes_encrypted_and_signed_in(
    secure: MailServer, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS and TLS from the start, with a verified certificate and credentials."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    smtp = provider(secure, tls=secure.tls, username=USER, password=PASSWORD)
    assert USER in await smtp.check()
    await send(smtp, email())
    await send(smtp, email(2))
    assert len(secure.mails) == 2
    wrong = provider(secure, tls=secure.tls, username=USER, password="wrong")
    for call in (wrong.check(), send(wrong, email(3))):
        with pytest.raises(ConfigurationError, match="TOUCHLINE_SMTP_PASSWORD") as caught:
            await call
        assert "wrong" not in str(caught.value)
    await smtp.close()


async def test_an_untrusted_certificate_needs_a_person(secure: MailServer) -> None:
    """Nobody signs in to a server that cannot prove its name."""
    smtp = provider(secure, tls=secure.tls, username=USER, password=PASSWORD)
    for call in (smtp.check(), send(smtp, email())):
        with pytest.raises(ConfigurationError, match="certificate"):
            await call


async def test_missing_server_abilities_need_a_person(server: MailServer) -> None:
    """STARTTLS or sign-in asked of a server without it is a setting, not a fault of the message."""
    for config in ({"tls": "starttls"}, {"host": "bad..host"}):
        with pytest.raises(ConfigurationError, match="TOUCHLINE_SMTP"):
            await send(provider(server, **config), email())


async def test_look_up_does_not_pretend(server: MailServer) -> None:
    """A mail server cannot be asked, now or later."""
    answer = await provider(server).lookup(email(), datetime.now(UTC))
    assert getattr(answer, "ask_again_after", "?") is None


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that repeats what it does not understand, which is AUTH."""
    writer.write(b"220 here\r\n")
    while line := await reader.readline():
        known = line[:4].upper() in (b"EHLO", b"QUIT")
        answer = b"250-here\r\n250 AUTH PLAIN\r\n" if known else b"500 5.5.1 unrecognized: " + line
        writer.write(answer)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("password", ["hunter2-Zq", "Grüße, Zq"])
async def test_a_server_that_repeats_the_password_is_not_repeated(password: str) -> None:
    """Neither in plain nor in base64, whatever the mechanism: what it says goes on record and into logs."""
    echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = echo.sockets[0].getsockname()[1]
    smtp = SmtpProvider(
        SmtpConfig("127.0.0.1", port, username="user", password=password, tls="none", sender="ann@example.org")
    )
    try:
        with pytest.raises(SendError, match="unrecognized") as caught:
            await send(smtp, email())
    finally:
        await smtp.close()
        echo.close()
    said = str(caught.value)
    assert password not in said
    for token in re.findall(r"[A-Za-z0-9+/]{4,}={0,2}", said):
        with suppress(ValueError):
            assert password.encode() not in b64decode(token, validate=True)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("535 no", "535 no"),
        ("bad AUTH PLAIN AHVzZXIAaHVudGVyMi1acQ==", "bad AUTH PLAIN …"),
        ("bad aHVudGVyMi1acQ==, or hunter2-Zq?", "bad …, or …?"),
        ("id aHVudGVyMg==", "id aHVudGVyMg=="),
    ],
)
def test_only_the_password_is_left_out(said: str, shown: str) -> None:
    """The rest of the words helps whoever reads them."""
    assert without(said, "hunter2-Zq") == shown
    assert without(said, "") == said
