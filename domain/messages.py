"""Messages: the words of the ledger, what a provider is handed and what it answers."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.base import Frozen


class Channel(StrEnum):
    """A way to reach a contact."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    WEBHOOK = "webhook"
    """To a system, about a contact: it is in the ledger, and in no conversation."""


class JobState(StrEnum):
    """The life of a message job: pending → sending → sent | failed | ambiguous; pending → cancelled."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    CANCELLED = "cancelled"


MAX_REQUEST_SECONDS = 30
"""How long a webhook's receiver may take: its hand-over ends within a worker's shutdown."""


class EmailContent(Frozen):
    """A rendered email, frozen on its job. Header values are single lines; bodies use `\\n`."""

    channel: Literal[Channel.EMAIL] = Channel.EMAIL
    sender: str | None = None
    """The tenant's own, `Name <address>`; None: the installation's."""
    subject: str
    text: str
    html: str | None = None
    message_id: str
    """RFC 5322 Message-ID with its angle brackets."""
    date: AwareDatetime
    """When the message was composed, in UTC: its Date header."""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    reply_to: str | None = None
    unsubscribe_url: str | None = None
    """One HTTPS URI for List-Unsubscribe (RFC 8058); None while no public URL is configured."""
    unsubscribe_mailto: str | None = None


class TextContent(Frozen):
    """A rendered SMS or WhatsApp text, frozen on its job."""

    channel: Literal[Channel.SMS, Channel.WHATSAPP] = Channel.SMS
    sender: str | None = None
    """The tenant's own number, or the SID of its messaging service; None: the installation's."""
    body: str
    """Of an approved template: what it was filled in with, for the record."""
    media_url: str | None = None
    content_sid: str | None = None
    """An approved template of WhatsApp's, which takes the place of `body`."""
    variables: dict[str, str] = Field(default_factory=dict)


class WebhookContent(Frozen):
    """A document, frozen on its job; signed anew on every attempt."""

    channel: Literal[Channel.WEBHOOK] = Channel.WEBHOOK
    body: str
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: int


Content = Annotated[EmailContent | TextContent | WebhookContent, Field(discriminator="channel")]


class OutgoingMessage(Frozen):
    """What a provider is asked to send: the same bytes on every attempt."""

    tenant_id: UUID
    job_id: UUID
    """Idempotency key, callback token and the seed of the Message-ID."""
    to: str
    """Email address, E.164 phone number, or a webhook's URL."""
    content: Content
    allow: tuple[str, ...] = ()
    """The tenant's hosts, and networks in CIDR notation, that a webhook may call although they are not public."""

    @property
    def channel(self) -> Channel:
        """The content's channel."""
        return self.content.channel


class Receipt(Frozen):
    """A provider took the message over."""

    provider: str
    provider_message_id: str
    relay_message_id: str | None = None
    """The id that a relay gave the message in place of ours, without angle brackets; Amazon SES's has no domain."""
    detail: str | None = None
    """The provider's own words, for the record."""
    answer: str | None = None
    """What a webhook was answered, as far as it is kept."""


class Absent(Frozen):
    """The provider was asked and is sure that it never took this message."""


class Unknown(Frozen):
    """The provider cannot be asked, or its answer proves nothing."""

    reason: str
    ask_again_after: timedelta | None = None
    """Set when a later question may prove more (a list that lags behind); None: asking is pointless."""


Lookup = Receipt | Absent | Unknown
