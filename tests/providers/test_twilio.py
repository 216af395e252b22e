"""Twilio: forms it accepts, errors in our words, and doubt settled by the list of messages."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import jsonschema
import pytest

from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    NotReady,
    OutsideHoursError,
    PermanentError,
    SendError,
    TransientError,
)
from domain.ids import DEFAULT_TENANT, job_id
from domain.messages import Absent, Channel, EmailContent, OutgoingMessage, Receipt, TextContent, Unknown
from providers.twilio import TwilioConfig, TwilioProvider
from providers.twilio_errors import ERRORS
from tests.fakes.twilio_api import ACCOUNT, DESCRIPTION, NUMBER, SERVICE, TOKEN, Fault, TwilioApi, ago
from tests.providers.sending import send
from tests.support.machine import later

TO = "+13055550100"
JOB = job_id(DEFAULT_TENANT, "step")


@pytest.fixture
async def api() -> AsyncIterator[TwilioApi]:
    api = TwilioApi()
    await api.start()
    yield api
    await api.stop()


@pytest.fixture
async def twilio(api: TwilioApi) -> AsyncIterator[TwilioProvider]:
    provider = made(api)
    yield provider
    await provider.close()


def made(api: TwilioApi, **config: Any) -> TwilioProvider:
    values = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": NUMBER, "base_url": api.url} | config
    return TwilioProvider(TwilioConfig(**values))


def text(body: str = "Hello", media_url: str | None = None) -> OutgoingMessage:
    content = TextContent(body=body, media_url=media_url)
    return OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=JOB, to=TO, content=content)


async def test_the_form_is_what_twilio_describes(api: TwilioApi, twilio: TwilioProvider) -> None:
    """Exactly the fields that are meant, each valid by Twilio's OpenAPI description (the fake refuses others)."""
    await send(twilio, text())
    assert dict(api.forms[0]) == {"To": TO, "From": NUMBER, "Body": "Hello"}
    rich = made(api, sender=SERVICE, public_url="https://touch.example.org/")
    await send(rich, text(media_url="https://example.com/a.pdf?x=1&y=2"))
    assert dict(api.forms[1]) == {
        "To": TO,
        "MessagingServiceSid": SERVICE,
        "Body": "Hello",
        "MediaUrl": "https://example.com/a.pdf?x=1&y=2",
        "StatusCallback": f"https://touch.example.org/webhooks/twilio/status?job={JOB}&tenant={DEFAULT_TENANT}",
    }
    await rich.close()


def test_the_fake_answers_what_twilio_describes(api: TwilioApi) -> None:
    """The stand-in's messages are valid by Twilio's own schema, so that tests stand on the real shape."""
    schema = DESCRIPTION["Message"] | {"additionalProperties": False}
    message = {name: value for name, value in api.take(TO, "x").items() if value is not None}
    jsonschema.validate(message, schema)


@pytest.mark.parametrize(
    ("fault", "kind", "effect"),
    [
        (Fault(400, 21610), PermanentError, "opted_out"),
        (Fault(400, 63033), PermanentError, "opted_out"),
        (Fault(400, 63014), PermanentError, "opted_out"),
        (Fault(400, 63024), PermanentError, "none"),
        (Fault(400, 63003), PermanentError, "none"),
        (Fault(400, 63049), PermanentError, "none"),
        (Fault(400, 21211), PermanentError, "bounced"),
        (Fault(400, 21614), PermanentError, "bounced"),
        (Fault(400, 21612), PermanentError, "none"),
        (Fault(400, 99999), PermanentError, "none"),
        (Fault(400, text="<html>no JSON</html>"), PermanentError, "none"),
        (Fault(400, text="[]"), PermanentError, "none"),
        (Fault(400, 21606), ConfigurationError, None),
        (Fault(400, 21608), ConfigurationError, None),
        (Fault(401, 20003), ConfigurationError, None),
        (Fault(403, 77777), ConfigurationError, None),
        (Fault(404, 20404), ConfigurationError, None),
        (Fault(302, text="moved", headers=(("Location", "http://127.0.0.1:1/"),)), ConfigurationError, None),
        (Fault(429, 20429), TransientError, None),
        (Fault(400, 21611), TransientError, None),
        (Fault(400, 63018), TransientError, None),
        (Fault(400, 30610), OutsideHoursError, None),
        (Fault(400, 63007), ConfigurationError, None),
        (Fault(500), AmbiguousError, None),
        (Fault(500, stores=True), AmbiguousError, None),
        (Fault(503, 20503), AmbiguousError, None),
        (Fault(500, 21610), AmbiguousError, None),
        (Fault(drops=True), AmbiguousError, None),
        (Fault(drops=True, stores=True), AmbiguousError, None),
        (Fault(201, text="<html>"), AmbiguousError, None),
        (Fault(201, text="{}"), AmbiguousError, None),
        (Fault(201, text="[]"), AmbiguousError, None),
    ],
)
async def test_an_answer_is_classified(
    api: TwilioApi, twilio: TwilioProvider, fault: Fault, kind: type[SendError], effect: str | None
) -> None:
    """By Twilio's number first, else by HTTP status; and one call is one request, whatever the answer."""
    with api.failing(fault), pytest.raises(kind) as caught:
        await send(twilio, text())
    assert type(caught.value) is kind
    assert getattr(caught.value, "effect", None) == effect
    assert len(api.forms) == 1


