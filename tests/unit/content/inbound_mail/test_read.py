"""Any bytes as reports: ids, tokens, addresses, dates; and nothing but Malformed for what is no message."""

import time
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.inbound_mail.read import read
from content.inbound_mail.references import token_in, with_token
from domain.errors import Malformed
from domain.events import InboundMessage, StatusReport
from domain.ids import DEFAULT_TENANT, job_id, message_id
from tests.support.machine import assert_takes_at_most

_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
_JOB = job_id(uuid5(DEFAULT_TENANT, "one"), "step-1")
_OURS = message_id(_JOB, "example.org")
_BASIC = "From: Jane <jane@example.com>\nTo: us@example.org\n"


def _message(raw: str | bytes) -> InboundMessage:
    (report,) = read(raw.encode() if isinstance(raw, str) else raw, provider="email", at=_AT)
    assert isinstance(report, InboundMessage)
    return report


@given(st.uuids(), st.sampled_from(["sales@example.org", "Sales <sales+team@example.org>"]))
def test_a_token_comes_back(job: UUID, address: str) -> None:
    """What was put into an address is found in it, whatever stands around it."""
    assert token_in(with_token(address, job)) == job
    assert token_in(with_token(address, job).upper()) == job
    assert token_in(address) is None


@pytest.mark.parametrize("header", ["To", "Cc", "Delivered-To", "X-Original-To"])
def test_a_token_names_the_job_in_any_recipient_header(header: str) -> None:
    """Before every Message-ID."""
    raw = f"{_BASIC}{header}: x@example.org, {with_token('us@example.org', _JOB)}\n\nYes\n"
    assert _message(raw).job_id == _JOB


def test_what_is_answered_comes_in_the_order_of_nearness() -> None:
    """In-Reply-To, then References from the newest, each once; the first of ours names the job."""
    mail = _message(f"{_BASIC}In-Reply-To: <c@x>\nReferences: <a@x>\n {_OURS}\n\t<c@x>\n\nYes\n")
    assert mail.message_ids == ("<c@x>", _OURS, "<a@x>")
    assert mail.job_id == _JOB


def test_a_random_uuid_is_not_taken_for_a_job() -> None:
    """Some mail programs make their own Message-IDs of UUIDs."""
    assert _message(f"{_BASIC}In-Reply-To: <{uuid4()}@example.com>\n\nYes\n").job_id is None


def test_addresses_are_found_behind_names_that_look_like_them() -> None:
    """A name is what its owner likes."""
    mail = _message('From: "boss@example.net" <jane@example.com>\nTo: "Us, Ltd." <us@example.org>\n\nYes\n')
    assert (mail.sender, mail.recipient) == ("jane@example.com", "us@example.org")


def test_the_mailbox_that_took_it_is_the_recipient() -> None:
    """To may name a list or somebody else."""
    mail = _message("Delivered-To: us@example.org\nFrom: jane@example.com\nTo: all@example.net\n\nYes\n")
    assert mail.recipient == "us@example.org"


@pytest.mark.parametrize(
    "stated", ["Tue, 3 Mar 2026 07:00:00 +0100", "Fri, 31 Dec 9999 23:59:59 -2359", "yesterday", ""]
)
def test_a_message_counts_from_when_it_came_in(stated: str) -> None:
    """A sender's clock could make a wish older than the one that it takes back."""
    assert _message(f"{_BASIC}Date: {stated}\n\nYes\n").at == _AT


@pytest.mark.parametrize(
    ("stated", "day"),
    [
        ("Mon, 2 Mar 2026 23:00:00 +0000", date(2026, 3, 6)),
        ("Thu, 1 Jan 1970 00:00:00 +0000", date(2026, 3, 6)),
        ("yesterday", date(2026, 3, 6)),
    ],
)
def test_a_day_of_return_is_told_from_the_letters_own_date(stated: str, day: date) -> None:
    """Within reason: clocks are wrong in both directions."""
    mail = _message(f"{_BASIC}Date: {stated}\nAuto-Submitted: auto-replied\n\nI am away and back on Friday.\n")
    assert mail.returns_on == day


def test_the_event_is_named_by_the_message() -> None:
    """By its Message-ID and its words, otherwise by its bytes; by the caller's own id when there is one."""
    named = _message(f"{_BASIC}Message-ID: <a@x>\n\nYes\n").provider_event_id
    assert named.startswith("<a@x> ")
    by_another_way = f"Received: from elsewhere\n{_BASIC}Message-ID: <a@x>\n\nYes\n\n> Quoted\n"
    assert _message(by_another_way).provider_event_id == named
    assert _message(f"{_BASIC}Message-ID: <a@x>\n\nNo more\n").provider_event_id != named
    nameless = _message(f"{_BASIC}\nYes\n").provider_event_id
    assert nameless.startswith("sha256:")
    assert nameless == _message(f"{_BASIC}\nYes\n").provider_event_id != _message(f"{_BASIC}\nNo\n").provider_event_id
    (report,) = read(f"{_BASIC}\nYes\n".encode(), provider="email", at=_AT, event_id="7", payload={"a": 1})
    assert (report.provider_event_id, report.payload) == ("7", {"a": 1})


def test_the_payload_keeps_headers_and_no_body() -> None:
    """For the record, and bounded."""
    payload = _message(f"{_BASIC}Subject: {'long ' * 500}\nX-Other: 1\n\nsecret\n").payload
    assert payload["headers"]["from"] == ["Jane <jane@example.com>"]
    assert len(str(payload)) < 2_000
    assert "secret" not in str(payload)


