"""Twilio's calls are believed when they are proven, and only then."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from domain.errors import Malformed, NotReady, Unverified
from domain.events import InboundMessage
from providers.inbound.base import WebhookRequest
from providers.inbound.twilio import TwilioWebhook
from tests.providers.twilio_calls import HOOK, INBOUND, REPLY, ROOT, STATUS, TOKEN, Fields, call, json_call, without

# --- proof ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        REPLY,
        {**REPLY, "BuyersIntent": "warm", "Ünknown Field[]": "ä=&+ \r\n"},
        {**REPLY, "Body": ""},
        [*REPLY.items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b"), ("Tag", "")],
        {},
    ],
    ids=["as it is today", "with fields of tomorrow", "blank", "repeated names", "no fields"],
)
def test_what_twilio_signs_is_believed(fields: Fields) -> None:
    """The signature is over every field as it was sent: unknown, blank, repeated and non-ASCII ones as well."""
    HOOK.verify(call(fields))


@pytest.mark.parametrize(
    ("called", "signed"),
    [
        ("https://touch.example.com/in", "https://touch.example.com:443/in"),
        ("https://touch.example.com:443/in", "https://touch.example.com/in"),
        ("http://touch.example.com/in?job=1", "http://touch.example.com:80/in?job=1"),
    ],
)
def test_the_standard_port_may_be_signed_or_not(called: str, signed: str) -> None:
    """Twilio is inconsistent about it; either is proof."""
    HOOK.verify(call(REPLY, called, signed_url=signed))


def test_every_configured_token_counts() -> None:
    """While a token is being replaced, calls signed with the old and with the new one are both believed."""
    rotating = TwilioWebhook(["", "new", TOKEN])
    rotating.verify(call(REPLY, token="new"))
    rotating.verify(call(REPLY, token=TOKEN))
    with pytest.raises(Unverified):
        rotating.verify(call(REPLY, token=""))


@pytest.mark.parametrize("token", [f"AC{'0' * 32}", f"SK{'a' * 32}", "the token", "tokén"])
def test_what_is_no_token_is_refused_at_the_start(token: str) -> None:
    """Better no process than one that refuses every call; the error names the setting, not the token."""
    with pytest.raises(NotReady) as refused:
        TwilioWebhook([TOKEN, token])
    assert "TOUCHLINE_TWILIO_AUTH_TOKEN" in (refused.value.hint or "")
    assert token not in f"{refused.value} {refused.value.hint}"


def test_without_a_token_nothing_is_believed() -> None:
    """A missing setting refuses every call, also one that is signed with nothing."""
    for token in ("", TOKEN):
        with pytest.raises(Unverified):
            TwilioWebhook([""]).verify(call(REPLY, token=token))


def _flipped(request: WebhookRequest, position: int) -> bytes:
    body = bytearray(request.body)
    body[position] ^= 1
    return bytes(body)


@pytest.mark.parametrize(
    "forged",
    [
        call(REPLY, token="another"),
        call(REPLY, STATUS, signed_url=INBOUND),
        call(REPLY, f"{INBOUND}?job=1", signed_url=INBOUND),
        call(REPLY, INBOUND.replace("https", "http"), signed_url=INBOUND),
        call(REPLY, headers={}),
        call(REPLY, headers={"x-twilio-signature": ""}),
        call(REPLY, headers={"x-twilio-signature": "ä"}),
        call(REPLY, body=call({**REPLY, "Extra": ""}).body),
        call(REPLY, body=call(without(REPLY, "Body")).body),
        call(REPLY, body=b""),
        call(REPLY, body=b"\xff\xfe=1"),
        call(REPLY, body=b"Body=%ff"),
        call(REPLY, body=b"&".join(b"f%d=" % n for n in range(2000))),
        *(call(REPLY, body=_flipped(call(REPLY), n)) for n in (0, 40, len(call(REPLY).body) - 1)),
    ],
)
def test_what_is_not_proven_is_refused(forged: WebhookRequest) -> None:
    """Another token, path, query, scheme or byte, a field more or less, no signature: none of it is believed."""
    with pytest.raises(Unverified):
        HOOK.verify(forged)


def test_every_byte_of_the_body_is_under_the_signature() -> None:
    """Whichever byte is flipped, the call is refused."""
    request = call(REPLY)
    for position in range(len(request.body)):
        with pytest.raises(Unverified):
            HOOK.verify(call(REPLY, body=_flipped(request, position)))


def test_a_call_for_another_account_is_refused() -> None:
    """With an account configured, a proven call for another one is not ours; without, any is."""
    request = call({**REPLY, "AccountSid": "AC00000000000000000000000000000009"})
    with pytest.raises(Unverified, match="account"):
        HOOK.verify(request)
    TwilioWebhook([TOKEN]).verify(request)
    TwilioWebhook([TOKEN], "").verify(request)


def test_the_longer_hash_of_a_shared_key_is_believed() -> None:
    """A call that names HMAC_SHA256 is checked with it; an algorithm that nobody knows proves nothing."""
    signature = RequestValidator(TOKEN).compute_signature(INBOUND, MultiDict(REPLY), "HMAC_SHA256")
    headers = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA256"}
    HOOK.verify(call(REPLY, headers=headers))
    for settings in ("", "key=k,algorithm=HMAC_MD5"):
        with pytest.raises(Unverified):
            HOOK.verify(call(REPLY, headers={**headers, "x-twilio-webhooks-signature-settings": settings}))


# --- JSON -------------------------------------------------------------------------------------------------


def test_a_json_body_is_believed_by_its_hash() -> None:
    """The signed URL vouches for the body; its object is read like a form."""
    body = json.dumps({**REPLY, "NumMedia": 0, "New": {"a": [1]}, "Nothing": None}).encode()
    HOOK.verify(json_call(body))
    [report] = HOOK.parse(json_call(body))
    assert isinstance(report, InboundMessage)
    assert (report.sender, report.text) == (REPLY["From"], REPLY["Body"])
    assert report.payload == {**REPLY, "NumMedia": "0", "New": '{"a":[1]}'}


def test_a_json_body_that_nothing_vouches_for_is_refused() -> None:
    """Another body than the hashed one, or a body without a hash, is no proof; nor is another account."""
    body = json.dumps(REPLY).encode()
    unhashed = call({}, body=body)
    other = json.dumps({**REPLY, "AccountSid": "AC9"}).encode()
    for forged in (json_call(body + b" ", hashed=body), json_call(b"\xff", hashed=body), unhashed, json_call(other)):
        with pytest.raises(Unverified):
            HOOK.verify(forged)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"", b'{"Body": NaN}', b"[" * 100_000])
def test_a_proven_body_that_is_no_json_object_is_malformed(body: bytes) -> None:
    """It is Twilio's, so it is not refused as a forgery but kept as a dead letter."""
    HOOK.verify(json_call(body))
    with pytest.raises(Malformed, match="JSON"):
        HOOK.parse(json_call(body))


