"""Rows and workflows cannot disagree for long: the sweep fixes what it can and flags the rest."""

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.reconcile import Reconciler, Swept
from activities.runs import RunStatus
from domain import ids
from domain.contact import Contact
from domain.enrollment import EnrollmentInput
from domain.ids import reconciler_id
from domain.messages import Absent, Lookup, Receipt, Unknown
from starter.contacts.events import record_event
from starter.enrollments.enroll import chosen, enroll
from starter.runs import Runs
from starter.schedules import ensure_reconciler
from store.enrollments import reconcile
from store.enrollments.signals import OpenSignal
from store.pool import Database
from tests.support.harness import HOUR, Rig, ScriptedProvider
from tests.support.helpers import assert_eventually
from workflows.reconcile import ReconcileWorkflow

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""


@dataclass(frozen=True)
class Unreachable(Runs):
    """Temporal, while it is down."""

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")

    async def tell(self, signal: OpenSignal) -> None:
        raise RPCError("down", RPCStatusCode.UNAVAILABLE, b"")


def while_temporal_is_down(rig: Rig) -> Rig:
    down = Unreachable(rig.engine.runs.client, rig.engine.runs.task_queue)
    return dataclasses.replace(rig, engine=dataclasses.replace(rig.engine, runs=down))


async def sweep(rig: Rig) -> Swept:
    """One sweep, as the schedule runs it."""
    swept = await rig.engine.runs.client.execute_workflow(
        ReconcileWorkflow.run, id=f"sweep-{uuid4()}", task_queue=rig.engine.runs.task_queue
    )
    return Swept.model_validate(swept)


@dataclass(frozen=True)
class Refusing(Runs):
    """Temporal, which takes some enrollments as little as one whose plan is too large; it notes whom it is told of."""

    refused: frozenset[UUID] = frozenset()
    asked: list[UUID] = field(default_factory=list)

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        self.asked.append(enrollment.enrollment_id)
        if enrollment.enrollment_id in self.refused:
            raise RPCError("Blob data size exceeds limit", RPCStatusCode.INVALID_ARGUMENT, b"")
        await super().start(enrollment, contact_id, version, bulk=bulk)


# --- on a real server ----------------------------------------------------------------------------------------


async def _never_started(rig: Rig, count: int) -> list[UUID]:
    """So many enrollments whose start never reached Temporal, the oldest first."""
    key = await rig.publish(TEXTS)
    people = [await rig.contact() for _ in range(count)]
    down = while_temporal_is_down(rig)
    report = await enroll(down.engine, key, chosen(rig.engine, [contact.external_id for contact in people]))
    for number, enrollment in enumerate(report.enrolled):
        age = timedelta(hours=1) - timedelta(seconds=number)
        await rig.execute(
            "UPDATE enrollments SET enrolled_at = enrolled_at - $2::interval WHERE id = $1", enrollment, age
        )
    return list(report.enrolled)