def test_every_known_number_makes_an_error() -> None:
    """The table's values build the four errors with their evidence."""
    for number, make in ERRORS.items():
        assert make("twilio", "text", code=str(number), status=400, evidence="{}").code == str(number)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        (lambda: "7", 7, 7),
        (lambda: format_datetime(ago(-100)), 1, 100),
        (lambda: format_datetime(ago(100)), 0, 0),
    ],
    ids=["seconds", "a date to come", "a date gone by"],
)
async def test_retry_after_is_read(
    api: TwilioApi, twilio: TwilioProvider, header: Callable[[], str], low: int, high: int
) -> None:
    """Seconds or a date."""
    with api.failing(Fault(429, headers=(("Retry-After", header()),))), pytest.raises(TransientError) as caught:
        await send(twilio, text())
    assert caught.value.retry_after is not None
    assert low <= caught.value.retry_after.total_seconds() <= high


async def test_a_strange_retry_after_is_none(api: TwilioApi, twilio: TwilioProvider) -> None:
    """A header that says nothing sets nothing."""
    with api.failing(Fault(429, headers=(("Retry-After", "soon"),))), pytest.raises(TransientError) as caught:
        await send(twilio, text())
    assert caught.value.retry_after is None


async def test_a_slow_answer_is_left_in_time_and_in_doubt(api: TwilioApi) -> None:
    """Our deadline holds although Twilio's client has none."""
    twilio = made(api, timeout_s=60)
    with api.failing(Fault(hangs=True, stores=True)):
        sending = asyncio.create_task(send(twilio, text()))
        await asyncio.wait_for(api.met.wait(), 60)
    # aiohttp rounds a deadline up to the whole second.
    with later(60 + 1), pytest.raises(AmbiguousError):
        await asyncio.wait_for(sending, 50)
    assert len(api.forms) == 1
    await twilio.close()


async def test_a_deadline_before_the_connection_leaves_no_doubt() -> None:
    """While nobody has accepted the connection, nothing of the message was written."""
    with socket.socket() as server, socket.socket() as filler:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        # With the one place in its queue taken, the system leaves every further connection unanswered.
        filler.connect(server.getsockname())
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        twilio = TwilioProvider(TwilioConfig(ACCOUNT, TOKEN, NUMBER, base_url=url, timeout_s=0.3))
        with pytest.raises(TransientError):
            await send(twilio, text())
        await twilio.close()


async def test_a_lost_answer_is_found_by_asking(api: TwilioApi, twilio: TwilioProvider) -> None:
    """A message that was taken before the failure is recognised, queued as it is, among others."""
    begun = datetime.now(UTC)
    api.take(TO, "Hello", at=ago(7200))
    with api.failing(Fault(500, stores=True)), pytest.raises(AmbiguousError):
        await send(twilio, text("Hello"))
    answer = await twilio.lookup(text("Hello"), begun)
    assert isinstance(answer, Receipt)
    assert answer.provider_message_id == api.messages[-1]["sid"]
    assert answer.detail == "queued"