# --- whatever may come ------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.sampled_from(["MessageSid", "From", "To", "MessageStatus", "Body", "ErrorCode", "MediaUrl0"]) | TEXT
VALUES = st.sampled_from(["failed", "received", "whatsapp:+1", "+12125550199", "30003"]) | TEXT


@given(st.lists(st.tuples(NAMES, VALUES)), st.sampled_from([INBOUND, STATUS, f"{STATUS}?job=%E2%82%AC", ROOT]))
def test_whatever_twilio_signs_is_believed_and_read_or_malformed(fields: list[tuple[str, str]], url: str) -> None:
    """No field and no value, in any number and order, breaks verifying or reading."""
    hook = TwilioWebhook([TOKEN])
    request = call(fields, url)
    hook.verify(request)
    try:
        [report] = hook.parse(request)
    except Malformed:
        return
    assert report.model_dump_json()


@given(st.dictionaries(NAMES, VALUES | st.integers() | st.none() | st.lists(TEXT)))
def test_whatever_twilio_signs_as_json_is_believed_and_read_or_malformed(fields: dict[str, Any]) -> None:
    """Values of any type are read as text."""
    hook = TwilioWebhook([TOKEN])
    request = json_call(json.dumps(fields).encode(), url=STATUS)
    hook.verify(request)
    try:
        [report] = hook.parse(request)
    except Malformed:
        return
    assert report.model_dump_json()
