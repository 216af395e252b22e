"""What a report does: it ends and suppresses what it must, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from content.links import Links
from domain.contact import Contact
from domain.enrollment import EnrollmentStatus
from domain.errors import Conflict
from domain.events import EventType, InboundMessage
from domain.messages import Channel
from starter.inbound import reviews as reviewing
from starter.inbound.receive import receive
from store.inbound import messages, reviews, waits
from store.inbound.messages import Reading
from store.inbound.reception import Received
from store.inbound.stops import Held
from tests.store.letters import EMAILS, STRANGER, TEXTS, Letters
from tests.store.tenants import Tenant

BOTH = """
    sequence: both
    steps:
      - {id: mail, type: email, subject: "Mail", body: "By mail."}
      - {id: wait, type: delay, days: 3}
      - {id: text, type: sms, body: "By text."}
"""
ENDS = {EventType.BOUNCED: "bounced", EventType.COMPLAINED: "complained", EventType.UNSUBSCRIBED: "unsubscribed"}


async def in_all_three(letters: Letters) -> tuple[Contact, UUID, UUID, UUID]:
    """A contact in a sequence of emails, in one of texts, and in one of both."""
    emails, contact = await letters.written_to(EMAILS, "one")
    both, _ = await letters.written_to(BOTH, "mail", to=contact)
    texts, _ = await letters.written_to(TEXTS, "first", to=contact)
    return contact, emails, both, texts


async def next_state(letters: Letters, text: str, node: str, contact: Contact) -> str:
    """What becomes of a message of a new enrollment."""
    enrollment, _ = await letters.written_to(text, node, to=contact)
    return str((await letters.job(enrollment, node))["state"])


# --- reports ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ENDS)
async def test_a_final_report_ends_what_uses_the_channel_and_bars_the_address(
    letters: Letters, what: EventType
) -> None:
    """A hard bounce, a complaint, a one-click unsubscribe: the emails end; a sequence of texts alone goes on."""
    contact, emails, both, texts = await in_all_three(letters)
    received = await letters.hears(what, job_id=letters.job_id(emails, "one"))
    assert set(received.stopped) == {emails, both}
    assert await letters.is_live(texts)
    assert await letters.barred() == {("email", contact.email): ENDS[what]}
    assert {(w.enrollment_id, w.signal) for w in letters.told} == {(emails, "suppress"), (both, "suppress")}
    row = await letters.enrollment(emails)
    assert (row["status"], row["reason"]) == ("stopped", ENDS[what])
    assert await next_state(letters, BOTH.replace("sequence: both", "sequence: more"), "mail", contact) == "cancelled"


@pytest.mark.parametrize("what", ENDS)
async def test_a_sequence_that_does_not_stop_on_it_leaves_the_channel_out(letters: Letters, what: EventType) -> None:
    """Its enrollment goes on, and what it would send to the suppressed address is skipped."""
    enrollment, contact = await letters.written_to(EMAILS.replace("steps:", "stop_on: [reply]\n    steps:"), "one")
    received = await letters.hears(what, job_id=letters.job_id(enrollment, "one"))
    assert (received.stopped, await letters.barred()) == ((), {("email", contact.email): ENDS[what]})
    await letters.deliver(enrollment, "two")
    job = await letters.job(enrollment, "two")
    assert (job["state"], job["cancel_reason"]) == ("cancelled", "suppressed")


@pytest.mark.parametrize("what", [what for what in EventType if what not in (*ENDS, EventType.INBOUND)])
async def test_other_reports_are_for_the_record(letters: Letters, what: EventType) -> None:
    """Whatever else is reported of a message ends, suppresses and tells nothing."""
    enrollment, _ = await letters.written_to(EMAILS, "one")
    received = await letters.hears(what, job_id=letters.job_id(enrollment, "one"))
    assert (received.node_id, received.stopped, received.signals) == ("one", (), ())
    assert (await letters.is_live(enrollment), await letters.barred(), letters.told) == (True, {}, [])
    [event] = await letters.rows("SELECT type FROM events WHERE enrollment_id = $1 AND node_id = 'one'", enrollment)
    assert event["type"] == what


async def test_a_soft_bounce_bars_nothing(letters: Letters) -> None:
    """The address refused it this time; it is written to again."""
    enrollment, _ = await letters.written_to(EMAILS, "one")
    received = await letters.hears(EventType.BOUNCED, job_id=letters.job_id(enrollment, "one"), permanent=False)
    assert (received.stopped, await letters.barred()) == ((), {})


async def test_a_bounce_bars_where_the_message_went(letters: Letters) -> None:
    """The address that the report names may be another's: a forwarded mail bounces behind the contact's mailbox."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await letters.hears(EventType.BOUNCED, job_id=letters.job_id(enrollment, "one"), address=STRANGER)
    assert await letters.barred() == {("email", contact.email): "bounced"}


