"""What is not retried stays as it was."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.errors import Conflict, NotFound
from domain.messages import Channel
from starter.enrollments import control
from starter.enrollments.retry import retry
from starter.sequences.archive import archive
from store.gates.suppressions import suppress
from tests.support.harness import Rig, ScriptedProvider
from tests.workflows.retried import TEXTS, as_it_was, failed


async def test_only_the_step_that_failed_is_retried(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """Another step, an unknown one and an unknown enrollment are refused, each with the reason."""
    enrollment, _ = await failed(scripted_dev, provider)
    for step in ("first", "third", "nowhere"):
        with pytest.raises(Conflict, match="did not fail at") as refused:
            await retry(scripted_dev.engine, enrollment, step)
        assert "it failed at 'second'" in (refused.value.hint or "")
    with pytest.raises(NotFound):
        await retry(scripted_dev.engine, uuid4())
    await as_it_was(scripted_dev, enrollment)


async def test_what_did_not_fail_is_not_retried(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """One that lives, one that was stopped and one that completed are refused with how they stand."""
    waiting = TEXTS.replace("{id: second,", "{id: wait, type: delay, hours: 9}\n      - {id: second,")
    enrollment, _ = await scripted_dev.start(waiting)
    await scripted_dev.arrives(enrollment, "second")
    with pytest.raises(Conflict, match="is live"):
        await retry(scripted_dev.engine, enrollment)
    await control.stop(scripted_dev.engine, enrollment, "called us")
    with pytest.raises(Conflict, match="ended stopped: called us"):
        await retry(scripted_dev.engine, enrollment, "second")
    done, _ = await scripted_dev.start(TEXTS.replace("sequence: texts", "sequence: others"))
    await scripted_dev.ended(done)
    with pytest.raises(Conflict, match="ended completed"):
        await retry(scripted_dev.engine, done)


async def test_a_contact_who_lives_in_the_sequence_again_is_not_retried(
    scripted_dev: Rig, provider: ScriptedProvider
) -> None:
    """One live enrollment per contact and sequence, also by this way."""
    enrollment, contact = await failed(scripted_dev, provider)
    key = await scripted_dev.publish(TEXTS.replace("steps:", "steps:\n      - {id: wait, type: delay, days: 9}"))
    [other] = await scripted_dev.enroll(key, contact)
    with pytest.raises(Conflict, match=str(other)):
        await retry(scripted_dev.engine, enrollment)


async def test_a_suppressed_address_is_not_retried(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """On the channel that failed, or on one of the sequence's since it failed."""
    enrollment, contact = await failed(scripted_dev, provider)
    now = await scripted_dev.now()
    async with scripted_dev.engine.transaction() as tx:
        await suppress(tx, Channel.SMS, contact.phone or "", "manual", at=now - timedelta(days=9), now=now)
    with pytest.raises(Conflict, match="suppressed on sms"):
        await retry(scripted_dev.engine, enrollment)
    await as_it_was(scripted_dev, enrollment)


async def test_whoever_has_answered_since_is_left_alone(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """An answer that came while nothing lived would have stopped what is now to live again."""
    enrollment, contact = await failed(scripted_dev, provider)
    await scripted_dev.reply(contact, channel=Channel.SMS, text="Tell me more.")
    with pytest.raises(Conflict, match="has answered since"):
        await retry(scripted_dev.engine, enrollment)
    await as_it_was(scripted_dev, enrollment)


async def test_nobody_is_taken_up_in_an_archived_sequence(scripted_dev: Rig, provider: ScriptedProvider) -> None:
    """It lets those finish who are in it; whoever failed is not. A paused one holds the new attempt."""
    enrollment, _ = await failed(scripted_dev, provider)
    await archive(scripted_dev.engine, "texts", stop=False)
    with pytest.raises(Conflict, match="is archived"):
        await retry(scripted_dev.engine, enrollment)
    await as_it_was(scripted_dev, enrollment)
