"""What every provider promises, asked of each in turn over a real wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid5

import pytest

from domain.errors import NotCleared, TransientError
from domain.ids import DEFAULT_TENANT, message_id
from domain.messages import Absent, EmailContent, OutgoingMessage, Receipt, TextContent, Unknown
from providers.base import Provider
from providers.outbox import OutboxProvider, list_outbox
from providers.smtp import SmtpConfig, SmtpProvider
from providers.twilio import TwilioConfig, TwilioProvider
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi, ago
from tests.providers.sending import send
from tests.providers.smtp_server import MailServer
from tests.support.machine import refusing_port

MIXED = "Zoë, 王 👩‍🚀: \u202bשלום\u202c مرحبا {}[]€ — line\nof two"


@dataclass
class House:
    """A provider with its far side: `arrived` reads what came out there, as (to, text)."""

    provider: Provider
    kind: Literal["email", "text"]
    arrived: Callable[[], list[tuple[str, str]]]
    remembers: bool
    """It can be asked what it took."""
    absent_provider: Provider | None
    """The same provider where its server does not answer; None: it has no server."""


@pytest.fixture(params=["outbox-email", "outbox-text", "smtp", "twilio"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    with refusing_port() as nobody:
        made, stop = await HOUSES[request.param](tmp_path, nobody)
        yield made
        for provider in (made.provider, made.absent_provider):
            if provider is not None:
                await provider.close()
        await stop()


async def outbox(tmp_path: Path, kind: Literal["email", "text"]) -> tuple[House, Callable[[], Awaitable[None]]]:
    async def stop() -> None: ...

    def arrived() -> list[tuple[str, str]]:
        return [(entry.message.to, entry.body) for entry in list_outbox(tmp_path)]

    return House(OutboxProvider(tmp_path), kind, arrived, remembers=True, absent_provider=None), stop


async def smtp(tmp_path: Path, nobody: int) -> tuple[House, Callable[[], Awaitable[None]]]:
    server = MailServer()
    await server.start()

    def provider(port: int) -> SmtpProvider:
        return SmtpProvider(SmtpConfig(host="127.0.0.1", port=port, tls="none", sender="Ann <ann@example.org>"))

    def arrived() -> list[tuple[str, str]]:
        return [(mail.rcpt_tos[0], _text(mail.content)) for mail in server.mails]

    absent = provider(nobody)
    return House(provider(server.port), "email", arrived, remembers=False, absent_provider=absent), server.stop


async def twilio(tmp_path: Path, nobody: int) -> tuple[House, Callable[[], Awaitable[None]]]:
    api = TwilioApi()
    await api.start()

    def provider(url: str) -> TwilioProvider:
        return TwilioProvider(TwilioConfig(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=url))

    def arrived() -> list[tuple[str, str]]:
        return [(message["to"], message["body"]) for message in api.messages]

    absent = provider(f"http://127.0.0.1:{nobody}")
    return House(provider(api.url), "text", arrived, remembers=True, absent_provider=absent), api.stop


HOUSES: dict[str, Callable[[Path, int], Awaitable[tuple[House, Callable[[], Awaitable[None]]]]]] = {
    "outbox-email": lambda path, _: outbox(path, "email"),
    "outbox-text": lambda path, _: outbox(path, "text"),
    "smtp": smtp,
    "twilio": twilio,
}


def message(kind: Literal["email", "text"], number: int = 1, text: str = "Hello") -> OutgoingMessage:
    job = uuid5(UUID(int=7), str(number))
    if kind == "email":
        email = EmailContent(
            subject=f"Subject {number}",
            text=text,
            message_id=message_id(job, "example.org"),
            date=datetime(2026, 3, 8, 9, 30, tzinfo=UTC),
        )
        return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=job, to=f"c{number}@example.com", content=email)
    to = f"+1212555{number:04}"
    return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=job, to=to, content=TextContent(body=text))


async def test_a_receipt_names_what_arrived(house: House) -> None:
    """A receipt carries the provider's name and its id of the message, and the message is on the far side."""
    sent = message(house.kind)
    receipt = await send(house.provider, sent)
    assert receipt.provider == house.provider.name
    assert receipt.provider_message_id
    assert house.arrived() == [(sent.to, "Hello")]


