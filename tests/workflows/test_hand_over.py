"""A no at each gap of a hand-over, and a worker that stands still in each: what leaves, and what is recorded of it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities import hand_over
from activities.deliver import Deliveries
from activities.version_cache import Versions
from cli.commands import enrollment_text
from composition import composer_of
from domain.contact import Contact
from domain.enrollment import ExecuteInput, StepResult
from domain.errors import AmbiguousError, ConfigurationError, NotCleared, PermanentError, TransientError
from domain.messages import Absent, OutgoingMessage, Receipt, Unknown
from providers.base import LastLook, Line, Soon, Unbounded
from starter.sequences import status
from store import last_look, pool
from store.enrollments import enrollments, record
from store.gates import suppressions
from store.pool import Database
from tests.support.harness import Rig, ScriptedProvider
from tests.support.helpers import assert_eventually

LATER = """
    sequence: texts
    steps:
      - {id: wait, type: delay, days: 1}
      - {id: first, type: sms, body: First}
      - {id: again, type: delay, days: 1}
      - {id: second, type: sms, body: Second}
"""


@dataclass
class Gap:
    """A point of a hand-over at which a worker stands still until the test lets it go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        self.reached.set()
        await self.over.wait()


@dataclass
class Gaps(ScriptedProvider):
    """Stands still between the claim and the look, or between the look and the first byte, at the first message."""

    before_look: Gap | None = None
    after_look: Gap | None = None

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        gap, self.before_look = self.before_look, None
        if gap is not None:
            await gap.wait()
        await clear()
        gap, self.after_look = self.after_look, None
        if gap is not None:
            await gap.wait()
        return await super().send(message, line, clear=_nothing)


async def _nothing() -> None:
    """The look was there."""


@pytest.fixture
def provider() -> Gaps:
    return Gaps()


@dataclass
class Stage:
    """One enrollment whose first message is about to be handed over by an activity of its own."""

    rig: Rig
    provider: Gaps
    enrollment: UUID
    contact: Contact

    def deliver(self, deliveries: Deliveries | None = None) -> "asyncio.Task[Any]":
        order = ExecuteInput(tenant_id=self.rig.engine.tenant_id, enrollment_id=self.enrollment, node_id="first")
        return asyncio.create_task(self.attempt((deliveries or self.rig.deliveries()).deliver, order))

    async def attempt(self, deliver: Any, order: ExecuteInput) -> StepResult:
        due = (await self.rig.now()) + timedelta(days=1)
        return StepResult.model_validate(await self.rig.by_itself(deliver, order, at=due))

    async def job(self) -> dict[str, Any]:
        return await self.rig.job(self.enrollment, "first")

    async def transaction(self, act: Callable[[Any], Awaitable[Any]]) -> None:
        async with self.rig.engine.transaction() as tx:
            await act(tx)


@pytest.fixture
async def stage(scripted: Rig, provider: Gaps) -> Stage:
    enrollment, contact = await scripted.start(LATER)
    await scripted.arrives(enrollment, "first")
    return Stage(scripted, provider, enrollment, contact)


@pytest.fixture
async def other(stage: Stage, database_url: str) -> AsyncIterator[Deliveries]:
    """Another worker: what it looks by are sessions of its own."""
    database = await Database.connect(database_url, size=4)
    rig = stage.rig
    yield Deliveries(database, rig.engine.providers, composer_of(rig.settings), Versions(), rig.engine.runs)
    await database.close()


async def _replied(stage: Stage) -> None:
    await stage.rig.reply(stage.contact, enrollment_id=stage.enrollment)


async def _barred(stage: Stage) -> None:
    now, phone = await stage.rig.now(), stage.contact.phone or ""
    await stage.transaction(lambda tx: suppressions.suppress(tx, "sms", phone, "manual", at=now, now=now))  # type: ignore[arg-type] # its name


async def _paused(stage: Stage) -> None:
    now = await stage.rig.now()
    await stage.transaction(lambda tx: enrollments.pause(tx, stage.enrollment, now))


async def _sequence_paused(stage: Stage) -> None:
    await status.pause_sequence(stage.rig.engine, "texts", "just now")


