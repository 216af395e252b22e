"""What came in waits for its effect without a lock, has it once and in order, and is buried where it can have none."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.contact import Contact
from domain.enrollment import Gate
from domain.errors import AmbiguousError
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from starter.inbound import inbox, receive
from starter.inbound.inbox import Inbox
from store.inbound import dead_letters, stops
from store.inbound import inbox as stored
from store.inbound.inbox import Waiter
from store.last_look import LastLooks
from store.pool import Database
from tests.store.letters import EMAILS, STRANGER, TEXTS, Letters
from tests.support.helpers import assert_eventually

Report = StatusReport | InboundMessage


def text(sender: str | None, words: str, **fields: Any) -> InboundMessage:
    given = {"provider": "test", "provider_event_id": uuid4().hex, "at": datetime.now(UTC), **fields}
    return InboundMessage(channel=Channel.SMS, sender=sender or "", text=words, **given)


async def left(letters: Letters, *reports: Report) -> list[Waiter]:
    """What a process leaves that dies as soon as it has answered."""
    async with letters.engine.transaction() as tx:
        return await inbox.store(tx, letters.engine, reports, source="/webhooks/test")


async def waiting(letters: Letters) -> int:
    async with letters.engine.transaction() as tx:
        return (await stored.waiting(tx)).count


async def kept(letters: Letters, until: Callable[[], Any]) -> None:
    """Another process keeps the inbox until then."""
    other = Inbox()
    keeping = asyncio.create_task(other.keep(letters.engine))
    try:
        await assert_eventually(until)
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await other.idle()


async def test_what_is_stored_is_applied_behind_the_answer(letters: Letters) -> None:
    """Storing waits for nobody: the enrollment is locked meanwhile, and ends as soon as it is let go."""
    enrollment, contact = await letters.written_to(TEXTS, "first")
    box, tenant = Inbox(), letters.engine.tenant_id
    async with letters.engine.database.transaction(tenant, lock_enrollment=enrollment):
        taken = await box.take_in(letters.engine, [text(contact.phone, "STOP")], source="/webhooks/test")
        assert (taken.received, taken.known) == (1, 0)
        await letters.somebody_waits()
        assert await letters.is_live(enrollment)
        assert await waiting(letters) == 1
    await box.idle()
    assert not await letters.is_live(enrollment)
    assert await waiting(letters) == 0


async def test_nothing_is_claimed_for_whom_something_waits(letters: Letters) -> None:
    """The message is held for a moment, again and again, until what came in has had its effect; then it never goes."""
    enrollment, contact = await letters.written_to(TEXTS, "first")
    [place] = await left(letters, text(contact.phone, "STOP"))
    result = await letters.deliver(enrollment, "second")
    assert result.next is not None
    assert (result.next.node_id, result.next.gate) == ("second", Gate.INBOX)
    row = await letters.enrollment(enrollment)
    assert row["gate"] == "inbox"
    box = Inbox()
    box.begin(letters.engine, [place])
    await box.idle()
    assert (await letters.deliver(enrollment, "second")).ended is not None
    assert len(letters.provider.handed_over) == 1


async def test_what_comes_in_after_the_claim_is_seen_by_the_last_look(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Committed a moment before the message would leave, and not yet applied: it does not leave."""
    enrollment, contact = await letters.written_to(TEXTS, "first")
    look = LastLooks.at_message

    async def just_before(looks: LastLooks, tenant_id: UUID, job_id: UUID, attempt: object) -> Any:
        await left(letters, text(contact.phone, "STOP"))
        return await look(looks, tenant_id, job_id, attempt)

    with monkeypatch.context() as patched:
        patched.setattr(LastLooks, "at_message", just_before)
        result = await letters.deliver(enrollment, "second")
    assert result.next is not None
    assert result.next.gate is Gate.INBOX
    assert len(letters.provider.handed_over) == 1
    job = await letters.job(enrollment, "second")
    assert (job["state"], job["attempts"]) == ("pending", 0)


@dataclass(frozen=True)
class Said:
    """Something that came in, and whether it may be about somebody who was sent the message `first` (or `one`)."""

    report: Callable[[Letters, UUID, Contact], Report]
    concerns: bool = True


def bounce(letters: Letters, **fields: Any) -> StatusReport:
    given = {"provider": letters.provider.name, "provider_event_id": uuid4().hex, "at": datetime.now(UTC), **fields}
    return StatusReport(**{"type": EventType.BOUNCED, "channel": Channel.EMAIL, **given})


