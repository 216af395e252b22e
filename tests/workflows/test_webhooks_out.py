"""Webhook and WhatsApp steps: through the same ledger as every message."""

import json
from datetime import timedelta

import pytest

from domain import ids
from domain.enrollment import ExecuteInput, Visit
from domain.errors import PermanentError, TransientError
from domain.messages import Absent, OutgoingMessage, Receipt, TextContent, WebhookContent
from store.enrollments import ledger
from tests.support.harness import HOUR, Rig, ScriptedProvider

HOOK = """
    sequence: hooked
    on_failure: {policy}
    steps:
      - {{id: mail, type: email, subject: Hi, body: Hi.}}
      - id: hook
        type: webhook
        url: "https://example.com/{{{{ external_id }}}}"
        headers: {{X-Team: "{{{{ company | default: 'none' }}}}"}}
        data: {{greeting: "Hello {{{{ first_name }}}}"}}
        save: {{score: result.items.0.score, vip: result.vip, gone: result.nothing}}
      - {{id: ask, type: condition, if: {{field: score, gt: 5}}, then: [{{id: high, type: exit, reason: high}}]}}
"""


def hook(policy: str = "stop") -> str:
    return HOOK.format(policy=policy)


def answered(text: str) -> Receipt:
    return Receipt(provider="scripted", provider_message_id="x", detail="HTTP 200", answer=text)


def documents(provider: ScriptedProvider) -> list[OutgoingMessage]:
    return [m for m in provider.handed_over if isinstance(m.content, WebhookContent)]


async def test_a_document_is_posted_and_its_answer_kept(scripted: Rig, provider: ScriptedProvider) -> None:
    """A stable document with the contact and the author's fields; saved fields decide what follows."""
    provider.answers.extend(
        [
            Receipt(provider="scripted", provider_message_id="mail"),
            answered('{"result": {"items": [{"score": 7}], "vip": true}}'),
        ]
    )
    enrollment, contact = await scripted.start(hook())
    assert await scripted.ended(enrollment) == ("completed", "high")
    [message] = documents(provider)
    assert message.to == f"https://example.com/{contact.external_id}"
    assert isinstance(message.content, WebhookContent)
    assert message.content.headers == {"X-Team": "none"}
    document = json.loads(message.content.body)
    assert set(document) == {"type", "timestamp", "data"}
    assert document["type"] == "sequence.step"
    assert document["data"]["id"] == str(ids.job_id(enrollment, "hook"))
    assert document["data"]["fields"] == {"greeting": "Hello Ada"}
    assert (document["data"]["contact"]["email"], document["data"]["step"]) == (contact.email, "hook")
    [row] = await scripted.rows("SELECT attributes FROM contacts")
    assert row["attributes"] == {"score": "7", "vip": "true"}


async def test_a_webhook_is_in_the_ledger_and_in_no_conversation(scripted: Rig, provider: ScriptedProvider) -> None:
    """An answer of the contact's still answers the email before it."""
    text = hook() + "      - {id: rest, type: delay, days: 1}\n"
    enrollment, contact = await scripted.start(text)
    await scripted.arrives(enrollment, "end")
    assert [(job["channel"], job["state"]) for job in await scripted.jobs(enrollment)] == [
        ("email", "sent"),
        ("webhook", "sent"),
    ]
    assert [row["node_id"] for row in await scripted.rows("SELECT node_id FROM messages")] == ["mail"]
    received = await scripted.reply(contact)
    assert received.node_id == "mail"


async def test_a_busy_receiver_is_tried_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """After its Retry-After at the earliest, with the same document."""
    provider.answers.extend(
        [
            Receipt(provider="scripted", provider_message_id="mail"),
            TransientError("webhook", "HTTP 429", retry_after=timedelta(hours=2)),
        ]
    )
    enrollment, _ = await scripted.start(hook())
    await scripted.arrives(enrollment, "hook", gate="provider_retry")
    before = await scripted.now()
    assert await scripted.ended(enrollment) == ("completed", None)
    first, second = documents(provider)
    assert first == second
    job = await scripted.job(enrollment, "hook")
    assert job["sent_at"] - before > 1.9 * HOUR


@pytest.mark.parametrize(("policy", "status"), [("stop", "failed"), ("continue", "completed")])
async def test_a_refusal_is_a_failure(scripted: Rig, provider: ScriptedProvider, policy: str, status: str) -> None:
    """By the policy of the sequence."""
    provider.answers.extend(
        [Receipt(provider="scripted", provider_message_id="mail"), PermanentError("webhook", "HTTP 404", "404")]
    )
    enrollment, _ = await scripted.start(hook(policy))
    assert (await scripted.ended(enrollment))[0] == status
    assert (await scripted.job(enrollment, "hook"))["state"] == "failed"


async def test_a_lost_worker_posts_again(scripted: Rig, provider: ScriptedProvider) -> None:
    """What was under way when a worker died goes out again, the same bytes under the same key."""
    provider.lookups.append(Absent())
    text = "{sequence: lone, steps: [{id: wait, type: delay, hours: 1}, {id: hook, type: webhook, url: 'https://a.example'}]}"
    enrollment, _ = await scripted.start(text)
    await scripted.arrives(enrollment, "hook")
    message = OutgoingMessage(
        tenant_id=scripted.engine.tenant_id,
        job_id=ids.job_id(enrollment, "hook"),
        to="https://a.example",
        content=WebhookContent(body="{}", timeout_seconds=5),
    )
    async with scripted.engine.transaction() as tx:
        ledger.begin_sending(tx, Visit(enrollment, "hook"), message, "scripted", await scripted.now())
    order = ExecuteInput(tenant_id=scripted.engine.tenant_id, enrollment_id=enrollment, node_id="hook")
    result = await scripted.by_itself(scripted.deliveries().deliver, order)
    assert result.ended.status == "completed"
    assert documents(provider) == [message]


WHATSAPP = """
    sequence: chat
    on_failure: continue
    steps:
      - {id: hello, type: whatsapp, template: HX0123456789abcdef0123456789abcdef, variables: {"1": "{{ first_name }}"}}
      - {id: free, type: whatsapp, body: "How are you, {{ first_name }}?", media_url: "https://example.com/a.png"}
"""


async def test_whatsapp_goes_by_template_or_free_text(scripted: Rig, provider: ScriptedProvider) -> None:
    """A template with its variables; free text with media, which outside of the 24 hours is refused and recorded."""
    provider.answers.extend(
        [
            Receipt(provider="scripted", provider_message_id="one"),
            PermanentError("twilio", "outside the allowed window", "63016"),
        ]
    )
    enrollment, contact = await scripted.start(WHATSAPP)
    assert await scripted.ended(enrollment) == ("completed", None)
    hello, free = [message.content for message in provider.handed_over]
    assert isinstance(hello, TextContent)
    assert (hello.channel, hello.content_sid, hello.variables) == (
        "whatsapp",
        "HX0123456789abcdef0123456789abcdef",
        {"1": "Ada"},
    )
    assert isinstance(free, TextContent)
    assert (free.body, free.media_url, free.content_sid) == ("How are you, Ada?", "https://example.com/a.png", None)
    assert {message.to for message in provider.handed_over} == {contact.phone}
    assert [(job["state"], job["error_code"]) for job in await scripted.jobs(enrollment)] == [
        ("sent", None),
        ("failed", "63016"),
    ]