async def _away(stage: Stage) -> None:
    until = await stage.rig.now() + timedelta(days=9)
    await stage.transaction(lambda tx: enrollments.set_away(tx, stage.enrollment, until))


NOES = {
    "replied": (_replied, "cancelled", None),
    "barred": (_barred, "cancelled", None),
    "paused": (_paused, "pending", "enrollment_paused"),
    "sequence paused": (_sequence_paused, "pending", "sequence_paused"),
    "away": (_away, "pending", "postponed"),
}


@pytest.mark.parametrize("no", NOES)
async def test_a_no_between_claim_and_look_is_heard(stage: Stage, no: str) -> None:
    """Whatever says no after the claim prevents the hand-over, as if it had come before; that is no attempt."""
    say, state, gate = NOES[no]
    gap = stage.provider.before_look = Gap()
    delivery = stage.deliver()
    await gap.reached.wait()
    assert (await stage.job())["state"] == "sending"
    await say(stage)
    gap.over.set()
    await delivery
    job = await stage.job()
    assert stage.provider.handed_over == []
    assert (job["state"], job["gate"]) == (state, gate)
    assert job["attempts"] == (0 if state == "pending" else job["attempts"])


@pytest.mark.parametrize("no", ["replied", "barred"])
async def test_a_no_after_the_look_waits_for_nobody_and_names_what_had_begun(stage: Stage, no: str) -> None:
    """The message leaves and is recorded as sent; whoever said no named it, and was answered before it was over."""
    gap = stage.provider.after_look = Gap()
    delivery = stage.deliver()
    await gap.reached.wait()
    await NOES[no][0](stage)
    named = (await stage.job())["overtaken_at"]
    assert named is not None
    gap.over.set()
    await delivery
    job = await stage.job()
    assert (job["state"], job["overtaken_at"], len(stage.provider.handed_over)) == ("sent", named, 1)
    async with stage.rig.engine.transaction() as tx:
        report = await record.read_enrollment(tx, stage.enrollment)
    assert report is not None
    assert next((one.step, one.had_begun) for one in report.messages if one.state != "cancelled") == ("first", True)
    if no == "replied":
        assert "; first had begun to leave" in "\n".join(map(str, enrollment_text.text(report)))


async def test_what_has_no_line_to_its_provider_is_not_claimed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for one with nothing held: what is said meanwhile is heard by the claim."""
    waiting, free = asyncio.Event(), asyncio.Event()

    async def next_line() -> Any:
        waiting.set()
        await free.wait()
        return Unbounded()

    monkeypatch.setattr(stage.provider, "free_line", lambda tenant_id: Soon(next_line))
    delivery = stage.deliver()
    await waiting.wait()
    assert (await stage.job())["claimed_at"] is None
    assert stage.rig.engine.database.usage().busy == 0
    await _replied(stage)
    free.set()
    await delivery
    assert (await stage.job())["claimed_at"] is None
    assert stage.provider.handed_over == []


async def test_whoever_waits_for_a_line_in_vain_gives_its_place_to_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, for a while; then it is deferred, which is no attempt."""
    waited = 0

    async def never() -> Any:
        nonlocal waited
        waited += 1
        await asyncio.Event().wait()

    monkeypatch.setattr("activities.deliver.NEXT_LINE_S", 0.05)
    monkeypatch.setattr(stage.provider, "free_line", lambda tenant_id: Soon(never))
    async with asyncio.timeout(60):
        await stage.deliver()
    job = await stage.job()
    assert (waited, job["state"], job["gate"], job["attempts"]) == (1, "pending", "provider_retry", 0)


async def test_a_hand_over_holds_no_connection_and_no_lock(stage: Stage) -> None:
    """However long a provider takes, nobody waits for it."""
    gap = stage.provider.after_look = Gap()
    delivery = stage.deliver()
    await gap.reached.wait()
    assert stage.rig.engine.database.usage().busy == 0
    [held] = await stage.rig.rows("SELECT count(*) FROM pg_locks WHERE locktype IN ('tuple', 'transactionid')")
    await stage.rig.execute("SELECT FROM enrollments WHERE id = $1 FOR UPDATE NOWAIT", stage.enrollment)
    gap.over.set()
    await delivery
    assert held["count"] <= 1, "at most the one that asks"