@pytest.mark.parametrize("what", [EventType.BOUNCED, EventType.COMPLAINED])
async def test_a_mail_that_anybody_can_write_bars_only_whom_its_message_went_to(
    letters: Letters, what: EventType
) -> None:
    """A bounce or complaint by mail must name a message of ours, or a stranger could bar anybody."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    for signs in ({"message_ids": ("<made@up.example>",)}, {}):
        forged = await letters.hears(what, address=contact.email, provider="mailbox", proven=False, **signs)
        assert (forged.stopped, await letters.barred()) == ((), {})
    assert (await letters.job(enrollment, "one"))["delivery"] is None
    named = await letters.hears(what, message_ids=(letters.message_id("one"),), proven=False)
    assert named.stopped == (enrollment,)
    assert list(await letters.barred()) == [("email", contact.email)]


# --- answers ------------------------------------------------------------------------------------------------------


async def test_an_answer_costs_four_statements(letters: Letters) -> None:
    """Hold, match, store, end: with what opens and closes the transaction, providers wait for nothing else."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    now = datetime.now(UTC)
    answer = InboundMessage(
        channel=Channel.EMAIL,
        provider="inbox",
        provider_event_id="1",
        sender=contact.email or "",
        text="Tell me more.",
        at=now,
    )
    asked: list[asyncpg.connection.LoggedQuery] = []
    async with letters.engine.transaction() as tx:
        with tx.query_logger(asked.append):
            received = await messages.receive_message(
                tx, letters.engine.tenant_id, answer, Reading("reply"), written_since=now - timedelta(days=1), now=now
            )
    assert (received.stopped, [word.signal for word in received.signals]) == ((enrollment,), ["reply"])
    assert len(asked) == 4


async def test_an_answer_by_text_stops_the_emails(letters: Letters) -> None:
    """It counts whatever channel it comes by; the workflows hear of it as a reply."""
    contact, emails, both, texts = await in_all_three(letters)
    received = await letters.texted(contact, "Sounds good")
    assert set(received.stopped) == {emails, both, texts}
    assert {word.signal for word in letters.told} == {"reply"}
    assert await letters.barred() == {}


@pytest.mark.parametrize(
    ("stop_on", "text_ends", "mail_ends"),
    [("own_channel", False, True), ("[reply, own_channel]", False, True), ("[unsubscribe, own_channel]", False, False)],
)
async def test_own_channel_keeps_answers_apart(
    letters: Letters, stop_on: str, text_ends: bool, mail_ends: bool
) -> None:
    """Alone or in a list: an answer by text leaves emails going on, one by email ends them where a reply does."""
    emails, contact = await letters.written_to(EMAILS.replace("steps:", f"stop_on: {stop_on}\n    steps:"), "one")
    for answer, ends in (
        (await letters.texted(contact, "Sounds good"), text_ends),
        (await letters.texted(contact, "STOP"), text_ends),
        (await letters.gets(contact.email or ""), mail_ends),
    ):
        assert answer.stopped == ((emails,) if ends else ())


async def test_stop_by_text_leaves_emails_with_their_own_channel_alone(letters: Letters) -> None:
    """It suppresses the number; by email the contact may be written to, in this sequence and in others."""
    emails, contact = await letters.written_to(EMAILS.replace("steps:", "stop_on: own_channel\n    steps:"), "one")
    texts, _ = await letters.written_to(TEXTS, "first", to=contact)
    assert (await letters.texted(contact, "STOP")).stopped == (texts,)
    assert await letters.barred() == {("sms", contact.phone): "unsubscribed"}
    await letters.deliver(emails, "two")
    assert (await letters.job(emails, "two"))["state"] == "sent"


