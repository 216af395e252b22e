"""Reports about messages that we sent: bounces and delays (RFC 3464), complaints (RFC 5965), receipts (RFC 8098)."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from content.inbound_mail import references
from content.inbound_mail.bounce_text import Told, told_by
from content.inbound_mail.mail import Headers, Mail, Part, addresses_in, headers_in
from domain.events import EventType

_ACTIONS = {
    "failed": EventType.BOUNCED,
    "delayed": EventType.DEFERRED,
    "delivered": EventType.DELIVERED,
    "relayed": EventType.SENT,
    "expanded": EventType.SENT,
}
"""RFC 3464 2.3.3."""
_FEEDBACK = {
    "abuse": EventType.COMPLAINED,
    "fraud": EventType.COMPLAINED,
    "opt-out": EventType.UNSUBSCRIBED,
    "opt-out-list": EventType.UNSUBSCRIBED,
}
"""RFC 5965 7.3; `not-spam`, `virus`, reports on authentication and whatever else have no effect."""
_DISPOSITIONS = {"displayed": EventType.OPENED, "processed": EventType.DELIVERED, "dispatched": EventType.DELIVERED}
"""RFC 8098 3.2.6.2; `deleted` says nothing about reading."""

_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d\b")
_FULL = re.compile(
    r"mailbox (?:is )?full|over ?quota|quota (?:is )?exceeded|exceeded (?:\w+ ){0,3}quota", re.IGNORECASE
)
_POLICY = re.compile(
    r"\bspam|block(?:ed|list)|blacklist|reputation|policy|dmarc|\bspf\b|dkim|too large|message size", re.IGNORECASE
)
_LONGEST_DETAIL = 500
_LONGEST_STATUS = 100_000
_MOST_RECIPIENTS = 50


@dataclass(frozen=True)
class Finding:
    """What a report says about one recipient of one message."""

    type: EventType
    address: str | None
    message_ids: tuple[str, ...]
    permanent: bool = True
    code: str | None = None
    detail: str | None = None
    machine: bool = False

    def fields(self) -> dict[str, Any]:
        """As arguments of a StatusReport."""
        return asdict(self)


def findings(mail: Mail) -> list[Finding]:
    """What this mail reports; empty when it is no report."""
    ids = _original_ids(mail)
    for kind, read in (
        ("message/feedback-report", _complaint),
        ("message/disposition-notification", _receipt),
    ):
        if parts := mail.of_type(kind):
            return [read(mail, parts[0], ids)]
    statuses = mail.of_type("message/delivery-status", "message/global-delivery-status")
    found = [finding for part in statuses for finding in _delivery(part, ids)]
    return found[:_MOST_RECIPIENTS] or _told(mail, ids)


def outcome(action: EventType, status: str, detail: str) -> tuple[EventType, bool]:
    """What a failure means, and whether it is for good, by its enhanced status code (RFC 3463).

    Of class 5, only what is said about the address itself bounces for good: X.1 (addressing; but X.1.7 and X.1.8 are
    about the sender's), X.2.1 and X.2.0 (mailbox disabled), X.4.4 (no such host), X.0.0 (undefined). X.2.2 (mailbox
    full) and the rest of X.4 (routing, expired on the way) are this time's. X.2.3, X.3, X.5, X.6 and X.7 (too long,
    system, protocol, content, policy) speak of the message or of us. Class 4 that ends in a failure was given up.
    """
    if action is not EventType.BOUNCED:
        return action, True
    match = _STATUS.search(status)
    kind, subject, point = match.groups() if match else ("", "0", "0")
    if (subject, point) == ("0", "0"):
        # Undefined: the words may say more.
        if _FULL.search(detail):
            return EventType.BOUNCED, False
        if _POLICY.search(detail):
            return EventType.FAILED, True
    if kind == "4":
        return EventType.BOUNCED, False
    if subject in ("3", "5", "6", "7") or (subject, point) in (("1", "7"), ("1", "8"), ("2", "3"), ("2", "4")):
        return EventType.FAILED, True
    soft = (subject, point) == ("2", "2") or (subject == "4" and point != "4")
    return EventType.BOUNCED, not soft


def _delivery(part: Part, ids: tuple[str, ...]) -> Iterator[Finding]:
    for fields in _blocks(part):
        action = _ACTIONS.get(fields.get("action").lower().partition(" ")[0])
        address = _recipient(fields)
        if action is None or not (fields.has("final-recipient") or fields.has("original-recipient")):
            continue
        detail = _words(fields.get("diagnostic-code"))
        status = _status(fields.get("status"), detail)
        meaning, permanent = outcome(action, status, detail)
        yield Finding(meaning, address, ids, permanent, status or None, detail or None)


def _complaint(mail: Mail, part: Part, ids: tuple[str, ...]) -> Finding:
    fields = _fields(part)
    kind = fields.get("feedback-type").lower()
    named = fields.addresses("original-rcpt-to")
    # Some feedback loops leave the recipient out and let the returned message tell.
    named = named or [address for headers in _returned(mail) for address in headers.addresses("to")]
    meaning = _FEEDBACK.get(kind, EventType.UNKNOWN)
    return Finding(meaning, next(iter(named), None), ids, code=kind or None, detail=fields.get("user-agent") or None)


def _receipt(mail: Mail, part: Part, ids: tuple[str, ...]) -> Finding:
    fields = _fields(part)
    modes, _, disposition = fields.get("disposition").lower().partition(";")
    kind = re.split(r"[/,\s]", disposition.strip())[0]
    ids = references.message_ids(*fields.all("original-message-id"), *ids)
    address = _recipient(fields) or next(iter(mail.headers.addresses("from")), None)
    meaning = _DISPOSITIONS.get(kind, EventType.UNKNOWN)
    # Sent without a person: the program still says that the message was shown.
    return Finding(meaning, address, ids, code=kind or None, detail=modes.strip() or None)


def _told(mail: Mail, ids: tuple[str, ...]) -> list[Finding]:
    """A bounce in words for people."""
    told: Told | None = told_by(mail)
    if told is None or not (told.addresses or ids or told.message_ids):
        return []
    action = EventType.DEFERRED if told.delayed else EventType.BOUNCED
    ids = references.message_ids(*ids, *told.message_ids)
    status = _status("", told.detail)
    meaning, permanent = outcome(action, status, told.detail)
    failed: list[str | None] = [*told.addresses[:_MOST_RECIPIENTS]] or [None]
    return [
        Finding(meaning, one, ids, permanent, status or None, told.detail[:_LONGEST_DETAIL] or None) for one in failed
    ]


def _status(stated: str, detail: str) -> str:
    """The more exact of the two: many systems state 5.0.0 and quote the answer that says why."""
    if (match := _STATUS.search(stated)) and (match[2], match[3]) != ("0", "0"):
        return match[0]
    if quoted := _STATUS.search(detail):
        return quoted[0]
    if match:
        return match[0]
    reply = _REPLY.search(detail)
    return f"{reply[1]}.0.0" if reply else ""


def _recipient(fields: Headers) -> str | None:
    """Whom we wrote to: the original recipient where it is told, otherwise the one it was forwarded to."""
    values = fields.all("original-recipient", "final-recipient")
    return next((found for value in values for found in addresses_in(value.rpartition(";")[2])), None)


def _words(diagnostic: str) -> str:
    """`smtp; 550 5.1.1 …` without the type."""
    kind, separator, words = diagnostic.partition(";")
    return (words if separator and " " not in kind.strip() else diagnostic).strip()[:_LONGEST_DETAIL]


def _original_ids(mail: Mail) -> tuple[str, ...]:
    """Message-IDs of what was returned, or, when nothing was, of what the report answers."""
    found = [value for headers in _returned(mail) for value in headers.all("message-id")]
    # A few systems return an empty copy and put the id where an answer has it.
    return references.message_ids(*found) or references.answered(
        mail.headers.all("in-reply-to"), mail.headers.all("references")
    )


def _returned(mail: Mail) -> Iterator[Headers]:
    for part in mail.parts:
        if part.type in ("message/rfc822", "message/global", "message/partial"):
            yield from (Headers(inner) for inner in part.inner)
        elif part.type in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            # The standard library reads the message/* ones as messages already.
            yield from (Headers(inner) for inner in part.inner) if part.inner else [headers_in(part.text)]


def _fields(part: Part) -> Headers:
    return Headers(part.inner[0]) if part.inner else headers_in(part.text)


def _blocks(part: Part) -> Iterator[Headers]:
    """The groups of fields of a delivery status."""
    if not part.inner:
        yield from map(headers_in, part.text.split("\n\n")[:_MOST_RECIPIENTS])
    for block in part.inner[:_MOST_RECIPIENTS]:
        yield Headers(block)
        # Of the internationalised form (RFC 6533) the standard library only reads the first group.
        if isinstance(rest := block.get_payload(), str) and rest.strip():
            yield from map(headers_in, rest[:_LONGEST_STATUS].split("\n\n")[:_MOST_RECIPIENTS])
