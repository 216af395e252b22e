"""The poll of a mailbox, against a real IMAP server: what it reads has its effect once, and nothing is passed over."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import trustme
from temporalio.client import ScheduleDescription
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from activities.mailbox import MailboxPoller, Polled
from content.apart import apart
from content.inbound_mail.read import read
from domain.contact import Contact
from domain.events import InboundMessage, StatusReport
from domain.ids import mailbox_poll_id
from providers.imap import ImapConfig
from starter.inbound.receive import receive
from starter.schedules import ensure_mailbox_poll
from store.inbound import mailboxes
from store.inbound.mailboxes import Checkpoint
from tests.providers.dovecot import Dovecot, MailAccount, dovecot, needs_dovecot
from tests.support.harness import HOUR, Rig
from tests.support.helpers import assert_eventually

pytestmark = needs_dovecot

EMAILS = """
    sequence: emails
    steps:
      - {id: one, type: email, subject: "One", body: "First."}
      - {id: wait, type: delay, days: 3}
      - {id: two, type: email, thread: one, body: "Second."}
"""
Report = StatusReport | InboundMessage


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Dovecot]:
    async with dovecot(trustme.CA()) as running:
        yield running


@dataclass
class Post:
    """A mailbox that the engine of a rig polls when the test says so."""

    rig: Rig
    account: MailAccount
    config: ImapConfig
    before: Callable[[Report], Awaitable[None]] | None = None
    """What happens before a report is received; it may raise."""
    after: Callable[[Report], Awaitable[None]] | None = None
    """What happens when it has been."""
    received: list[Report] = field(default_factory=list)

    async def _receive(self, report: Report) -> object:
        if self.before:
            await self.before(report)
        received = await receive(self.rig.engine, report)
        self.received.append(report)
        if self.after:
            await self.after(report)
        return received

    async def polled(self, environment: ActivityEnvironment | None = None) -> Polled:
        """One poll."""
        engine = self.rig.engine
        poller = MailboxPoller(engine.database, engine.tenant_id, self.config, self._receive)
        environment = environment or ActivityEnvironment()
        environment.info = replace(environment.info, started_time=datetime.now(UTC))
        return await environment.run(poller.poll)

    async def checkpoint(self) -> Checkpoint:
        async with self.rig.engine.transaction() as tx:
            found = await mailboxes.read(tx, self.config.name)
        assert found is not None
        return found

    async def waiting(self) -> tuple[UUID, Contact]:
        """Somebody who was sent the first message, and may answer it."""
        enrollment, contact = await self.rig.start(EMAILS)
        await self.rig.arrives(enrollment, "two")
        return enrollment, contact

    async def stopped(self) -> list[UUID]:
        """Enrollments that an answer has ended."""
        rows = await self.rig.rows("SELECT id FROM enrollments WHERE (status, reason) = ('stopped', 'replied')")
        return [row["id"] for row in rows]

    async def events(self) -> int:
        [row] = await self.rig.rows("SELECT count(*) FROM events")
        return int(row["count"])


@pytest.fixture
async def post(on_dev_server: Rig, server: Dovecot) -> Post:
    account = server.account("Answers")
    account.make()
    return Post(on_dev_server, account, account.config(tls="none"))


def mail_from(sender: str, text: str = "Tell me more.", message_id: str | None = "") -> bytes:
    """As a mail program writes it; with a Message-ID of its own, or the given one, or (None) without any."""
    mail = EmailMessage()
    mail["From"] = f"Ada <{sender}>"
    mail["To"] = "touchline@example.org"
    mail["Subject"] = "Re: One"
    mail["Date"] = datetime.now(UTC)
    if message_id is not None:
        mail["Message-ID"] = message_id or f"<{uuid4().hex}@example.com>"
    mail.set_content(text)
    return mail.as_bytes()


async def test_what_lay_there_before_is_no_answer(post: Post) -> None:
    """The first poll of a mailbox begins at its end; what comes later is read, once."""
    enrollment, contact = await post.waiting()
    post.account.put(mail_from(contact.email or "", "An old story."))
    assert await post.polled() == Polled()
    assert await post.stopped() == []
    post.account.put(mail_from(contact.email or ""))
    assert await post.polled() == Polled(read=1)
    assert await post.stopped() == [enrollment]
    assert await post.polled() == Polled()
    assert await post.events() == 1


async def test_an_answer_without_a_message_id_is_one_too(post: Post) -> None:
    """It stops what it answers, and is the same event when it is read again."""
    await post.polled()
    enrollment, contact = await post.waiting()
    post.account.put(mail_from(contact.email or "", message_id=None))
    before = await post.checkpoint()
    assert await post.polled() == Polled(read=1)
    assert await post.stopped() == [enrollment]
    await _go_back_to(post, before)
    assert await post.polled() == Polled(read=1)
    assert await post.events() == 1


async def _go_back_to(post: Post, checkpoint: Checkpoint) -> None:
    async with post.rig.engine.transaction() as tx:
        await mailboxes.save(tx, post.config.name, checkpoint)


async def test_flags_stay_as_they_were(post: Post) -> None:
    """It is somebody's own mailbox: what a poll has read, its owner still finds unread."""
    await post.polled()
    post.account.put(mail_from("ada@example.com"), mail_from("bo@example.com"))
    assert (await post.polled()).read == 2
    assert all(b"\\Seen" not in flags for flags in post.account.flags())