@pytest.mark.parametrize(
    ("subject", "read_as"),
    [
        ("=?utf-8?B?RGFjaMO8YmVy?=", "Dachüber"),
        ("=?iso-8859-1?Q?Caf=E9?= time", "Café time"),
        ("Dachüber", "Dachüber"),
        ("=?nonsense?B?AAAA?=", "=?nonsense?B?AAAA?="),
        ("a\x00b", "ab"),
    ],
)
def test_subjects_are_decoded(subject: str, read_as: str) -> None:
    """Encoded words, raw UTF-8, and what neither is."""
    assert _message(f"{_BASIC}Subject: {subject}\n\nYes\n").subject == read_as


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Type: text/plain; charset=iso-8859-1\n", "größer".encode("latin-1")),
        ("Content-Type: text/plain; charset=nonsense\n", "größer".encode()),
        ("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n", b"Z3LDtsOfZXI="),
        ("Content-Type: text/html\n", "<p>gr&ouml;ßer".encode()),
    ],
)
def test_bodies_are_decoded(headers: str, body: bytes) -> None:
    """By their charset, or as UTF-8."""
    assert _message(f"{_BASIC}{headers}\n".encode() + body).text == "größer"


def test_attachments_and_attached_messages_are_not_text() -> None:
    """Their author may be anybody."""
    raw = (
        f"{_BASIC}Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee below.\n"
        "--b\nContent-Disposition: attachment; filename=a.txt\n\nunsubscribe\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: x@example.net\n\nunsubscribe\n--b--\n"
    )
    assert _message(raw).text == "See below."


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n \r\n", b"\0" * 9, b"hello\n\nworld", b"Subject: x\n\ny", b"From: nobody\n\ny"]
)
def test_what_is_no_message_is_malformed(raw: bytes) -> None:
    """Nobody sent it."""
    with pytest.raises(Malformed):
        read(raw, provider="email", at=_AT)


_BOUNDARY = "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
_HOSTILE = {
    "nested containers": "".join(_BOUNDARY.replace("=b", f"=b{n}").replace("--b", f"--b{n}") for n in range(20_000)),
    "one container in itself": _BOUNDARY * 20_000,
    "nested messages": "Content-Type: message/rfc822\n\n" * 30_000,
    "many parts": _BOUNDARY + "\n--b\n" * 200_000,
    "many statuses": "Content-Type: message/delivery-status\n\n" + "\n" * 900_000,
    "many recipients": "Content-Type: message/delivery-status\n\n"
    + "Final-Recipient: rfc822; a@example.com\nAction: failed\n\n" * 18_000,
    "many headers": "a:b\n" * 250_000,
    "a long header": "References: " + "<a@b> " * 150_000 + "\n\nx",
    "a folded header": "To: " + "a@b.c,\n " * 120_000 + "\n\nx",
    "parameters": "Content-Type: multipart/mixed" + ";" * 900_000 + "\n\nx",
    "comments": f"From: {'(' * 900_000}\n\nx",
    "encoded words": "Subject: " + "=?utf-8?Q?a?= " * 70_000 + "\n\nx",
    "slow charset": "Content-Type: text/plain; charset=punycode\n\n" + "a-b" * 300_000,
    "one line": "\n" + "On 1 " * 200_000,
    "at signs": "\n" + "a@" * 450_000,
    "angle brackets": "\n" + "<" * 900_000,
    "quotes": "\n" + "> a\n" * 220_000,
    "empty lines": "\n" + "\n" * 900_000,
    "html tags": "Content-Type: text/html\n\n" + "<div>" * 180_000,
    "html quotes": "Content-Type: text/html\n\n" + "<div class=gmail_quote>x" * 40_000,
    "dates": "Auto-Submitted: auto-replied\n\n" + "until 5 march from 1 to " * 40_000,
    "numbers": "Auto-Submitted: auto-replied\n\n" + "1." * 400_000,
    "a daemon's": "From: mailer-daemon@example.com\nSubject: undelivered mail\n\n" + "message to a" * 80_000,
    "a daemon's blanks": "From: mailer-daemon@example.com\nSubject: undelivered mail\n\n" + " " * 900_000,
}


@pytest.mark.parametrize("body", _HOSTILE.values(), ids=_HOSTILE)
def test_a_megabyte_takes_less_than_a_second(body: str) -> None:
    """Whatever it is made of: whoever can send us mail must not be able to stop us."""
    raw = (_BASIC + body).encode()[:1_000_000]
    assert_takes_at_most(1, lambda: read(raw, provider="email", at=_AT))


_SAMPLE = (Path(__file__).parent / "damaged.eml").read_bytes().replace(b"\n", b"\r\n")


def _never_raises(raw: bytes) -> None:
    try:
        reports: list[StatusReport | InboundMessage] = read(raw, provider="email", at=_AT)
    except Malformed:
        return
    assert reports
    for report in reports:
        stored = report.model_dump_json()
        assert "\\u0000" not in stored


@given(st.binary(max_size=2_000))
def test_any_bytes_are_reports_or_malformed(raw: bytes) -> None:
    """Nothing else is raised."""
    _never_raises(raw)
    _never_raises(b"From: a@example.com\n" + raw)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(_SAMPLE)), st.integers(0, 40), st.binary(max_size=8)), max_size=6))
def test_a_damaged_report_is_read_or_refused(damages: list[tuple[int, int, bytes]]) -> None:
    """Whatever is lost or changed on the way, and at once."""
    raw = _SAMPLE
    for begin, length, patch in damages:
        raw = raw[:begin] + patch + raw[begin + length :]
    began = time.thread_time()
    _never_raises(raw)
    assert time.thread_time() - began < 1  # a hundred times what it takes