async def test_a_message_that_never_came_is_absent_only_after_a_grace(api: TwilioApi, twilio: TwilioProvider) -> None:
    """The list lags behind, so its silence proves something only later."""
    answer = await twilio.lookup(text(), datetime.now(UTC))
    assert isinstance(answer, Unknown)
    assert answer.ask_again_after is not None
    assert timedelta(seconds=60) <= answer.ask_again_after <= timedelta(seconds=80)
    assert await twilio.lookup(text(), ago(100)) == Absent()


@pytest.mark.parametrize(
    "other",
    [
        {"at": ago(9000)},
        {"at": ago(10)},
        {"direction": "inbound"},
        {"from": "+19995550100"},
        {"to": "+13055550199"},
    ],
)
async def test_other_messages_are_not_mistaken_for_ours(
    api: TwilioApi, twilio: TwilioProvider, other: dict[str, Any]
) -> None:
    """The same text at another time, the other way, from another sender or to another number is no receipt."""
    fields: dict[str, Any] = {"to": TO, "body": "Hello", "at": ago(3600)} | other
    api.take(**fields)
    assert await twilio.lookup(text("Hello"), ago(3600)) == Absent()


async def test_a_changed_text_proves_nothing(api: TwilioApi, twilio: TwilioProvider) -> None:
    """Twilio may have altered what it took (a trial account's prefix): better in doubt than sent twice."""
    api.take(TO, "Sent from your Twilio trial account - Hello", at=ago(3600))
    answer = await twilio.lookup(text("Hello"), ago(3600))
    assert isinstance(answer, Unknown)
    assert answer.ask_again_after is None


async def test_a_messaging_service_is_compared_by_its_sid(api: TwilioApi) -> None:
    """A service picks the number itself, so the number says nothing."""
    twilio = made(api, sender=SERVICE)
    begun = datetime.now(UTC)
    await send(twilio, text())
    api.messages[-1]["from"] = "+19995550100"
    assert isinstance(await twilio.lookup(text(), begun), Receipt)
    await twilio.close()


async def test_a_list_too_long_to_read_proves_nothing(api: TwilioApi, twilio: TwilioProvider) -> None:
    """Absence is claimed only of a list that was read to its end."""
    for _ in range(200):
        api.take(TO, "other", at=ago(9000))
    assert isinstance(await twilio.lookup(text(), ago(3600)), Unknown)


async def test_wrong_credentials_need_a_person(api: TwilioApi) -> None:
    """Sending and checking say which settings to look at; asking learns nothing."""
    twilio = made(api, auth_token="wrong")
    for call in (twilio.check(), send(twilio, text())):
        with pytest.raises(ConfigurationError, match="TOUCHLINE_TWILIO"):
            await call
    assert isinstance(await twilio.lookup(text(), ago(3600)), Unknown)
    assert api.forms == []
    await twilio.close()


async def test_a_suspended_account_needs_a_person(api: TwilioApi, twilio: TwilioProvider) -> None:
    """An account that answers may still be unable to send."""
    api.status = "suspended"
    with pytest.raises(ConfigurationError, match="suspended"):
        await twilio.check()


async def test_an_email_is_refused(twilio: TwilioProvider) -> None:
    """What is routed here by mistake is one of the four errors."""
    content = EmailContent(subject="", text="", message_id="<a@b>", date=datetime.now(UTC))
    with pytest.raises(ConfigurationError, match="email"):
        await send(twilio, OutgoingMessage(tenant_id=DEFAULT_TENANT, job_id=JOB, to=TO, content=content))