def mail(sender: str, **fields: Any) -> InboundMessage:
    given = {"provider": "email", "provider_event_id": uuid4().hex, "at": datetime.now(UTC), **fields}
    return InboundMessage(channel=Channel.EMAIL, sender=sender, text="No, thanks.", **given)


SAID = {
    "from the address": Said(lambda _, __, contact: mail(contact.email or "")),
    "from the address, written otherwise": Said(lambda _, __, contact: mail((contact.email or "").upper())),
    "from another address of the contact": Said(lambda _, __, contact: text(contact.phone, "Hello")),
    "from elsewhere, naming the message by its token": Said(
        lambda letters, enrollment, _: mail(STRANGER, job_id=letters.job_id(enrollment, "one"))
    ),
    "from elsewhere, naming its Message-ID": Said(
        lambda letters, _, __: mail(STRANGER, message_ids=(letters.message_id("one"),))
    ),
    "a bounce of the message, by the provider's id": Said(
        lambda letters, enrollment, _: bounce(
            letters, provider_message_id=f"scripted-{letters.job_id(enrollment, 'one')}"
        )
    ),
    "a complaint about the address": Said(
        lambda letters, _, contact: bounce(letters, type=EventType.COMPLAINED, address=contact.email)
    ),
    "one-click, by the token alone": Said(
        lambda letters, enrollment, _: bounce(
            letters, type=EventType.UNSUBSCRIBED, job_id=letters.job_id(enrollment, "one")
        )
    ),
    "opened, which may reach a goal": Said(
        lambda letters, enrollment, _: bounce(letters, type=EventType.OPENED, job_id=letters.job_id(enrollment, "one"))
    ),
    "delivered, which ends nothing": Said(
        lambda letters, enrollment, _: bounce(
            letters, type=EventType.DELIVERED, job_id=letters.job_id(enrollment, "one")
        ),
        concerns=False,
    ),
    "from somebody else": Said(lambda _, __, ___: mail(STRANGER), concerns=False),
}


@pytest.mark.parametrize("said", SAID)
async def test_whom_it_may_concern_is_held_and_nobody_else(letters: Letters, said: str) -> None:
    """By its address, by another one of the same contact, or by a message that it names."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    await left(letters, SAID[said].report(letters, enrollment, contact))
    await letters.deliver(enrollment, "two")
    assert len(letters.provider.handed_over) == (1 if SAID[said].concerns else 2)


@pytest.mark.parametrize("known_to_have_left", [True, False], ids=["sent", "in doubt"])
async def test_an_answer_from_where_a_contact_was_written_to_before_holds(
    letters: Letters, known_to_have_left: bool
) -> None:
    """An answer that names no message comes from where the last one went, which the contact has left since."""
    if not known_to_have_left:
        letters.provider.answers.append(AmbiguousError("scripted", "no answer"))
    _, contact = await letters.written_to(EMAILS, "one")
    await letters.publish(TEXTS)
    [enrollment] = await letters.enroll("texts", contact)
    await letters.rows("UPDATE contacts SET email = 'new@elsewhere.example' WHERE id = $1 RETURNING id", contact.id)
    [place] = await left(letters, mail(contact.email or ""))
    await letters.deliver(enrollment, "first")
    assert len(letters.provider.handed_over) == 1
    box = Inbox()
    box.begin(letters.engine, [place])
    await box.idle()
    assert not await letters.is_live(enrollment)


async def test_what_comes_in_for_an_address_holds_everybody_there(letters: Letters) -> None:
    """A link that was pressed in one contact's message holds another contact at the same address, and no other."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    neighbour = await letters.contact(email=contact.email)
    [theirs, elsewhere] = await letters.enroll("emails", neighbour, await letters.contact())
    press = bounce(letters, type=EventType.UNSUBSCRIBED, job_id=letters.job_id(enrollment, "one"))
    await left(letters, press)
    await letters.deliver(theirs, "one")
    assert len(letters.provider.handed_over) == 1
    await letters.deliver(elsewhere, "one")
    assert len(letters.provider.handed_over) == 2


