"""What Postmark reports (postmarkapp.com/developer/webhooks). It signs nothing: a login in the URL proves it."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import Field

from content.inbound_mail.read import read
from content.machines import is_machine
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from providers.inbound.base import WebhookRequest
from providers.inbound.basic_auth import Logins
from providers.inbound.intake import LONGEST_CALL, Intake, JsonTrimmer
from providers.inbound.parsing import Id, Said, Time, digest, fit, job_in, read_object
from providers.inbound.rebuild import REPORT_PARTS, Part, rebuild, with_envelope
from providers.inbound.refusal import Refusal, refusal

_NAME = "postmark"


class _Meaning(NamedTuple):
    type: EventType
    permanent: bool = True


_SOFT = _Meaning(EventType.BOUNCED, permanent=False)
_HARD = _Meaning(EventType.BOUNCED)
_FAILED = _Meaning(EventType.FAILED)
_MACHINE = _Meaning(EventType.AUTORESPONDED)

RECORDS = {
    "Delivery": EventType.DELIVERED,
    "Bounce": EventType.BOUNCED,
    "SpamComplaint": EventType.COMPLAINED,
    "Open": EventType.OPENED,
    "Click": EventType.CLICKED,
    "SubscriptionChange": EventType.UNSUBSCRIBED,
    "Inbound": EventType.INBOUND,
}
"""RecordType in our words; of a bounce and of a changed subscription, BOUNCES and SUPPRESSIONS say it more exactly."""

BOUNCES = {
    "HardBounce": _HARD,
    "BadEmailAddress": _HARD,
    "SoftBounce": _SOFT,
    "DnsError": _SOFT,
    # A filter or the recipient's provider refused this one; the mailbox is there.
    "Blocked": _SOFT,
    "SpamNotification": _SOFT,
    # Postmark goes on trying.
    "Transient": _Meaning(EventType.DEFERRED),
    "AutoResponder": _MACHINE,
    "AddressChange": _MACHINE,
    "ChallengeVerification": _MACHINE,
    "SpamComplaint": _Meaning(EventType.COMPLAINED),
    "Unsubscribe": _Meaning(EventType.UNSUBSCRIBED),
    "ManuallyDeactivated": _Meaning(EventType.UNSUBSCRIBED),
    "VirusNotification": _FAILED,
    "DMARCPolicy": _FAILED,
    "Unconfirmed": _FAILED,
    "SMTPApiError": _FAILED,
    "InboundError": _FAILED,
    "TemplateRenderingFailed": _FAILED,
}
"""Type of a bounce. Left out, so unknown: what lifts an opt-out by the guess that a mail asks for it (Subscribe)."""

SUPPRESSIONS = {
    "HardBounce": _HARD,
    "SpamComplaint": _Meaning(EventType.COMPLAINED),
    "ManualSuppression": _Meaning(EventType.UNSUBSCRIBED),
}
"""SuppressionReason: why Postmark sends nothing more to an address."""

_LEFT_OUT = frozenset({"RawEmail", "Attachments", "Content"})
"""Not kept for the record: they are as long as their senders please, and what they say is read."""


class _Header(Said):
    name: str = Field(alias="Name")
    value: str = Field(alias="Value")


class _Attachment(Said):
    kind: str | None = Field(default=None, alias="ContentType")
    content: str | None = Field(default=None, alias="Content")


class _Record(Said):
    """Whatever is reported on a message of ours: the times and addresses have other names in each record."""

    id: int | None = Field(default=None, alias="ID")
    type: str | None = Field(default=None, alias="Type")
    message_id: Id | None = Field(default=None, alias="MessageID")
    metadata: dict[str, Any] | None = Field(default=None, alias="Metadata")
    recipient: str | None = Field(default=None, alias="Recipient")
    email: str | None = Field(default=None, alias="Email")
    delivered_at: Time | None = Field(default=None, alias="DeliveredAt")
    bounced_at: Time | None = Field(default=None, alias="BouncedAt")
    received_at: Time | None = Field(default=None, alias="ReceivedAt")
    changed_at: Time | None = Field(default=None, alias="ChangedAt")
    description: str | None = Field(default=None, alias="Description")
    details: str | None = Field(default=None, alias="Details")
    user_agent: str | None = Field(default=None, alias="UserAgent")
    link: str | None = Field(default=None, alias="OriginalLink")
    origin: str | None = Field(default=None, alias="Origin")
    suppressing: bool | None = Field(default=None, alias="SuppressSending")
    reason: str | None = Field(default=None, alias="SuppressionReason")


class _Inbound(Said):
    message_id: Id = Field(alias="MessageID")
    """Postmark's own; the message's stands among the headers."""
    raw: str | None = Field(default=None, alias="RawEmail")
    sender: str | None = Field(default=None, alias="From")
    to: str | None = Field(default=None, alias="To")
    cc: str | None = Field(default=None, alias="Cc")
    subject: str | None = Field(default=None, alias="Subject")
    date: str | None = Field(default=None, alias="Date")
    reply_to: str | None = Field(default=None, alias="ReplyTo")
    original_recipient: str | None = Field(default=None, alias="OriginalRecipient")
    text: str | None = Field(default=None, alias="TextBody")
    html: str | None = Field(default=None, alias="HtmlBody")
    headers: tuple[_Header, ...] | None = Field(default=None, alias="Headers")
    attachments: tuple[_Attachment, ...] | None = Field(default=None, alias="Attachments")


class PostmarkWebhook:
    """Believes and reads the calls of one Postmark server: its events and the mail that it receives."""

    name = _NAME

    def __init__(self, logins: Sequence[str]) -> None:
        """Any of `logins` (user:password) will do."""
        self._logins = Logins(logins, "TOUCHLINE_POSTMARK_WEBHOOK_LOGINS")

    def intake(self, head: WebhookRequest) -> Intake:
        """The login stands in the head; mail comes with all that is attached."""
        self._logins.check(head)
        return Intake(JsonTrimmer(), most=LONGEST_CALL, proven=True)

    def verify(self, request: WebhookRequest) -> None:
        """The login; Postmark gives no time, so a call may come again, and has no second effect."""
        self._logins.check(request)

    @staticmethod
    def parse(request: WebhookRequest) -> Sequence[StatusReport | InboundMessage]:
        """One report per call, but one per recipient of a delivery report that came in as mail."""
        payload = read_object(request.body, is_cut=request.is_cut)
        kept = {name: value for name, value in payload.items() if name not in _LEFT_OUT}
        # Calls set up long ago carry no RecordType on inbound mail.
        name = payload.get("RecordType") or ("Inbound" if "FromFull" in payload else None)
        if name == "Inbound":
            # Of a call that is cut, that is where it ends: no attachment need be whole.
            mail = fit(_Inbound, payload | ({"Attachments": None} if request.is_cut else {}))
            event_id = f"Inbound:{mail.message_id}"
            raw = _raw(mail, is_long=request.left_out > 0)
            return read(raw, provider=_NAME, at=request.received_at, event_id=event_id, payload=kept)
        record = fit(_Record, payload) if isinstance(name, str) and name in RECORDS else _Record()
        meaning = _meaning(name, record)
        at = record.delivered_at or record.bounced_at or record.received_at or record.changed_at
        if record.id is not None:
            event_id = f"{name}:{record.id}"
        elif meaning.type is EventType.UNKNOWN or at is None:
            event_id = digest(request.body)
        else:
            event_id = f"{name}:{digest(record.message_id, record.recipient, at, record.link, record.suppressing)}"
        return [
            StatusReport(
                channel=Channel.EMAIL,
                provider=_NAME,
                provider_event_id=event_id,
                at=at or request.received_at,
                job_id=job_in(record.metadata),
                payload=kept,
                type=meaning.type,
                provider_message_id=record.message_id,
                address=record.recipient or record.email,
                permanent=meaning.permanent,
                of_sender=meaning.of_sender,
                code=record.type or record.reason,
                detail=record.details or record.description,
                machine=meaning.type in (EventType.OPENED, EventType.CLICKED) and is_machine(record.user_agent),
                url=record.link,
            )
        ]


def _meaning(name: Any, record: _Record) -> Refusal:
    if name == "Bounce":
        named = BOUNCES.get(record.type or "", _Meaning(EventType.UNKNOWN))
        return refusal(named.type, record.details, permanent=named.permanent)
    if name == "SubscriptionChange":
        if record.suppressing:
            return Refusal(*SUPPRESSIONS.get(record.reason or "", _Meaning(EventType.UNSUBSCRIBED)))
        # An operator who makes an address sendable again has not been asked to by its owner.
        return Refusal(EventType.SUBSCRIBED if record.origin == "Recipient" else EventType.UNKNOWN)
    return Refusal(RECORDS.get(name, EventType.UNKNOWN) if isinstance(name, str) else EventType.UNKNOWN)


def _raw(mail: _Inbound, *, is_long: bool) -> bytes:
    """The message as it came where the call includes it, otherwise put together again.

    Of a long call only the beginning of the message is there, and its words may stand behind what is attached.
    """
    envelope = [mail.original_recipient] if mail.original_recipient else []
    if mail.raw is not None and not (is_long and (mail.text or mail.html)):
        return with_envelope(mail.raw.encode(), sender=None, recipients=envelope)
    fields = {
        "From": mail.sender,
        "To": mail.to,
        "Cc": mail.cc,
        "Subject": mail.subject,
        "Date": mail.date,
        "Reply-To": mail.reply_to,
    }
    given = [(header.name, header.value) for header in mail.headers or ()]
    there = {name.lower() for name, _ in given}
    added = [(name, value) for name, value in fields.items() if value and name.lower() not in there]
    raw = rebuild([*added, *given], text=mail.text or "", html=mail.html or "", parts=_report_parts(mail))
    return with_envelope(raw, sender=None, recipients=envelope)


def _report_parts(mail: _Inbound) -> list[Part]:
    parts = []
    for attachment in mail.attachments or ():
        kind = (attachment.kind or "").partition(";")[0].strip().lower()
        if kind in REPORT_PARTS:
            try:
                parts.append((kind, b64decode(attachment.content or "")))
            except ValueError:
                # Not base64: nothing of it can be read, and the rest of the message can.
                continue
    return parts
