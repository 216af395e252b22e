"""Whom a report is about: the surest sign counts, and what is not about our messages leaves them alone."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import AmbiguousError
from domain.events import EventType
from domain.messages import Channel, OutgoingMessage, Receipt, Unknown
from tests.store.letters import EMAILS, STRANGER, TEAM, TEXTS, Letters


async def renamed(message: OutgoingMessage) -> Receipt:
    """A relay that gives messages an id of its own."""
    return Receipt(provider="scripted", provider_message_id="0100-renamed", relay_message_id="0102-answered")


async def matched_by(letters: Letters, event_id: UUID) -> str | None:
    [row] = await letters.rows("SELECT matched_by FROM events WHERE id = $1", event_id)
    by: str | None = row["matched_by"]
    return by


# --- status reports -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "by"),
    [
        ("job", "token"),
        ("provider id", "provider_id"),
        ("Message-ID", "message_id"),
        ("the relay's Message-ID", "message_id"),
        ("the relay's answer", "message_id"),
        ("address", "address"),
    ],
)
async def test_a_status_finds_its_message(letters: Letters, sign: str, by: str) -> None:
    """By our token, the provider's id, the Message-ID, the one a relay gave it, or, from elsewhere, the address."""
    letters.provider.answers.append(renamed)
    enrollment, contact = await letters.written_to(EMAILS, "one", "two")
    signs: dict[str, dict[str, Any]] = {
        "job": {"job_id": letters.job_id(enrollment, "one")},
        "provider id": {"provider_message_id": "0100-renamed"},
        "Message-ID": {"message_ids": ("<other@example.com>", letters.message_id("one"))},
        "the relay's Message-ID": {"message_ids": ("<0100-renamed@relay.example>",)},
        "the relay's answer": {"message_ids": ("<0102-answered@eu-west-1.amazonses.com>",)},
        "address": {"address": contact.email, "provider": "mailbox"},
    }
    received = await letters.hears(EventType.DELIVERED, **signs[sign])
    assert (received.contact_id, received.enrollment_id) == (contact.id, enrollment)
    assert received.node_id == ("two" if sign == "address" else "one")
    assert await matched_by(letters, received.event_id) == by
    assert [bool(job["delivered_at"]) for job in await letters.jobs(enrollment)] == [
        sign != "address",
        sign == "address",
        False,
    ]


@pytest.mark.parametrize(
    "signs",
    [
        {"message_ids": ("<newsletter@elsewhere.example>",), "provider": "mailbox"},
        {"message_ids": (f"<{uuid4()}@elsewhere.example>",), "provider": "mailbox"},
        {"provider_message_id": "of-another-system"},
        {"job_id": uuid4()},
        {"job_id": uuid4(), "provider": "mailbox"},
    ],
    ids=["another Message-ID", "one that looks like ours", "another id", "another token", "another provider's token"],
)
async def test_a_report_of_somebody_elses_message_leaves_ours_alone(letters: Letters, signs: dict[str, Any]) -> None:
    """What another system sent through the same provider or mailbox suppresses the address, and marks no message."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    before = await letters.job(enrollment, "one")
    opened = await letters.hears(EventType.OPENED, address=contact.email, **signs)
    assert (opened.contact_id, opened.enrollment_id, opened.node_id) == (contact.id, None, None)
    bounced = await letters.hears(EventType.BOUNCED, address=contact.email, **signs)
    assert bounced.stopped == (enrollment,)
    assert await letters.barred() == {("email", contact.email): "bounced"}
    assert await letters.job(enrollment, "one") == before


async def test_what_was_never_handed_over_is_not_reported_on(letters: Letters) -> None:
    """A token of a message that waits proves nothing: it stays as it is."""
    enrollment, _ = await letters.written_to(EMAILS)
    received = await letters.hears(EventType.DELIVERED, job_id=letters.job_id(enrollment, "one"))
    assert (received.contact_id, received.enrollment_id, received.signals) == (None, None, ())
    assert (await letters.job(enrollment, "one"))["delivery"] is None


async def test_a_message_of_a_provider_is_marked_with_its_id_only(letters: Letters) -> None:
    """Another provider's id for the same message (a mailbox's, ours) is not taken for the provider's."""
    letters.provider.answers.append(AmbiguousError("scripted", "no answer"))
    enrollment, _ = await letters.written_to(TEXTS, "first")
    job = letters.job_id(enrollment, "first")
    for provider, expected in (("another", None), ("scripted", "SM1")):
        await letters.hears(
            EventType.QUEUED, channel=Channel.SMS, job_id=job, provider=provider, provider_message_id="SM1"
        )
        assert (await letters.job(enrollment, "first"))["provider_message_id"] == expected


