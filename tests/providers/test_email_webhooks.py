"""What is particular to one email vendor's webhook: received mail, batches, secrets that are none."""

import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import Malformed, NotReady, Unverified
from domain.events import EventType, InboundMessage, StatusReport
from providers.inbound.base import WebhookRequest
from providers.inbound.postmark import PostmarkWebhook
from providers.inbound.registry import build_email_webhooks
from providers.inbound.resend import ResendWebhook
from providers.inbound.sendgrid import SendGridWebhook
from tests.providers.webhooks.vendors import FORM, JOB, POSTMARK, RESEND, SENDGRID, ecdsa, form, mail, merged

AT = datetime(2027, 2, 22, 14, 0, tzinfo=UTC)
LOGIN = "parse:secret"
KEY = SENDGRID.secrets[0]
SENDGRID_HOOK = SendGridWebhook([KEY.ours], [LOGIN])
DSN = b"""Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; zoe@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown
"""


def received(fields: Mapping[str, bytes | str], **files: Any) -> InboundMessage | StatusReport:
    (report,) = SENDGRID_HOOK.parse(WebhookRequest("", {"content-type": FORM}, form(fields, **files), AT))
    return report


def postmark(**changes: Any) -> InboundMessage | StatusReport:
    payload = merged(next(s.payload for s in POSTMARK.samples if s.word == "Inbound"), changes)
    (report,) = POSTMARK.build([]).parse(POSTMARK.call(POSTMARK.encode(payload), POSTMARK.secrets[0]))
    return report


def resend(**changes: Any) -> InboundMessage | StatusReport:
    payload = merged(next(s.payload for s in RESEND.samples if s.word == "email.received"), {"data": changes})
    (report,) = RESEND.build([]).parse(RESEND.call(RESEND.encode(payload), RESEND.secrets[0]))
    return report


def is_the_answer(report: InboundMessage | StatusReport) -> None:
    """The answer that `mail()` composes, however it came."""
    assert isinstance(report, InboundMessage)
    assert report.type is EventType.INBOUND
    assert (report.sender, report.subject) == ("zoe@example.com", "Re: Sending this example")
    assert report.text == "Ja, gern! Wann passt es?"
    assert report.message_id == "<111-222@mail.example.com>"
    assert report.message_ids == (f"<{JOB}@acme.example>",)
    assert report.job_id == JOB


# --- SendGrid ----------------------------------------------------------------------------------------------------


def parsed_form(**fields: str) -> dict[str, bytes | str]:
    """A mail taken apart, as SendGrid posts it."""
    message = mail()
    headers = "".join(f"{name}: {value}\n" for name, value in message.items())
    envelope = json.dumps({"to": ["sales@acme.example"], "from": "zoe@example.com"})
    return {"headers": headers, "text": message.get_content(), "envelope": envelope, "charsets": "{}"} | fields


def test_mail_received_whole_and_taken_apart_reads_the_same() -> None:
    """SendGrid's raw option and its fields are the same answer."""
    is_the_answer(received({"email": mail().as_bytes(), "envelope": '{"to":[],"from":"zoe@example.com"}'}))
    is_the_answer(received(parsed_form()))


def test_a_text_is_read_in_its_character_set() -> None:
    """Each field of SendGrid's forms has a character set of its own; an unknown one costs characters, not the mail."""
    for charset, text in (("windows-1252", "Grüße"), ("iso-8859-7", "ναι"), ("UTF-8", "да")):
        fields = parsed_form(charsets=json.dumps({"text": charset})) | {"text": text.encode(charset)}
        assert getattr(received(fields), "text", None) == text
    fields = parsed_form(charsets='{"text": "x-none", "html": 5}') | {"text": b"yes \xff"}
    assert getattr(received(fields), "text", None) == "yes \N{REPLACEMENT CHARACTER}"


def test_mail_without_a_sender_in_its_envelope_is_a_machines() -> None:
    """The envelope that a vendor tells apart from the message counts: who wants no answer is no person (RFC 3834)."""
    report = received(parsed_form(envelope='{"to":["sales@acme.example"],"from":""}'))
    assert report.type is EventType.AUTORESPONDED


def test_the_envelope_names_our_message() -> None:
    """A plus-address stands in the envelope even where the headers name another recipient."""
    message = mail(In_Reply_To="<other@example.com>")
    to = f"sales+{JOB.hex}@acme.example"
    assert received({"email": message.as_bytes(), "envelope": json.dumps({"to": [to]})}).job_id == JOB