async def test_channels_are_declared(house: House) -> None:
    """What a provider sends lies within the channels that it declares."""
    assert message(house.kind).channel in house.provider.channels


async def test_every_script_arrives_as_written(house: House) -> None:
    """Unicode, emoji, right-to-left text and line ends survive the wire."""
    await send(house.provider, message(house.kind, text=MIXED))
    assert house.arrived()[0][1] == MIXED


async def test_the_same_job_twice_is_two_messages(house: House) -> None:
    """Sending is not idempotent, and no provider pretends to: whoever sends twice sees two on the far side."""
    sent = message(house.kind)
    first, second = await send(house.provider, sent), await send(house.provider, sent)
    assert house.arrived() == [(sent.to, "Hello")] * 2
    assert house.provider.name == "smtp" or first.provider_message_id != second.provider_message_id


async def test_parallel_sends_arrive_once_each(house: House) -> None:
    """Twenty sends at once neither lose nor repeat nor mix a message."""
    sent = [message(house.kind, number, f"text {number}") for number in range(20)]
    await asyncio.gather(*(send(house.provider, each) for each in sent))
    assert sorted(house.arrived()) == sorted((each.to, f"text {number}") for number, each in enumerate(sent))


async def test_a_message_that_must_not_leave_now_does_not(house: House) -> None:
    """A look that says no, at the point of no return, takes nothing to the far side; the next message goes."""
    looks = 0

    async def say_no() -> None:
        nonlocal looks
        looks += 1
        raise NotCleared("unsubscribed")

    with pytest.raises(NotCleared):
        await send(house.provider, message(house.kind), clear=say_no)
    assert (looks, house.arrived()) == (1, [])
    await send(house.provider, message(house.kind, 2))
    assert len(house.arrived()) == 1


@pytest.mark.parametrize("house", ["smtp", "twilio"], indirect=True)
async def test_nobody_looks_before_the_far_side_is_reached(house: House) -> None:
    """A look is good for a moment, so it comes after everything that may take longer."""

    async def too_early() -> None:
        raise AssertionError("looked")

    assert house.absent_provider
    with pytest.raises(TransientError):
        await send(house.absent_provider, message(house.kind), clear=too_early)


@pytest.mark.parametrize("house", ["smtp", "twilio"], indirect=True)
async def test_an_unreachable_server_is_transient(house: House) -> None:
    """Where nothing listens, nothing was sent: certain, and worth another try."""
    assert house.absent_provider
    with pytest.raises(TransientError):
        await send(house.absent_provider, message(house.kind))
    with pytest.raises(TransientError):
        await house.absent_provider.check()
    assert isinstance(await house.absent_provider.lookup(message(house.kind), ago(3600)), Unknown)


async def test_look_up_tells_what_was_taken(house: House) -> None:
    """A provider that can be asked finds what it took and knows what it never took; another says that it cannot."""
    begun = datetime.now(UTC)
    receipt = await send(house.provider, message(house.kind, 1))
    found = await house.provider.lookup(message(house.kind, 1), begun)
    missing = await house.provider.lookup(message(house.kind, 2), ago(3600))
    if house.remembers:
        assert isinstance(found, Receipt)
        assert found.provider_message_id == receipt.provider_message_id
        assert missing == Absent()
    else:
        assert isinstance(found, Unknown)
        assert isinstance(missing, Unknown)


async def test_check_reports_in_a_line(house: House) -> None:
    """A reachable provider is described in one line, without its secrets."""
    report = await house.provider.check()
    assert report
    assert "\n" not in report
    assert TOKEN not in report


async def test_closing_twice_is_closing_once(house: House) -> None:
    """close() is idempotent, before and after use."""
    await house.provider.close()
    await send(house.provider, message(house.kind))
    await house.provider.close()
    await house.provider.close()


def _text(content: bytes | str | None) -> str:
    assert isinstance(content, bytes)
    body = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").removesuffix("\n")