async def test_rows_that_cannot_be_started_hide_no_later_one(
    on_dev_server: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: the same sweep goes on behind them, and the next one tries them last."""
    monkeypatch.setattr("activities.reconcile._LIMIT", 2)
    rig = on_dev_server
    oldest = await _never_started(rig, 8)
    runs = Refusing(rig.engine.runs.client, rig.engine.runs.task_queue, refused=frozenset(oldest[:5]))
    reconciler = Reconciler(rig.deliveries(), runs)
    swept = await rig.by_itself(reconciler.reconcile)
    assert (swept.started, swept.failed) == (3, 5)
    assert runs.asked == oldest
    runs.asked.clear()
    young = await _never_started(rig, 2)
    swept = await rig.by_itself(reconciler.reconcile)
    assert (swept.started, swept.failed) == (2, 5)
    assert runs.asked == [*young, *oldest[:5]]


async def test_a_tenant_that_cannot_be_swept_holds_up_no_other(
    on_dev_server: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are swept all the same, and then the sweep says that it failed."""
    poisoned, unstarted, everybody = uuid4(), reconcile.unstarted, Database.tenant_ids

    async def choking(
        tx: asyncpg.Connection, before: datetime, limit: int, but: Sequence[UUID]
    ) -> list[reconcile.Astray]:
        if await tx.fetchval("SELECT current_tenant()") == poisoned:
            raise ValueError("a row that nobody can read")
        return await unstarted(tx, before, limit, but)

    async def poisoned_first(database: Database) -> list[UUID]:
        return [poisoned, *await everybody(database)]

    rig = on_dev_server
    [enrollment] = await _never_started(rig, 1)
    monkeypatch.setattr(reconcile, "unstarted", choking)
    monkeypatch.setattr(Database, "tenant_ids", poisoned_first)
    with pytest.raises(ValueError, match="nobody can read"):
        await rig.by_itself(Reconciler(rig.deliveries(), rig.engine.runs).reconcile)
    await rig.arrives(enrollment, "second")


async def test_a_sweep_that_is_cut_off_goes_on_with_whoever_it_has_not_come_to(
    on_dev_server: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tenants whose sweep takes all the time there is hide no other: they come last the next time."""
    slow, everybody = [uuid4() for _ in range(3)], Database.tenant_ids

    async def slow_first(database: Database) -> list[UUID]:
        return [*slow, *await everybody(database)]

    begun: list[UUID] = []
    sweep = Reconciler._sweep

    async def timed_out(reconciler: Reconciler, tenant_id: UUID, clock: Any) -> Swept:
        begun.append(tenant_id)
        if tenant_id in slow:
            raise asyncio.CancelledError
        return await sweep(reconciler, tenant_id, clock)

    rig = on_dev_server
    [enrollment] = await _never_started(rig, 1)
    monkeypatch.setattr(Database, "tenant_ids", slow_first)
    monkeypatch.setattr(Reconciler, "_sweep", timed_out)
    reconciler = Reconciler(rig.deliveries(), rig.engine.runs)
    for _ in slow:
        with pytest.raises(asyncio.CancelledError):
            await rig.by_itself(reconciler.reconcile)
    with pytest.raises(asyncio.CancelledError):
        await rig.by_itself(reconciler.reconcile)
    assert begun == [*slow, rig.engine.tenant_id, slow[0]]
    await rig.arrives(enrollment, "second")


async def test_a_sweep_that_takes_long_leaves_the_rest_to_the_next(
    on_dev_server: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails slowly takes its time from what fails, not from what can be fixed."""
    rig = on_dev_server
    oldest = await _never_started(rig, 4)
    runs = Refusing(rig.engine.runs.client, rig.engine.runs.task_queue, refused=frozenset(oldest[:2]))
    reconciler = Reconciler(rig.deliveries(), runs)
    passed = iter([0.0, 0.0, 0.0, 0.0, 99.0])
    with monkeypatch.context() as patched:
        patched.setattr("activities.reconcile.time", SimpleNamespace(monotonic=lambda: next(passed, 99.0)))
        swept = await rig.by_itself(reconciler.reconcile)
    assert (swept.started, runs.asked) == (0, oldest[:2])
    runs.asked.clear()
    await rig.by_itself(reconciler.reconcile)
    assert runs.asked == [*oldest[2:], *oldest[:2]]


async def test_a_pending_row_without_a_workflow_is_started(on_dev_server: Rig) -> None:
    """An enrollment whose start never reached Temporal is started by the sweep, a young one left alone."""
    rig = on_dev_server
    key = await rig.publish(TEXTS)
    contact = await rig.contact()
    report = await enroll(while_temporal_is_down(rig).engine, key, chosen(rig.engine, [contact.external_id]))
    assert report.unstarted == 1
    [enrollment] = report.enrolled
    assert (await rig.enrollment(enrollment))["status"] == "pending"
    assert (await sweep(rig)).started == 0
    await rig.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    assert (await sweep(rig)).started == 1
    row = await rig.arrives(enrollment, "second")
    assert row["status"] == "running"
    assert len(rig.outbox()) == 1
    assert (await sweep(rig)).started == 0


async def test_what_a_step_waits_for_may_happen_while_temporal_is_down(on_dev_server: Rig) -> None:
    """It is noted on the step at once; the next sweep wakes the workflow, which takes the branch."""
    rig = on_dev_server
    enrollment, contact = await rig.start("""
        sequence: awaiting
        steps:
          - {id: payment, type: wait_for, event: paid, timeout: 30d, then: [{id: out, type: exit, reason: paid}]}
    """)
    await rig.arrives(enrollment, "payment", gate="event")
    happened = await record_event(while_temporal_is_down(rig).engine, contact.external_id, "paid")
    assert happened.awaited == (enrollment,)
    await rig.execute("UPDATE enrollment_signals SET created_at = created_at - interval '1 minute'")
    assert (await sweep(rig)).signalled == 1
    assert await rig.ended(enrollment) == ("completed", "paid")


async def test_an_answer_that_was_not_signalled_is_delivered(on_dev_server: Rig) -> None:
    """A reply committed while Temporal was down stops the workflow at the next sweep, once."""
    rig = on_dev_server
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    received = await while_temporal_is_down(rig).reply(contact, enrollment_id=enrollment)
    assert received.stopped == (enrollment,)
    assert (await rig.enrollment(enrollment))["status"] == "stopped"
    assert await rig.engine.runs.status(enrollment) == "running"
    await rig.execute("UPDATE enrollment_signals SET created_at = created_at - interval '1 minute'")
    assert (await sweep(rig)).signalled == 1
    assert await rig.ended(enrollment) == ("stopped", "replied")
    assert (await sweep(rig)).signalled == 0


async def test_a_terminated_workflow_is_recorded(on_dev_server: Rig) -> None:
    """Whoever terminates a workflow has decided: the row follows, and says so."""
    rig = on_dev_server
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    await rig.engine.runs.handle(enrollment).terminate()

    async def mended() -> bool:
        return (await sweep(rig)).mended == 1

    await assert_eventually(mended)  # visibility lags behind
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("cancelled", "workflow terminated")
    assert (await rig.job(enrollment, "second"))["state"] == "cancelled"


async def test_a_workflow_that_was_lost_is_started_from_its_row(on_dev_server: Rig) -> None:
    """Temporal forgot it: once it is overdue it starts again where the row stands, and sends no message twice."""
    rig = on_dev_server
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    await _forget(rig.engine.runs.client, enrollment)
    await assert_eventually(lambda: _is(rig, enrollment, "missing"))
    assert (await sweep(rig)).mended == 0
    await rig.execute("UPDATE enrollments SET next_run_at = now() - interval '10 minutes'")
    assert (await sweep(rig)).mended == 1
    assert await rig.ended(enrollment) == ("completed", None)
    assert [job["state"] for job in await rig.jobs(enrollment)] == ["sent", "sent"]
    assert len(rig.outbox()) == 2


async def _forget(client: Client, enrollment: UUID) -> None:
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=ids.workflow_id(enrollment))
        )
    )