# --- messages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "by"),
    [
        ("In-Reply-To", "message_id"),
        ("References", "message_id"),
        ("the relay's Message-ID", "message_id"),
        ("plus-address", "token"),
        ("named", "named"),
        ("nothing", None),
    ],
)
async def test_an_answer_from_another_address_finds_its_thread(letters: Letters, sign: str, by: str | None) -> None:
    """By what it answers, by the token in our address, or by whoever hands it over; else nobody knows its sender."""
    letters.provider.answers.append(renamed)
    enrollment, contact = await letters.written_to(EMAILS, "one")
    signs: dict[str, dict[str, Any]] = {
        "In-Reply-To": {"message_ids": (letters.message_id("one"),)},
        "References": {"message_ids": ("<theirs@example.net>", letters.message_id("one"))},
        "the relay's Message-ID": {"message_ids": ("<0100-renamed@relay.example>",)},
        "plus-address": {"job_id": letters.job_id(enrollment, "one")},
        "named": {"enrollment_id": enrollment},
        "nothing": {},
    }
    received = await letters.gets(STRANGER, **signs[sign])
    assert await matched_by(letters, received.event_id) == by
    if by is None:
        assert (received.contact_id, received.enrollment_id, received.stopped) == (None, None, ())
    else:
        assert (received.contact_id, received.step_number, received.stopped) == (contact.id, 1, (enrollment,))
    [logged] = await letters.rows("SELECT contact_id, address, body FROM messages WHERE direction = 'in'")
    assert logged == {"contact_id": contact.id if by else None, "address": STRANGER, "body": "Tell me more."}


async def test_the_newest_message_that_an_answer_names_counts(letters: Letters) -> None:
    """In-Reply-To and the end of References come first: of two sequences the one that is answered."""
    first, contact = await letters.written_to(EMAILS, "one")
    other = EMAILS.replace("sequence: emails", "sequence: others").replace('"One"', '"Other"')
    second, _ = await letters.written_to(other, "one", to=contact)
    threads = (letters.message_id("other"), letters.message_id("one"))
    assert (await letters.gets(contact.email or "", message_ids=threads)).enrollment_id == second
    assert (await letters.gets(contact.email or "", message_ids=threads[::-1])).enrollment_id == first


