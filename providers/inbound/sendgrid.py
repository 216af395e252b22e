"""What SendGrid reports (twilio.com/docs/sendgrid): signed batches of events; received mail as forms."""

import json
from base64 import b64decode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.parser import HeaderParser
from email.policy import compat32
from hashlib import sha256
from io import BytesIO
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field
from python_multipart import parse_form
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File as FormFile
from python_multipart.multipart import parse_options_header

from content.inbound_mail.read import read
from content.machines import is_machine
from domain.errors import Malformed, NotReady, Unverified
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from providers.inbound.base import WebhookRequest
from providers.inbound.basic_auth import Logins
from providers.inbound.intake import LONGEST_CALL, SHORT_CALL, FormTrimmer, Head, Intake
from providers.inbound.parsing import Id, Said, Time, as_object, digest, fit, job_in, message_id, read_json
from providers.inbound.rebuild import REPORT_PARTS, Part, rebuild, with_envelope
from providers.inbound.refusal import Refusal, refusal

_NAME = "sendgrid"

EVENTS = {
    "processed": EventType.QUEUED,
    "deferred": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "dropped": EventType.FAILED,
    "bounce": EventType.BOUNCED,
    "spamreport": EventType.COMPLAINED,
    "open": EventType.OPENED,
    "click": EventType.CLICKED,
    "unsubscribe": EventType.UNSUBSCRIBED,
    "group_unsubscribe": EventType.UNSUBSCRIBED,
    "group_resubscribe": EventType.SUBSCRIBED,
}
"""SendGrid's words in ours; why a message was dropped, DROPS says more exactly."""

DROPS = {
    "bounced address": EventType.BOUNCED,
    "invalid": EventType.BOUNCED,
    "unsubscribed address": EventType.UNSUBSCRIBED,
    "spam reporting address": EventType.COMPLAINED,
}
"""Reasons, in small letters, for which SendGrid sends nothing to an address: what its owner said before still holds."""

_SOFT = frozenset({"blocked", "expired"})
"""Types of a bounce after which the address may take the next message."""

_RETRIED = timedelta(hours=25)
"""SendGrid repeats a call for a day, and nowhere says that it signs it anew. A call that is played back has no second
effect, whereas one that is refused because we were down for long is lost."""
_AHEAD = timedelta(minutes=5)
_WHOLE_MAIL = "email"
"""The field that holds a mail as it came."""
_SIGNATURE = "x-twilio-email-event-webhook-signature"
_STAMP = "x-twilio-email-event-webhook-timestamp"
_MOST_EVENTS = 10_000
"""As many as a body of 1 MB has room for, if they say anything."""


class _Event(Said):
    event: str
    timestamp: Time
    event_id: Id | None = Field(default=None, alias="sg_event_id")
    message_id: Id | None = Field(default=None, alias="sg_message_id")
    smtp_id: Id | None = Field(default=None, alias="smtp-id")
    email: str | None = None
    type: str | None = None
    reason: str | None = None
    response: str | None = None
    status: str | None = None
    url: str | None = None
    user_agent: str | None = Field(default=None, alias="useragent")
    machine: bool | None = Field(default=None, alias="sg_machine_open")


