"""What cannot be moved to another version stays as it is, and is named with the reason."""

from domain.errors import AmbiguousError, TransientError
from domain.migration import Stays
from starter.enrollments import control
from tests.support.harness import HOUR, Rig, ScriptedProvider, SlowAnswer
from tests.workflows.moving import TEXTS, move, stays, version_of


async def test_a_message_in_doubt_stays(scripted: Rig, provider: ScriptedProvider) -> None:
    """Nobody knows whether it went out: a person decides first."""
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert await stays(scripted, key, 2) == (Stays.IN_DOUBT, "nobody knows whether first was sent")
    await control.assume_sent(scripted.engine, enrollment)
    assert (await move(scripted, key, 2)).moved


async def test_a_message_that_was_tried_stays(scripted: Rig, provider: ScriptedProvider) -> None:
    """Its text is frozen under its key: another one could be sent beside it."""
    provider.answers.append(TransientError("scripted", "busy", retry_after=HOUR))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert await stays(scripted, key, 2) == (Stays.UNDER_WAY, "first is being sent, or was tried before")
    await scripted.ended(enrollment)
    assert await version_of(scripted, enrollment) == 1


async def test_a_message_under_way_stays_and_is_moved_by_the_next_run(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """Nobody waits for a hand-over; once it is settled the same command moves the enrollment."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert (await stays(scripted, key, 2))[0] in (Stays.UNDER_WAY, Stays.NOT_RUNNING)
    slow.let_go.set()
    await scripted.arrives(enrollment, "second")
    assert (await move(scripted, key, 2)).moved
    await scripted.ended(enrollment)
    assert [message.content.body for message in provider.handed_over][-1] == "Hello anew."  # type: ignore[union-attr]


async def test_a_conversation_whose_first_email_never_went_out_is_not_continued(skipping: Rig) -> None:
    """`Re:` to nothing: whoever got another first step stays."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(
        """
        sequence: texts
        steps:
          - {id: first, type: email, subject: Hello, body: Hello.}
          - {id: wait, type: delay, hours: 72}
          - {id: second, type: email, thread: first, body: "Hello again."}
        """
    )
    why, detail = await stays(skipping, key, 2)
    assert (why, "first, whose conversation is continued" in detail) == (Stays.THREAD, True)


async def test_a_step_that_it_has_been_at_is_no_successor(skipping: Rig) -> None:
    """The map may not send anybody back: that would send a message twice."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    assert await stays(skipping, key, 2, second="first") == (
        Stays.BEEN_THERE,
        "it has been at first already",
    )
    assert await version_of(skipping, enrollment) == 1


async def test_whoever_has_ended_is_nobodys_business(skipping: Rig) -> None:
    """Neither moved nor named, whatever is published afterwards."""
    enrollment, contact = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    await skipping.reply(contact, enrollment_id=enrollment)
    assert (await move(skipping, key, 2)).people == []
    assert await version_of(skipping, enrollment) == 1
