"""A provider's call is believed, read and recorded, in this order, and has its effect once."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Callable
from functools import partial
from secrets import token_hex

import pytest

from api.http.state import Edge
from content.apart import apart
from domain.errors import Malformed
from domain.events import StatusReport
from providers.inbound.base import WebhookRequest
from providers.inbound.intake import SHORT_CALL, Head, Intake
from providers.inbound.twilio import TwilioWebhook
from tests.api.conftest import POSTMARK_LOGIN, Api
from tests.providers.twilio_calls import DELIVERED, INBOUND, REPLY, STATUS, TOKEN, call

BOUNCE = {
    "type": "email.bounced",
    "created_at": "2026-11-20T10:00:00.000Z",
    "data": {
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
        "to": ["ada@example.com"],
        "bounce": {"type": "Permanent", "subType": "General", "message": "No such mailbox."},
    },
}
RAW = b"""From: Ada <ada@example.com>\r
To: us@example.org\r
Subject: Re: Hi\r
Message-ID: <a1@example.com>\r
\r
Yes.\r
"""


async def test_an_inbound_text_is_recorded_and_answered_with_no_message(api: Api) -> None:
    """Twilio gets an empty TwiML document, and sends nothing to the contact by itself."""
    answer = await api.twilio(call(REPLY))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")
    [message] = await api.rig.rows("SELECT direction, address, body FROM messages")
    assert message == {"direction": "in", "address": REPLY["From"], "body": REPLY["Body"]}


async def test_a_status_is_recorded_and_answered_with_nothing(api: Api) -> None:
    """204; the job's token in the URL is part of what is signed."""
    answer = await api.twilio(call(DELIVERED, f"{STATUS}?job=00000000-0000-4000-8000-00000000000a"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [row["type"] for row in await api.rig.rows("SELECT type FROM events")] == ["delivered"]


async def test_a_wrong_signature_stores_nothing(api: Api) -> None:
    """401 with a problem document, and no row anywhere."""
    refused = [
        await api.twilio(call(REPLY, token="0" * 32)),
        await api.twilio(call(REPLY, signed_url="https://elsewhere.example.com/webhooks/twilio/inbound")),
        await api.twilio(dataclasses.replace(call(REPLY), body=b"From=%2B12125550199&Body=other&MessageSid=SM1")),
        await api.resend(json.dumps(BOUNCE).encode(), secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        await api.http.post("/webhooks/email/postmark", json={}, auth=("postmark", "wrong")),
        await api.http.post("/webhooks/email/postmark", json={}),
    ]
    assert [answer.status_code for answer in refused] == [401] * 6
    assert all(answer.json()["type"].endswith(":unauthorized") for answer in refused)
    assert [await api.count(t) for t in ("events", "messages", "dead_letters", "suppressions")] == [0] * 4


async def test_the_public_url_is_what_is_signed(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """Behind a proxy the signature is over the public URL; without one, over the URL as it was called."""
    assert (await connect(edge).twilio(call(REPLY))).status_code == 200
    bare = connect(dataclasses.replace(edge, public_url=""))
    assert (await bare.twilio(call(REPLY))).status_code == 401
    direct = "http://127.0.0.1:8080/webhooks/twilio/inbound"
    answer = await bare.http.post(direct, content=call(REPLY).body, headers=dict(call(REPLY, direct).headers))
    assert answer.status_code == 200


async def test_two_secrets_are_valid_while_one_is_replaced(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """Calls signed with the old token and with the new one are both believed."""
    both = connect(dataclasses.replace(edge, twilio=TwilioWebhook([TOKEN, "f" * 32])))
    for number, token in enumerate((TOKEN, "f" * 32)):
        answer = await both.twilio(call({**REPLY, "MessageSid": f"SM{number}"}, token=token))
        assert answer.status_code == 200
    assert await both.count("events") == 2


async def test_a_provider_without_a_secret_is_not_there(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """404 for a provider that is unknown or not set up: nothing can be proven, so nothing is read."""
    api = connect(dataclasses.replace(edge, twilio=None))
    answers = [
        await api.twilio(call(REPLY)),
        await api.twilio(call(DELIVERED, STATUS)),
        await api.http.post("/webhooks/email/sendgrid", json=[]),
        await api.http.post("/webhooks/email/nobody", json={}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    assert await api.count("dead_letters") == 0


async def test_a_malformed_call_is_kept_once_with_its_reason(api: Api) -> None:
    """400, and however often it is repeated, one dead letter with the body as it came."""
    for _ in range(3):
        answer = await api.twilio(call({"From": "+12125550199", "Body": "Hi", "AccountSid": REPLY["AccountSid"]}))
        assert answer.status_code == 400
        assert "MessageSid" in answer.json()["detail"]
    [letter] = await api.rig.rows("SELECT source, reason, content_type, body FROM dead_letters")
    assert letter["source"] == "/webhooks/twilio/inbound"
    assert "MessageSid" in letter["reason"]
    assert letter["content_type"] == "application/x-www-form-urlencoded"
    assert b"Body=Hi" in letter["body"]
    assert await api.count("events") == 0


async def test_a_body_that_is_no_json_is_kept(api: Api) -> None:
    """A proven sender's nonsense is a dead letter, whatever it is."""
    auth = (POSTMARK_LOGIN.partition(":")[0], POSTMARK_LOGIN.partition(":")[2])
    for body in (b"{", b"[]", b"\x00\xff", b"null", b"[" * 10_000):
        assert (await api.http.post("/webhooks/email/postmark", content=body, auth=auth)).status_code == 400
    assert await api.count("dead_letters") == 5


@pytest.mark.parametrize("times", [1, 5])
async def test_a_repeated_call_has_one_effect(api: Api, times: int) -> None:
    """A bounce that is reported several times, at once even, is one event and one suppression."""
    body = json.dumps(BOUNCE).encode()
    answers = await asyncio.gather(*(api.resend(body, id="msg_1") for _ in range(times)))
    assert [answer.status_code for answer in answers] == [200] * times
    assert all(answer.json()["received"] + answer.json()["known"] == 1 for answer in answers)
    assert await api.count("events") == 1
    assert await api.count("suppressions") == 1


async def test_characters_that_the_database_cannot_hold_do_no_harm(api: Api) -> None:
    """NUL in a form, in JSON and in a mail: the call has its effect or is kept, and is never a 500."""
    texts = await api.twilio(call({**REPLY, "Body": "STOP\0", "Extra\0": "\0"}))
    events = await api.resend(json.dumps({**BOUNCE, "extra": "\0 \ud800"}).encode())
    mail = await api.http.post(
        "/webhooks/email/raw",
        content=RAW.replace(b"Yes.", b"Y\x00es \xff\xfe").replace(b"Hi", b"H\x00i"),
        headers={**await api.key("write"), "Content-Type": "message/rfc822"},
    )
    assert (texts.status_code, mail.status_code) == (200, 200)
    assert events.status_code in (200, 400)
    assert await api.count("events") + await api.count("dead_letters") == 3


class _Batch:
    """A vendor whose call holds several reports."""

    name = "batch"

    def intake(self, head: WebhookRequest) -> Intake:
        return Intake(Head(), most=SHORT_CALL, proven=True)

    def verify(self, request: WebhookRequest) -> None:
        pass

    def parse(self, request: WebhookRequest) -> list[StatusReport]:
        if request.body == b"?":
            raise Malformed("it is a question")
        return [StatusReport.model_validate(report) for report in json.loads(request.body)]


async def test_a_bad_report_takes_no_other_of_its_call_with_it(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """What can have no effect is kept apart with its reason; the others have theirs, and the call is done."""
    api = connect(dataclasses.replace(edge, email_webhooks={"batch": _Batch()}))
    good: dict[str, object] = {
        "type": "bounced",
        "channel": "email",
        "provider": "batch",
        "address": "ada@example.com",
        "at": "2026-11-20T10:00:00Z",
    }
    # No index has room for such a name.
    bad = {**good, "provider": token_hex(5000), "payload": {"which": "the bad one"}}
    reports = [{**report, "provider_event_id": f"e{n}"} for n, report in enumerate([good, bad, good])]
    for expected in ({"received": 3, "known": 0, "kept": 0}, {"received": 1, "known": 2, "kept": 0}):
        answer = await api.http.post("/webhooks/email/batch", json=reports)
        assert (answer.status_code, answer.json()) == (200, expected)
        assert (await api.count("inbox"), await api.count("events")) == (0, 2)
    [letter] = await api.rig.rows("SELECT content_type, body FROM dead_letters")
    kept = json.loads(letter["body"])
    assert (letter["content_type"], kept["type"], kept["payload"]) == (
        "application/json",
        "bounced",
        {"which": "the bad one"},
    )


async def test_a_raw_mail_needs_a_key_that_may_write(api: Api) -> None:
    """Without a key 401, with one that may only read 403, of another type 415; with the right one it is recorded."""
    kind = {"Content-Type": "message/rfc822"}
    calls: list[tuple[dict[str, str], int]] = [
        ({}, 401),
        (await api.key("read"), 403),
        ({**await api.key("write"), "Content-Type": "text/plain"}, 415),
    ]
    for headers, status in calls:
        answer = await api.http.post("/webhooks/email/raw", content=RAW, headers={**kind, **headers})
        assert answer.status_code == status
    assert await api.count("messages") == 0
    key = await api.key("write")
    for expected in ({"received": 1, "known": 0, "kept": 0}, {"received": 0, "known": 1, "kept": 0}):
        answer = await api.http.post("/webhooks/email/raw", content=RAW, headers={**kind, **key})
        assert (answer.status_code, answer.json()) == (200, expected)
    [message] = await api.rig.rows("SELECT address, body FROM messages")
    assert (message["address"], message["body"].strip()) == ("ada@example.com", "Yes.")


async def test_a_raw_mail_without_a_sender_is_kept(api: Api) -> None:
    """What is no mail is answered 400, and kept once."""
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    for _ in range(2):
        answer = await api.http.post("/webhooks/email/raw", content=b"Subject: ?\r\n\r\nWho?", headers=headers)
        assert answer.status_code == 400
    [letter] = await api.rig.rows("SELECT source, content_type FROM dead_letters")
    assert letter == {"source": "/webhooks/email/raw", "content_type": "message/rfc822"}


@pytest.mark.parametrize("vendor", ["raw", "resend"])
async def test_a_long_call_is_read_in_another_process(api: Api, vendor: str) -> None:
    """With the same result, whoever calls."""
    if vendor == "raw":
        headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
        answer = await api.http.post("/webhooks/email/raw", content=RAW + b"> x\r\n" * 10_000, headers=headers)
    else:
        answer = await api.resend(json.dumps({**BOUNCE, "extra": "x" * 50_000}).encode())
    assert (answer.status_code, answer.json()["received"]) == (200, 1)


def _read_for_ever(call: WebhookRequest) -> list[StatusReport]:
    while True:
        pass


async def test_a_call_whose_reading_never_ends_is_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """400, a dead letter, and whoever calls meanwhile is answered: the reading is ended, and was not here."""
    monkeypatch.setattr("api.inbound.providers.raw_mail", _read_for_ever)
    monkeypatch.setattr("api.inbound.call_reading.apart", partial(apart, seconds=0.5))
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    first = await api.twilio(call({**REPLY, "MessageSid": "SM" + 32 * "1"}, INBOUND))
    assert first.status_code == 200  # what is made once in a process, routes and opt-outs' weights, is there
    began = time.thread_time()
    stuck = asyncio.create_task(api.http.post("/webhooks/email/raw", content=RAW + b"x" * 30_000, headers=headers))
    assert (await api.twilio(call({**REPLY, "Body": "STOP"}, INBOUND))).status_code == 200
    answer = await stuck
    assert (answer.status_code, time.thread_time() - began < 0.5) == (400, True)
    [letter] = await api.rig.rows("SELECT reason FROM dead_letters")
    assert "too long" in letter["reason"]


async def test_a_stop_by_text_ends_what_runs(api: Api) -> None:
    """STOP at the webhook suppresses the number before the answer is out."""
    answer = await api.twilio(call({**REPLY, "Body": "STOP"}, INBOUND))
    assert answer.status_code == 200
    [row] = await api.rig.rows("SELECT channel, address, reason FROM suppressions")
    assert row == {"channel": "sms", "address": REPLY["From"], "reason": "unsubscribed"}


async def test_a_call_is_about_the_tenant_that_its_url_names(api: Api, other: Api) -> None:
    """Inbound and status alike; the name is part of what Twilio signs, and a tenant that there is not is 404."""
    named = f"tenant={other.rig.engine.tenant_id}"
    assert (await api.twilio(call({**REPLY, "Body": "STOP"}, f"{INBOUND}?{named}"))).status_code == 200
    job = "job=00000000-0000-4000-8000-00000000000a"
    assert (await api.twilio(call(DELIVERED, f"{STATUS}?{job}&{named}"))).status_code == 204
    theirs = await other.rig.rows("SELECT type FROM events ORDER BY received_at")
    assert [row["type"] for row in theirs] == ["inbound", "delivered"]
    assert len(await other.rig.rows("SELECT FROM suppressions")) == 1
    assert await api.rig.rows("SELECT FROM events") == await api.rig.rows("SELECT FROM suppressions") == []
    forged = dataclasses.replace(call(REPLY), url=f"{INBOUND}?{named}")
    assert (await api.twilio(forged)).status_code == 401
    unknown = await api.twilio(call(REPLY, f"{INBOUND}?tenant=00000000-0000-4000-8000-0000000000ff"))
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "there is no such tenant")