async def test_whatsapp_has_its_own_addresses_and_templates(api: TwilioApi) -> None:
    """Both numbers carry WhatsApp's prefix; an approved template takes the place of the text."""
    config = TwilioConfig(ACCOUNT, TOKEN, whatsapp_sender=NUMBER, base_url=api.url)
    whatsapp = TwilioProvider(config, Channel.WHATSAPP)
    api.chats.add(TO)
    free = TextContent(channel=Channel.WHATSAPP, body="Hello", media_url="https://example.com/a.png")
    message = text().model_copy(update={"content": free})
    receipt = await send(whatsapp, message)
    assert dict(api.forms[0]) == {
        "To": f"whatsapp:{TO}",
        "From": f"whatsapp:{NUMBER}",
        "Body": "Hello",
        "MediaUrl": "https://example.com/a.png",
    }
    found = await whatsapp.lookup(message, datetime.now(UTC))
    assert isinstance(found, Receipt)
    assert found.provider_message_id == receipt.provider_message_id
    sid = "HX" + "0c" * 16
    filled = TextContent(channel=Channel.WHATSAPP, body="[template]", content_sid=sid, variables={"1": "Zoë"})
    await send(whatsapp, message.model_copy(update={"content": filled}))
    assert api.forms[1]["ContentSid"] == sid
    assert json.loads(api.forms[1]["ContentVariables"]) == {"1": "Zoë"}
    assert "Body" not in api.forms[1]
    await whatsapp.close()


async def test_free_text_outside_of_whatsapps_hours_is_refused_for_this_message_alone(api: TwilioApi) -> None:
    """63016 says nothing about the address and nothing about the other contacts."""
    whatsapp = TwilioProvider(TwilioConfig(ACCOUNT, TOKEN, whatsapp_sender=NUMBER, base_url=api.url), Channel.WHATSAPP)
    content = TextContent(channel=Channel.WHATSAPP, body="Hello")
    with pytest.raises(PermanentError) as refused:
        await send(whatsapp, text().model_copy(update={"content": content}))
    assert (refused.value.effect, refused.value.code) == ("none", "63016")
    assert "template" in str(refused.value)
    await whatsapp.close()


TEMPLATE = "HX" + "0c" * 16


@pytest.fixture
async def whatsapp(api: TwilioApi) -> AsyncIterator[TwilioProvider]:
    api.templates[TEMPLATE] = {"body": "Hi {{1}}, about {{2}}?", "variables": {"1": "there", "2": "tea"}}
    made = TwilioProvider(TwilioConfig(ACCOUNT, TOKEN, whatsapp_sender=NUMBER, base_url=api.url), Channel.WHATSAPP)
    yield made
    await made.close()


def template(**variables: str) -> OutgoingMessage:
    content = TextContent(channel=Channel.WHATSAPP, body="[template]", content_sid=TEMPLATE, variables=variables)
    return text().model_copy(update={"content": content})


async def test_a_template_in_doubt_is_found_by_its_words(api: TwilioApi, whatsapp: TwilioProvider) -> None:
    """Filled in as Twilio fills it in, defaults included; the same template with other values is another message."""
    begun, sent = datetime.now(UTC), template(**{"1": "Zoë"})
    await send(whatsapp, template(**{"1": "Ada"}))
    with api.failing(Fault(500, stores=True)), pytest.raises(AmbiguousError):
        await send(whatsapp, sent)
    assert [message["body"] for message in api.messages] == ["Hi Ada, about tea?", "Hi Zoë, about tea?"]
    found = await whatsapp.lookup(sent, begun)
    assert isinstance(found, Receipt)
    assert found.provider_message_id == api.messages[1]["sid"]
    unsent = await whatsapp.lookup(template(**{"1": "Bo"}), begun)
    assert isinstance(unsent, Unknown)
    assert unsent.reason.endswith("with another text")


async def test_a_template_that_twilio_does_not_show_stays_in_doubt(api: TwilioApi, whatsapp: TwilioProvider) -> None:
    """What went to the number then may be it, which is said; where nothing went, it certainly never left."""
    del api.templates[TEMPLATE]
    assert await whatsapp.lookup(template(), ago(3600)) == Absent()
    begun = datetime.now(UTC)
    await send(whatsapp, template())
    doubt = await whatsapp.lookup(template(), begun)
    assert isinstance(doubt, Unknown)
    assert api.messages[0]["sid"] in doubt.reason
    assert f"may be the template {TEMPLATE}" in doubt.reason


def test_whatsapp_wants_a_sender_of_its_own() -> None:
    """The number for texts is not taken for it."""
    with pytest.raises(NotReady) as missing:
        TwilioProvider(TwilioConfig(ACCOUNT, TOKEN, NUMBER), Channel.WHATSAPP)
    assert "TOUCHLINE_TWILIO_WHATSAPP_FROM" in (missing.value.hint or "")