async def _is(rig: Rig, enrollment: UUID, status: RunStatus) -> bool:
    return await rig.engine.runs.status(enrollment) == status


async def test_the_schedule_runs_the_sweep(on_dev_server: Rig) -> None:
    """The schedule exists once however many workers create it, takes a new interval over, and sweeps."""
    client, queue = on_dev_server.engine.runs.client, on_dev_server.engine.runs.task_queue
    await ensure_reconciler(client, queue, 60 * HOUR)
    await ensure_reconciler(client, queue, timedelta(seconds=1))
    schedule = client.get_schedule_handle(reconciler_id(queue))
    try:
        described = await schedule.describe()
        assert [interval.every for interval in described.schedule.spec.intervals] == [timedelta(seconds=1)]

        async def swept() -> bool:
            return (await schedule.describe()).info.num_actions > 0

        await assert_eventually(swept)
    finally:
        await schedule.delete()


# --- what Temporal says, as the test wrote it down ---------------------------------------------------------------


@dataclass
class ScriptedRuns:
    """Temporal's account of each workflow."""

    says: RunStatus = "running"
    closed: Sequence[UUID] = ()
    started: list[EnrollmentInput] = field(default_factory=list)

    async def start(self, enrollment: EnrollmentInput, contact_id: UUID, version: int, *, bulk: bool = False) -> None:
        self.started.append(enrollment)

    async def tell(self, signal: OpenSignal) -> None:
        pass

    async def start_notice(self, tenant_id: UUID, notice_id: UUID) -> None:
        pass

    async def start_batch(self, tenant_id: UUID, batch_id: UUID) -> None:
        pass

    async def batch_status(self, batch_id: UUID) -> RunStatus:
        return self.says

    async def keep_webhook_feed(self) -> None:
        pass

    async def status(self, enrollment_id: UUID) -> RunStatus:
        return self.says

    async def closed_badly(self, tenant_id: UUID, since: datetime) -> Sequence[UUID]:
        return self.closed


async def sweep_with(rig: Rig, runs: ScriptedRuns) -> Swept:
    return Swept.model_validate(await rig.by_itself(Reconciler(rig.deliveries(), runs).reconcile))


