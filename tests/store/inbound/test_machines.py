"""What machines answer: who has left is not written to again, and a person reads what needs one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.events import EventType
from starter.inbound import reviews as reviewing
from store.inbound import reviews
from tests.store.letters import EMAILS, TEXTS, Letters


async def _gate(letters: Letters) -> str:
    [row] = await letters.rows("SELECT gate FROM message_jobs WHERE state = 'pending' AND gate IS NOT NULL")
    return str(row["gate"])


async def _reviews(letters: Letters) -> list[str]:
    return [row["reason"] for row in await letters.rows("SELECT reason FROM reviews ORDER BY created_at")]


async def test_who_has_left_is_not_written_to_again_and_somebody_is_told(letters: Letters) -> None:
    """The enrollment ends by a reason of its own; the address is not suppressed, a successor may have it."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(
        contact.email or "", "Jane no longer works here.", type=EventType.AUTORESPONDED, left=True
    )
    row = await letters.enrollment(enrollment)
    assert (row["status"], row["reason"], received.kind) == ("stopped", "left", "auto_reply")
    assert (await _reviews(letters), await letters.barred()) == (["left"], {})


async def test_a_colleague_who_says_it_has_answered(letters: Letters) -> None:
    """What a person writes is a reply, and a person reads who has left."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await letters.gets(contact.email or "", "Jane no longer works here. Hanna", left=True)
    row = await letters.enrollment(enrollment)
    assert (row["reason"], await _reviews(letters)) == ("replied", ["left"])


@pytest.mark.parametrize("stop_on", ["[reply, unsubscribe]", "[]"])
@pytest.mark.parametrize("type_", [EventType.AUTORESPONDED, EventType.INBOUND])
async def test_who_has_left_ends_whatever_stop_on_says(letters: Letters, stop_on: str, type_: EventType) -> None:
    """The workspace decides about who has left, not the sequence; a machine or a person may have said so."""
    text = EMAILS.replace("steps:", f"stop_on: {stop_on}\n    steps:", 1)
    enrollment, contact = await letters.written_to(text, "one")
    await letters.gets(contact.email or "", "Jane no longer works here.", type=type_, left=True)
    assert (await letters.is_live(enrollment), await _reviews(letters)) == (False, ["left"])


async def test_who_has_left_is_held_where_the_workspace_wants_it_so(letters: Letters) -> None:
    """Nothing ends, and nothing goes to the address before somebody has decided; then the sequence goes on."""
    await letters.decides("on_left", "hold")
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(
        contact.email or "", "Jane no longer works here.", type=EventType.AUTORESPONDED, left=True
    )
    assert (await letters.is_live(enrollment), await _reviews(letters)) == (True, ["left"])
    assert await letters.barred() == {("email", contact.email): "suspected"}
    await letters.deliver(enrollment, "two")
    assert await _gate(letters) == "review"
    await reviewing.decide(letters.engine, received.event_id, opt_out=False)
    assert (await letters.barred(), await letters.is_live(enrollment)) == ({}, True)


async def test_who_has_left_is_barred_when_a_person_says_so(letters: Letters) -> None:
    """A decision against the address ends what was held there; time alone never decides it."""
    await letters.decides("on_left", "hold")
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(
        contact.email or "", "Jane no longer works here.", type=EventType.AUTORESPONDED, left=True
    )
    async with letters.engine.transaction() as tx:
        assert await reviews.overdue(tx, datetime.now(UTC) + timedelta(days=400), 10, []) == []
    await reviewing.decide(letters.engine, received.event_id, opt_out=True)
    assert await letters.barred() == {("email", contact.email): "unsubscribed"}
    assert await letters.is_live(enrollment) is False


async def test_a_colleague_who_says_who_has_left_holds_the_address_too(letters: Letters) -> None:
    """What a person writes ends the sequence as a reply, and other sequences wait for a decision."""
    await letters.decides("on_left", "hold")
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await letters.gets(contact.email or "", "Jane no longer works here. Hanna", left=True)
    assert (await letters.enrollment(enrollment))["reason"] == "replied"
    assert await letters.barred() == {("email", contact.email): "suspected"}


async def test_an_answer_through_a_ticket_system_is_put_before_a_person(letters: Letters) -> None:
    """Such a system marks everything as automatic: nothing is stopped by it, and nothing is lost."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await letters.gets(
        contact.email or "", "We would like a demo.", type=EventType.AUTORESPONDED, by_ticket_system=True
    )
    assert (await letters.is_live(enrollment), await _reviews(letters)) == (True, ["ticket"])


@pytest.mark.parametrize(("text", "live"), [("I'm driving right now. (Auto-reply)", True), ("Call me", False)])
async def test_a_phone_that_answers_for_its_owner_stops_nothing(letters: Letters, text: str, live: bool) -> None:
    """A text message has no headers: the words alone tell."""
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await letters.texted(contact, text)
    assert await letters.is_live(enrollment) is live


async def test_one_mail_that_comes_in_twice_counts_once(letters: Letters) -> None:
    """By the webhook of a provider and from a mailbox, under two ids: one message, one response."""
    _, contact = await letters.written_to(EMAILS, "one")
    mail: dict[str, Any] = {"message_id": "<answer@example.com>"}
    first = await letters.gets(contact.email or "", "Call me.", provider="postmark", **mail)
    again = await letters.gets(contact.email or "", "Call me.", provider="email", **mail)
    assert (first.duplicate, again.duplicate, again.contact_id) == (False, True, contact.id)
    [row] = await letters.rows("SELECT count(*) FROM responses")
    assert row["count"] == 1
    [row] = await letters.rows("SELECT count(*) FROM messages WHERE direction = 'in'")
    assert row["count"] == 1


async def test_a_copy_that_says_more_has_its_effect(letters: Letters) -> None:
    """A provider that tells no text is heard first: the wish in the whole mail counts all the same, as one answer."""
    _, contact = await letters.written_to(EMAILS, "one")
    mail: dict[str, Any] = {"message_id": "<answer@example.com>"}
    await letters.gets(contact.email or "", "", provider="resend", **mail)
    await letters.gets(contact.email or "", "Unsubscribe", provider="email", **mail)
    assert await letters.barred() == {("email", contact.email): "unsubscribed"}


async def test_another_mail_under_the_same_message_id_counts(letters: Letters) -> None:
    """Ids are made up by senders: what somebody else wrote, or other words, are another mail."""
    _, contact = await letters.written_to(EMAILS, "one")
    mail: dict[str, Any] = {"message_id": "<answer@example.com>", "provider": "email"}
    await letters.gets("other@example.net", "Call me.", **mail)
    received = await letters.gets(contact.email or "", "Call me.", **mail)
    assert received.duplicate is False
