"""A sequence most of whose messages fail is paused: by which figures, once, and never by what is over."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.brake import Brake
from domain.events import EventType
from domain.messages import Channel
from store.pool import Database
from store.sequences import brake, sequences
from tests.store.cases import NOW, SENT_AT, Case
from tests.store.letters import EMAILS, Letters
from tests.store.tenants import AT, Tenant

MINUTE = timedelta(minutes=1)
FEW = Brake(failures=0.5, of=10, at_least=4)

SENT: dict[str, Any] = {"state": "sent", "claimed_at": AT, "content": {}, "recipient": "ada@example.com"}
FAILED: dict[str, Any] = {
    "state": "failed",
    "recipient": "ada@example.com",
    "error": "mailer 550: no user ada@example.com here",
    "error_class": "permanent",
    "error_code": "550",
}


@pytest.fixture
async def crowd(tenant: Tenant, database_url: str) -> AsyncIterator[Tenant]:
    """The tenant over so many connections that nobody waits for one."""
    pool = await Database.connect(database_url, size=10, name="crowd")
    yield replace(tenant, database=pool)
    await pool.close()


async def _settled(tenant: Tenant, count: int, minute: int, **fields: Any) -> list[UUID]:
    """So many messages, the first settled in this minute and each a minute later than the one before."""
    jobs = [uuid4() for _ in range(count)]
    fields = {"provider": "mailer", "channel": "email", **fields}
    for place, job in enumerate(jobs):
        time = {"sent": "sent_at", "failed": "failed_at"}.get(fields["state"])
        at = AT + MINUTE * (minute + place)
        await tenant.clone(
            "message_jobs",
            id=str(job),
            **{name: value.isoformat() if name.endswith("_at") else value for name, value in fields.items()},
            **({time: at.isoformat()} if time else {}),
        )
    return jobs


async def _judged(tenant: Tenant, by: Brake | None = FEW, channel: Channel = Channel.EMAIL) -> str | None:
    """Why the sequence is paused after somebody has looked; None: it is not."""
    async with tenant.database.transaction(tenant.id) as tx:
        paused = await brake.after_failure(tx, tenant.sequence, channel, by)
    why = await _reason(tenant)
    assert paused is (why is not None)
    return why


async def _reason(tenant: Tenant) -> str | None:
    [row] = await tenant.rows("SELECT status, paused_reason FROM sequences WHERE id = $1", tenant.sequence)
    assert (row["status"] == "paused") is (row["paused_reason"] is not None)
    return str(row["paused_reason"]) if row["paused_reason"] else None


async def _resume(tenant: Tenant) -> None:
    async with tenant.database.transaction(tenant.id) as tx:
        await sequences.set_status(tx, tenant.sequence, "active")


async def test_the_reason_names_the_figures_and_what_most_failures_say(tenant: Tenant) -> None:
    """Errors of one code are one kind, whomever each of them names; and it names nobody."""
    for number in range(3):
        address = f"c{number}@example.com"
        await _settled(tenant, 1, number, **{**FAILED, "recipient": address, "error": f"mailer 550: no {address}"})
    await _settled(tenant, 2, 5, **{**FAILED, "error": "mailer 552: too large", "error_code": "552"})
    await _settled(tenant, 2, 8, **SENT)
    assert await _judged(tenant) == (
        "paused by itself: 5 of the last 7 messages by email failed, mostly 'mailer 550: no …'"
    )


async def test_few_messages_are_not_judged(tenant: Tenant) -> None:
    """Not before `at_least` are settled; what waits, is being handed over or was cancelled is not."""
    await _settled(tenant, 3, 0, **FAILED)
    await _settled(tenant, 3, 0, state="pending")
    await _settled(tenant, 3, 0, state="sending", claimed_at=AT, content={}, recipient="x")
    await _settled(tenant, 3, 0, state="cancelled", cancel_reason="replied")
    assert await _judged(tenant) is None
    await _settled(tenant, 1, 9, **SENT)
    assert (await _judged(tenant) or "").startswith("paused by itself: 3 of the last 4 messages by email failed")


async def test_only_the_last_ones_are_looked_at(tenant: Tenant) -> None:
    """Failures that ten later messages have left behind pause nothing."""
    await _settled(tenant, 8, 0, **FAILED)
    await _settled(tenant, 10, 20, **SENT)
    assert await _judged(tenant) is None
    assert await _judged(tenant, Brake(failures=0.4, of=18)) is not None


async def test_without_a_brake_nothing_pauses(tenant: Tenant) -> None:
    """`brake: off`."""
    await _settled(tenant, 8, 0, **FAILED)
    assert await _judged(tenant, None) is None


async def test_each_channel_is_judged_by_itself(tenant: Tenant) -> None:
    """Texts that arrive do not hide emails that do not, and are not blamed for them."""
    await _settled(tenant, 4, 0, **FAILED)
    await _settled(tenant, 10, 10, **{**SENT, "channel": "sms"})
    assert await _judged(tenant, channel=Channel.SMS) is None
    assert await _judged(tenant, channel=Channel.EMAIL) is not None


async def test_test_runs_are_not_counted(tenant: Tenant) -> None:
    """Whoever tries a sequence out at dead addresses does not stop it for everybody."""
    trial = uuid4()
    ended = {"status": "completed", "current_node": None, "next_run_at": None, "ended_at": AT.isoformat()}
    await tenant.clone("enrollments", id=str(trial), is_test=True, **ended)
    await _settled(tenant, 8, 0, **FAILED, enrollment_id=str(trial))
    assert await _judged(tenant) is None


@pytest.mark.parametrize(
    ("heard", "lost"),
    [
        ({"bounced_at": AT}, True),
        ({"bounced_at": AT, "delivered_at": AT}, True),
        ({"bounced_at": AT, "soft_bounced_at": AT}, True),
        ({"bounced_at": AT, "soft_bounced_at": AT, "delivered_at": AT}, False),
        ({"undelivered_at": AT}, True),
        ({"delivered_at": AT}, False),
        ({"complained_at": AT, "unsubscribed_at": AT}, False),
    ],
)
async def test_what_was_sent_and_never_arrived_has_failed(tenant: Tenant, heard: dict[str, Any], lost: bool) -> None:
    """Bounced and undelivered messages count; a mailbox that was full and took it later does not."""
    await _settled(tenant, 4, 0, **SENT, **heard)
    assert (await _judged(tenant) is not None) is lost


@pytest.mark.parametrize("name", ["bounced", "refused", "failed"])
async def test_the_report_that_is_one_too_many_pauses(tenant: Tenant, name: str) -> None:
    """A bad list shows itself in what comes back: hard bounces, soft ones, and what is not delivered."""
    await tenant.execute(
        "INSERT INTO sequence_versions (tenant_id, id, sequence_id, version, content_hash, definition, plan)"
        " VALUES (current_tenant(), $1, $2, 9, '9', '{}', $3)",
        *(version := uuid4(), tenant.sequence),
        {"settings": {"stop_on": ["reply"], "brake": FEW.model_dump()}},
    )
    for number in range(4):
        assert await _reason(tenant) is None
        case = Case(tenant, "sent")
        case.version = version
        await case.begin()
        await case.hears(name, SENT_AT + MINUTE * number)
    reason = await _reason(tenant)
    assert reason is not None
    assert reason.startswith("paused by itself: 4 of the last 4 messages by email failed, mostly 'mailer: ")
    assert "@" not in reason


async def test_a_version_of_an_earlier_release_has_the_ordinary_brake(tenant: Tenant) -> None:
    """Its plan knows nothing of brakes; twenty bounces pause it."""
    await _settled(tenant, 19, 0, **SENT, bounced_at=AT)
    case = Case(tenant, "sent")
    await case.begin()
    await case.hears("delivered", SENT_AT)
    assert await _reason(tenant) is None
    await case.hears("bounced", SENT_AT + MINUTE)
    assert (await _reason(tenant) or "").startswith("paused by itself: 20 of the last 20 messages by email failed")


async def test_what_failed_before_it_was_resumed_is_over(tenant: Tenant) -> None:
    """The next failure is the first one; a late report of an old message is none at all."""
    old = await _settled(tenant, 8, 0, **FAILED)
    assert await _judged(tenant) is not None
    await _resume(tenant)
    await _settled(tenant, 3, 20, **FAILED)
    assert await _judged(tenant) is None
    await tenant.execute("UPDATE message_jobs SET bounced_at = $2 WHERE id = $1", old[0], NOW)
    assert await _judged(tenant) is None
    await _settled(tenant, 1, 30, **FAILED)
    assert (await _judged(tenant) or "").startswith("paused by itself: 4 of the last 4 ")


async def test_what_is_paused_already_keeps_its_reason(tenant: Tenant) -> None:
    """An operator's words are not overwritten; an archived sequence stays archived."""
    await _settled(tenant, 8, 0, **FAILED)
    for status, reason in (("paused", "wrong prices"), ("archived", None)):
        async with tenant.database.transaction(tenant.id) as tx:
            await sequences.set_status(tx, tenant.sequence, status, reason)
            assert not await brake.after_failure(tx, tenant.sequence, Channel.EMAIL, FEW)
        [row] = await tenant.rows("SELECT status, paused_reason FROM sequences")
        assert (row["status"], row["paused_reason"]) == (status, reason)


