"""Bounces, delays, complaints and receipts, in the standard form and in words for people."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid5

import pytest

from content.inbound_mail.bounce import failure
from content.inbound_mail.read import read
from domain.events import EventType, InboundMessage, StatusReport
from domain.ids import DEFAULT_TENANT, job_id, message_id

_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
_LETTERS = Path(__file__).parent / "bounces"
_JOB = job_id(uuid5(DEFAULT_TENANT, "one"), "step-1")
_OURS = message_id(_JOB, "example.org")
_COPY = (
    f"From: us@example.org\nTo: jane@example.com\nMessage-ID: {_OURS}\nSubject: Your roof\n\nHi! Unsubscribe here.\n"
)
_RETURNED = f"Content-Type: message/rfc822\n\n{_COPY}"


def _statuses(raw: str | bytes) -> list[StatusReport]:
    raw = raw.encode() if isinstance(raw, str) else raw
    reports = read(raw, provider="email", at=_AT)
    assert all(isinstance(report, StatusReport) for report in reports), reports
    return [report for report in reports if isinstance(report, StatusReport)]


def _dsn(
    *recipients: str, returned: str = f"Content-Type: message/rfc822\n\n{_COPY}", kind: str = "delivery-status"
) -> str:
    blocks = "\n\n".join(("Reporting-MTA: dns; mx.example.com", *recipients))
    return (
        "From: MAILER-DAEMON@mx.example.com\nTo: us@example.org\nMessage-ID: <dsn@mx.example.com>\nReturn-Path: <>\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSorry.\n"
        f"--b\nContent-Type: message/{kind}\n\n{blocks}\n\n--b\n{returned}\n--b--\n"
    )


def _recipient(action: str, status: str, diagnostic: str = "", address: str = "jane@example.com") -> str:
    fields = f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}"
    return fields + (f"\nDiagnostic-Code: smtp; {diagnostic}" if diagnostic else "")


def test_a_delivery_status_names_the_address_the_reason_and_our_message() -> None:
    """RFC 3464, as Postfix writes it."""
    (report,) = _statuses(_dsn(_recipient("failed", "5.1.1", "550 5.1.1 <jane@example.com>: no such user")))
    assert (report.type, report.permanent, report.code) == (EventType.BOUNCED, True, "5.1.1")
    assert report.detail == "550 5.1.1 <jane@example.com>: no such user"
    assert (report.address, report.message_ids, report.job_id) == ("jane@example.com", (_OURS,), _JOB)
    assert report.provider_event_id == "<dsn@mx.example.com>"


@pytest.mark.parametrize(
    ("action", "type"),
    [
        ("failed", EventType.BOUNCED),
        ("delayed", EventType.DEFERRED),
        ("delivered", EventType.DELIVERED),
        ("relayed", EventType.SENT),
        ("expanded", EventType.SENT),
    ],
)
def test_each_action_has_its_meaning(action: str, type: EventType) -> None:
    """RFC 3464 2.3.3."""
    (report,) = _statuses(_dsn(_recipient(action, "5.0.0" if action == "failed" else "2.0.0")))
    assert report.type is type


@pytest.mark.parametrize(
    ("status", "detail", "type", "permanent"),
    [
        ("5.1.1", "no such user", EventType.BOUNCED, True),
        ("5.1.2", "no such domain", EventType.BOUNCED, True),
        ("5.1.8", "bad sender", EventType.FAILED, True),
        ("5.2.1", "mailbox disabled", EventType.BOUNCED, True),
        ("5.2.2", "mailbox full", EventType.BOUNCED, False),
        ("5.2.3", "too long", EventType.FAILED, True),
        ("5.3.4", "too big", EventType.FAILED, True),
        ("5.4.4", "no such host", EventType.BOUNCED, True),
        ("5.4.7", "expired", EventType.BOUNCED, False),
        ("5.6.1", "media", EventType.FAILED, True),
        ("5.7.1", "policy", EventType.FAILED, True),
        ("5.7.26", "unauthenticated", EventType.FAILED, True),
        ("4.2.2", "full", EventType.BOUNCED, False),
        ("4.4.1", "no answer", EventType.BOUNCED, False),
        ("5.0.0", "", EventType.BOUNCED, False),
        ("5.0.0", "552 mailbox is full", EventType.BOUNCED, False),
        ("5.0.0", "554 blocked as spam", EventType.FAILED, True),
        ("", "", EventType.BOUNCED, False),
    ],
)
def test_only_what_is_said_about_the_address_bounces_for_good(
    status: str, detail: str, type: EventType, permanent: bool
) -> None:
    """RFC 3463: a full mailbox is soft, and our content or reputation says nothing about the address."""
    found = failure("jane@example.com", (), detail, status)
    assert (found.type, found.permanent) == (type, permanent)


def test_the_quoted_answer_is_more_exact_than_an_undefined_status() -> None:
    """Many systems state 5.0.0 and quote 5.2.2."""
    (report,) = _statuses(_dsn(_recipient("failed", "5.0.0", "552 5.2.2 over quota")))
    assert (report.code, report.permanent) == ("5.2.2", False)


def test_each_recipient_has_a_report_of_its_own() -> None:
    """One event id each, the same whenever the mail is read again."""
    raw = _dsn(_recipient("failed", "5.1.1"), _recipient("delayed", "4.4.1", address="joe@example.com"))
    first, second = _statuses(raw)
    assert (first.type, first.address) == (EventType.BOUNCED, "jane@example.com")
    assert (second.type, second.address) == (EventType.DEFERRED, "joe@example.com")
    assert first.provider_event_id != second.provider_event_id
    assert _statuses(raw) == [first, second]


def test_the_original_recipient_is_whom_we_wrote_to() -> None:
    """A forwarded message fails at an address that we never knew."""
    block = "Original-Recipient: rfc822;jane@example.com\n" + _recipient(
        "failed", "5.1.1", address="j@elsewhere.example"
    )
    (report,) = _statuses(_dsn(block))
    assert report.address == "jane@example.com"


def test_returned_headers_name_our_message_as_well() -> None:
    """Some return no more than `text/rfc822-headers`."""
    headers = f"Content-Type: text/rfc822-headers\n\nReceived: from x\nMessage-ID: {_OURS}\nTo: jane@example.com\n"
    (report,) = _statuses(_dsn(_recipient("failed", "5.1.1"), returned=headers))
    assert report.job_id == _JOB


def test_an_internationalised_status_is_read_too() -> None:
    """RFC 6533."""
    (report,) = _statuses(_dsn(_recipient("failed", "5.1.1"), kind="global-delivery-status"))
    assert (report.type, report.address) == (EventType.BOUNCED, "jane@example.com")


_DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\nTo: us@example.org\nMessage-ID: <d@mx>\n"
_TOLD = {path.stem: path.read_text("utf-8").replace("{ours}", _OURS) for path in sorted(_LETTERS.glob("*.eml"))}


@pytest.mark.parametrize("raw", _TOLD.values(), ids=_TOLD)
def test_bounces_in_words_are_understood(raw: str) -> None:
    """The address that failed and our message are found, for good or not."""
    (report,) = _statuses(raw)
    assert (report.type, report.permanent, report.address) == (EventType.BOUNCED, True, "jane@example.com")
    assert report.job_id == _JOB


@pytest.mark.parametrize(
    ("words", "type", "permanent"),
    [
        ("<jane@example.com>:\n552 5.2.2 mailbox full\n", EventType.BOUNCED, False),
        ("<jane@example.com>: 554 5.7.1 blocked as spam\n", EventType.FAILED, True),
        ("<jane@example.com>: 451 4.4.1 no answer from host, giving up\n", EventType.BOUNCED, False),
        ("<jane@example.com>: no answer. This is a warning message only.\n", EventType.DEFERRED, True),
    ],
)
def test_the_words_tell_soft_from_hard(words: str, type: EventType, permanent: bool) -> None:
    """By the code beside the address."""
    (report,) = _statuses(f"{_DAEMON}Subject: Mail delivery failed\n\n{words}")
    assert (report.type, report.permanent, report.address) == (type, permanent, "jane@example.com")


def test_a_person_who_forwards_a_bounce_is_a_person() -> None:
    """Nobody's daemon wrote it."""
    raw = _TOLD["qmail"].replace("Mail Delivery System <MAILER-DAEMON@mx.example.com>", "Joe <joe@example.com>")
    (report,) = read(raw.encode(), provider="email", at=_AT)
    assert (report.type, isinstance(report, InboundMessage)) == (EventType.INBOUND, True)