async def test_an_automatic_answer_stops_nothing(letters: Letters) -> None:
    """It is nobody's answer."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(contact.email or "", "I am away.", type=EventType.AUTORESPONDED)
    assert (received.kind, received.step_number, received.stopped) == ("auto_reply", 1, ())
    assert (await letters.is_live(enrollment), await letters.barred()) == (True, {})
    assert await letters.rows("SELECT FROM responses") == []


async def test_help_stops_nothing(letters: Letters) -> None:
    """A keyword of text messages; by email somebody asks for help, which is an answer."""
    texts, contact = await letters.written_to(TEXTS, "first")
    emails, _ = await letters.written_to(EMAILS, "one", to=contact)
    received = await letters.texted(contact, "HELP")
    assert (received.kind, received.stopped) == ("help", ())
    asked = await letters.gets(contact.email or "", "Help")
    assert (asked.kind, set(asked.stopped)) == ("reply", {texts, emails})


MORE = TEXTS.replace("sequence: texts", "sequence: more")


async def test_a_doubtful_opt_out_is_a_reply_that_holds_the_address(letters: Letters) -> None:
    """It stops as a reply; nothing more goes to the address on the channel, by any sequence, until a person decides."""
    texts, contact = await letters.written_to(TEXTS, "first")
    received = await letters.texted(contact, "Wrong person, I think")
    assert (received.kind, received.stopped) == ("reply", (texts,))
    assert await letters.barred() == {("sms", contact.phone): "suspected"}
    [review] = await letters.rows("SELECT message_id, reason, detail, addresses, resolved_at FROM reviews")
    assert (review["message_id"], review["reason"]) == (received.event_id, "doubtful_opt_out")
    assert (review["detail"], review["addresses"]) == ("wrong person", [contact.phone])
    assert await next_state(letters, MORE, "first", contact) == "pending"
    assert await next_state(letters, EMAILS, "one", contact) == "sent"


async def test_what_a_person_calls_an_opt_out_counts_as_one(letters: Letters) -> None:
    """The address is suppressed for good, others who are reached there are stopped; the same again changes nothing."""
    _, contact = await letters.written_to(TEXTS, "first")
    received = await letters.texted(contact, "Wrong person, I think")
    other = await letters.contact(phone=contact.phone)
    shared, _ = await letters.written_to(MORE, to=other)
    decided = await reviewing.decide(letters.engine, received.event_id, opt_out=True)
    assert (decided.new, decided.struck.ended) == (True, (shared,))
    assert await letters.barred() == {("sms", contact.phone): "unsubscribed"}
    assert len(await letters.rows("SELECT FROM message_jobs WHERE unsubscribed_at IS NOT NULL")) == 1
    again = await reviewing.decide(letters.engine, received.event_id, opt_out=True)
    assert (again.new, again.struck.ended) == (False, ())
    with pytest.raises(Conflict, match="decided already: an opt-out"):
        await reviewing.decide(letters.engine, received.event_id, opt_out=False)


async def test_what_is_no_opt_out_may_be_written_to_again(letters: Letters) -> None:
    """Unless another message from there waits for a decision; what it ended as a reply stays ended."""
    texts, contact = await letters.written_to(TEXTS, "first")
    first = await letters.texted(contact, "Wrong person, I think")
    second = await letters.texted(contact, "not interested")
    await reviewing.decide(letters.engine, first.event_id, opt_out=False)
    assert await letters.barred() == {("sms", contact.phone): "suspected"}
    await reviewing.decide(letters.engine, second.event_id, opt_out=False)
    assert (await letters.barred(), await letters.is_live(texts)) == ({}, False)
    assert await next_state(letters, MORE, "first", contact) == "sent"


async def test_what_may_be_an_opt_out_holds_what_another_sequence_would_send(letters: Letters) -> None:
    """Nothing is skipped: it waits for whoever decides, and goes when that was no opt-out."""
    _, contact = await letters.written_to(TEXTS, "first")
    doubted = await letters.texted(contact, "Wrong person, I think")
    assert await next_state(letters, MORE, "first", contact) == "pending"
    [held] = await letters.rows("SELECT gate FROM message_jobs WHERE state = 'pending' AND gate IS NOT NULL")
    assert held["gate"] == "review"
    await reviewing.decide(letters.engine, doubted.event_id, opt_out=False)
    assert await letters.barred() == {}


async def test_start_lifts_what_was_suspected(letters: Letters) -> None:
    """Whoever asks for messages again gets them; what is decided about an older message changes nothing of that."""
    _, contact = await letters.written_to(TEXTS, "first")
    doubted = await letters.texted(contact, "Wrong person, I think")
    await letters.texted(contact, "START")
    assert await letters.barred() == {}
    await reviewing.decide(letters.engine, doubted.event_id, opt_out=True)
    assert await letters.barred() == {}


async def test_an_opt_out_is_not_lifted_by_a_decision_about_another_message(letters: Letters) -> None:
    """Who is suppressed for two reasons stays so until each is lifted."""
    _, contact = await letters.written_to(TEXTS, "first")
    doubted = await letters.texted(contact, "Wrong person, I think")
    await letters.texted(contact, "STOP")
    await reviewing.decide(letters.engine, doubted.event_id, opt_out=False)
    assert await letters.barred() == {("sms", contact.phone): "unsubscribed"}


async def test_what_nobody_decides_in_the_tenants_time_counts_as_an_opt_out(letters: Letters) -> None:
    """Not a day before; without a limit it is held until somebody decides."""
    _, contact = await letters.written_to(TEXTS, "first")
    await letters.texted(contact, "Wrong person, I think")
    now = datetime.now(UTC)
    async with letters.engine.transaction() as tx:
        assert await reviews.overdue(tx, now + timedelta(days=9, hours=23), 10, []) == []
        [late] = await reviews.overdue(tx, now + timedelta(days=10, minutes=1), 10, [])
        await tx.execute("UPDATE tenants SET review_days = NULL")
        assert await reviews.overdue(tx, now + timedelta(days=400), 10, []) == []
        await reviews.decide(tx, late, "overdue", now)
    assert await letters.barred() == {("sms", contact.phone): "unsubscribed"}
    [review] = await letters.rows("SELECT decision FROM reviews")
    assert review["decision"] == "overdue"


async def test_whatever_comes_to_the_address_of_list_unsubscribe_is_an_opt_out(letters: Letters) -> None:
    """Empty, made by a machine, from an alias: the address names the message, and so whom it went to."""
    links = Links("https://t.example.com", ["k" * 32])
    engine = replace(letters.engine, links=links)
    for number, (text, kind) in enumerate(
        (("", EventType.INBOUND), ("Auto: abwesend bis Montag", EventType.AUTORESPONDED))
    ):
        enrollment, contact = await letters.written_to(
            EMAILS.replace("sequence: emails", f"sequence: s{number}"), "one"
        )
        job = letters.job_id(enrollment, "one")
        address = links.unsubscribe_mailto("bye@acme.example", engine.tenant_id, job).removeprefix("mailto:")
        message = InboundMessage(
            channel=Channel.EMAIL,
            provider="email",
            provider_event_id=uuid4().hex,
            at=datetime.now(UTC),
            type=kind,
            sender=STRANGER,
            recipients=("team@acme.example", address.partition("?")[0]),
            text=text,
        )
        received = await receive(engine, message)
        assert (received.kind, received.stopped) == ("opt_out", (enrollment,))
        assert (await letters.barred())["email", contact.email or ""] == "unsubscribed"


async def test_a_forged_token_asks_for_nothing(letters: Letters) -> None:
    """Nobody opts others out by an address of their own making; the mailbox itself is its writer's wish."""
    engine = replace(
        letters.engine, links=Links("https://t.example.com", ["k" * 32]), unsubscribe_address="bye@acme.example"
    )
    _, contact = await letters.written_to(EMAILS, "one")
    forged = Links("https://t.example.com", ["other" * 8]).unsubscribe_mailto(
        "x@acme.example", engine.tenant_id, uuid4()
    )
    for place, kind in ((forged.removeprefix("mailto:").partition("?")[0], "reply"), ("Bye+x@acme.example", "opt_out")):
        message = InboundMessage(
            channel=Channel.EMAIL,
            provider="email",
            provider_event_id=uuid4().hex,
            at=datetime.now(UTC),
            sender=contact.email or "",
            recipients=(place,),
            text="Hello",
        )
        assert (await receive(engine, message)).kind == kind