async def test_an_address_answers_the_last_message_within_the_horizon(letters: Letters) -> None:
    """Later it is still the contact's, whose sequences stop, but answers no message."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    near = await letters.gets(contact.email or "", "Thanks!", type=EventType.AUTORESPONDED)
    assert (near.enrollment_id, near.step_number) == (enrollment, 1)
    letters.engine = replace(letters.engine, reply_horizon_days=0)
    far = await letters.gets(contact.email or "")
    assert (far.contact_id, far.enrollment_id, far.step_number) == (contact.id, None, 0)
    assert await matched_by(letters, far.event_id) == "contact"
    assert far.stopped == (enrollment,)


async def test_of_two_contacts_with_one_number_the_one_last_written_to_answers(letters: Letters) -> None:
    """However the number is spelled, and whoever of them is older."""
    ada, bob = [await letters.contact(name=name, phone="+12125550144") for name in ("Ada", "Bob")]
    bobs, _ = await letters.written_to(TEXTS, "first", to=bob)
    adas, _ = await letters.written_to(TEXTS, "first", to=ada)
    received = await letters.gets("(212) 555-0144", "Who is this?", channel=Channel.SMS)
    assert (received.contact_id, received.stopped) == (ada.id, (adas,))
    assert await letters.is_live(bobs)


@pytest.mark.parametrize("sender", ["INFO-DESK", "40404", "Ada <", "x" * 5000, ""])
async def test_a_sender_that_is_no_address_is_stored(letters: Letters, sender: str) -> None:
    """A short code, a name, nonsense: kept as it came, as far as there is room, and an opt-out of it as well."""
    received = await letters.gets(sender, "STOP", channel=Channel.SMS)
    assert (received.kind, received.contact_id) == ("opt_out", None)
    [logged] = await letters.rows("SELECT address FROM messages")
    assert logged["address"] == sender.lower()[:320]


# --- attribution --------------------------------------------------------------------------------------------------


async def test_an_answer_counts_for_the_last_message_sent_in_its_enrollment(letters: Letters) -> None:
    """Also one that names an earlier message of the same enrollment; the delays between are steps, too."""
    enrollment, contact = await letters.written_to(EMAILS, "one", "two")
    other = EMAILS.replace("sequence: emails", "sequence: others").replace('"One"', '"Other"')
    await letters.written_to(other, "one", to=contact)
    received = await letters.gets(contact.email or "", message_ids=(letters.message_id("one"),))
    assert (received.enrollment_id, received.node_id, received.step_number) == (enrollment, "two", 3)
    [response] = await letters.rows("SELECT enrollment_id, node_id, order_index, step_number, kind FROM responses")
    assert response == {
        "enrollment_id": enrollment,
        "node_id": "two",
        "order_index": 2,
        "step_number": 3,
        "kind": "reply",
    }
    answered = await letters.rows("SELECT node_id FROM message_jobs WHERE answered_at IS NOT NULL")
    assert answered == [{"node_id": "two"}]


async def test_an_answer_before_anything_was_sent_answers_step_0(letters: Letters) -> None:
    """Nothing had been sent in the enrollment that is named; it ends all the same."""
    enrollment, contact = await letters.written_to(EMAILS)
    received = await letters.gets(contact.email or "", enrollment_id=enrollment)
    assert (received.node_id, received.step_number, received.stopped) == (None, 0, (enrollment,))


@pytest.mark.parametrize("sign", ["address", "token"])
async def test_an_answer_to_a_message_in_doubt_settles_it(letters: Letters, sign: str) -> None:
    """Whoever answers it has it: it is sent, and is the step that is answered."""
    letters.provider.answers.append(AmbiguousError("scripted", "no answer"))
    letters.provider.lookups.append(Unknown(reason="it cannot be asked"))
    enrollment, contact = await letters.written_to(EMAILS, "one")
    assert (await letters.job(enrollment, "one"))["state"] == "ambiguous"
    token = letters.job_id(enrollment, "one") if sign == "token" else None
    received = await letters.gets(contact.email or "", job_id=token)
    assert (received.step_number, received.stopped) == (1, (enrollment,))
    job = await letters.job(enrollment, "one")
    assert (job["state"], job["assumed"], bool(job["answered_at"])) == ("sent", False, True)
    row = await letters.enrollment(enrollment)
    assert (row["status"], row["last_node"]) == ("stopped", "one")


async def test_an_answer_that_names_nothing_proves_no_message_in_doubt_after_a_certain_one(letters: Letters) -> None:
    """It may as well answer the one before: it counts for that, and the one in doubt stays in doubt."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    letters.provider.answers.append(AmbiguousError("scripted", "no answer"))
    letters.provider.lookups.append(Unknown(reason="it cannot be asked"))
    await letters.deliver(enrollment, "two")
    assert (await letters.job(enrollment, "two"))["state"] == "ambiguous"
    received = await letters.gets(contact.email or "")
    assert (received.node_id, received.step_number, received.stopped) == ("one", 1, (enrollment,))
    job = await letters.job(enrollment, "two")
    assert (job["state"], job["delivery"], job["answered_at"]) == ("ambiguous", None, None)