async def test_what_a_crash_cuts_off_another_process_applies(letters: Letters) -> None:
    """Whoever keeps the inbox finds what nobody is at, of every tenant, and tells the workflows."""
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, text(contact.phone, "STOP"))
    elsewhere = replace(letters, engine=replace(letters.engine, tenant_id=uuid4()))
    assert await letters.is_live(enrollment)
    other = Inbox()
    keeping = asyncio.create_task(other.keep(elsewhere.engine))
    try:

        async def applied() -> None:
            assert not await letters.is_live(enrollment)
            assert [word.enrollment_id for word in letters.told] == [enrollment]

        await assert_eventually(applied)
    finally:
        keeping.cancel()


async def test_what_is_fresh_is_left_to_whoever_took_it_in(letters: Letters) -> None:
    """Another process looks at it when the grace is over, not before."""
    _, contact = await letters.written_to(TEXTS, "first")
    await left(letters, text(contact.phone, "STOP"))
    database, now = letters.engine.database, datetime.now(UTC)
    tenant = letters.engine.tenant_id
    assert await database.tenants_with_inbox(now) == []
    assert await database.tenants_with_inbox(now + stored.GRACE) == [tenant]


async def test_each_report_has_one_effect_whoever_applies_it(letters: Letters) -> None:
    """Three processes are at the same hundred reports of twenty contacts: a hundred events, and nothing twice."""
    people = [await letters.written_to(TEXTS, "first") for _ in range(20)]
    reports = [text(contact.phone, f"Words {n}") for n in range(5) for _, contact in people]
    places = await left(letters, *reports)
    processes = [Inbox() for _ in range(3)]
    for process in processes:
        process.begin(letters.engine, places)

    async def applied() -> None:
        assert await waiting(letters) == 0

    await kept(letters, applied)
    for process in processes:
        await process.idle()
    [row] = await letters.rows(
        "SELECT count(*) AS messages, count(DISTINCT provider_message_id) AS ids FROM messages WHERE direction = 'in'"
    )
    assert (row["messages"], row["ids"]) == (100, 100)


async def test_a_report_that_comes_again_has_no_second_place(letters: Letters) -> None:
    """Neither while it waits nor once it is an event."""
    report = text("+12125550199", "Hello")
    box = Inbox()
    [place] = await left(letters, report)
    assert await left(letters, report) == []
    box.begin(letters.engine, [place])
    await box.idle()
    taken = await box.take_in(letters.engine, [report], source="/webhooks/test")
    assert (taken.received, taken.known) == (0, 1)


