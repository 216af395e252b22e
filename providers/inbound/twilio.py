"""What Twilio reports: a message that came in, and what became of one that went out."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import UUID

from multidict import MultiDict
from pydantic_core import to_json
from twilio.request_validator import RequestValidator, get_signature_algorithm

from domain.errors import Malformed, NotReady, PermanentError, Unverified
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from providers.inbound.base import WebhookRequest
from providers.inbound.intake import SHORT_CALL, Head, Intake
from providers.inbound.parsing import read_object
from providers.twilio_errors import ERRORS

_NAME = "twilio"

_STATUSES = {
    "accepted": EventType.QUEUED,
    "scheduled": EventType.QUEUED,
    "queued": EventType.QUEUED,
    "sending": EventType.QUEUED,
    "sent": EventType.SENT,
    "delivered": EventType.DELIVERED,
    "undelivered": EventType.FAILED,
    "failed": EventType.FAILED,
    "canceled": EventType.FAILED,
    "read": EventType.OPENED,
    # An inbound message's own; they say nothing about one of ours.
    "receiving": EventType.UNKNOWN,
    "received": EventType.UNKNOWN,
}
"""MessageStatus in our words; why a message failed says its ErrorCode."""

_HANDSET = {"30003"}
"""ErrorCodes for a phone that was off or out of reach: it may take the next message."""

_CHANNELS = {"": Channel.SMS, "rcs": Channel.SMS, "whatsapp": Channel.WHATSAPP}
"""By what stands before the colon; a messaging service may turn a text into RCS, whose answers come here as well."""

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
"""As a whole message: Twilio confirms the opt-out by itself and refuses (21610) whatever is sent to the number then."""

_NO_TOKEN = re.compile(r"^[A-Z]{2}[0-9a-fA-F]{32}$|[^!-~]")
"""An SID (of an account, an API key, a service) stands beside the token in Twilio's console, and signs nothing."""

_MOST_FIELDS = 1000
"""A call has about thirty; more would only keep us busy with a caller who has proven nothing."""

_LONGEST = 255
"""Characters of what names a message or an address."""


class TwilioWebhook:
    """Believes and reads the calls of one Twilio account, whichever of the two URLs they come to."""

    name = _NAME

    def __init__(self, tokens: Sequence[str], account_sid: str | None = None) -> None:
        """Any of `tokens` may have signed; with `account_sid`, calls for another account are refused.

        Raises NotReady for what is no auth token.
        """
        if any(_NO_TOKEN.search(token) for token in tokens):
            raise NotReady(
                "an auth token of Twilio's is none: it is an SID, or holds a character that no token has",
                hint="TOUCHLINE_TWILIO_AUTH_TOKEN (or TOUCHLINE_TWILIO_WEBHOOK_TOKENS) takes what the console shows as"
                " the account's Auth Token",
            )
        self._validators = [RequestValidator(token) for token in tokens if token]
        self._account_sid = account_sid or None

    def intake(self, head: WebhookRequest) -> Intake:
        """Short, and proven when it is there."""
        return Intake(Head(SHORT_CALL), most=SHORT_CALL)

    def verify(self, request: WebhookRequest) -> None:
        """Twilio's own check, over the URL and every field as it was sent; raises Unverified.

        Twilio signs no time: a call that is repeated carries the same event id and has no second effect.
        """
        signature = request.headers.get("x-twilio-signature")
        if not signature:
            raise Unverified("the call has no X-Twilio-Signature")
        signed = _signed(request)
        algorithm = get_signature_algorithm(request.headers.get("x-twilio-webhooks-signature-settings"))
        if not any(v.validate(request.url, signed, signature, algorithm) for v in self._validators):
            raise Unverified(
                "the signature does not fit the call",
                hint="check TOUCHLINE_TWILIO_WEBHOOK_TOKENS, and that TOUCHLINE_PUBLIC_URL is what Twilio calls",
            )
        if self._account_sid and _account(signed) not in (None, self._account_sid):
            raise Unverified("the call is for another Twilio account than TOUCHLINE_TWILIO_ACCOUNT_SID")

    @staticmethod
    def parse(request: WebhookRequest) -> Sequence[StatusReport | InboundMessage]:
        """One report per call; raises Malformed naming the field that is missing or makes no sense."""
        fields = _Fields(_signed(request))
        match urlsplit(request.url).path.rstrip("/").rpartition("/")[2]:
            case "inbound":
                return [_inbound(request, fields)]
            case "status":
                return [_status(request, fields)]
            case _:
                raise Malformed("Twilio calls /webhooks/twilio/inbound and /webhooks/twilio/status, and no other URL")


