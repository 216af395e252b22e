"""Reports that come at the same moment, over connections of their own: none is lost, and none waits in a circle."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from store.enrollments import enrollments, ledger
from store.pool import Database
from tests.store.cases import NOW, REPORTS, SENT_AT, Case
from tests.store.tenants import AT, Tenant
from tests.support.helpers import assert_eventually

MINUTE = timedelta(minutes=1)
STOPPED = Ending(status=EnrollmentStatus.STOPPED, reason="manual")
HEARD = ("delivered", "undelivered", "opened", "machine_opened", "clicked", "bounced", "complained", "unsubscribed")
STATES = ("sent", "ambiguous", "cancelled")


@pytest.fixture
async def crowd(tenant: Tenant, database_url: str) -> AsyncIterator[Tenant]:
    """The tenant over so many connections that nobody waits for one."""
    pool = await Database.connect(database_url, size=30, name="crowd")
    yield replace(tenant, database=pool)
    await pool.close()


async def second_sequence(tenant: Tenant) -> tuple[UUID, UUID]:
    sequence = ids.sequence_id(tenant.id, "other")
    version = ids.version_id(sequence, 1)
    await tenant.clone("sequences", id=str(sequence), key="other")
    await tenant.clone("sequence_versions", id=str(version), sequence_id=str(sequence))
    await tenant.clone("version_contents", version_id=str(version))
    return sequence, version


async def counters_are_exact(tenant: Tenant) -> None:
    """Each counter equals a full count of the rows that it stands for."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in (*HEARD, *STATES, "answered", "pending", "responses"))
    counts = [f"count({name}_at) AS {name}" for name in HEARD]
    counts += [f"count(*) FILTER (WHERE state = '{name}') AS {name}" for name in STATES]
    counters = await tenant.rows(
        f"SELECT sequence_id, node_id, {sums} FROM step_counters GROUP BY 1, 2 ORDER BY 1, 2"  # noqa: S608 - our own names
    )
    rows = await tenant.rows(
        f"SELECT sequence_id, node_id, {', '.join(counts)}, count(answered_at) AS answered,"  # noqa: S608 - our own names
        " count(*) FILTER (WHERE state IN ('pending', 'sending')) AS pending,"
        " (SELECT count(*) FROM responses r WHERE r.sequence_id = j.sequence_id AND r.node_id = j.node_id) AS responses"
        " FROM message_jobs j GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert counters == rows


async def somebody_waits(tenant: Tenant) -> bool:
    return bool(await tenant.rows("SELECT FROM pg_locks WHERE NOT granted"))


async def test_fifty_reports_of_one_message_at_once(crowd: Tenant) -> None:
    """Every event is kept, each thing is counted once, and one of them has ended the enrollment."""
    case = Case(crowd, "sent")
    await case.begin()
    told = [(name, number) for name in REPORTS for number in range(3)][:57]
    random.Random(7).shuffle(told)  # noqa: S311 - the same in each run
    received = await asyncio.gather(
        *(case.hears(name, SENT_AT + MINUTE * place, again=n) for place, (name, n) in enumerate(told))
    )
    assert not any(r.duplicate for r in received)
    assert [r.stopped for r in received if r.stopped] == [(case.enrollment,)]
    [kept] = await crowd.rows("SELECT count(*) FROM events WHERE enrollment_id = $1", case.enrollment)
    assert kept["count"] == len(told)
    signals = await crowd.rows("SELECT signal FROM enrollment_signals WHERE enrollment_id = $1", case.enrollment)
    assert len(signals) == 1
    await counters_are_exact(crowd)


async def test_one_event_over_ten_connections_has_one_effect(crowd: Tenant) -> None:
    """One of them stores it; the others wait for that, and answer the same with the word that is still open."""
    for name in ("stop", "complained", "delivered"):
        case = Case(crowd, "sent")
        await case.begin()
        received = await asyncio.gather(*(case.hears(name, SENT_AT) for _ in range(10)))
        assert sorted(r.duplicate for r in received) == [False] + [True] * 9, name
        assert {(r.event_id, r.enrollment_id, r.node_id, r.kind) for r in received} == {
            (received[0].event_id, case.enrollment, "one", received[0].kind)
        }
        assert {r.signals for r in received} == {received[0].signals}, name
    await counters_are_exact(crowd)


async def everything_of_contacts_in_two_sequences(
    crowd: Tenant, second: tuple[UUID, UUID], chance: random.Random
) -> None:
    """Answers, complaints and deliveries, each ending two enrollments or none: each is recorded, and all have ended."""
    cases = []
    for number in range(24):
        first = Case(crowd, "sent")
        pair = [first, first.beside(*second)]
        for case in pair:
            # Ids that begin alike, so that whatever is spread by them falls together.
            case.enrollment = UUID(bytes=bytes([number % 2]) + case.enrollment.bytes[1:])
            case.job = ids.job_id(case.enrollment, "one")
        chance.shuffle(pair)
        for case in pair:
            await case.begin()
        cases += pair
    told = [
        (case, name) for case in cases for name in ("reply", "stop", "complained", "delivered", "opened", "bounced")
    ]
    chance.shuffle(told)
    received = await asyncio.gather(
        *(case.hears(name, SENT_AT + MINUTE * place) for place, (case, name) in enumerate(told)), return_exceptions=True
    )
    assert [r for r in received if isinstance(r, BaseException)] == []
    [left] = await crowd.rows(
        "SELECT count(*) FROM enrollments WHERE ended_at IS NULL AND contact_id = ANY($1)", [c.contact for c in cases]
    )
    assert left["count"] == 0


async def test_contacts_in_two_sequences_answer_at_once(crowd: Tenant) -> None:
    """Whatever is reported of them at the same moment, nobody waits in a circle."""
    chance = random.Random(7)  # noqa: S311 - the same in each run
    await everything_of_contacts_in_two_sequences(crowd, await second_sequence(crowd), chance)
    await counters_are_exact(crowd)


@pytest.mark.parametrize("name", ["delivered", "complained", "reply"])
@pytest.mark.parametrize("state", ["sending", "ambiguous"])
async def test_a_report_beside_whoever_settles_after_the_end(crowd: Tenant, state: str, name: str) -> None:
    """It neither waits for him with the message held, nor is it overlooked: in the end the message is sent."""
    case = Case(crowd, state)
    await case.begin()
    async with crowd.database.transaction(crowd.id) as tx:
        await enrollments.end(tx, [case.enrollment], STOPPED, now=NOW)
    async with crowd.database.transaction(crowd.id, lock_enrollment=case.enrollment) as tx:
        report = asyncio.create_task(case.hears(name, SENT_AT))
        await assert_eventually(lambda: _is_stored_or_waits(crowd, case, report))
        # What a late settling writes, and in its order.
        await tx.execute("UPDATE message_jobs SET error_code = 'asked' WHERE id = $1", case.job)
    await report
    async with crowd.database.transaction(crowd.id, lock_enrollment=case.enrollment) as tx:
        await ledger.settle_late(tx, case.job, NOW)
    [job] = await crowd.rows("SELECT state, error_code FROM message_jobs WHERE id = $1", case.job)
    assert job["state"] == "sent"


async def _is_stored_or_waits(tenant: Tenant, case: Case, report: "asyncio.Task[object]") -> bool:
    return report.done() or await somebody_waits(tenant)


@pytest.mark.parametrize("state", ["sending", "ambiguous"])
async def test_an_end_beside_a_report_settles_what_is_being_heard_of(crowd: Tenant, state: str) -> None:
    """Whoever ends an enrollment waits for the report of its message in doubt, and finds that it went out."""
    case = Case(crowd, state)
    await case.begin()
    async with crowd.database.transaction(crowd.id) as reporting:
        await reporting.execute("UPDATE message_jobs SET delivery = 'delivered' WHERE id = $1", case.job)

        async def end() -> None:
            async with crowd.database.transaction(crowd.id) as tx:
                await enrollments.end(tx, [case.enrollment], STOPPED, now=NOW)

        ending = asyncio.create_task(end())
        await assert_eventually(lambda: somebody_waits(crowd))
    await ending
    [job] = await crowd.rows("SELECT state, sent_at FROM message_jobs WHERE id = $1", case.job)
    assert job == {"state": "sent", "sent_at": AT}


async def test_a_report_that_finds_the_enrollment_held_leaves_word(crowd: Tenant) -> None:
    """It answers at once, whoever holds the enrollment: what it says is kept, and the workflow looks again."""
    case = Case(crowd, "sending")
    await case.begin()
    async with crowd.database.transaction(crowd.id, lock_enrollment=case.enrollment):
        async with asyncio.timeout(60):
            received = await case.hears("delivered", SENT_AT)
    assert [s.signal for s in received.signals] == ["nudge"]
    [job] = await crowd.rows("SELECT state, delivery FROM message_jobs WHERE id = $1", case.job)
    assert job == {"state": "sending", "delivery": "delivered"}


async def test_a_no_waits_for_a_settlement_and_ends_what_follows(crowd: Tenant) -> None:
    """A complaint that comes while a hand-over is being settled commits after that."""
    case = Case(crowd, "sending")
    await case.begin()
    async with crowd.database.transaction(crowd.id, lock_enrollment=case.enrollment) as tx:
        complaint = asyncio.create_task(case.hears("complained", SENT_AT))
        await assert_eventually(lambda: somebody_waits(crowd))
        await tx.execute("UPDATE message_jobs SET state = 'sent', sent_at = $2 WHERE id = $1", case.job, AT)
    received = await complaint
    assert (received.stopped, [s.signal for s in received.signals]) == ((case.enrollment,), ["suppress"])


@pytest.mark.parametrize("name", ["complained", "reply"])
async def test_a_move_to_another_version_hides_nobody_from_a_report(crowd: Tenant, name: str) -> None:
    """A report that waited for the move ends the enrollment, by what its new version says."""
    case = Case(crowd, "sent")
    await case.begin()
    version = ids.version_id(crowd.sequence, 3)
    await crowd.clone("sequence_versions", id=str(version), version=3)
    await crowd.clone("version_contents", version_id=str(version))
    async with crowd.database.transaction(crowd.id, lock_enrollment=case.enrollment) as tx:
        report = asyncio.create_task(case.hears(name, SENT_AT))
        await assert_eventually(lambda: somebody_waits(crowd))
        await tx.execute("UPDATE enrollments SET version_id = $2 WHERE id = $1", case.enrollment, version)
    assert (await report).stopped == (case.enrollment,)


async def test_two_reports_that_would_wait_in_a_circle_are_both_recorded(crowd: Tenant) -> None:
    """Answers of two contacts who share both addresses take the same locks in the same order."""
    pairs = [(Case(crowd, "sent"), Case(crowd, "sent")) for _ in range(10)]
    for one, two in pairs:
        two.address = one.address
        await one.begin()
        await two.begin()
    received = await asyncio.gather(
        *(case.hears(name, SENT_AT) for pair in pairs for case in pair for name in ("stop", "bounced", "reply"))
    )
    assert sum(len(r.stopped) for r in received) == 20
    await counters_are_exact(crowd)
