"""What Resend reports (resend.com/docs/webhooks). Its calls are signed as Svix and Standard Webhooks do."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from standardwebhooks.webhooks import EmptyWebhookSecretError, WebhookVerificationError
from standardwebhooks.webhooks import Webhook as Signed

from content.inbound_mail.read import read
from content.machines import is_machine
from domain.errors import Malformed, NotReady, Unverified
from domain.events import EventType, InboundMessage, StatusReport
from domain.ids import JOB_HEADER, JOB_KEY, job_of_message_id
from domain.messages import Channel
from providers.inbound.base import WebhookRequest
from providers.inbound.intake import SHORT_CALL, Head, Intake
from providers.inbound.parsing import Id, Said, Time, address_in, fit, job_in, message_id, read_object
from providers.inbound.rebuild import rebuild, with_envelope
from providers.inbound.refusal import refusal

_NAME = "resend"

EVENTS = {
    "email.scheduled": EventType.QUEUED,
    "email.sent": EventType.SENT,
    "email.delivery_delayed": EventType.DEFERRED,
    "email.delivered": EventType.DELIVERED,
    "email.failed": EventType.FAILED,
    "email.bounced": EventType.BOUNCED,
    # Not sent, for the address bounced or complained before: it is as dead as if it had refused this one.
    "email.suppressed": EventType.BOUNCED,
    "email.complained": EventType.COMPLAINED,
    "email.opened": EventType.OPENED,
    "email.clicked": EventType.CLICKED,
    "email.received": EventType.INBOUND,
}
"""Resend's words in ours. Its events about domains, contacts and inboxes are none of ours."""

_SOFT = frozenset({"transient", "temporary", "undetermined"})
"""Kinds of a bounce after which the address may take the next message."""


class _Header(Said):
    name: str
    value: str


class _Tag(Said):
    name: str
    value: str


class _Reason(Said):
    type: str | None = None
    sub_type: str | None = Field(default=None, alias="subType")
    message: str | None = None
    reason: str | None = None
    diagnostic: tuple[str, ...] | str | None = Field(default=None, alias="diagnosticCode")
    """What the receiver answered; `message` is Resend's own explanation."""


class _Click(Said):
    link: str | None = None
    user_agent: str | None = Field(default=None, alias="userAgent")


class _Email(Said):
    email_id: Id | None = None
    message_id: Id | None = None
    sender: str | None = Field(default=None, alias="from")
    to: tuple[str, ...] | None = None
    received_for: tuple[str, ...] | None = None
    subject: str | None = None
    tags: dict[str, str] | tuple[_Tag, ...] | None = None
    """An object in the calls, a list in some of the documentation."""
    headers: tuple[_Header, ...] | None = None
    """Those that the sender added; documented nowhere, seen in calls about messages that had some."""
    bounce: _Reason | None = None
    failed: _Reason | None = None
    suppressed: _Reason | None = None
    click: _Click | None = None


class _Event(Said):
    type: str
    created_at: Time
    data: dict[str, Any]


class ResendWebhook:
    """Believes and reads the calls of one Resend account: its events and the mail that it receives.

    Resend says who wrote, to whom and with which subject, but not what (its webhook has no body and no headers):
    such an answer is matched by plus-address or sender, and its text is what the subject says by itself.
    """

    name = _NAME

    def __init__(self, secrets: Sequence[str]) -> None:
        """Any of `secrets` (whsec_…) may have signed; raises NotReady for what is none."""
        try:
            self._signed = [Signed(secret) for secret in secrets]
        except (ValueError, EmptyWebhookSecretError) as error:
            raise NotReady(
                "a webhook secret of Resend's cannot be read",
                hint="TOUCHLINE_RESEND_WEBHOOK_SECRETS takes them as Resend shows them: whsec_…",
            ) from error

    def intake(self, head: WebhookRequest) -> Intake:
        """Short, and proven when it is there."""
        return Intake(Head(SHORT_CALL), most=SHORT_CALL)

    def verify(self, request: WebhookRequest) -> None:
        """The signature over id, time and body; five minutes of tolerance, for each retry is signed anew."""
        headers = {f"webhook-{part}": _signed_header(request, part) for part in ("id", "timestamp", "signature")}
        for signed in self._signed:
            try:
                signed.verify(request.body, headers, json_parse=False)
            except (WebhookVerificationError, ValueError):
                continue
            return
        raise Unverified(
            "no secret fits the signature, or the call is older than five minutes",
            hint="check TOUCHLINE_RESEND_WEBHOOK_SECRETS and this machine's clock",
        )

    @staticmethod
    def parse(request: WebhookRequest) -> Sequence[StatusReport | InboundMessage]:
        """One report per call."""
        payload = read_object(request.body)
        event = fit(_Event, payload)
        event_id = _signed_header(request, "id")
        if not 0 < len(event_id) <= 255:
            raise Malformed("the call has no usable svix-id")
        kind = EVENTS.get(event.type, EventType.UNKNOWN)
        if kind is EventType.UNKNOWN:
            return [
                StatusReport(
                    channel=Channel.EMAIL,
                    provider=_NAME,
                    provider_event_id=event_id,
                    at=event.created_at,
                    type=kind,
                    payload=payload,
                )
            ]
        email = fit(_Email, event.data)
        if kind is EventType.INBOUND:
            return read(_raw(email), provider=_NAME, at=event.created_at, event_id=event_id, payload=payload)
        why = email.bounce or email.suppressed or email.failed or _Reason()
        click = email.click or _Click()
        words = why.diagnostic if isinstance(why.diagnostic, str) else " ".join(why.diagnostic or ())
        meaning = refusal(kind, words, permanent=(why.type or "").lower() not in _SOFT)
        return [
            StatusReport(
                channel=Channel.EMAIL,
                provider=_NAME,
                provider_event_id=event_id,
                at=event.created_at,
                job_id=job_in(_names(email)),
                payload=payload,
                type=meaning.type,
                provider_message_id=email.email_id,
                # Resend may have given it a Message-ID of its own: one that is not ours says nothing about whose it is.
                message_ids=tuple(name for name in message_id(email.message_id) if job_of_message_id(name)),
                address=address_in(email.to or ()),
                permanent=meaning.permanent,
                of_sender=meaning.of_sender,
                code="/".join(filter(None, (why.type, why.sub_type))) or None,
                detail=words or why.message or why.reason,
                machine=kind is EventType.CLICKED and is_machine(click.user_agent),
                url=click.link,
            )
        ]


def _signed_header(request: WebhookRequest, part: str) -> str:
    return request.headers.get(f"svix-{part}") or request.headers.get(f"webhook-{part}") or ""


def _names(email: _Email) -> dict[str, str]:
    """Tags, and the headers by which a message sent over SMTP carries what a tag would."""
    tags = email.tags if isinstance(email.tags, dict) else {tag.name: tag.value for tag in email.tags or ()}
    headers = {header.name.lower(): header.value for header in email.headers or ()}
    return {JOB_KEY: headers[JOB_HEADER.lower()], **tags} if JOB_HEADER.lower() in headers else tags


def _raw(email: _Email) -> bytes:
    """The message as far as Resend tells of it."""
    headers = [
        ("From", email.sender or ""),
        ("To", ", ".join(email.to or ())),
        ("Subject", email.subject or ""),
        *(("Message-ID", name) for name in message_id(email.message_id)),
    ]
    raw = rebuild(headers, text="", html="")
    return with_envelope(raw, sender=None, recipients=email.received_for or ())