async def test_a_crash_after_the_commit_costs_and_doubles_nothing(post: Post) -> None:
    """The effect is recorded, the place is not: the next poll reads the message again, without another effect."""
    await post.polled()
    enrollment, contact = await post.waiting()
    post.account.put(mail_from(contact.email or ""))

    async def breaks_down(_: Report) -> None:
        raise ConnectionError("the database is gone")

    post.after = breaks_down
    with pytest.raises(ConnectionError):
        await post.polled()
    assert await post.stopped() == [enrollment]
    post.after = None
    assert await post.polled() == Polled(read=1)
    assert await post.events() == 1


@pytest.mark.parametrize("outage", [TimeoutError("no answer"), asyncpg.AdminShutdownError("going down")], ids=repr)
async def test_an_outage_of_the_database_is_not_the_messages_fault(post: Post, outage: Exception) -> None:
    """The poll fails, and the message is still to be read."""
    await post.polled()
    post.account.put(mail_from("ada@example.com"))
    before = await post.checkpoint()

    async def out(_: Report) -> None:
        raise outage

    post.before = out
    with pytest.raises(type(outage)):
        await post.polled()
    assert await post.checkpoint() == before
    assert await post.rig.rows("SELECT FROM dead_letters") == []


@pytest.mark.parametrize("fault", [KeyError("from"), asyncpg.CharacterNotInRepertoireError("0x00")], ids=repr)
async def test_a_message_that_cannot_be_taken_in_holds_up_no_other(post: Post, fault: Exception) -> None:
    """It is kept whole as a dead letter with its reason, once, and the one after it is heard."""
    await post.polled()
    poison, sound = mail_from("ada@example.com", "Poison"), mail_from("bo@example.com")
    post.account.put(poison, sound)

    async def chokes(report: Report) -> None:
        if isinstance(report, InboundMessage) and "Poison" in report.text:
            raise fault

    post.before = chokes
    assert await post.polled() == Polled(read=2, unreadable=1)
    [letter] = await post.rig.rows("SELECT source, reason, content_type, body FROM dead_letters")
    assert (letter["source"], letter["content_type"]) == ("imap", "message/rfc822")
    assert str(fault) in letter["reason"]
    assert bytes(letter["body"]).replace(b"\r\n", b"\n") == poison
    [heard] = post.received
    assert isinstance(heard, InboundMessage)
    assert heard.sender == "bo@example.com"
    assert await post.polled() == Polled()


def _read_for_ever(raw: bytes, **fields: Any) -> list[Report]:
    while b"Poison" in raw:
        pass
    return list(read(raw, **fields))


