"""Nobody waits in a circle, also where PostgreSQL stalls at random before each row that it writes.

`TOUCHLINE_STRESS_ROUNDS=200` makes the short run of the suite the long one.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.enrollment import StopMark
from domain.messages import Channel
from domain.plan import MessageNode
from scheduling.itinerary import Stop
from store.changes import subscriptions
from store.contacts import erasure
from store.enrollments import enrollments, signals
from store.enrollments.enrollments import NewEnrollment
from store.enrollments.signals import Heard, OpenSignal
from store.pool import Database
from tests.store.cases import NOW, SENT_AT, Case
from tests.store.inbound.test_reports_at_once import (
    STOPPED,
    counters_are_exact,
    everything_of_contacts_in_two_sequences,
    second_sequence,
    somebody_waits,
)
from tests.store.tenants import AT, Tenant
from tests.support.helpers import assert_eventually

ROUNDS = int(os.environ.get("TOUCHLINE_STRESS_ROUNDS", "2"))
CONNECTIONS = 24

_LOCKED = (
    *("enrollments", "message_jobs", "enrollment_steps", "step_counters", "suppressions", "sequences"),
    *("enrollment_signals", "notices", "webhook_subscriptions", "webhook_deliveries"),
)
"""Whose rows several transactions want; stalls elsewhere would only keep them from meeting."""
_STALL = """
    CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(random() * 0.004); RETURN NEW; END $$
"""


@pytest.fixture
async def stalling(tenant: Tenant, database_url: str, owner: asyncpg.Connection) -> AsyncIterator[Tenant]:
    """The tenant on a database that takes its time, over 24 connections."""
    await owner.execute(_STALL)
    for table in _LOCKED:
        await owner.execute(
            f"CREATE TRIGGER a_stall BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION stall()"
        )
    pool = await Database.connect(database_url, size=CONNECTIONS, name="crowd")
    yield replace(tenant, database=pool)
    await pool.close()


async def test_reports_beside_two_brakes_wait_in_no_circle(stalling: Tenant) -> None:
    """Reports that end two enrollments, or none, while both sequences are being paused by what they report."""
    second = await second_sequence(stalling)
    chance = random.Random(7)  # noqa: S311 - the same in each run
    for _ in range(ROUNDS):
        await stalling.execute("UPDATE sequences SET status = 'active', paused_reason = NULL")
        await everything_of_contacts_in_two_sequences(stalling, second, chance)
        assert await stalling.rows("SELECT FROM sequences WHERE status = 'paused'"), "the brakes must have been pulled"
    await counters_are_exact(stalling)


async def test_people_enrolled_twice_at_once_wait_in_no_circle(stalling: Tenant) -> None:
    """Two who enroll the same contacts, one from the front and one from the back: each contact is enrolled once."""
    people = [uuid4() for _ in range(12)]
    for person in people:
        await stalling.clone("contacts", id=str(person), external_id=person.hex)
    node = MessageNode(id="one", order_index=0, channel=Channel.EMAIL, next="two")

    async def enroll(who: list[UUID]) -> int:
        async with stalling.database.transaction(stalling.id) as tx:
            new = [NewEnrollment(uuid4(), person, Stop((), node, AT, None)) for person in who]
            made = await enrollments.create(
                tx, sequence_id=stalling.sequence, version_id=stalling.version, source="test", now=AT, new=new
            )
            return len(made)

    assert sum(await asyncio.gather(enroll(people), enroll(people[::-1]))) == len(people)


async def test_words_marked_twice_at_once_wait_in_no_circle(stalling: Tenant) -> None:
    """Who told them and who swept them up mark the same words, each in an order of its own."""
    words = []
    for _ in range(12):
        event = uuid4()
        await stalling.clone("enrollment_signals", event_id=str(event), signalled_at=None)
        words.append(OpenSignal(event, stalling.enrollment, "nudge", StopMark(event_id=event, ending=None)))

    async def mark(heard: list[OpenSignal]) -> None:
        async with stalling.database.transaction(stalling.id) as tx:
            await signals.mark_heard(tx, [Heard(word, AT) for word in heard])

    await asyncio.gather(mark(words), mark(words[::-1]))
    marked = await stalling.rows("SELECT FROM enrollment_signals WHERE signalled_at = $1", AT)
    assert len(marked) == len(words)


async def test_posts_that_fail_at_once_wait_in_no_circle(stalling: Tenant) -> None:
    """Several deliveries of one subscription fail, and each finds that it is one too many: it is switched off once."""
    [subscription] = [row["id"] for row in await stalling.rows("SELECT id FROM webhook_subscriptions")]
    posts = [uuid4() for _ in range(8)]
    for number, post in enumerate(posts):
        await stalling.clone(
            "webhook_deliveries",
            id=str(post),
            number=number,
            state="pending",
            ended_at=None,
            next_attempt_at=AT.isoformat(),
        )

    async def fail(post: UUID) -> None:
        async with stalling.database.transaction(stalling.id) as tx:
            await subscriptions.settle(tx, subscription, post, AT, status=500, error="no", again_at=AT)
            await subscriptions.switch_off(tx, subscription, "nothing was taken", AT)

    await asyncio.gather(*map(fail, posts))
    left = await stalling.rows("SELECT FROM webhook_deliveries WHERE state = 'pending'")
    assert left == []


async def test_an_answer_beside_an_erasure_waits_in_no_circle(stalling: Tenant) -> None:
    """Messages are locked before their contact, by whoever hears of one and by whoever forgets the contact."""
    case = Case(stalling, "sent")
    await case.begin()
    async with stalling.database.transaction(stalling.id) as tx:
        await enrollments.end(tx, [case.enrollment], STOPPED, now=SENT_AT)
    async with stalling.database.transaction(stalling.id) as tx:
        await erasure.hold_enrollments(tx, case.contact)
        await erasure.hold_messages(tx, case.contact)
        await erasure.hold_contact(tx, case.contact)
        answer = asyncio.create_task(case.hears("reply", NOW))
        await assert_eventually(lambda: somebody_waits(stalling))
        await erasure.forget(tx, case.contact, case.contact.hex, NOW)
    assert (await answer).enrollment_id == case.enrollment