async def test_failures_at_the_same_moment_pause_once(crowd: Tenant) -> None:
    """Each sees too many; one of them pauses, and the others do not wait for it."""
    await _settled(crowd, 8, 0, **FAILED)
    everybody_looks = asyncio.Barrier(6)

    async def look() -> bool:
        async with crowd.database.transaction(crowd.id) as tx:
            paused = await brake.after_failure(tx, crowd.sequence, Channel.EMAIL, FEW)
            await everybody_looks.wait()
            return paused

    async with asyncio.timeout(60):
        assert sorted(await asyncio.gather(*(look() for _ in range(6)))) == [False] * 5 + [True]


async def test_whoever_enrolls_is_not_waited_for(crowd: Tenant) -> None:
    """A settlement holds counters that whoever enrolls may want; the next failure pauses."""
    await _settled(crowd, 8, 0, **FAILED)
    async with crowd.database.transaction(crowd.id) as enrolling:
        assert await sequences.hold_status(enrolling, crowd.sequence) == "active"
        async with asyncio.timeout(60):
            assert await _judged(crowd) is None
    assert await _judged(crowd) is not None


async def test_a_resume_in_between_is_not_undone(crowd: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has counted before an operator paused and resumed the sequence does not pause it again."""
    await _settled(crowd, 8, 0, **FAILED)
    counted, resumed = asyncio.Event(), asyncio.Event()
    pause = brake._sql.pause

    async def after_the_resume(*args: Any, **kwargs: Any) -> Any:
        counted.set()
        await resumed.wait()
        return await pause(*args, **kwargs)

    monkeypatch.setattr(brake._sql, "pause", after_the_resume)

    async def look() -> bool:
        async with crowd.database.transaction(crowd.id) as tx:
            return await brake.after_failure(tx, crowd.sequence, Channel.EMAIL, FEW)

    looking = asyncio.ensure_future(look())
    await counted.wait()
    await _resume(crowd)
    resumed.set()
    assert not await looking
    assert await _reason(crowd) is None


@pytest.mark.parametrize("proven", [True, False])
async def test_a_refusal_of_us_pauses_at_once(letters: Letters, proven: bool) -> None:
    """One message is enough, since everybody's would be refused like this; a mail must name it to be believed."""
    enrollment, contact = await letters.written_to(EMAILS, "one")
    said: dict[str, Any] = {"code": "5.7.1", "detail": "blocked using zen.spamhaus.org", "of_sender": True}
    await letters.hears(EventType.FAILED, provider="email", address=contact.email, proven=False, **said)
    [row] = await letters.rows("SELECT status FROM sequences")
    assert row["status"] == "active"
    await letters.hears(EventType.FAILED, job_id=letters.job_id(enrollment, "one"), proven=proven, **said)
    [row] = await letters.rows("SELECT status, paused_reason FROM sequences")
    assert (row["status"], "zen.spamhaus.org" in row["paused_reason"]) == ("paused", True)
    assert (await letters.is_live(enrollment), await letters.barred()) == (True, {})


async def test_a_refusal_of_us_from_before_says_nothing_new(letters: Letters) -> None:
    """Whoever takes a sequence up has fixed it; later reports of earlier messages do not pause it again."""
    enrollment, _ = await letters.written_to(EMAILS, "one")
    await letters.execute("UPDATE sequences SET judged_after = now() + interval '1 minute'")
    await letters.hears(
        EventType.FAILED, job_id=letters.job_id(enrollment, "one"), detail="SPF check failed", of_sender=True
    )
    [row] = await letters.rows("SELECT status FROM sequences")
    assert row["status"] == "active"