async def test_our_own_words_in_an_answer_end_nothing_but_the_sequence(letters: Letters) -> None:
    """Our opt-out line comes back without any mark, and yet it is a reply; the wish itself counts as ever."""
    line = "If you would rather not hear from me again, then tell me to stop emailing you and take you off the list."
    text = EMAILS.replace('"First."', f'"First. {line} Unsubscribe me from your list."')
    _, contact = await letters.written_to(text, "one")
    copy = f"First. {line} Unsubscribe me from your list."
    assert (await letters.gets(contact.email or "", f"Yes, call me.\n\n{copy}")).kind == "reply"
    assert await letters.barred() == {}
    assert (await letters.gets(contact.email or "", f"Unsubscribe me from your list.\n\n{copy}")).kind == "opt_out"


# --- away and back ------------------------------------------------------------------------------------------------


async def test_start_lets_a_new_enrollment_be_written_to(letters: Letters) -> None:
    """What STOP ended stays ended; a new enrollment is sent again."""
    texts, contact = await letters.written_to(TEXTS, "first")
    await letters.texted(contact, "STOP")
    assert (
        await next_state(letters, TEXTS.replace("sequence: texts", "sequence: more"), "first", contact) == "cancelled"
    )
    received = await letters.texted(contact, "START")
    assert (received.kind, received.stopped, await letters.barred()) == ("start", (), {})
    assert not await letters.is_live(texts)
    assert await next_state(letters, TEXTS, "first", contact) == "sent"