async def test_a_claim_that_has_grown_old_is_made_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-over begins in the first half of its time or not at all; after three times the message waits a while."""
    monkeypatch.setattr("activities.deliver.LIMIT", timedelta())
    result = await stage.deliver()
    job = await stage.job()
    assert (result.next.gate, job["state"], job["claims"], job["attempts"]) == ("provider_retry", "pending", 3, 0)
    assert stage.provider.handed_over == []


# --- a worker that stands still, or dies, while another one takes over -----------------------------------------------


@pytest.mark.parametrize("word", [Absent(), Unknown(reason="no")])
async def test_a_worker_that_stands_still_before_its_look_sends_nothing_when_it_goes_on(
    stage: Stage, other: Deliveries, word: Any
) -> None:
    """Another one has claimed the message meanwhile, and sent it or left it to a person: once, or not at all."""
    gap = stage.provider.before_look = Gap()
    frozen = stage.deliver()
    await gap.reached.wait()
    stage.provider.lookups.append(word)
    await stage.deliver(other)
    sent = len(stage.provider.handed_over)
    state = (await stage.job())["state"]
    assert (sent, state) == ((1, "sent") if isinstance(word, Absent) else (0, "ambiguous"))
    gap.over.set()
    await frozen
    assert len(stage.provider.handed_over) == sent
    assert (await stage.job())["state"] == state


async def test_of_two_workers_that_claimed_a_message_one_sends_it(stage: Stage, other: Deliveries) -> None:
    """Both stand still before their look: the claim of the first has another number by then, whoever goes on first."""
    one = stage.provider.before_look = Gap()
    first = stage.deliver()
    await one.reached.wait()
    two = stage.provider.before_look = Gap()
    stage.provider.lookups.append(Absent())
    second = stage.deliver(other)
    await two.reached.wait()
    assert ((await stage.job())["state"], (await stage.job())["claims"]) == ("sending", 2)
    stage.provider.lookups.append(Unknown(reason="no"))
    one.over.set()
    await first
    assert stage.provider.handed_over == []
    two.over.set()
    await second
    assert (stage.provider.handed_over, (await stage.job())["state"]) == ([], "ambiguous")


@pytest.mark.parametrize("word", [Absent(), Unknown(reason="no")])
async def test_what_a_worker_may_still_hand_over_is_nobody_elses(stage: Stage, other: Deliveries, word: Any) -> None:
    """It looked, and stands still: another one settles nothing and sends nothing, whatever the provider says."""
    gap = stage.provider.after_look = Gap()
    frozen = stage.deliver()
    await gap.reached.wait()
    stage.provider.lookups.append(word)
    result = await stage.deliver(other)
    assert result.next.gate == "reconcile"
    assert (stage.provider.handed_over, (await stage.job())["state"]) == ([], "sending")
    gap.over.set()
    assert (await frozen).verdict == "sent"
    assert (len(stage.provider.handed_over), (await stage.job())["state"]) == (1, "sent")


async def test_a_worker_that_died_after_its_look_holds_nothing(stage: Stage, other: Deliveries) -> None:
    """Its session is gone, so the provider's word counts, and the message goes."""
    gap = stage.provider.after_look = Gap()
    dying = stage.deliver(other)
    await gap.reached.wait()
    other.database.last_looks.close()

    async def believed() -> None:
        # Each attempt asks; the server may notice a moment later that the session has ended.
        stage.provider.lookups.append(Absent())
        assert (await stage.deliver()).verdict == "sent"

    await assert_eventually(believed)
    assert len(stage.provider.handed_over) == 1
    gap.over.set()
    await asyncio.gather(dying, return_exceptions=True)


