"""A raw email as what it reports: an answer, an automatic answer, a bounce, a complaint, a receipt."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from content.inbound_mail import autoreply, bounce, leaving, references, return_date, tickets
from content.inbound_mail.html_text import text_of
from content.inbound_mail.mail import Mail, parse
from content.inbound_mail.reply_text import LONGEST_BODY, reply_text
from content.optout import OptOutKind, judge
from domain.errors import Malformed
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel

_AHEAD = timedelta(days=1)
_OLD = timedelta(days=365)
_LONGEST_ID = 250
_LONGEST_TEXT = 50_000
_KEPT = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "delivered-to",
    "x-original-to",
    "return-path",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "precedence",
    "x-autoreply",
    "x-autorespond",
    "list-id",
    "x-failed-recipients",
    "content-type",
]
_KEPT_LENGTH = 500
_MOST_RECIPIENTS = 20
_KEPT_VALUES = 5
_RECIPIENTS = ("delivered-to", "x-original-to", "to", "cc")
_ANSWERING = ("re:", "aw:", "antw:", "sv:", "fwd:", "fw:", "wg:", "rv:", "tr:", "res:", "enc:")


def read(
    raw: bytes,
    *,
    provider: str,
    at: datetime,
    event_id: str | None = None,
    payload: dict[str, Any] | None = None,
) -> list[StatusReport | InboundMessage]:
    """What this message (RFC 5322) reports; a bounce that names several recipients reports on each.

    `at` is when it came in, by the clock of whoever took it: the sender's own Date would let a wish that is sent late,
    or from a wrong clock, count as older than the one before it.
    `event_id` defaults to the Message-ID with a digest of what its author wrote, `payload` to the headers that matter.
    Of a message beyond 1 MB the rest is not read. Raises Malformed for what is no message, and nothing else whatever
    the bytes are.
    """
    mail = parse(raw)
    common: dict[str, Any] = {
        "channel": Channel.EMAIL,
        "provider": provider,
        "at": at.astimezone(UTC),
        "payload": _payload(mail) if payload is None else payload,
    }
    job = references.job_in(mail.headers.all(*_RECIPIENTS))
    if findings := bounce.findings(mail):
        event_id = event_id or _event_id(mail, raw)
        return [
            StatusReport(
                **common,
                **finding.fields(),
                provider_event_id=event_id if number == 1 else f"{event_id}#{number}",
                job_id=references.job_named_by(finding.message_ids) or job,
                proven=False,
            )
            for number, finding in enumerate(findings, 1)
        ]
    return [_message(mail, raw, common, event_id, at)]


def _message(mail: Mail, raw: bytes, common: dict[str, Any], event_id: str | None, at: datetime) -> InboundMessage:
    sender = next(iter(mail.headers.addresses("from", "sender", "reply-to", "return-path")), None)
    if sender is None:
        raise Malformed("the message has no From address", hint="post the raw message, headers first (message/rfc822)")
    subject = mail.headers.decoded("subject")
    text = reply_text(_body(mail))[:_LONGEST_TEXT]
    wish = _wish_in_subject(subject)
    returns_on = return_date.returns_on(subject, text, _date(mail, at).date())
    returns = returns_on is not None
    automatic = not wish and autoreply.is_automatic(mail.headers, subject, text, returns=returns)
    left = leaving.has_left(text)
    machines = autoreply.worded_automatic(subject, text, returns=returns) or returns or left
    answered = references.answered(mail.headers.all("in-reply-to"), mail.headers.all("references"))
    return InboundMessage(
        **common,
        provider_event_id=event_id or _event_id(mail, raw, f"{sender}\n{text}"),
        type=EventType.AUTORESPONDED if automatic else EventType.INBOUND,
        sender=sender,
        recipient=next(iter(mail.headers.addresses(*_RECIPIENTS)), None),
        recipients=tuple(mail.headers.addresses(*_RECIPIENTS)[:_MOST_RECIPIENTS]),
        subject=subject or None,
        text="\n\n".join(filter(None, (wish, text))),
        message_id=next(iter(references.message_ids(mail.headers.get("message-id"))), None),
        message_ids=answered,
        job_id=references.job_in(mail.headers.all(*_RECIPIENTS)) or references.job_named_by(answered),
        returns_on=returns_on if automatic and not left else None,
        left=left,
        by_ticket_system=automatic and not machines and tickets.passes_on(mail.headers, subject, text),
    )


def _wish_in_subject(subject: str) -> str:
    """The subject where it is an opt-out by itself, as in mails that a `mailto:` of List-Unsubscribe makes.

    Mail programs send those on their user's behalf and mark some as automatic; the wish is a person's all the same.
    """
    answers = subject.lower().startswith(_ANSWERING)
    return subject if not answers and judge(subject).kind is OptOutKind.OPT_OUT else ""


def _body(mail: Mail) -> str:
    """The text parts, or, when those say nothing, the HTML ones; as much of them together as is read."""
    for kind, text_in in (("text/plain", str), ("text/html", text_of)):
        found = [text_in(source) for source in mail.texts(kind, LONGEST_BODY)]
        if any(text.strip() for text in found):
            return "\n".join(found)
    return ""


def _date(mail: Mail, at: datetime) -> datetime:
    """The sender's own date, to which "back on Monday" refers."""
    stated = mail.headers.date()
    return stated if stated is not None and at - _OLD <= stated <= at + _AHEAD else at


def _event_id(mail: Mail, raw: bytes, written: str = "") -> str:
    """Its Message-ID, and what was written under it: somebody else may have used the same."""
    own = next(iter(references.message_ids(mail.headers.get("message-id"))), "")
    if not 0 < len(own) <= _LONGEST_ID:
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    return f"{own} {hashlib.sha256(written.encode(errors='replace')).hexdigest()[:16]}" if written else own


def _payload(mail: Mail) -> dict[str, Any]:
    kept = {name: mail.headers.all(name)[:_KEPT_VALUES] for name in _KEPT}
    return {"headers": {name: [v[:_KEPT_LENGTH] for v in values] for name, values in kept.items() if values}}
