"""WhatsApp by way of Twilio, from the workflow to the wire and back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.contact import Contact
from domain.events import InboundMessage
from domain.messages import Channel
from providers.twilio import TwilioConfig, TwilioProvider
from starter.inbound.receive import receive
from store.pool import Database
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, Fault, TwilioApi
from tests.providers.twilio_calls import HOOK, REPLY, call
from tests.support.harness import Rig, rig_on

TEMPLATE = "HX" + "0c" * 16
CHAT = f"""
    sequence: chat
    on_failure: continue
    steps:
      - {{id: free, type: whatsapp, body: "Hi {{{{ first_name }}}}", media_url: "https://example.com/a.png"}}
      - {{type: delay, days: 2}}
      - {{id: late, type: whatsapp, body: Still there?}}
      - {{id: approved, type: whatsapp, template: {TEMPLATE}, variables: {{"1": "{{{{ first_name }}}}"}}}}
      - {{id: rest, type: delay, days: 1}}
      - {{id: last, type: whatsapp, template: {TEMPLATE}, variables: {{"1": again}}}}
"""


@pytest.fixture
async def api() -> AsyncIterator[TwilioApi]:
    """An account with one approved template."""
    made = TwilioApi()
    made.templates[TEMPLATE] = {"body": "Hello {{1}}", "variables": {}}
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def rig(
    time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path, api: TwilioApi
) -> AsyncIterator[Rig]:
    config = TwilioConfig(ACCOUNT, TOKEN, whatsapp_sender=NUMBER, base_url=api.url)
    provider = TwilioProvider(config, Channel.WHATSAPP)
    async with rig_on(
        time_skipping.client, database, tmp_path / "outbox", environment=time_skipping, provider=provider
    ) as made:
        yield made
    await provider.close()


async def answers(rig: Rig, contact: Contact, words: str) -> None:
    """What the contact writes by WhatsApp, as Twilio tells it."""
    fields = {"From": f"whatsapp:{contact.phone}", "To": f"whatsapp:{NUMBER}", "Body": words, "MessageSid": uuid4().hex}
    [report] = HOOK.parse(call({**REPLY, **fields}))
    assert isinstance(report, InboundMessage)
    assert report.channel is Channel.WHATSAPP
    await receive(rig.engine, report.model_copy(update={"at": await rig.now()}))


async def test_a_chat_from_its_first_word_to_the_answer(rig: Rig, api: TwilioApi) -> None:
    """Free text with media within the 24 hours, a refusal of that message alone after them, templates at any time, and
    an answer that ends it."""
    key, contact = await rig.publish(CHAT), await rig.contact()
    api.chats.add(contact.phone or "")
    [enrollment] = await rig.enroll(key, contact)
    first = await rig.arrives(enrollment, "late")
    assert first["status"] == "running"
    api.chats.clear()
    await rig.skip(timedelta(days=2, hours=2))
    await rig.arrives(enrollment, "last")
    await answers(rig, contact, "Who is this?")
    assert await rig.ended(enrollment) == ("stopped", "replied")
    assert [(form["To"], form.get("Body"), form.get("MediaUrl"), form.get("ContentSid")) for form in api.forms] == [
        (f"whatsapp:{contact.phone}", "Hi Ada", "https://example.com/a.png", None),
        (f"whatsapp:{contact.phone}", "Still there?", None, None),
        (f"whatsapp:{contact.phone}", None, None, TEMPLATE),
    ]
    assert [message["body"] for message in api.messages] == ["Hi Ada", "Hello Ada"]
    jobs = await rig.jobs(enrollment)
    assert [(job["node_id"], job["state"], job["error_code"]) for job in jobs] == [
        ("free", "sent", None),
        ("late", "failed", "63016"),
        ("approved", "sent", None),
        ("last", "cancelled", None),
    ]
    assert "use an approved template" in jobs[1]["error"]
    [suppressed] = await rig.rows("SELECT count(*) FROM suppressions")
    assert suppressed["count"] == 0


@pytest.mark.parametrize("known", [True, False])
async def test_a_template_in_doubt(rig: Rig, api: TwilioApi, known: bool) -> None:
    """It is found at Twilio by its words and settled; where they are not known, a person is told where to look."""
    if not known:
        api.templates.clear()
    api.faults.append(Fault(500, stores=True))
    text = f'{{sequence: one, steps: [{{id: hello, type: whatsapp, template: {TEMPLATE}, variables: {{"1": you}}}}]}}'
    enrollment, _ = await rig.start(text)
    if known:
        assert await rig.ended(enrollment) == ("completed", None)
        job = await rig.job(enrollment, "hello")
        assert (job["state"], job["provider_message_id"]) == ("sent", api.messages[0]["sid"])
    else:
        await rig.arrives(enrollment, "hello", gate="ambiguous")
        job = await rig.job(enrollment, "hello")
        assert job["state"] == "ambiguous"
        assert f"{api.messages[0]['sid']} went to this number then" in job["error"]
    assert len(api.messages) == 1