@pytest.mark.parametrize(
    ("text", "kind", "reviews"),
    [
        ("unsubscribe", "opt_out", 0),
        ("Your ticket 4711 is open. To end these updates please unsubscribe me.", "auto_reply", 1),
    ],
)
async def test_a_wish_in_an_automatic_mail_is_heard(letters: Letters, text: str, kind: str, reviews: int) -> None:
    """Programs mark what people wrote as automatic: alone a wish counts, among other words a person decides."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    received = await letters.gets(contact.email or "", text, type=EventType.AUTORESPONDED)
    assert (received.kind, received.stopped) == (kind, (enrollment,) if kind == "opt_out" else ())
    assert len(await letters.rows("SELECT FROM reviews")) == reviews


async def test_a_start_by_mail_must_answer_a_message_of_ours(letters: Letters) -> None:
    """Anybody can write in the name of somebody who has opted out; the thread is what only its reader has."""
    _, contact = await letters.written_to(EMAILS, "one")
    await letters.gets(contact.email or "", "unsubscribe")
    assert (await letters.gets(contact.email or "", "START")).kind == "reply"
    assert await letters.barred() == {("email", contact.email): "unsubscribed"}
    assert (await letters.gets(contact.email or "", "START", message_ids=(letters.message_id("one"),))).kind == "start"
    assert await letters.barred() == {}


async def test_stop_counts_again_after_start(letters: Letters) -> None:
    """The latest of them holds, also one that a provider's clock dates ahead of ours."""
    texts, contact = await letters.written_to(TEXTS, "first")
    ahead = datetime.now(UTC) + timedelta(hours=1)
    for text, at, barred in (("STOP", ahead, 1), ("START", None, 0), ("STOP", None, 1), ("START", ahead, 0)):
        await letters.texted(contact, text, at=at or datetime.now(UTC))
        assert len(await letters.barred()) == barred, text
    assert not await letters.is_live(texts)


async def test_yes_comes_back_or_is_an_answer(letters: Letters) -> None:
    """Where nothing is suppressed it answers a question, and stops; where the contact opted out it is a START."""
    texts, contact = await letters.written_to(TEXTS, "first")
    answer = await letters.texted(contact, "Yes")
    assert (answer.kind, answer.stopped) == ("reply", (texts,))
    await letters.texted(contact, "STOP")
    back = await letters.texted(contact, "Yes")
    assert (back.kind, await letters.barred()) == ("start", {})
    assert (await letters.gets(contact.email or "", "Yes")).kind == "reply"


async def test_start_does_not_bring_a_dead_number_back(letters: Letters) -> None:
    """It takes the opt-out back; the bounce and the complaint stay, each for its reason."""
    texts, contact = await letters.written_to(TEXTS, "first")
    job = letters.job_id(texts, "first")
    for what in (EventType.BOUNCED, EventType.COMPLAINED):
        await letters.hears(what, job_id=job, channel=Channel.SMS)
    await letters.texted(contact, "STOP")
    assert await letters.barred() == {("sms", contact.phone): "bounced complained unsubscribed"}
    await letters.texted(contact, "START")
    assert await letters.barred() == {("sms", contact.phone): "bounced complained"}