def test_a_daemons_letter_about_nothing_is_no_bounce() -> None:
    """It is automatic, and that is all."""
    (report,) = read(f"{_DAEMON}Subject: Your quota\n\nEmpty your trash.\n".encode(), provider="email", at=_AT)
    assert report.type is EventType.AUTORESPONDED


@pytest.mark.parametrize(
    ("kind", "type"),
    [("abuse", EventType.COMPLAINED), ("fraud", EventType.COMPLAINED), ("not-spam", EventType.UNKNOWN)],
)
def test_a_feedback_report_is_a_complaint(kind: str, type: EventType) -> None:
    """RFC 5965; the recipient is in the returned message when the report leaves it out."""
    (report,) = _statuses(
        "From: fbl@isp.example\nTo: us@example.org\nMessage-ID: <f@x>\nSubject: complaint\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nSpam.\n--b\n"
        f"Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Isp/1\nVersion: 1\n\n--b\n"
        f"Content-Type: message/rfc822\n\n{_COPY}\n--b--\n"
    )
    assert (report.type, report.address, report.job_id) == (type, "jane@example.com", _JOB)


_BROUGHT_BACK = "--b\nContent-Type: message/rfc822\nContent-Disposition: inline\n\n"


@pytest.mark.parametrize(
    ("sender", "subject", "kind", "added", "body"),
    [
        (
            "staff@hotmail.com",
            "complaint about message from 203.0.113.5",
            "mixed",
            "X-HmXmrOriginalRecipient: jane@example.com\n",
            "",
        ),
        (
            "staff@hotmail.com",
            "",
            "mixed",
            "X-HmXmrOriginalRecipient: <jane@example.com>\nX-Reporter-IP: 1.2.3.4\n",
            "",
        ),
        ("scomp@aol.net", "Email Feedback Report for IP 203.0.113.5", "mixed", "", "A user complained.\n"),
        ("abuse@isp.example", "[Spam complaint] Your roof", "mixed", "", "Reported as spam.\n"),
        (
            "fbl@yahoo.example",
            "FW: Your roof",
            "report; report-type=feedback-report",
            "",
            "Feedback-Type: abuse\nVersion: 1\n",
        ),
    ],
)
def test_a_complaint_without_a_feedback_report_is_one(
    sender: str, subject: str, kind: str, added: str, body: str
) -> None:
    """Outlook.com's names the recipient in the message that it brings back; others tell it in words."""
    (report,) = _statuses(
        f"From: {sender}\nTo: us@example.org\nMessage-ID: <c@x>\nSubject: {subject}\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/{kind}; boundary=b\n\n--b\nContent-Type: text/plain\n\n{body}\n"
        f"{_BROUGHT_BACK}{added}{_COPY}\n--b--\n"
    )
    assert (report.type, report.address, report.job_id) == (EventType.COMPLAINED, "jane@example.com", _JOB)


