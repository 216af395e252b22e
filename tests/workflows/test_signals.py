"""Providers are answered when the record is committed; the workflows hear of it behind that."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.contact import Contact
from domain.enrollment import StopMark
from domain.events import EventType, InboundMessage
from domain.messages import Channel
from starter import signals as telling
from starter.inbound.receive import record
from starter.runs import Runs
from starter.signals import SignalSender
from store.enrollments import signals
from store.enrollments.signals import Heard, OpenSignal
from store.inbound.reception import Received
from tests.support.harness import Rig
from tests.support.helpers import assert_eventually

EMAILS = """
    sequence: emails
    steps:
      - {id: one, type: email, subject: "One", body: "First."}
      - {id: wait, type: delay, days: 3}
      - {id: two, type: email, subject: "Two", body: "Second."}
"""


@dataclass
class Hanging:
    """Temporal, which accepts every call and never answers."""

    calls: int = 0
    under_way: int = 0
    most: int = 0

    async def tell(self, signal: OpenSignal) -> None:
        self.calls += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.Event().wait()
        finally:
            self.under_way -= 1


def word() -> Received:
    event: UUID = uuid4()
    signal = OpenSignal(event, uuid4(), "reply", StopMark(event_id=event, ending=None))
    return Received(event, False, EventType.INBOUND, signals=(signal,))


def answer_of(contact: Contact, number: int) -> InboundMessage:
    return InboundMessage(
        channel=Channel.EMAIL,
        provider="test",
        provider_event_id=str(number),
        sender=contact.email or "",
        text="Tell me more.",
        at=datetime.now(UTC),
    )


async def test_a_temporal_that_hangs_holds_nothing_up(skipping: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking on is immediate; a few are told at once, each gives up in time, and too many are left alone."""
    monkeypatch.setattr(telling, "_WITHIN_S", 0.05)
    monkeypatch.setattr(telling, "_MOST", 20)
    temporal = Hanging()
    engine = replace(skipping.engine, runs=cast(Runs, cast(Any, temporal)))
    teller = SignalSender()
    for _ in range(50):
        teller.tell(engine, word())
    assert temporal.calls == 0
    await teller.finish(60)
    assert (temporal.calls, temporal.most, temporal.under_way) == (20, telling._AT_ONCE, 0)


async def test_what_was_taken_on_is_told_before_the_process_ends(skipping: Rig) -> None:
    """`finish` waits for the words under way; the workflow has heard, and that is recorded."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    received = await record(skipping.engine, answer_of(contact, 1))
    assert await skipping.rows("SELECT signalled_at FROM enrollment_signals") == [{"signalled_at": None}]
    teller = SignalSender()
    teller.tell(skipping.engine, received)
    await teller.finish(60)
    assert await skipping.rows("SELECT signalled_at IS NOT NULL AS heard FROM enrollment_signals") == [{"heard": True}]
    assert await skipping.ended(enrollment) == ("stopped", "replied")


async def test_what_a_burst_has_told_is_marked_at_once(skipping: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word is marked with the moment at which it was heard, many in one transaction."""
    marked: list[list[Heard]] = []
    mark = signals.mark_heard

    async def marking(tx: asyncpg.Connection, heard: Sequence[Heard]) -> None:
        marked.append(list(heard))
        await mark(tx, heard)

    monkeypatch.setattr(signals, "mark_heard", marking)
    received = []
    for number in range(8):
        enrollment, contact = await skipping.start(EMAILS)
        await skipping.arrives(enrollment, "two")
        received.append(await record(skipping.engine, answer_of(contact, number)))
    teller = SignalSender()
    for one in received:
        teller.tell(skipping.engine, one)
    await teller.finish(30)
    assert sum(map(len, marked)) == 8 > len(marked)
    rows = await skipping.rows("SELECT enrollment_id, signalled_at FROM enrollment_signals")
    assert {row["enrollment_id"]: row["signalled_at"] for row in rows} == {
        one.word.enrollment_id: one.at for batch in marked for one in batch
    }


async def test_what_is_cut_off_is_told_when_the_provider_repeats(skipping: Rig) -> None:
    """A process that dies between record and signal loses nothing: the word is open, and the repeat tells it."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    await skipping.reply(contact, provider_event_id="1")
    await skipping.execute("UPDATE enrollment_signals SET signalled_at = NULL")
    again = await skipping.reply(contact, provider_event_id="1")
    assert (again.duplicate, [s.enrollment_id for s in again.signals]) == (True, [enrollment])
    await assert_eventually(lambda: _heard(skipping))


async def _heard(rig: Rig) -> None:
    assert await rig.rows("SELECT signalled_at IS NULL AS open FROM enrollment_signals") == [{"open": False}]