async def _waiting(rig: Rig) -> tuple[UUID, Contact]:
    """An enrollment in the midst of its wait."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    return enrollment, contact


async def _make_overdue(rig: Rig, enrollment: UUID) -> datetime:
    """Its row says that it should have moved ten minutes ago; answers when it is really due."""
    due: datetime = (await rig.enrollment(enrollment))["next_run_at"]
    await rig.execute("UPDATE enrollments SET next_run_at = $2 WHERE id = $1", enrollment, await rig.now() - HOUR / 6)
    return due


async def _flags(rig: Rig) -> list[tuple[str, bool]]:
    """(kind, still open) of each disagreement."""
    rows = await rig.rows("SELECT kind, resolved_at FROM disagreements ORDER BY kind")
    return [(row["kind"], row["resolved_at"] is None) for row in rows]


async def test_a_run_that_does_not_move_is_flagged_until_it_does(scripted: Rig) -> None:
    """Overdue although its workflow runs: flagged once, however often swept, and closed when it has moved on."""
    enrollment, _ = await _waiting(scripted)
    due = await _make_overdue(scripted, enrollment)
    assert (await sweep_with(scripted, ScriptedRuns("running"))).disagreeing == 1
    assert (await sweep_with(scripted, ScriptedRuns("running"))).disagreeing == 1
    assert await _flags(scripted) == [("overdue", True)]
    await scripted.execute("UPDATE enrollments SET next_run_at = $1", due)
    assert (await sweep_with(scripted, ScriptedRuns("running"))).disagreeing == 0
    assert await _flags(scripted) == [("overdue", False)]
    await _make_overdue(scripted, enrollment)
    assert (await sweep_with(scripted, ScriptedRuns("running"))).disagreeing == 1
    assert await _flags(scripted) == [("overdue", True)]


@pytest.mark.parametrize("status", ["failed", "timed_out"])
async def test_a_run_that_broke_is_flagged_at_once_and_stays_flagged(scripted: Rig, status: RunStatus) -> None:
    """Its row lives and would wait for ever: a person must see it from the first sweep until it has ended."""
    enrollment, _ = await _waiting(scripted)
    broken = ScriptedRuns(status, closed=[enrollment])
    for _ in range(2):
        assert (await sweep_with(scripted, broken)).disagreeing == 1
        assert await _flags(scripted) == [("closed", True)]
    await scripted.engine.runs.handle(enrollment).cancel()
    await assert_eventually(lambda: _ended(scripted, enrollment))
    assert (await sweep_with(scripted, broken)).disagreeing == 0
    assert await _flags(scripted) == [("closed", False)]


async def _ended(rig: Rig, enrollment: UUID) -> bool:
    return (await rig.enrollment(enrollment))["ended_at"] is not None


@pytest.mark.parametrize(
    ("lookup", "state"),
    [
        (Receipt(provider="scripted", provider_message_id="found"), "sent"),
        (Absent(), "cancelled"),
        (Unknown(reason="it cannot be asked"), "ambiguous"),
    ],
)
async def test_an_abandoned_hand_over_is_settled(
    scripted: Rig, provider: ScriptedProvider, lookup: Lookup, state: str
) -> None:
    """A message left `sending` by an enrollment that ended meanwhile gets the provider's answer as its end."""
    enrollment, contact = await scripted.start(
        TEXTS.replace("steps:", "steps:\n      - {id: before, type: delay, days: 1}")
    )
    await scripted.claim(enrollment, contact, "first")
    await scripted.reply(contact, enrollment_id=enrollment)
    assert (await sweep_with(scripted, ScriptedRuns())).settled == 0
    await scripted.execute("UPDATE message_jobs SET claimed_at = claimed_at - interval '10 minutes'")
    provider.lookups.append(lookup)
    assert (await sweep_with(scripted, ScriptedRuns())).settled == 1
    assert (await scripted.job(enrollment, "first"))["state"] == state
    assert (await scripted.enrollment(enrollment))["reason"] == "replied"
    assert provider.handed_over == []
    assert (await sweep_with(scripted, ScriptedRuns())).settled == 0


async def test_one_row_that_cannot_be_mended_holds_up_no_other(scripted: Rig) -> None:
    """A sweep that meets an error names it, counts it, and does the rest of its work."""
    broken, whole = (await _waiting(scripted))[0], (await _waiting(scripted))[0]
    for enrollment in (broken, whole):
        await _make_overdue(scripted, enrollment)

    class HalfDown(ScriptedRuns):
        async def status(self, enrollment_id: UUID) -> RunStatus:
            if enrollment_id == broken:
                raise RPCError("no answer", RPCStatusCode.INTERNAL, b"")
            return "terminated"

    swept = await sweep_with(scripted, HalfDown())
    assert (swept.mended, swept.failed) == (1, 1)
    assert (await scripted.enrollment(whole))["status"] == "cancelled"
    assert (await scripted.enrollment(broken))["status"] == "running"