def test_a_delivery_report_among_the_received_mail_is_a_bounce() -> None:
    """A bounce that came in as mail is one, also when the vendor has taken it apart."""
    headers = "From: MAILER-DAEMON@mx.example.com\nTo: sales@acme.example\nSubject: Undelivered\nMessage-ID: <d@mx>\n"
    fields = parsed_form(headers=headers, text="It could not be delivered.")
    original = f"Message-ID: <{JOB}@acme.example>\nSubject: Hello\n".encode()
    files = [("d", "message/delivery-status", DSN), ("o", "text/rfc822-headers", original), ("p", "image/png", b"\x89")]
    by_sendgrid = received(fields, files=files)
    by_postmark = postmark(
        From="MAILER-DAEMON@mx.example.com",
        OriginalRecipient="sales@acme.example",
        To="sales@acme.example",
        Subject="Undelivered",
        TextBody="It could not be delivered.",
        Headers=[],
        Attachments=[{"ContentType": kind, "Content": b64encode(content).decode()} for _, kind, content in files],
    )
    for report in (by_sendgrid, by_postmark):
        assert isinstance(report, StatusReport)
        assert (report.type, report.address, report.permanent) == (EventType.BOUNCED, "zoe@example.com", True)
        assert report.job_id == JOB or f"<{JOB}@acme.example>" in report.message_ids


def test_a_forwarded_mail_is_no_report() -> None:
    """Somebody who attaches a message has written to us; nothing of ours has bounced."""
    original = b"From: a@example.com\nSubject: Hello\n\nunsubscribe\n"
    report = received(parsed_form(), files=[("m", "message/rfc822", original)])
    assert (report.type, getattr(report, "text", None)) == (EventType.INBOUND, "Ja, gern! Wann passt es?")


def test_received_mail_is_proven_by_login_or_by_signature() -> None:
    """SendGrid signs received mail only under a security policy: a login does, and a signature that is there counts."""
    body = form({"email": mail().as_bytes()})
    bare = WebhookRequest("", {"content-type": FORM}, body, datetime.now(UTC))
    login = {"authorization": "Basic " + b64encode(LOGIN.encode()).decode()}

    def call(headers: Mapping[str, str]) -> WebhookRequest:
        return WebhookRequest("", {**bare.headers, **headers}, body, bare.received_at)

    SENDGRID_HOOK.verify(call(login))
    SENDGRID_HOOK.verify(call(ecdsa(bare, KEY)))
    for refused in ({}, {"authorization": "Basic eDp5"}, ecdsa(bare, SENDGRID.secrets[2]) | login):
        with pytest.raises(Unverified):
            SENDGRID_HOOK.verify(call(refused))
    with pytest.raises(Unverified):
        SendGridWebhook([KEY.ours]).verify(call(login))


def test_a_login_does_not_vouch_for_events() -> None:
    """Events are always signed: the login of the parse URL is worth nothing for them."""
    login = {"authorization": "Basic " + b64encode(LOGIN.encode()).decode(), "content-type": "application/json"}
    with pytest.raises(Unverified):
        SENDGRID_HOOK.verify(WebhookRequest("", login, b"[]", datetime.now(UTC)))


def test_one_event_that_cannot_be_read_does_not_cost_the_others() -> None:
    """It is kept as unknown, with its fault; the rest of the batch has its effect."""
    good = [sample.payload for sample in SENDGRID.samples[:2]]
    batch = [good[0], {"event": "delivered", "timestamp": "soon"}, 5, good[1]]
    call = SENDGRID.call(json.dumps(batch).encode(), KEY)
    reports = SENDGRID_HOOK.parse(call)
    assert [report.type for report in reports] == ["queued", "unknown", "unknown", "deferred"]
    assert "event 1: timestamp" in str(getattr(reports[1], "detail", ""))
    assert reports[1].payload == batch[1]
    assert len({report.provider_event_id for report in reports}) == 4
    assert SENDGRID_HOOK.parse(SENDGRID.call(b"[]", KEY)) == []


def test_a_batch_has_its_bounds() -> None:
    """A call with more events than any real one is refused before each is looked at."""
    with pytest.raises(Malformed, match="10000 events"):
        SENDGRID_HOOK.parse(SENDGRID.call(json.dumps([{}] * 10_001).encode(), KEY))


@pytest.mark.parametrize(
    "body",
    [b"", b"--xYzZY\r\n", form({}), form({"text": "hi"}), form({"email": b""}), form({"email": "x", "envelope": "["})],
)
def test_a_form_without_a_mail_is_malformed(body: bytes) -> None:
    """A form that is cut or holds no mail is a dead letter."""
    with pytest.raises(Malformed):
        SENDGRID_HOOK.parse(WebhookRequest("", {"content-type": FORM}, body, AT))
    with pytest.raises(Malformed):
        SENDGRID_HOOK.parse(WebhookRequest("", {"content-type": "multipart/form-data"}, body, AT))


# --- Postmark ----------------------------------------------------------------------------------------------------


def test_a_raw_mail_is_read_instead_of_its_fields() -> None:
    """Where the call includes the message as it came, that counts."""
    report = postmark(RawEmail=mail().as_string(), TextBody="other", Headers=[], OriginalRecipient="sales@acme.example")
    is_the_answer(report)
    assert not {"RawEmail", "Attachments"} & set(report.payload)


def test_mail_in_html_alone_is_read() -> None:
    """Some mail programs write no plain text."""
    report = postmark(TextBody="", HtmlBody="<p>Ja, gern!</p><blockquote>unsubscribe</blockquote>")
    assert getattr(report, "text", None) == "Ja, gern!"