def test_a_person_who_forwards_our_message_complains_of_nothing() -> None:
    """Whatever its subject is: it is theirs, and read as an answer."""
    (report,) = read(
        (
            "From: jane@example.com\nTo: us@example.org\nMessage-ID: <c@x>\nSubject: abuse report form?\n"
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
            f"--b\nContent-Type: text/plain\n\nSee this.\n{_BROUGHT_BACK}{_COPY}\n--b--\n"
        ).encode(),
        provider="email",
        at=_AT,
    )
    assert report.type is EventType.INBOUND


@pytest.mark.parametrize(
    ("disposition", "type"),
    [
        ("manual-action/MDN-sent-manually; displayed", EventType.OPENED),
        ("automatic-action/MDN-sent-automatically; deleted", EventType.UNKNOWN),
    ],
)
def test_a_receipt_says_that_it_was_shown(disposition: str, type: EventType) -> None:
    """RFC 8098; deleted unread is no reading."""
    (report,) = _statuses(
        "From: jane@example.com\nTo: us@example.org\nMessage-ID: <m@x>\nSubject: Read: Your roof\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nRead.\n--b\n"
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;jane@example.com\n"
        f"Original-Message-ID: {_OURS}\nDisposition: {disposition}\n\n--b--\n"
    )
    assert (report.type, report.address, report.job_id) == (type, "jane@example.com", _JOB)