class SendGridWebhook:
    """Believes and reads the calls of one SendGrid account: its events and the mail that it receives."""

    name = _NAME

    def __init__(self, keys: Sequence[str], logins: Sequence[str] = (), *, tolerance: timedelta = _RETRIED) -> None:
        """Any of `keys` (verification keys, base64) may have signed; received mail that is not signed needs one of
        `logins` (user:password). Raises NotReady for what is no such key or login."""
        self._keys = [_public_key(key) for key in keys]
        self._logins = Logins(logins, "TOUCHLINE_SENDGRID_INBOUND_LOGINS")
        self._tolerance = tolerance

    def intake(self, head: WebhookRequest) -> Intake:
        """Mail comes with all that is attached; where it is signed, the signature is over all of it."""
        signed = _SIGNATURE in head.headers
        if not _is_form(head):
            return Intake(Head(SHORT_CALL), most=SHORT_CALL)
        if not signed:
            self._logins.check(head)
        trimmer = FormTrimmer(_boundary(head), mail=_WHOLE_MAIL)
        stamp = head.headers.get(_STAMP, "").encode()
        return Intake(trimmer, most=LONGEST_CALL, proven=not signed, signed_before=stamp if signed else None)

    def verify(self, request: WebhookRequest) -> None:
        """The signature over time and body. Received mail is signed only under a security policy: else by login."""
        if _SIGNATURE in request.headers:
            self._check_signature(request)
        elif _is_form(request):
            self._logins.check(request)
        else:
            raise Unverified("the call is not signed", hint="switch the signed event webhook on in SendGrid")

    @staticmethod
    def parse(request: WebhookRequest) -> Sequence[StatusReport | InboundMessage]:
        """A report per event. One that cannot be read is reported as unknown, so that the others have their effect;
        where none can be, the call is malformed."""
        if _is_form(request):
            return _received(request)
        events = read_json(request.body)
        if not isinstance(events, list):
            raise Malformed("the body is not a JSON array of events")
        if len(events) > _MOST_EVENTS:
            raise Malformed(f"the call has more than {_MOST_EVENTS} events")
        reports, faults = [], []
        for number, event in enumerate(events):
            try:
                reports.append(_report(as_object(event, "it")))
            except Malformed as fault:
                faults.append(f"event {number}: {fault}")
                reports.append(_unread(event, faults[-1], request.received_at))
        if faults and len(faults) == len(events):
            raise Malformed("; ".join(faults[:5]))
        return reports

    def _check_signature(self, request: WebhookRequest) -> None:
        stamp = request.headers.get(_STAMP, "")
        try:
            signature = b64decode(request.headers[_SIGNATURE], validate=True)
            at = datetime.fromtimestamp(int(stamp), tz=UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise Unverified("the signature or its time cannot be read") from error
        if not -_AHEAD <= request.received_at - at <= self._tolerance:
            raise Unverified(f"the call was signed at {at:%Y-%m-%d %H:%M:%S} UTC", hint="check this machine's clock")
        signed = request.sha256 or sha256(stamp.encode() + request.body).digest()
        if not any(_fits(key, signature, signed) for key in self._keys):
            raise Unverified("no key fits the signature", hint="check TOUCHLINE_SENDGRID_WEBHOOK_KEYS")


def _public_key(text: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key() from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise _no_key()
    return key


def _no_key() -> NotReady:
    return NotReady(
        "a verification key of SendGrid's cannot be read",
        hint="TOUCHLINE_SENDGRID_WEBHOOK_KEYS takes them as SendGrid shows them: one line of base64 (MFkw…)",
    )


def _fits(key: EllipticCurvePublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True


def _report(payload: dict[str, Any]) -> StatusReport:
    event = fit(_Event, payload)
    kind = EVENTS.get(event.event, EventType.UNKNOWN)
    if event.event == "dropped":
        kind = DROPS.get((event.reason or "").lower(), kind)
    meaning = Refusal(kind)
    if event.event == "bounce":
        meaning = refusal(kind, event.reason, event.status, permanent=event.type not in _SOFT)
    return StatusReport(
        channel=Channel.EMAIL,
        provider=_NAME,
        provider_event_id=event.event_id or digest(json.dumps(payload, sort_keys=True)),
        at=event.timestamp,
        job_id=job_in(payload),
        payload=payload,
        type=meaning.type,
        # What stands before the first dot is what the API answers as X-Message-Id; the rest changes on the way.
        provider_message_id=(event.message_id or "").partition(".")[0] or None,
        message_ids=message_id(event.smtp_id),
        address=event.email,
        permanent=meaning.permanent,
        of_sender=meaning.of_sender,
        code=event.status,
        detail=event.reason or event.response,
        machine=bool(event.machine) or (event.event in ("open", "click") and is_machine(event.user_agent)),
        url=event.url,
    )


def _unread(event: Any, fault: str, at: datetime) -> StatusReport:
    return StatusReport(
        channel=Channel.EMAIL,
        provider=_NAME,
        provider_event_id=digest(json.dumps(event, sort_keys=True)),
        at=at,
        type=EventType.UNKNOWN,
        detail=fault,
        payload=event if isinstance(event, dict) else {"event": event},
    )


# --- received mail (inbound parse) -------------------------------------------------------------------------------


class _Envelope(Said):
    sender: str | None = Field(default=None, alias="from")
    to: tuple[str, ...] = ()


def _is_form(request: WebhookRequest) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def _boundary(request: WebhookRequest) -> bytes:
    return parse_options_header(request.headers["content-type"])[1].get(b"boundary", b"")


def _end_of_form(request: WebhookRequest) -> bytes:
    return b"\r\n--" + _boundary(request) + b"--\r\n"


def _received(request: WebhookRequest) -> list[StatusReport | InboundMessage]:
    """Mail comes whole (field `email`, the raw option) or taken apart; SendGrid gives it no id of its own."""
    form = _Form(request)
    envelope = fit(_Envelope, form.json("envelope"))
    if _WHOLE_MAIL in form.fields:
        raw = form.fields[_WHOLE_MAIL]
    elif "headers" in form.fields:
        headers = HeaderParser(policy=compat32).parsestr(form.text("headers")).items()
        raw = rebuild(headers, text=form.text("text"), html=form.text("html"), parts=form.parts)
    else:
        raise Malformed("the form has neither the field email nor the field headers")
    raw = with_envelope(raw, sender=envelope.sender, recipients=envelope.to)
    return read(raw, provider=_NAME, at=request.received_at, payload=form.payload())


class _Form:
    """The fields of a call, in bytes: each text has its own character set, named in `charsets`."""

    def __init__(self, request: WebhookRequest) -> None:
        self.fields: dict[str, bytes] = {}
        self.parts: list[Part] = []
        try:
            headers = {"Content-Type": request.headers["content-type"].encode("latin-1")}
            body = request.body + (_end_of_form(request) if request.is_cut else b"")
            parse_form(headers, BytesIO(body), self._add_field, self._add_file)
        except ValueError as error:
            raise Malformed(f"the body is not a form: {error}") from error
        self._charsets = self.json("charsets")

    def text(self, name: str) -> str:
        """A field's text; what is not in its character set stands as the replacement character."""
        charset = self._charsets.get(name)
        given = self.fields.get(name, b"")
        try:
            return given.decode(charset if isinstance(charset, str) else "utf-8", "replace")
        except (LookupError, ValueError):
            return given.decode("utf-8", "replace")

    def json(self, name: str) -> dict[str, Any]:
        """A field that holds a JSON object; one that is missing holds an empty one."""
        return as_object(read_json(self.fields[name]), name) if self.fields.get(name) else {}

    def payload(self) -> dict[str, Any]:
        """For the record: everything but the raw message and what was attached."""
        return {name: self.text(name) for name in self.fields if name != _WHOLE_MAIL}

    def _add_field(self, field: FormField) -> None:
        self.fields[(field.field_name or b"").decode("utf-8", "replace")] = field.value or b""

    def _add_file(self, file: FormFile) -> None:
        kind = (file.content_type or "").partition(";")[0].strip().lower()
        if kind in REPORT_PARTS:
            file.file_object.seek(0)
            self.parts.append((kind, file.file_object.read()))
        file.close()
