"""What a workspace has decided holds for every sequence: its holidays, its senders, its policy for doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import AmbiguousError, TransientError
from domain.events import InboundMessage
from domain.messages import Channel, EmailContent, TextContent, Unknown
from starter.inbound.receive import receive
from starter.workspace import senders
from starter.workspace import tenant_settings as tenants
from store.workspace.senders import SendingChannel
from tests.support.harness import HOUR, Rig, ScriptedProvider

LOST = AmbiguousError("scripted", "the connection died", code="lost")

TEXT = """
sequence: text
steps:
  - {id: first, type: sms, body: Hello. STOP to end.}
"""
MAIL = """
sequence: mail
steps:
  - {id: first, type: email, subject: Hi, body: Hello.}
"""


async def _decide(rig: Rig, **changes: object) -> None:
    async with rig.engine.transaction() as tx:
        await tenants.change(tx, changes)


async def _send_from(rig: Rig, channel: SendingChannel, address: str, name: str | None = None) -> None:
    async with rig.engine.transaction() as tx:
        await senders.add(tx, channel, address, name, default=True, region="US", now=datetime.now(UTC))


async def test_nobody_is_written_to_on_the_workspaces_holidays(scripted: Rig, provider: ScriptedProvider) -> None:
    """Without any window the message goes on the first local day that is none."""
    today = (await scripted.now()).date()
    # London's days of the season begin when UTC's do, or an hour before: three in a row hold whatever the hour is.
    barred = [today + timedelta(days=days) for days in (-1, 0, 1)]
    await _decide(scripted, holidays=barred)
    enrollment, _ = await scripted.start(TEXT, zones=("Etc/UTC",))
    row = await scripted.arrives(enrollment, "first", gate="window")
    assert row["next_run_at"].date() == today + timedelta(days=2)
    assert await scripted.ended(enrollment) == ("completed", None)
    [job] = await scripted.jobs(enrollment)
    assert job["sent_at"].date() == today + timedelta(days=2)


async def test_a_holiday_that_is_declared_later_holds_what_is_scheduled(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """A message that waits for its moment is looked at once more when it comes."""
    enrollment, _ = await scripted.start(
        TEXT.replace("steps:", "steps:\n  - {id: wait, type: delay, days: 3}"), zones=("Etc/UTC",)
    )
    row = await scripted.arrives(enrollment, "first")
    due = row["next_run_at"].date()
    await _decide(scripted, holidays=[due])
    assert await scripted.ended(enrollment) == ("completed", None)
    [job] = await scripted.jobs(enrollment)
    assert job["sent_at"].date() == due + timedelta(days=1)


async def test_a_message_goes_out_from_the_workspaces_sender(scripted: Rig, provider: ScriptedProvider) -> None:
    """Of its channel, the default one; without one the installation's own is used."""
    await _send_from(scripted, Channel.EMAIL, "Hello@Acme.example", "Acme")
    mail, _ = await scripted.start(MAIL)
    text, _ = await scripted.start(TEXT)
    for enrollment in (mail, text):
        assert await scripted.ended(enrollment) == ("completed", None)
    sent = {message.channel: message.content for message in provider.handed_over}
    first, second = sent[Channel.EMAIL], sent[Channel.SMS]
    assert isinstance(first, EmailContent)
    assert isinstance(second, TextContent)
    assert (first.sender, second.sender) == ("Acme <hello@acme.example>", None)


async def test_another_attempt_goes_out_from_the_same_sender(scripted: Rig, provider: ScriptedProvider) -> None:
    """A default that changes meanwhile is for messages that are rendered later."""
    await _send_from(scripted, Channel.SMS, "+12125550100")
    provider.answers.append(TransientError("scripted", "come again", retry_after=HOUR))
    enrollment, _ = await scripted.start(TEXT)
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    await _send_from(scripted, Channel.SMS, "+12125550111")
    assert await scripted.ended(enrollment) == ("completed", None)
    first, second = provider.handed_over
    assert first == second
    assert isinstance(second.content, TextContent)
    assert second.content.sender == "+12125550100"


async def test_what_comes_from_a_sender_is_no_answer(scripted: Rig, provider: ScriptedProvider) -> None:
    """An operator wrote it: it stops nobody, and is in the conversation as ours."""
    await _send_from(scripted, Channel.EMAIL, "hello@acme.example")
    contact = await scripted.contact()
    message = InboundMessage(
        channel=Channel.EMAIL,
        provider="test",
        provider_event_id="one",
        sender="Hello@Acme.example",
        recipient=contact.email,
        text="As we said on the phone …",
        at=datetime.now(UTC),
    )
    received = await receive(scripted.engine, message)
    assert received.kind == "operator"
    [row] = await scripted.rows("SELECT direction, kind FROM messages")
    assert row == {"direction": "out", "kind": "operator"}


@pytest.mark.parametrize(
    ("named", "tenant", "assumed"),
    [
        (None, "assume_sent", True),
        ("assume_sent", "hold", True),
        ("hold", "assume_sent", False),
    ],
)
async def test_doubt_is_settled_as_the_workspace_has_it(
    scripted: Rig, provider: ScriptedProvider, named: str | None, tenant: str, assumed: bool
) -> None:
    """Where the sequence names no policy of its own."""
    await _decide(scripted, on_ambiguous=tenant)
    provider.answers.append(LOST)
    provider.lookups.append(Unknown(reason="it cannot be asked"))
    text = TEXT.replace("steps:", f"on_ambiguous: {named}\nsteps:") if named else TEXT
    enrollment, _ = await scripted.start(text)
    if assumed:
        assert await scripted.ended(enrollment) == ("completed", None)
    else:
        await scripted.arrives(enrollment, "first", gate="ambiguous")
    job = await scripted.job(enrollment, "first")
    assert (job["assumed"], job["state"]) == (assumed, "sent" if assumed else "ambiguous")


async def test_where_nobody_has_decided_a_person_does(scripted: Rig, provider: ScriptedProvider) -> None:
    """Neither the sequence nor the workspace names a policy: a message in doubt is held, and never sent on a guess."""
    provider.answers.append(LOST)
    provider.lookups.append(Unknown(reason="it cannot be asked"))
    enrollment, _ = await scripted.start(TEXT)
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    job = await scripted.job(enrollment, "first")
    assert (job["state"], job["attempts"], len(provider.handed_over)) == ("ambiguous", 1, 1)