async def test_a_message_whose_reading_never_ends_holds_up_no_other(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading is ended, the message is a dead letter, and the same poll hears the one after it."""
    monkeypatch.setattr("activities.mailbox.read", _read_for_ever)
    monkeypatch.setattr("activities.mailbox.apart", partial(apart, seconds=0.5))
    await post.polled()
    post.account.put(mail_from("ada@example.com", "Poison"), mail_from("bo@example.com"))
    assert await post.polled() == Polled(read=2, unreadable=1)
    [letter] = await post.rig.rows("SELECT reason FROM dead_letters")
    assert "too long" in letter["reason"]
    [heard] = post.received
    assert isinstance(heard, InboundMessage)
    assert heard.sender == "bo@example.com"


async def test_renumbered_messages_are_read_again_without_another_effect(post: Post) -> None:
    """UIDVALIDITY has changed: what came since is heard, what was heard has no second effect, the rest is history."""
    await post.polled()
    enrollment, contact = await post.waiting()
    first, second = mail_from("ada@example.com"), mail_from(contact.email or "")
    post.account.put(first)
    await post.polled()
    post.account.make_anew()
    # In another order, as some servers do it.
    post.account.put(second, first)
    post.account.put(mail_from(contact.email or "", "An old story."), arrived_at=datetime.now(UTC) - timedelta(days=9))
    assert await post.polled() == Polled(read=2)
    assert await post.stopped() == [enrollment]
    assert await post.events() == 2
    assert (await post.checkpoint()).last_uid == 3
    assert await post.polled() == Polled()


async def test_renumbering_is_got_over_in_several_polls(post: Post) -> None:
    """A worker that ends in the middle leaves its place in time, as the numbers mean nothing yet."""
    await post.polled()
    start = await post.checkpoint()
    await _go_back_to(post, replace(start, uid_validity=start.uid_validity + 1, polled_at=start.polled_at - 240 * HOUR))
    now = datetime.now(UTC)
    for days in (8, 2, 5):
        post.account.put(mail_from(f"from{days}@example.com"), arrived_at=now - timedelta(days=days))
    environment = ActivityEnvironment()

    async def one_is_enough(_: Report) -> None:
        environment.worker_shutdown()

    post.after = one_is_enough
    assert (await post.polled(environment)).read == 1
    post.after = None
    # The first is read again: it lies within what two clocks may be apart.
    assert (await post.polled()).read == 3
    senders = [report.sender for report in post.received if isinstance(report, InboundMessage)]
    assert senders == [f"from{days}@example.com" for days in (8, 8, 5, 2)]
    assert await post.events() == 3


async def test_a_mailbox_brought_back_from_a_backup_is_not_deaf(post: Post) -> None:
    """Its numbers are given out a second time, below the place that was reached."""
    await post.polled()
    start = await post.checkpoint()
    await _go_back_to(post, replace(start, last_uid=100))
    enrollment, contact = await post.waiting()
    post.account.put(mail_from(contact.email or ""))
    assert await post.polled() == Polled(read=1)
    assert await post.stopped() == [enrollment]
    assert (await post.checkpoint()).last_uid == 1


async def test_a_worker_that_ends_leaves_the_rest_to_the_next_poll(post: Post) -> None:
    """It takes the message under way to its end, and no other."""
    await post.polled()
    post.account.put(*(mail_from(f"{name}@example.com") for name in ("ada", "bo", "cy")))
    environment = ActivityEnvironment()

    async def ends(_: Report) -> None:
        environment.worker_shutdown()

    post.after = ends
    assert await post.polled(environment) == Polled(read=1)
    assert await post.polled() == Polled(read=2)


async def test_more_messages_than_are_fetched_at_once(post: Post) -> None:
    """All are read, in the order in which they came."""
    await post.polled()
    senders = [f"p{n:02}@example.com" for n in range(40)]
    post.account.put(*map(mail_from, senders))
    assert await post.polled() == Polled(read=40)
    assert [report.sender for report in post.received if isinstance(report, InboundMessage)] == senders


async def test_a_mailbox_that_does_not_let_us_in_is_tried_again_at_the_next_poll(post: Post) -> None:
    """The poll says why and does not fail; nothing is lost once the password is fixed."""
    await post.polled()
    enrollment, contact = await post.waiting()
    post.account.put(mail_from(contact.email or ""))
    right = post.config
    post.config = replace(right, password="wrong")
    polled = await post.polled()
    assert polled.read == 0
    assert "does not let us in" in (polled.trouble or "")
    post.config = right
    assert await post.polled() == Polled(read=1)
    assert await post.stopped() == [enrollment]


async def test_the_schedule_follows_the_settings(on_dev_server: Rig) -> None:
    """It takes a new interval over, and is gone when no mailbox is configured any more."""
    client, queue = on_dev_server.engine.runs.client, on_dev_server.engine.runs.task_queue
    await ensure_mailbox_poll(client, queue, None)
    await ensure_mailbox_poll(client, queue, HOUR)
    await ensure_mailbox_poll(client, queue, 2 * HOUR)
    schedule = client.get_schedule_handle(mailbox_poll_id(queue))
    described: ScheduleDescription = await schedule.describe()
    assert [interval.every for interval in described.schedule.spec.intervals] == [2 * HOUR]
    await ensure_mailbox_poll(client, queue, None)

    async def gone() -> None:
        with pytest.raises(RPCError, match="not found"):
            await schedule.describe()

    await assert_eventually(gone)