async def test_an_opt_out_from_another_address_bars_both(letters: Letters) -> None:
    """The one that was written to and the one that answers; START takes both back."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    thread = (letters.message_id("one"),)
    received = await letters.gets(STRANGER, "Unsubscribe", message_ids=thread)
    assert received.stopped == (enrollment,)
    assert await letters.barred() == dict.fromkeys([("email", contact.email), ("email", STRANGER)], "unsubscribed")
    await letters.gets(STRANGER, "START", message_ids=thread)
    assert await letters.barred() == {}


async def test_an_opt_out_holds_for_who_is_enrolled_later(letters: Letters) -> None:
    """A stranger's STOP suppresses the number: a contact who is imported with it later is not written to."""
    await letters.gets("+12125550177", "STOP", channel=Channel.SMS)
    contact = await letters.contact(phone="+12125550177")
    assert await next_state(letters, TEXTS, "first", contact) == "cancelled"


async def test_another_tenant_is_another_world(letters: Letters, other: Tenant) -> None:
    """The same address, event id and words of another tenant find nobody and end nothing here."""
    texts, contact = await letters.written_to(TEXTS, "first")
    here = letters.engine
    letters.engine = replace(here, tenant_id=other.id)
    received = await letters.texted(contact, "STOP", provider_event_id="SM1")
    assert (received.contact_id, received.stopped) == (None, ())
    letters.engine = here
    assert (await letters.is_live(texts), await letters.barred()) == (True, {})
    assert (await letters.texted(contact, "STOP", provider_event_id="SM1")).stopped == (texts,)


# --- what no database keeps ---------------------------------------------------------------------------------------

HOSTILE = "\0 \ud800 \udfff x"


async def test_whatever_a_report_says_it_is_stored(letters: Letters) -> None:
    """NUL, half a surrogate pair, infinite numbers, endless nesting: a report must not come back for days."""
    deep: dict[str, object] = {"number": float("inf"), HOSTILE: [HOSTILE, {"x": float("nan")}]}
    for _ in range(3000):
        deep = {"deeper": deep}
    texts, contact = await letters.written_to(TEXTS, "first")
    reported = await letters.hears(
        EventType.DELIVERED,
        job_id=letters.job_id(texts, "first"),
        channel=Channel.SMS,
        provider_message_id=HOSTILE,
        detail=HOSTILE,
        payload=deep,
        provider_event_id=HOSTILE,
    )
    assert (reported.enrollment_id, reported.duplicate) == (texts, False)
    received = await letters.gets(
        contact.phone or "",
        f"STOP{HOSTILE[:1]}",
        channel=Channel.SMS,
        subject=HOSTILE,
        message_id=HOSTILE,
        message_ids=(HOSTILE,),
        media=(HOSTILE,),
        payload=deep,
    )
    assert received.stopped == (texts,)
    again = await letters.gets(
        HOSTILE, f"{HOSTILE} " + "long " * 200_000, channel=Channel.SMS, payload={"x": "y" * 10**6}
    )
    assert again.kind == "reply"
    [first, *_] = await letters.rows("SELECT body FROM messages WHERE kind = 'opt_out'")
    assert first["body"] == "STOP\N{REPLACEMENT CHARACTER}"


async def test_two_that_met_in_a_circle_are_both_recorded(letters: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL undoes one of them; it is done again, once."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    receive_message, attempts = messages.receive_message, []

    async def undone_once(*args: Any, **kwargs: Any) -> Received:
        received = await receive_message(*args, **kwargs)
        attempts.append(received)
        if len(attempts) == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return received

    monkeypatch.setattr(messages, "receive_message", undone_once)
    received = await letters.gets(contact.email or "")
    assert (received.duplicate, received.stopped, len(attempts)) == (False, (enrollment,), 2)
    assert len(await letters.rows("SELECT FROM responses")) == 1


def test_a_goal_that_cannot_be_judged_keeps_no_report_out() -> None:
    """It is logged and ends nothing; what was reported is recorded, and the other enrollments' goals are judged."""
    held = [
        Held(uuid4(), contact, EnrollmentStatus.RUNNING, None, None, frozenset(), frozenset(), goal, True)
        for contact in [uuid4()]
        for goal in ({"event": "purchase", "since": "999999w"}, "replied")
    ]
    assert [aim.enrollment_id for aim in waits.goals_among(held, held[0].contact_id)] == [held[1].id]