async def test_what_comes_from_one_address_is_applied_in_its_order(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process that is told of the second first leaves it alone until the first has had its effect."""
    order: list[str] = []
    apply = receive.apply

    async def noted(tx: Any, engine: Any, report: Any, now: Any) -> Any:
        order.append(report.text)
        return await apply(tx, engine, report, now)

    monkeypatch.setattr(receive, "apply", noted)
    words = ["STOP", "START", "STOP", "START"]
    places = await left(
        letters, *(text("+12125550199", word, provider_event_id=f"{n}") for n, word in enumerate(words))
    )
    hasty, orderly = Inbox(), Inbox()
    hasty.begin(letters.engine, places[1:])
    await hasty.idle()
    assert order == []
    orderly.begin(letters.engine, places)
    await orderly.idle()
    assert order == words
    assert await letters.barred() == {}


PLACEHOLDER = "+12125559999"


async def neighbours(letters: Letters, count: int) -> list[UUID]:
    """Enrollments of so many contacts with one number, which somebody filled in where there was none."""
    key = await letters.publish(TEXTS)
    people = [await letters.contact(phone=PLACEHOLDER) for _ in range(count)]
    return await letters.enroll(key, *people)


async def live(letters: Letters) -> int:
    [row] = await letters.rows("SELECT count(*) FROM enrollments WHERE ended_at IS NULL")
    return int(row["count"])


@pytest.mark.parametrize("others", [9, 10, 11, 40])
async def test_a_number_of_thousands_is_ended_in_parts(
    letters: Letters, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """Each transaction ends so many of those who share an address, and all of them end, whoever was written to."""
    monkeypatch.setattr(stops, "MOST_OTHERS", 10)
    ended: list[int] = []
    strike = stops.apply

    async def noted(*args: Any, **given: Any) -> stops.Stopped:
        struck = await strike(*args, **given)
        ended.append(len(struck.ended))
        return struck

    monkeypatch.setattr(stops, "apply", noted)
    enrollments = await neighbours(letters, others + 1)
    await letters.deliver(enrollments[-1], "first")
    box = Inbox()
    await box.take_in(letters.engine, [text(PLACEHOLDER, "STOP")], source="/webhooks/test")
    await box.idle()
    assert await live(letters) == await waiting(letters) == 0
    assert sum(ended) == others + 1
    assert max(ended) <= 11
    assert len(ended) == others // 10 + 1
    rows = await letters.rows("SELECT DISTINCT status, reason FROM enrollments")
    assert rows == [{"status": "stopped", "reason": "unsubscribed"}]
    assert {word.enrollment_id for word in letters.told} == set(enrollments)


async def test_what_was_ended_in_part_is_ended_by_another_process(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was at it dies in between: the rest is held all the while, and ends."""
    monkeypatch.setattr(stops, "MOST_OTHERS", 10)
    enrollments = await neighbours(letters, 35)
    [place] = await left(letters, text(PLACEHOLDER, "STOP"))
    dying = Inbox()
    with monkeypatch.context() as patched:
        patched.setattr(receive, "go_on", AsyncMock(side_effect=ConnectionError("killed")))
        dying.begin(letters.engine, [place])
        await dying.idle()
    assert 0 < await live(letters) < 35
    for enrollment in enrollments:
        await letters.deliver(enrollment, "first")
    assert letters.provider.handed_over == []

    async def applied() -> None:
        assert await live(letters) == await waiting(letters) == 0

    await kept(letters, applied)


async def test_an_answer_of_one_ends_nothing_of_those_who_share_its_number(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: a reply is the contact's own."""
    monkeypatch.setattr(stops, "MOST_OTHERS", 10)
    enrollments = await neighbours(letters, 25)
    await letters.deliver(enrollments[7], "first")
    received = await letters.gets(PLACEHOLDER, "Call me", channel=Channel.SMS)
    assert received.stopped == (enrollments[7],)
    assert await live(letters) == 24


async def test_a_flood_of_one_tenant_starves_no_other(letters: Letters, database_url: str) -> None:
    """What comes in for another tenant has its effect while thousands of the first still wait."""

    owner = await asyncpg.connect(database_url)
    other = uuid4()
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other)
    await owner.close()
    flood = await left(letters, *(text(f"+1212555{n:04}", "Hello") for n in range(1000)))
    theirs = replace(letters, engine=replace(letters.engine, tenant_id=other))
    [place] = await left(theirs, text("+12125550199", "STOP"))
    box = Inbox()
    box.begin(letters.engine, flood)
    box.begin(theirs.engine, [place])

    async def applied() -> None:
        assert await waiting(theirs) == 0

    await assert_eventually(applied)
    assert await waiting(letters) > 500
    await box.idle()


async def test_a_report_that_can_have_no_effect_is_buried_and_the_others_go_on(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does to the code that applies it: after the second time it is a dead letter with its reason."""
    apply = receive.apply
    tries = 0

    async def poisoned(tx: Any, engine: Any, report: Any, now: Any) -> Any:
        nonlocal tries
        if report.text == "poison":
            tries += 1
            raise TypeError("it takes the reader apart")
        return await apply(tx, engine, report, now)

    monkeypatch.setattr(receive, "apply", poisoned)
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, text(contact.phone, "poison", payload={"Body": "poison"}))
    await left(letters, text(contact.phone, "STOP"))

    async def applied() -> None:
        assert await waiting(letters) == 0

    await kept(letters, applied)
    assert tries == 2
    assert not await letters.is_live(enrollment)
    [letter] = await letters.rows("SELECT source, reason, body FROM dead_letters")
    assert (letter["source"], letter["reason"]) == ("/webhooks/test", "TypeError: it takes the reader apart")
    report = json.loads(letter["body"])
    assert (report["sender"], report["text"], report["payload"]) == (contact.phone, "poison", {"Body": "poison"})


async def test_a_report_that_nobody_can_read_any_more_is_buried(letters: Letters) -> None:
    """One that another version of the application has left is kept as it is, and holds nothing up."""
    await left(letters, text("+12125550199", "Hello"))
    await letters.execute("UPDATE inbox SET report = '{\"text\": 7}'")

    async def applied() -> None:
        assert await waiting(letters) == 0

    await kept(letters, applied)
    [letter] = await letters.rows("SELECT body FROM dead_letters")
    assert json.loads(letter["body"]) == {"text": 7}


@pytest.mark.parametrize("addresses", [1000, 1], ids=["of a thousand addresses", "of one address"])
async def test_reports_that_keep_failing_hide_none_behind_them(
    letters: Letters, monkeypatch: pytest.MonkeyPatch, addresses: int
) -> None:
    """A thousand that came in first wait for something that is not their fault; the one behind them has its effect."""
    apply = receive.apply

    async def refused(tx: Any, engine: Any, report: Any, now: Any) -> Any:
        if report.text == "poison":
            raise asyncpg.LockNotAvailableError("somebody holds it")
        return await apply(tx, engine, report, now)

    monkeypatch.setattr(receive, "apply", refused)
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, *(text(f"+1212556{n % addresses:04}", "poison") for n in range(1000)))
    await left(letters, text(contact.phone, "STOP"))

    async def applied() -> None:
        assert not await letters.is_live(enrollment)

    await kept(letters, applied)
    assert await waiting(letters) == 1000
    assert await letters.rows("SELECT FROM dead_letters") == []


async def test_a_report_that_is_put_off_waits_longer_each_time(letters: Letters) -> None:
    """From a second on, doubled, for a minute at most; what is due earlier is looked up first."""
    [first] = await left(letters, text("+12125550198", "Hello"))
    [second] = await left(letters, text("+12125550199", "Hello"))
    now, waits = datetime.now(UTC) + timedelta(minutes=5), []
    async with letters.engine.transaction() as tx:
        assert await stored.due(tx, now, 10) == [first, second]
        for _ in range(8):
            await stored.put_off(tx, first.id, now)
            due_at = await tx.fetchval("SELECT due_at FROM inbox WHERE id = $1", first.id)
            waits.append((due_at - now).total_seconds())
        assert await stored.due(tx, now, 10) == [second]
        assert await stored.due(tx, now + timedelta(minutes=2), 10) == [second, first]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_report_that_can_not_be_buried_keeps_nobody_waiting(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can neither have its effect nor be kept as a dead letter is deferred, and the others go on."""
    apply = receive.apply

    async def refused(tx: Any, engine: Any, report: Any, now: Any) -> Any:
        if report.text == "poison":
            raise TypeError("it takes the reader apart")
        return await apply(tx, engine, report, now)

    monkeypatch.setattr(receive, "apply", refused)
    monkeypatch.setattr(dead_letters, "keep", AsyncMock(side_effect=ValueError("no room")))
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, *(text(f"+1212556{n:04}", "poison") for n in range(300)))
    await left(letters, text(contact.phone, "STOP"))

    async def applied() -> None:
        assert not await letters.is_live(enrollment)

    await kept(letters, applied)
    assert await waiting(letters) == 300


async def test_a_tenant_whose_inbox_cannot_be_looked_at_holds_up_no_other(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with one tenant's rows, the look goes on to the next tenant."""
    broken, with_inbox = uuid4(), Database.tenants_with_inbox

    async def broken_first(database: Database, now: datetime) -> list[UUID]:
        return [broken, *await with_inbox(database, now)]

    due = stored.due

    async def choking(tx: Any, now: Any, limit: int) -> Any:
        if await tx.fetchval("SELECT current_tenant()") == broken:
            raise ValueError("a row that nobody can read")
        return await due(tx, now, limit)

    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, text(contact.phone, "STOP"))
    monkeypatch.setattr(Database, "tenants_with_inbox", broken_first)
    monkeypatch.setattr(stored, "due", choking)

    async def applied() -> None:
        assert not await letters.is_live(enrollment)

    await kept(letters, applied)


async def test_an_outage_is_no_fault_of_the_report(letters: Letters, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that goes away in between costs a report none of its tries: it waits, and has its effect."""
    apply, outages = receive.apply, 5

    async def cut_off(tx: Any, engine: Any, report: Any, now: Any) -> Any:
        nonlocal outages
        if outages:
            outages -= 1
            raise ConnectionError("the server closed the connection")
        return await apply(tx, engine, report, now)

    monkeypatch.setattr(receive, "apply", cut_off)
    monkeypatch.setattr(inbox, "_LOOK_EVERY_S", 0.01)
    enrollment, contact = await letters.written_to(TEXTS, "first")
    await left(letters, text(contact.phone, "STOP"))

    async def applied() -> None:
        assert not await letters.is_live(enrollment)

    await kept(letters, applied)
    assert await letters.rows("SELECT FROM dead_letters") == []