def test_a_header_cannot_smuggle_in_another() -> None:
    """A line break in a field is a blank: it ends no header."""
    report = postmark(
        Headers=[{"Name": "X-A", "Value": "1\r\nAuto-Submitted: auto-replied"}, {"Name": "a\r\nb", "Value": "2"}]
    )
    assert report.type is EventType.INBOUND


def test_received_mail_needs_no_record_type() -> None:
    """Servers set up long ago post none."""
    assert postmark(RecordType=None).type is EventType.INBOUND


def test_a_mail_keeps_postmarks_own_id() -> None:
    """The same mail posted again is the same event, also when its sender gave it no Message-ID."""
    assert postmark(Headers=[]).provider_event_id.startswith("Inbound:73e6d360-66eb-11e1-8e72-a8904824019b")


# --- Resend ------------------------------------------------------------------------------------------------------


def test_resend_tells_of_a_mail_without_its_words() -> None:
    """What Resend reports is who wrote to which address; the plus-address says what it answers."""
    report = resend()
    assert isinstance(report, InboundMessage)
    assert (report.sender, report.text, report.job_id) == ("zoe@example.com", "", JOB)
    assert report.recipient == f"sales+{JOB.hex}@acme.example"


def test_the_subject_alone_may_say_it_all() -> None:
    """An unsubscribe mail often has only a subject; an out-of-office names itself there."""
    assert getattr(resend(subject="unsubscribe"), "text", None) == "unsubscribe"
    assert resend(subject="Automatic reply: Sending this example").type is EventType.AUTORESPONDED


# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "setting"),
    [
        (lambda: ResendWebhook(["whsec_!"]), "TOUCHLINE_RESEND_WEBHOOK_SECRETS"),
        (lambda: ResendWebhook([""]), "TOUCHLINE_RESEND_WEBHOOK_SECRETS"),
        (lambda: PostmarkWebhook(["nobody"]), "TOUCHLINE_POSTMARK_WEBHOOK_LOGINS"),
        (lambda: PostmarkWebhook(["user:"]), "TOUCHLINE_POSTMARK_WEBHOOK_LOGINS"),
        (lambda: SendGridWebhook([], [":x"]), "TOUCHLINE_SENDGRID_INBOUND_LOGINS"),
        (lambda: SendGridWebhook(["SG.key"]), "TOUCHLINE_SENDGRID_WEBHOOK_KEYS"),
        (lambda: SendGridWebhook([b64encode(b"nothing").decode()]), "TOUCHLINE_SENDGRID_WEBHOOK_KEYS"),
    ],
)
def test_a_secret_that_is_none_is_refused_at_the_start(build: Any, setting: str) -> None:
    """Better no process than one that refuses every call; the error names the setting, not the secret."""
    with pytest.raises(NotReady) as refused:
        build()
    assert setting in (refused.value.hint or "")


def _reported(vendor: Any, word: str, changes: dict[str, Any]) -> StatusReport:
    payload = merged(next(s.payload for s in vendor.samples if s.word == word), changes)
    (report,) = vendor.build([]).parse(vendor.call(vendor.encode(payload), vendor.secrets[0]))
    assert isinstance(report, StatusReport)
    return report


@pytest.mark.parametrize(
    ("words", "type", "permanent", "of_sender"),
    [
        ("smtp;550 5.1.1 user unknown", EventType.BOUNCED, True, False),
        ("smtp;550 5.7.1 blocked using zen.spamhaus.org", EventType.FAILED, True, True),
        ("smtp;552 5.2.2 mailbox full", EventType.BOUNCED, False, False),
        ("smtp;550 5.7.1 refused by policy", EventType.FAILED, True, False),
    ],
)
@pytest.mark.parametrize(
    ("vendor", "word", "place"),
    [
        (POSTMARK, "Bounce", lambda words: {"Details": words}),
        (SENDGRID, "bounce", lambda words: {"reason": words, "status": ""}),
        (RESEND, "email.bounced", lambda words: {"data": {"bounce": {"diagnosticCode": [words]}}}),
    ],
    ids=["postmark", "sendgrid", "resend"],
)
def test_what_a_vendor_calls_a_bounce_is_judged_by_the_receivers_words(
    vendor: Any, word: str, place: Any, words: str, type: EventType, permanent: bool, of_sender: bool
) -> None:
    """The vendor has classified the same words; what speaks of us, or of a full mailbox, kills nobody."""
    report = _reported(vendor, word, place(words))
    assert (report.type, report.permanent, report.of_sender) == (type, permanent, of_sender)


def test_only_vendors_with_a_secret_may_call() -> None:
    """The registry holds whom something is configured for, by the name in the URL."""
    nothing: dict[str, list[str]] = {"resend": [], "postmark": [], "sendgrid_keys": [], "sendgrid_logins": []}
    assert build_email_webhooks(**nothing) == {}
    assert set(build_email_webhooks(**nothing | {"sendgrid_logins": [LOGIN]})) == {"sendgrid"}
    every = build_email_webhooks(
        resend=[RESEND.secrets[0].ours], postmark=[LOGIN], sendgrid_keys=[KEY.ours], sendgrid_logins=[]
    )
    assert {name: hook.name for name, hook in every.items()} == {n: n for n in ("resend", "postmark", "sendgrid")}
