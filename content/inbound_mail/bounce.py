"""Reports about messages that we sent: bounces and delays (RFC 3464), complaints (RFC 5965), receipts (RFC 8098)."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from content.inbound_mail import references
from content.inbound_mail.bounce_text import Told, ids_of_copy, reason_beside, recipient_of_copy, told_by
from content.inbound_mail.mail import Headers, Mail, Part, addresses_in, headers_in
from content.smtp_reply import Meaning, judge
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
    # RFC 5965 wants the type named; loops that leave it out have one purpose.
    "": EventType.COMPLAINED,
    "abuse": EventType.COMPLAINED,
    "complaint": EventType.COMPLAINED,
    "spam": EventType.COMPLAINED,
    "fraud": EventType.COMPLAINED,
    "opt-out": EventType.UNSUBSCRIBED,
    "opt-out-list": EventType.UNSUBSCRIBED,
}
"""RFC 5965 7.3; `not-spam`, `virus`, reports on authentication and whatever else have no effect."""
_DISPOSITIONS = {"displayed": EventType.OPENED, "processed": EventType.DELIVERED, "dispatched": EventType.DELIVERED}
"""RFC 8098 3.2.6.2; `deleted` says nothing about reading."""

_MEANINGS = {
    Meaning.GONE: (EventType.BOUNCED, True),
    Meaning.LATER: (EventType.BOUNCED, False),
    # What says nothing says nothing of a death.
    Meaning.UNSAID: (EventType.BOUNCED, False),
    Meaning.RATE: (EventType.FAILED, True),
    Meaning.MESSAGE: (EventType.FAILED, True),
    Meaning.RELAYING: (EventType.FAILED, True),
    Meaning.SENDER: (EventType.FAILED, True),
}
"""What a failure means, and whether it is for good."""

_COMPLAINT = re.compile(
    r"complaint about message|(?:e-?mail )?feedback report|abuse report|(?:spam|junk|ube|uce)\b.{0,20}\breport"
    r"|\[spamcop"
    r"|abuse-?(?:meldung|beschwerde)|spam-?(?:meldung|beschwerde)|signalement de spam|(?:denuncia|queja) de (?:spam"
    r"|abuso)"
    r"|segnalazione (?:di )?(?:spam|abuso)|spam-?(?:melding|klacht)|жалоба на спам"
    r"|(?:spam|abuse) complaint|report(?:ed)? as (?:spam|junk|unsolicited)",
    re.IGNORECASE,
)
_COMPLAINS = re.compile(
    r"^(?:[^@]{1,60}@(?:\w+\.)?(?:spamcop|abuse|signal-spam|fbl|feedback)\b|(?:abuse|postmaster|staff|scomp|fbl\w*"
    r"|feedback\w*|complaints?|arf|spam\w*|reports?|noreply|no-reply|mailer-daemon)"
    r"[^@]{0,60}@)",
    re.IGNORECASE,
)
"""Who passes complaints on: never a person, who would forward a mail of ours under such a subject."""
_IN_WORDS = re.compile(
    r"\b(?:reported|marked|flagged|complain\w*)\b[^.]{0,60}\b(?:spam|junk|unsolicited|abuse)|als spam (?:gemeldet"
    r"|markiert)"
    r"|signalé[^.]{0,30}spam|(?:this is|user) spam|reported (?:it|this)|user[^.]{0,30}\bcomplain",
    re.IGNORECASE,
)
_JMRP = re.compile(r"^x-hmxmroriginalrecipient:[ \t]*([^\n]{1,320})", re.IGNORECASE | re.MULTILINE)
_REPORTED = re.compile(r"^feedback-type:[ \t]*([\w-]{1,40})", re.IGNORECASE | re.MULTILINE)
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
    of_sender: bool = False
    returned_subject: str | None = None

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
    if complained := _complaint_without_report(mail, ids):
        return [complained]
    statuses = mail.of_type("message/delivery-status", "message/global-delivery-status")
    found = [finding for part in statuses for finding in _delivery(mail, part, ids)]
    subject = next((headers.decoded("subject") for headers in _returned(mail)), "")
    return [replace(finding, returned_subject=subject or None) for finding in found[:_MOST_RECIPIENTS]] or _told(
        mail, ids
    )


def failure(address: str | None, ids: tuple[str, ...], words: str, status: str = "") -> Finding:
    """What a failed delivery says, by its code and words."""
    verdict = judge(words, status)
    meaning, permanent = _MEANINGS[verdict.meaning]
    detail = words[:_LONGEST_DETAIL] or None
    of_sender = verdict.meaning is Meaning.SENDER
    return Finding(meaning, address, ids, permanent, verdict.code or None, detail, of_sender=of_sender)


def _delivery(mail: Mail, part: Part, ids: tuple[str, ...]) -> Iterator[Finding]:
    for fields in _blocks(part):
        action = _ACTIONS.get(fields.get("action").lower().partition(" ")[0])
        address = _recipient(fields)
        if action is None or not (fields.has("final-recipient") or fields.has("original-recipient")):
            continue
        detail, status = _words(fields.get("diagnostic-code")), fields.get("status")
        if action is EventType.BOUNCED:
            # Some give the reason to people only.
            said = detail or reason_beside(mail, address)
            yield failure(address, ids, said, status)
        else:
            yield Finding(action, address, ids, code=judge(detail, status).code or None, detail=detail or None)


def _complaint(mail: Mail, part: Part, ids: tuple[str, ...]) -> Finding:
    fields = _fields(part)
    kind = fields.get("feedback-type").lower()
    named = fields.addresses("original-rcpt-to", "removal-recipient", "original-recipient")
    meaning = _FEEDBACK.get(kind, EventType.UNKNOWN)
    # Some feedback loops leave the recipient out and let the returned message tell.
    address = next(iter(named), None) or _whom(mail)
    return Finding(meaning, address, ids, code=kind or None, detail=fields.get("user-agent") or None)


def _complaint_without_report(mail: Mail, ids: tuple[str, ...]) -> Finding | None:
    """Outlook.com's (JMRP), which names the recipient in the message that it brings back; and older loops' letters."""
    if any(copy.has("x-hmxmroriginalrecipient") for copy in _returned(mail)):
        return Finding(EventType.COMPLAINED, _whom(mail), ids, code="jmrp")
    told = next(
        (match[1] for text in mail.texts("text/plain", _LONGEST_STATUS) for match in _REPORTED.finditer(text)), ""
    )
    if told and (mail.report == "feedback-report" or mail.of_type("message/rfc822", "text/rfc822-headers")):
        return Finding(_FEEDBACK.get(told.lower(), EventType.UNKNOWN), _whom(mail), ids, code=told.lower())
    machine = any(_COMPLAINS.match(sender) for sender in mail.headers.addresses("from"))
    if machine and _COMPLAINT.search(mail.headers.decoded("subject")) and next(_returned(mail), None) is not None:
        return Finding(EventType.COMPLAINED, _whom(mail), ids)
    return _complaint_in_words(mail)


def _complaint_in_words(mail: Mail) -> Finding | None:
    """One that has our message within its own text, and names it: only from who passes complaints on."""
    text = "\n".join(mail.texts("text/plain", _LONGEST_STATUS))
    jmrp = _JMRP.search(text)
    machine = any(_COMPLAINS.match(sender) for sender in mail.headers.addresses("from"))
    says_so = _COMPLAINT.search(mail.headers.decoded("subject")) or _IN_WORDS.search(text)
    ids = references.message_ids(*ids_of_copy(text))
    if not ids or not (jmrp or (machine and says_so)):
        return None
    address = next(iter(addresses_in(jmrp[1])), None) if jmrp else None
    return Finding(EventType.COMPLAINED, address or recipient_of_copy(text), ids, code="jmrp" if jmrp else None)


def _whom(mail: Mail) -> str | None:
    """To whom the message went that came back."""
    for copy in _returned(mail):
        if found := copy.addresses("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to"):
            return found[0]
    return None


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
    ids = references.message_ids(*ids, *told.message_ids)
    failed: list[str | None] = [*told.addresses[:_MOST_RECIPIENTS]] or [None]
    if told.delayed:
        code, detail = judge(told.reason).code or None, told.reason[:_LONGEST_DETAIL] or None
        return [Finding(EventType.DEFERRED, one, ids, code=code, detail=detail) for one in failed]
    return [replace(failure(one, ids, told.reason), returned_subject=told.subject) for one in failed]


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
    found = tuple(name for headers in _returned(mail) for name in _names_of(headers))
    # A few systems return an empty copy and put the id where an answer has it.
    return found or references.answered(mail.headers.all("in-reply-to"), mail.headers.all("references"))


def _names_of(copy: Headers) -> tuple[str, ...]:
    """The Message-ID of our message, and the one that it had before a relay replaced it: the last of its References."""
    return references.message_ids(*copy.all("message-id"), *references.answered((), copy.all("references"))[:1])


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