async def test_after_a_restart_of_the_database_a_short_while_proves_nothing(
    stage: Stage, other: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All sessions ended with it, also those of workers that live: nobody is believed dead for a hand-over's time."""
    gap = stage.provider.after_look = Gap()
    dying = stage.deliver(other)
    await gap.reached.wait()
    other.database.last_looks.close()
    # As if it had been claimed before, or on the server before this one.
    await stage.rig.execute("UPDATE message_jobs SET claimed_on = claimed_on - interval '1 day'")
    [job] = await stage.rig.rows("SELECT claimed_at FROM message_jobs WHERE state = 'sending'")
    order = ExecuteInput(tenant_id=stage.rig.engine.tenant_id, enrollment_id=stage.enrollment, node_id="first")
    for seconds, gate in ((60, "reconcile"), (120, None)):
        stage.provider.lookups.append(Absent())
        result = StepResult.model_validate(
            await stage.rig.by_itself(
                stage.rig.deliveries().deliver, order, at=job["claimed_at"] + timedelta(seconds=seconds)
            )
        )
        assert (result.next and result.next.gate) == gate
    gap.over.set()
    await asyncio.gather(dying, return_exceptions=True)


async def test_a_new_session_holds_what_is_under_way(stage: Stage, other: Deliveries) -> None:
    """A worker whose session ended alone holds its messages again as soon as it looks at another one."""
    gap = stage.provider.after_look = Gap()
    slow = stage.deliver(other)
    await gap.reached.wait()
    looks = other.database.last_looks
    looks.close()
    assert await looks.at_message(stage.rig.engine.tenant_id, uuid4(), object()) is None
    stage.provider.lookups.append(Absent())
    assert (await stage.deliver()).next.gate == "reconcile"
    gap.over.set()
    assert (await slow).verdict == "sent"
    assert len(stage.provider.handed_over) == 1


async def test_what_a_provider_took_over_is_known_although_somebody_settled_it(stage: Stage, other: Deliveries) -> None:
    """The session of a worker that lives was ended; a person was asked; its receipt settles what is in doubt."""
    gap = stage.provider.after_look = Gap()
    slow = stage.deliver(other)
    await gap.reached.wait()
    other.database.last_looks.close()
    stage.provider.lookups.append(Unknown(reason="no"))

    async def in_doubt() -> None:
        if (await stage.job())["state"] == "sending":
            await stage.deliver()
        assert (await stage.job())["state"] == "ambiguous"

    await assert_eventually(in_doubt)
    gap.over.set()
    await slow
    job = await stage.job()
    assert (job["state"], bool(job["provider_message_id"])) == ("ambiguous", True)
    assert (await stage.deliver()).verdict == "sent"
    assert len(stage.provider.handed_over) == 1


async def test_an_attempt_that_is_cancelled_takes_its_hand_over_to_the_end(stage: Stage) -> None:
    """The server gave a worker up that stood still: what the provider tells it is recorded all the same."""
    gap = stage.provider.after_look = Gap()
    delivery = stage.deliver()
    await gap.reached.wait()
    delivery.cancel()
    gap.over.set()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    assert ((await stage.job())["state"], len(stage.provider.handed_over)) == ("sent", 1)


async def test_a_look_that_took_long_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still between the question and the answer does not trust the answer."""
    asked = [0.0, 3.0]

    async def judge() -> float:
        return asked.pop(0)

    clock = iter((3.0, 3.4))
    monkeypatch.setattr("activities.hand_over.monotonic", lambda: next(clock))
    await hand_over.last_look(judge)()
    assert asked == []


async def test_many_who_look_at_once_look_once_each(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for a session is not the answer's age: a crowd does not make itself look again and again."""
    looks = stage.rig.engine.database.last_looks
    found = await asyncio.gather(*(looks.at_message(stage.rig.engine.tenant_id, uuid4(), object()) for _ in range(200)))
    assert found == [None] * 200
    [sessions] = await stage.rig.rows(
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    assert sessions["count"] == 4


async def test_what_cannot_be_looked_at_does_not_leave() -> None:
    """A database that is away says no to everything; nobody takes its silence for a provider's."""

    async def judge() -> float:
        raise ConnectionRefusedError

    with pytest.raises(NotCleared):
        await hand_over.last_look(judge)()


_OUTCOMES: dict[str, tuple[Any, str]] = {
    "taken": (None, "sent"),
    "later": (TransientError("scripted", "busy"), "pending"),
    "in doubt": (AmbiguousError("scripted", "cut off"), "ambiguous"),
    "never": (PermanentError("scripted", "no such number"), "failed"),
    "misconfigured": (ConfigurationError("scripted", "wrong password"), "pending"),
}


@pytest.mark.parametrize("outcome", _OUTCOMES)
async def test_a_pause_after_the_look_holds_what_follows_whatever_comes_of_the_message(
    stage: Stage, outcome: str
) -> None:
    """What had begun is recorded as it went; the enrollment stays paused, and waits for no time."""
    answer, state = _OUTCOMES[outcome]
    if answer is not None:
        stage.provider.answers.append(answer)
    if outcome == "in doubt":
        stage.provider.lookups.append(Unknown(reason="no"))
    gap = stage.provider.after_look = Gap()
    delivery = stage.deliver()
    await gap.reached.wait()
    await _paused(stage)
    gap.over.set()
    await delivery
    [row] = await stage.rig.rows("SELECT status, gate, next_run_at, current_node FROM enrollments")
    ended = outcome == "never"
    assert (await stage.job())["state"] == state
    assert (row["status"], row["gate"], row["next_run_at"]) == (
        ("failed", None, None) if ended else ("paused", "enrollment_paused", None)
    )


async def _locks(stage: Stage) -> int:
    [held] = await stage.rig.rows(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return int(held["count"])


async def test_a_message_that_is_looked_at_twice_is_let_go(stage: Stage) -> None:
    """A look is repeated when its answer is old; what one hand-over held, another worker may hold after it."""
    looks, tenant, job = stage.rig.engine.database.last_looks, stage.rig.engine.tenant_id, uuid4()
    for _ in range(2):
        await looks.at_message(tenant, job, stage)
    assert await _locks(stage) == 1
    await looks.let_go(job, stage, at_once=True)
    assert await _locks(stage) == 0


async def test_a_look_that_fails_forgets_nothing_that_is_to_be_let_go(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is let go with the next look, also where that one is cut off."""
    looks, tenant = stage.rig.engine.database.last_looks, stage.rig.engine.tenant_id
    sent, other = uuid4(), uuid4()
    await looks.at_message(tenant, sent, stage)
    await looks.let_go(sent, stage, at_once=False)
    with monkeypatch.context() as broken:
        broken.setattr(last_look._sql, "last_look", _cut_off)
        with pytest.raises(TimeoutError):
            await looks.at_message(tenant, other, stage)
    await looks.let_go(other, stage, at_once=True)
    assert await _locks(stage) == 0


async def _cut_off(*_: Any, **__: Any) -> None:
    raise TimeoutError


async def test_two_attempts_of_one_worker_are_told_apart(stage: Stage) -> None:
    """A worker that thaws has two attempts: the older one sends nothing, and lets go nothing that is the other's."""
    worker = stage.rig.deliveries()
    before, after = Gap(), Gap()
    stage.provider.before_look = before
    frozen = stage.deliver(worker)
    await before.reached.wait()
    stage.provider.lookups.append(Absent())
    stage.provider.after_look = after
    second = stage.deliver(worker)
    await after.reached.wait()
    before.over.set()
    stage.provider.lookups.append(Absent())
    assert (await frozen).next.gate == "reconcile"
    assert await _locks(stage) == 1
    after.over.set()
    assert (await second).verdict == "sent"
    assert len(stage.provider.handed_over) == 1
    await worker.database.last_looks.at_message(stage.rig.engine.tenant_id, uuid4(), stage)
    assert await _locks(stage) == 1


async def test_a_server_that_hangs_keeps_no_attempt_that_is_over(
    stage: Stage, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hand-over ends although the session that held it says nothing any more."""
    monkeypatch.setattr(pool, "_LOOK_S", 0.5)
    database = await Database.connect(database_url, size=1)
    looks, job = database.last_looks, uuid4()
    await looks.at_message(stage.rig.engine.tenant_id, job, stage)
    [session] = await stage.rig.rows("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
    os.kill(session["pid"], signal.SIGSTOP)
    try:
        await asyncio.wait_for(looks.let_go(job, stage, at_once=True), 30)
    finally:
        os.kill(session["pid"], signal.SIGCONT)
        await database.close()