class _Fields:
    """What a call says."""

    def __init__(self, signed: MultiDict[str] | str) -> None:
        self._values = _read_json(signed) if isinstance(signed, str) else signed

    def get(self, *names: str) -> str | None:
        """The first of these names that has a value."""
        return next((value for name in names if (value := self._values.get(name))), None)

    def need(self, *names: str) -> str:
        """The first of these names that has a value; raises Malformed for none, or one that no index has room for."""
        if (value := self.get(*names)) is None:
            raise Malformed(f"{names[0]} is missing")
        if len(value) > _LONGEST:
            raise Malformed(f"{names[0]} is longer than {_LONGEST} characters")
        return value

    def said(self, name: str) -> bool:
        """The field is there, though it may be blank."""
        return name in self._values

    def numbered(self, name: str) -> tuple[str, ...]:
        """The values of `<name>0`, `<name>1`, … in that order."""
        found = {
            m[1]: value
            for key, value in self._values.items()
            if value and (m := re.fullmatch(rf"{name}(\d{{1,4}})", key))
        }
        return tuple(found[number] for number in sorted(found, key=int))

    def payload(self) -> dict[str, Any]:
        """All of them; one that is repeated as a list."""
        every = {name: self._values.getall(name) for name in self._values}
        return {name: values[0] if len(values) == 1 else values for name, values in every.items()}


def _inbound(request: WebhookRequest, fields: _Fields) -> InboundMessage:
    status = fields.get("MessageStatus", "SmsStatus")
    if status in _STATUSES and _STATUSES[status] is not EventType.UNKNOWN:
        raise Malformed(
            f"a status callback ({status}) came to the URL for inbound messages",
            hint="its URL is /webhooks/twilio/status",
        )
    sender, recipient = fields.need("From"), fields.get("To")
    return InboundMessage(
        channel=_channel(sender),
        provider=_NAME,
        provider_event_id=fields.need("MessageSid", "SmsSid"),
        at=request.received_at,
        payload=fields.payload(),
        sender=_number(sender),
        recipient=_number(recipient) if recipient else None,
        text=fields.get("Body") or "",
        media=fields.numbered("MediaUrl"),
        declared=fields.get("OptOutType"),
    )


def _status(request: WebhookRequest, fields: _Fields) -> StatusReport:
    sid = fields.need("MessageSid", "SmsSid")
    status = fields.need("MessageStatus", "SmsStatus")
    if status in ("receiving", "received") and fields.said("Body"):
        raise Malformed(
            "an inbound message came to the URL for status callbacks", hint="its URL is /webhooks/twilio/inbound"
        )
    to, code = fields.need("To"), fields.get("ErrorCode")
    channel = _channel(to)
    type_, permanent = _meaning(status, code, channel)
    return StatusReport(
        channel=channel,
        provider=_NAME,
        provider_event_id=f"{sid}:{status}",
        at=request.received_at,
        job_id=_job(request.url),
        payload=fields.payload(),
        type=type_,
        provider_message_id=sid,
        address=_number(to),
        permanent=permanent,
        code=code,
        detail=fields.get("ErrorMessage"),
    )


def _meaning(status: str, code: str | None, channel: Channel) -> tuple[EventType, bool]:
    """What happened, and whether for good."""
    if status == "read" and channel is not Channel.WHATSAPP:
        return EventType.UNKNOWN, True
    if status not in ("undelivered", "failed") or code is None:
        return _STATUSES.get(status, EventType.UNKNOWN), True
    if code in _HANDSET:
        return EventType.BOUNCED, False
    match _ERRORS.get(code):
        case PermanentError(effect="bounced"):
            return EventType.BOUNCED, True
        case PermanentError(effect="opted_out"):
            return EventType.UNSUBSCRIBED, True
        case _:
            return EventType.FAILED, True


_ERRORS = {str(code): made(_NAME, "") for code, made in ERRORS.items()}


def _signed(request: WebhookRequest) -> MultiDict[str] | str:
    """What Twilio signs besides the URL: the fields of a form with their repetitions, or a JSON text whose hash
    stands in the URL. Raises Unverified for what it can never have signed."""
    try:
        text = request.body.decode()
        if _is_json(request):
            return text
        return MultiDict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Unverified("the call is not a form in UTF-8") from error


def _is_json(request: WebhookRequest) -> bool:
    """By the URL, which is signed: without the hash in it, nothing vouches for a text."""
    return "bodySHA256" in parse_qs(urlsplit(request.url).query)


def _account(signed: MultiDict[str] | str) -> str | None:
    try:
        return _Fields(signed).get("AccountSid")
    except Malformed:
        # A proven call that cannot be read is a dead letter, not a forgery.
        return None


def _read_json(text: str) -> MultiDict[str]:
    return MultiDict(
        (name, value if isinstance(value, str) else to_json(value).decode())
        for name, value in read_object(text.encode()).items()
        if value is not None
    )


def _channel(address: str) -> Channel:
    kind = address.rpartition(":")[0]
    if kind not in _CHANNELS:
        raise Malformed(f"there is no channel for Twilio's {kind!r} addresses")
    return _CHANNELS[kind]


def _number(address: str) -> str:
    return address.rpartition(":")[2]


def _job(url: str) -> UUID | None:
    """Our own token, if the callback's URL still carries it."""
    try:
        return UUID(parse_qs(urlsplit(url).query)["job"][0])
    except (KeyError, ValueError):
        return None
