"""What providers and mailboxes report: one vocabulary for all of them, in two shapes.

A `StatusReport` is about a message that we sent; an `InboundMessage` is one that somebody sent us. Either is stored
once under the provider's own event id and has exactly one effect, whatever the order in which reports arrive.
"""

from datetime import date
from enum import Enum, StrEnum
from math import isfinite
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from domain.base import Frozen
from domain.messages import Channel

_DEEPEST = 50
"""Levels of a payload that are kept."""


def _storable(value: Any, level: int = 0) -> Any:
    """What a database can hold of it: PostgreSQL keeps no NUL, no half of a surrogate pair and no infinite number.

    A report that could not be stored would come again for days, and never have its effect.
    """
    match value:
        case Enum():
            return value
        case str():
            return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
        case float() if not isfinite(value):
            return str(value)
        case dict() | list() | tuple() if level > _DEEPEST:
            return "…"
        case dict():
            return {_storable(name): _storable(item, level + 1) for name, item in value.items()}
        case list() | tuple():
            return [_storable(item, level + 1) for item in value]
        case _:
            return value


LeavingPolicy = Literal["end", "hold"]
"""What becomes of the messages to a contact who no longer works there: they end, or wait until somebody decides."""


MessageKind = Literal["reply", "opt_out", "help", "start", "auto_reply", "operator"]
"""What an inbound message is taken for; `operator`: one of ours wrote it, so it is not the contact's."""


class EventType(StrEnum):
    """What happened, in the field's own words."""

    QUEUED = "queued"
    """A provider has it and will try."""
    SENT = "sent"
    """A provider has passed it on."""
    DEFERRED = "deferred"
    """Not delivered yet; the provider goes on trying."""
    DELIVERED = "delivered"
    """The other side has it."""
    FAILED = "failed"
    """It will not arrive, for a reason that says nothing about the address."""
    BOUNCED = "bounced"
    """The address refused it: for good (`permanent`), or this time."""
    COMPLAINED = "complained"
    """Reported as spam."""
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    """Takes an earlier `unsubscribed` back."""
    AUTORESPONDED = "autoresponded"
    """A machine answered for the contact."""
    INBOUND = "inbound"
    """Somebody wrote."""
    UNKNOWN = "unknown"
    """The vendor's word has no meaning for us; kept, without effect."""


class Report(Frozen):
    """What both shapes have. Matching tries `job_id`, then ids, then the address.

    Whatever text a vendor or a mail holds, a report of it can be stored.
    """

    channel: Channel
    provider: str
    provider_event_id: str = Field(min_length=1)
    """Unique per provider: the same id reported twice has one effect."""
    at: AwareDatetime
    """When it happened, by the provider's account."""
    job_id: UUID | None = None
    """Our own token, where it came back: of a callback URL, a tag, a plus-address, a Message-ID."""
    payload: dict[str, Any] = Field(default_factory=dict)
    """As it came, for the record."""

    @model_validator(mode="before")
    @classmethod
    def _of_what_can_be_stored(cls, fields: Any) -> Any:
        return _storable(fields)


class StatusReport(Report):
    """What became of a message that we sent."""

    type: EventType
    provider_message_id: str | None = None
    message_ids: tuple[str, ...] = ()
    """RFC 5322 Message-IDs (with angle brackets) that name the message."""
    address: str | None = None
    """The contact's, as the provider writes it."""
    permanent: bool = True
    """Of a bounce: hard; False: soft."""
    of_sender: bool = False
    """It speaks of us (a listed address, SPF, a refused sender): every message would be refused like this."""
    code: str | None = None
    detail: str | None = None
    """The provider's own words."""
    returned_subject: str | None = None
    """Of a mail that brings a message back: that message's subject."""
    machine: bool = False
    """Opened or clicked by a scanner or a prefetching proxy, not by a person."""
    url: str | None = None
    """What was clicked."""
    proven: bool = True
    """False: read from a mail, which anybody can write."""


class InboundMessage(Report):
    """One message that came in, as a webhook, a mailbox or the CLI reports it."""

    type: Literal[EventType.INBOUND, EventType.AUTORESPONDED] = EventType.INBOUND
    sender: str
    """Address it came from; a phone number as dialled, E.164 where the provider is sure."""
    recipient: str | None = None
    """Our address that it came to."""
    recipients: tuple[str, ...] = ()
    """Of a mail: every address that its head names, the envelope's first."""
    subject: str | None = None
    text: str
    """What its author wrote: without quoted history and signature."""
    message_id: str | None = None
    """RFC 5322 Message-ID of the message itself."""
    message_ids: tuple[str, ...] = ()
    """RFC 5322 Message-IDs that it answers (In-Reply-To, then References from the newest), with angle brackets."""
    media: tuple[str, ...] = ()
    """URLs of what was attached."""
    declared: str | None = None
    """The provider's own reading (Twilio's OptOutType); it has answered the contact by itself then."""
    returns_on: date | None = None
    """Of an out-of-office: the first day on which its author is back."""
    left: bool = False
    """It says that the contact no longer works there."""
    by_ticket_system: bool = False
    """Of an automatic answer: a person may have written it through a system that marks everything as automatic."""
    enrollment_id: UUID | None = None
    """Set when the caller already knows whom the message answers."""