async def test_an_automatic_answer_to_a_message_in_doubt_moves_the_sequence_on(letters: Letters) -> None:
    """It proves the arrival and stops nothing: the workflow is told to look again."""
    letters.provider.answers.append(AmbiguousError("scripted", "no answer"))
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(contact.email or "", type=EventType.AUTORESPONDED)
    assert (received.stopped, [word.signal for word in letters.told]) == ((), ["nudge"])
    result = await letters.deliver(enrollment, "one")
    assert (result.verdict, result.next.node_id if result.next else None) == ("sent", "two")
    assert len(letters.provider.handed_over) == 1


# --- our own ------------------------------------------------------------------------------------------------------


async def test_what_an_operator_writes_is_no_answer(letters: Letters) -> None:
    """A message from one of our own addresses is logged as ours, and stops, suppresses and counts nothing."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(TEAM.upper(), "STOP", recipient=contact.email)
    assert (received.kind, received.contact_id, received.stopped) == ("operator", contact.id, ())
    [logged] = await letters.rows("SELECT direction, kind, contact_id, address FROM messages WHERE kind <> 'step'")
    assert logged == {"direction": "out", "kind": "operator", "contact_id": contact.id, "address": contact.email}
    assert (await letters.is_live(enrollment), await letters.barred(), letters.told) == (True, {}, [])
    assert await letters.rows("SELECT FROM responses") == []
    assert (await letters.job(enrollment, "one"))["answered_at"] is None


@pytest.mark.parametrize("relay", [False, True])
async def test_a_copy_of_our_own_message_is_not_logged_twice(letters: Letters, relay: bool) -> None:
    """The sent folder's or a blind copy, under our Message-ID or the relay's: it is in the conversation already."""
    letters.provider.answers.append(renamed)
    enrollment, contact = await letters.written_to(EMAILS, "one")
    own = "<0100-renamed@relay.example>" if relay else letters.message_id("one")
    for expected in (False, True):
        received = await letters.gets(TEAM, "First.", recipient=contact.email, message_id=own, provider_event_id="copy")
        assert received.duplicate is expected
    assert len(await letters.rows("SELECT FROM messages")) == 1
    assert await letters.is_live(enrollment)


async def test_an_answer_from_elsewhere_answers_what_was_sent_last(letters: Letters) -> None:
    """Who was written to by email alone and answers by text has answered the email: it counts for its step."""
    emails, contact = await letters.written_to(EMAILS, "one", "two")
    received = await letters.texted(contact, "Sounds good")
    assert (received.enrollment_id, received.node_id, received.step_number) == (emails, "two", 3)
    assert received.stopped == (emails,)
    assert [row["node_id"] for row in await letters.rows("SELECT node_id FROM responses")] == ["two"]


async def test_an_answer_from_elsewhere_is_none_to_a_sequence_that_keeps_to_its_channel(letters: Letters) -> None:
    """With `own_channel` it is the contact's, and of no step; another sequence's message, though older, it answers."""
    keeps = EMAILS.replace("emails", "keeps").replace("steps:", "stop_on: own_channel\n    steps:")
    kept, contact = await letters.written_to(keeps, "one")
    received = await letters.texted(contact, "Sounds good")
    assert (received.contact_id, received.enrollment_id, received.stopped) == (contact.id, None, ())
    emails, another = await letters.written_to(EMAILS, "one")
    await letters.written_to(keeps, "one", to=another)
    received = await letters.texted(another, "Sounds good")
    assert (received.enrollment_id, received.stopped) == (emails, (emails,))
    assert await letters.is_live(kept)


@pytest.mark.parametrize(("subject", "barred"), [("One", True), ("Another", False), (None, False)])
async def test_our_message_that_comes_back_under_another_id_is_ours(
    letters: Letters, subject: str | None, barred: bool
) -> None:
    """Its recipient is whom we last wrote to, and its subject what we wrote; of another mail nothing is known."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await letters.hears(
        EventType.BOUNCED,
        provider="email",
        address=contact.email,
        message_ids=("<0102-unknown@eu-west-1.amazonses.com>",),
        returned_subject=subject,
        proven=False,
    )
    assert (await letters.is_live(enrollment), ("email", contact.email) in await letters.barred()) == (
        not barred,
        barred,
    )
