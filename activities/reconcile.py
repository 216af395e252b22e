"""Compare rows and workflows, fix what can be fixed, flag the rest. The rows are the truth."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import TypeVar
from uuid import UUID

import structlog
from temporalio import activity

from activities.clock import Clock, heartbeats
from activities.deliver import Deliveries
from activities.notices import NoticeOrder, Notices
from activities.retention import throw_away
from activities.runs import Runs
from domain.base import Frozen
from domain.enrollment import Ending, EnrollmentInput, EnrollmentStatus, ExecuteInput, Gate
from store.campaigns import batches
from store.campaigns.batches import AtRest, BatchStatus
from store.changes import subscriptions
from store.enrollments import enrollments, ledger, reconcile, signals
from store.enrollments.reconcile import Astray
from store.enrollments.signals import OpenSignal
from store.inbound import notices, reviews
from store.inbound.notices import OpenNotice

log = structlog.get_logger(__name__)

_GRACE = timedelta(seconds=30)
"""Younger rows may still be on their way from one hand to the other."""
_OVERDUE = timedelta(minutes=5)
_LIMIT = 500
"""Rows that are read at once."""
_LONGEST_S = 20.0
"""For one kind of fault of one tenant; the next sweep goes on."""
_MOST_FAILED = 10_000
"""Remembered until the next sweep; when more fail at once, something is down and their order matters little."""

_Found = TypeVar("_Found")


class Swept(Frozen):
    """What one sweep did."""

    started: int = 0
    signalled: int = 0
    mended: int = 0
    settled: int = 0
    answers: int = 0
    """Automatic answers that were still open: told to Temporal again, or ended."""
    batches: int = 0
    """Batches that nobody went on with: started again, or ended as their workflow had."""
    failed: int = 0
    """What could not be fixed this time; the log says why."""
    disagreeing: int = 0
    """Flags that are open after the sweep."""


class Reconciler:
    """The activity, with what it needs from outside."""

    def __init__(self, deliveries: Deliveries, runs: Runs) -> None:
        self._deliveries = deliveries
        self._database = deliveries.database
        self._notices = Notices(deliveries.database, deliveries.providers)
        self._runs = runs
        self._failed: dict[tuple[str, UUID], set[UUID]] = {}
        """What could not be fixed the last time, by kind and tenant."""
        self._turns = count(1)
        self._begun_at: dict[UUID, int] = {}
        """Which turn each tenant had last."""

    @activity.defn
    async def reconcile(self) -> Swept:
        """Sweep every tenant; raises in the end when one could not be swept."""
        total = Swept()
        failure: Exception | None = None
        with heartbeats():
            # A sweep that is cut off goes on next time with whoever it has not come to.
            tenants = await self._database.tenant_ids()
            for tenant_id in sorted(tenants, key=lambda one: self._begun_at.get(one, 0)):
                self._begun_at[tenant_id] = next(self._turns)
                try:
                    swept = await self._sweep(tenant_id, Clock())
                except Exception as error:
                    # What is wrong with one tenant's rows must not hold up the others'.
                    log.exception("not_swept", tenant=str(tenant_id), error=str(error))
                    failure = error
                else:
                    total = Swept(**{k: getattr(total, k) + v for k, v in swept.model_dump().items()})
        if total != Swept():
            log.info("reconciled", **total.model_dump())
        if failure is not None:
            raise failure
        return total

    async def _sweep(self, tenant_id: UUID, clock: Clock) -> Swept:
        # Before signals are told, which it leaves behind.
        judged, unjudged = await self._each(
            ("review", tenant_id),
            lambda but: self._overdue_reviews(tenant_id, clock, but),
            lambda review: review,
            lambda review: self._bar(tenant_id, review, clock),
        )
        started, unstarted = await self._each(
            ("start", tenant_id),
            lambda but: self._unstarted(tenant_id, clock, but),
            lambda astray: astray.id,
            lambda astray: self._start(tenant_id, astray, clock),
        )
        signalled, unheard = await self._each(
            ("signal", tenant_id),
            lambda but: self._open_signals(tenant_id, clock, but),
            lambda signal: signal.enrollment_id,
            lambda signal: self._tell(tenant_id, signal, clock),
        )
        settled, unsettled = await self._each(
            ("settle", tenant_id),
            lambda but: self._abandoned(tenant_id, clock, but),
            lambda order: order.enrollment_id,
            self._settle,
        )
        answers, unanswered = await self._each(
            ("answer", tenant_id),
            lambda but: self._open_notices(tenant_id, clock, but),
            lambda notice: notice.id,
            lambda notice: self._answer(tenant_id, notice, clock),
        )
        resumed, unresumed = await self._each(
            ("batch", tenant_id),
            lambda but: self._batches_at_rest(tenant_id, clock, but),
            lambda batch: batch.id,
            lambda batch: self._go_on(tenant_id, batch, clock),
        )
        unfed = await self._tried("feed", lambda: self._keep_feed(tenant_id))
        unpruned = await self._tried("throw_away", lambda: throw_away(self._database, tenant_id, clock.now()))
        mended, unmended = await self._each(
            ("mend", tenant_id),
            lambda but: self._suspects(tenant_id, clock, but),
            lambda astray: astray.id,
            lambda astray: self._mend(tenant_id, astray, clock),
        )
        return Swept(
            started=started,
            signalled=signalled,
            settled=settled,
            answers=answers,
            batches=resumed,
            mended=mended + judged,
            failed=unjudged + unstarted + unheard + unsettled + unanswered + unresumed + unfed + unpruned + unmended,
            disagreeing=await self._open_flags(tenant_id, clock),
        )

    async def _each(
        self,
        kind: tuple[str, UUID],
        find: Callable[[Sequence[UUID]], Awaitable[Sequence[_Found]]],
        named: Callable[[_Found], UUID],
        mend: Callable[[_Found], Awaitable[bool]],
    ) -> tuple[int, int]:
        """(fixed, failed): page by page, for a while; what could not be fixed the last time comes last.

        So what fails holds up nothing else, however much of it there is: the next sweep meets it again.
        """
        until = time.monotonic() + _LONGEST_S
        known = self._failed.setdefault(kind, set())
        before, failed, seen = frozenset(known), set[UUID](), set[UUID]()
        mended = 0
        for later in (before, frozenset[UUID]()):
            while found := await find([*seen, *later]):
                for one in found:
                    if time.monotonic() >= until:
                        return mended, len(failed)
                    seen.add(named(one))
                    try:
                        mended += await mend(one)
                    except Exception as error:
                        failed.add(named(one))
                        if len(known) < _MOST_FAILED:
                            known.add(named(one))
                        log.exception("not_mended", what=kind[0], error=str(error))
                if len(found) < _LIMIT:
                    break
        known &= failed
        return mended, len(failed)

    async def _tried(self, what: str, mend: Callable[[], Awaitable[None]]) -> int:
        """How often it failed: 0 or 1."""
        try:
            await mend()
        except Exception as error:
            log.exception("not_mended", what=what, error=str(error))
            return 1
        return 0

    async def _overdue_reviews(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[UUID]:
        async with self._database.transaction(tenant_id) as tx:
            return await reviews.overdue(tx, clock.now(), _LIMIT, but)

    async def _bar(self, tenant_id: UUID, review: UUID, clock: Clock) -> bool:
        async def decide() -> bool:
            async with self._database.transaction(tenant_id) as tx:
                return (await reviews.decide(tx, review, "overdue", clock.now())).new

        return await self._database.repeat(decide)

    async def _unstarted(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[Astray]:
        async with self._database.transaction(tenant_id) as tx:
            return await reconcile.unstarted(tx, clock.now() - _GRACE, _LIMIT, but)

    async def _start(self, tenant_id: UUID, astray: Astray, clock: Clock) -> bool:
        start, version = await self._input(tenant_id, astray)
        await self._runs.start(start, astray.contact_id, version)
        await self._database.repeat(lambda: self._mark_started(tenant_id, astray.id, clock))
        return True

    async def _mark_started(self, tenant_id: UUID, enrollment_id: UUID, clock: Clock) -> None:
        async with self._database.transaction(tenant_id) as tx:
            await enrollments.mark_started(tx, [enrollment_id], clock.now())

    async def _open_signals(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[OpenSignal]:
        async with self._database.transaction(tenant_id) as tx:
            return await signals.still_open(tx, clock.now() - _GRACE, _LIMIT, but)

    async def _tell(self, tenant_id: UUID, signal: OpenSignal, clock: Clock) -> bool:
        await self._runs.tell(signal)
        await self._database.repeat(lambda: self._mark_heard(tenant_id, signal, clock))
        return True

    async def _mark_heard(self, tenant_id: UUID, signal: OpenSignal, clock: Clock) -> None:
        async with self._database.transaction(tenant_id) as tx:
            await signals.mark_heard(tx, [signals.Heard(signal, clock.now())])

    async def _abandoned(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[ExecuteInput]:
        async with self._database.transaction(tenant_id) as tx:
            visits = await ledger.abandoned(tx, clock.now() - _OVERDUE, _LIMIT, but)
        return [ExecuteInput(tenant_id=tenant_id, **visit._asdict()) for visit in visits]

    async def _settle(self, order: ExecuteInput) -> bool:
        await self._deliveries.deliver(order)
        return True

    async def _open_notices(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[OpenNotice]:
        async with self._database.transaction(tenant_id) as tx:
            return await notices.still_open(tx, clock.now() - _GRACE / 3, _LIMIT, but)

    async def _answer(self, tenant_id: UUID, notice: OpenNotice, clock: Clock) -> bool:
        if clock.now() < notice.expires_at + _OVERDUE:
            await self._runs.start_notice(tenant_id, notice.id)
        else:
            # Its workflow is gone, or was never able to run; by now this can only settle it, not send it.
            await self._notices.send_notice(NoticeOrder(tenant_id=tenant_id, notice_id=notice.id))
        return True

    async def _batches_at_rest(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[AtRest]:
        begun, moved = clock.now() - _GRACE, clock.now() - _OVERDUE
        async with self._database.transaction(tenant_id) as tx:
            return await batches.at_rest(tx, pending_before=begun, running_before=moved, limit=_LIMIT, but=but)

    async def _go_on(self, tenant_id: UUID, batch: AtRest, clock: Clock) -> bool:
        ending: BatchStatus
        error = None
        match status := await self._runs.batch_status(batch.id):
            case "missing":
                await self._runs.start_batch(tenant_id, batch.id)
                return True
            case "running":
                return False
            case "terminated" | "cancelled":
                # A person ended it in Temporal; that is a decision, so the record follows it.
                ending = "cancelled"
            case _:
                ending, error = "failed", f"its workflow is {status}"
        async with self._database.transaction(tenant_id) as tx:
            return await batches.end(tx, batch.id, ending, clock.now(), error=error)

    async def _keep_feed(self, tenant_id: UUID) -> None:
        async with self._database.transaction(tenant_id) as tx:
            needed = await subscriptions.has_feed(tx)
        if needed:
            await self._runs.keep_webhook_feed()

    async def _suspects(self, tenant_id: UUID, clock: Clock, but: Sequence[UUID]) -> Sequence[Astray]:
        closed = await self._runs.closed_badly(tenant_id, clock.now() - timedelta(hours=1))
        async with self._database.transaction(tenant_id) as tx:
            suspects = {a.id: a for a in await reconcile.live_of(tx, [id_ for id_ in closed if id_ not in set(but)])}
            suspects |= {a.id: a for a in await reconcile.overdue(tx, clock.now() - _OVERDUE, _LIMIT, but)}
        return list(suspects.values())

    async def _mend(self, tenant_id: UUID, astray: Astray, clock: Clock) -> bool:
        status = await self._runs.status(astray.id)
        match status:
            case "terminated" | "cancelled":
                # A person ended it in Temporal; that is a decision, so the record follows it.
                ending = Ending(status=EnrollmentStatus.CANCELLED, reason=f"workflow {status}")
                return await self._database.repeat(lambda: self._end(tenant_id, astray.id, ending, clock))
            case "missing":
                # Temporal lost it, or never had it; the row knows where it stood.
                return await self._start(tenant_id, astray, clock)
            case "completed" if astray.retries:
                # The run that failed was ending still when it was to be started again.
                return await self._start(tenant_id, astray, clock)
            case "running":
                await self._flag(tenant_id, astray, "overdue", "its workflow runs but has not moved", clock)
            case _:
                await self._flag(tenant_id, astray, "closed", f"its workflow is {status}, its row lives", clock)
        return False

    async def _end(self, tenant_id: UUID, enrollment_id: UUID, ending: Ending, clock: Clock) -> bool:
        async with self._database.transaction(tenant_id, lock_enrollment=enrollment_id) as tx:
            return bool(await enrollments.end(tx, [enrollment_id], ending, now=clock.now()))

    async def _flag(self, tenant_id: UUID, astray: Astray, kind: str, detail: str, clock: Clock) -> None:
        log.warning("disagreement", tenant=str(tenant_id), enrollment=str(astray.id), kind=kind, detail=detail)
        async with self._database.transaction(tenant_id) as tx:
            await reconcile.flag(tx, astray.id, kind, detail, clock.now())

    async def _open_flags(self, tenant_id: UUID, clock: Clock) -> int:
        async with self._database.transaction(tenant_id) as tx:
            return await reconcile.resolve_flags(tx, clock.now() - _OVERDUE, clock.now())

    async def _input(self, tenant_id: UUID, astray: Astray) -> tuple[EnrollmentInput, int]:
        async with self._database.transaction(tenant_id) as tx:
            version = await self._deliveries.versions.get(tx, astray.version_id)
        # What was left of a pause's wait went with the workflow: on resuming, the message is due at once.
        paused = astray.next.gate is Gate.ENROLLMENT_PAUSED
        start = EnrollmentInput(
            tenant_id=tenant_id,
            enrollment_id=astray.id,
            plan=version.plan,
            next=astray.next,
            paused=paused,
            remaining_seconds=0.0 if paused else None,
            retries=astray.retries,
        )
        return start, version.number
