"""Enroll a campaign's members, page by page in the order of their ids.

A page's enrollments, whom it refuses, and the batch's new place are one transaction; so whoever goes on after a crash
finds the place, and first starts the workflows that the last pages may lack. Whoever ends the batch is obeyed by the
same transaction: after that commit nobody is enrolled.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import Clock, heartbeats
from activities.enrollments import Launch, Opened, input_of, open_enrollments
from activities.runs import Runs
from activities.version_cache import Versions
from domain import ids
from domain.base import Frozen
from domain.contact import Contact
from domain.enrollment import EnrollmentInput
from scheduling.itinerary import TenantTime
from store.campaigns import batches
from store.campaigns.batches import LIVE, BatchStatus, Refusal, Work
from store.enrollments import enrollments
from store.pool import Database, is_outage, savepoint
from store.sequences import sequences
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_PAGE = 250
_PAGES_AT_ONCE = 2
_STARTS_AT_ONCE = 64
_LONGEST = timedelta(seconds=30)
"""An attempt hands over to the next one after this: a crash or a shutdown then costs little."""
_LONGEST_DETAIL = 500


class BatchOrder(Frozen):
    """Which batch."""

    tenant_id: UUID
    batch_id: UUID
    looks: int = 0
    """How often in a row its sequence was found paused."""


class BatchProgress(Frozen):
    """How a batch stands after one attempt."""

    status: BatchStatus
    held: bool = False
    """Its sequence is paused: to be looked at again later."""


class _Overtaken(Exception):
    """The batch has ended, or somebody else goes on with it: nothing of this page was written."""


class _Halted(Exception):
    """The sequence takes nobody in: the batch ends or waits, as it says."""

    def __init__(self, progress: BatchProgress) -> None:
        super().__init__(progress.status)
        self.progress = progress


class Batches:
    """The activity, with what it needs from outside."""

    def __init__(self, database: Database, versions: Versions, runs: Runs) -> None:
        self._database = database
        self._versions = versions
        self._runs = runs

    @activity.defn
    async def enroll_batch(self, order: BatchOrder) -> BatchProgress:
        """Go on with a batch until it ends or waits, or a while has passed."""
        with heartbeats():
            async with self._database.transaction(order.tenant_id) as tx:
                work = await batches.work_of(tx, order.batch_id)
                if work is None:
                    raise ApplicationError(f"no batch {order.batch_id}", non_retryable=True)
                if work.status not in LIVE:
                    return BatchProgress(status=work.status)
                version = await self._versions.get(tx, work.version_id)
                home = await sequences.home(tx)
            progress = await _Attempt(self._database, self._runs, order, work, version, home).run()
        log.info("batch", batch=str(order.batch_id), **progress.model_dump())
        return progress


class _Attempt:
    """One attempt at a batch."""

    def __init__(
        self, database: Database, runs: Runs, order: BatchOrder, work: Work, version: Version, home: TenantTime
    ) -> None:
        self._database = database
        self._runs = runs
        self._order = order
        self._work = work
        self._version = version
        self._home = home
        self._clock = Clock()
        self._starts = asyncio.Semaphore(_STARTS_AT_ONCE)
        self._starting: deque[asyncio.Task[None]] = deque()

    async def run(self) -> BatchProgress:
        """How the batch stands then."""
        until = self._clock.now() + _LONGEST
        try:
            await self._start_what_was_left()
            place = self._work.inserted_to
            while self._clock.now() < until and not activity.is_worker_shutdown():
                page = await self._page(place)
                if not page:
                    await self._all_started()
                    return await self._complete()
                place = page[-1].id
            await self._all_started()
        except _Overtaken:
            await self._all_started()
            return await self._as_recorded()
        except _Halted as halted:
            await self._all_started()
            return halted.progress
        finally:
            for task in self._starting:
                task.cancel()
            await asyncio.gather(*self._starting, return_exceptions=True)
        return BatchProgress(status="running")

    # --- rows ----------------------------------------------------------------------------------------------

    async def _page(self, place: UUID | None) -> Sequence[Contact]:
        """Write the page behind this place and let its workflows be started; answers who was on it."""
        async with self._database.transaction(self._order.tenant_id) as tx:
            people = await batches.page(tx, self._work, place, _PAGE)
        if not people:
            return people
        try:
            launches = await self._database.repeat(lambda: self._write(place, people, one_by_one=False))
        except (_Overtaken, _Halted):
            raise
        except Exception as error:
            if is_outage(error):
                raise
            # Somebody on it cannot be enrolled; that is no reason for the others.
            log.warning("page_one_by_one", batch=str(self._order.batch_id), error=type(error).__name__)
            launches = await self._database.repeat(lambda: self._write(place, people, one_by_one=True))
        if len(self._starting) >= _PAGES_AT_ONCE:
            await self._starting[0]
            self._starting.popleft()
        before = self._starting[-1] if self._starting else None
        self._starting.append(asyncio.create_task(self._start(launches, people[-1].id, before)))
        return people

    async def _write(self, place: UUID | None, people: Sequence[Contact], *, one_by_one: bool) -> list[Launch]:
        halted: BatchProgress | None = None
        async with self._database.transaction(self._order.tenant_id) as tx:
            # Whoever archives it meanwhile waits for us, and finds those that we enroll.
            status = await sequences.hold_status(tx, self._work.sequence_id)
            if status != "active":
                halted = await self._halt(tx, status)
            else:
                opened, refusals = await self._open(tx, people, one_by_one=one_by_one)
                moved = await batches.move_on(
                    tx,
                    self._order.batch_id,
                    after=place,
                    to=people[-1].id,
                    enrolled=len(opened.new),
                    refusals=refusals,
                    now=self._clock.now(),
                )
                if not moved:
                    raise _Overtaken
        if halted:
            raise _Halted(halted)
        return [self._launch(input_of(self._order.tenant_id, self._version, new), new.contact_id) for new in opened.new]

    async def _halt(self, tx: asyncpg.Connection, status: str | None) -> BatchProgress:
        key = self._version.plan.sequence
        if status == "paused":
            sequence = await sequences.find(tx, key)
            why = f"sequence {key!r} is paused: {sequence.paused_reason if sequence else ''}"
            await batches.hold(tx, self._order.batch_id, why, self._clock.now())
            return BatchProgress(status="running", held=True)
        await batches.end(
            tx, self._order.batch_id, "failed", self._clock.now(), error=f"sequence {key!r} is {status or 'gone'}"
        )
        return BatchProgress(status="failed")

    async def _open(
        self, tx: asyncpg.Connection, people: Sequence[Contact], *, one_by_one: bool
    ) -> tuple[Opened, list[Refusal]]:
        if not one_by_one:
            opened = await self._enroll(tx, people)
            return opened, _refusals(opened, people)
        together, refusals = Opened(), []
        for contact in people:
            try:
                async with savepoint(tx):
                    opened = await self._enroll(tx, [contact])
            except Exception as error:
                if is_outage(error):
                    raise
                # What it says may quote the contact: it is kept with the record, not logged.
                kind = type(error).__name__
                log.error("not_enrolled", batch=str(self._order.batch_id), contact=str(contact.id), error=kind)
                detail = f"{kind}: {error}".splitlines()[0].replace("\0", "")[:_LONGEST_DETAIL]
                refusals.append(Refusal(contact.id, "error", detail))
            else:
                together.new += opened.new
                refusals += _refusals(opened, [contact])
        return together, refusals

    async def _enroll(self, tx: asyncpg.Connection, people: Sequence[Contact]) -> Opened:
        return await open_enrollments(
            tx,
            self._version,
            people,
            home=self._home,
            source=f"campaign:{self._work.campaign}",
            now=self._clock.now(),
            id_of=lambda contact: ids.enrolled_in(self._order.batch_id, contact.id),
        )

    async def _complete(self) -> BatchProgress:
        done = await self._database.repeat(self._end)
        return BatchProgress(status="completed") if done else await self._as_recorded()

    async def _end(self) -> bool:
        async with self._database.transaction(self._order.tenant_id) as tx:
            return await batches.end(tx, self._order.batch_id, "completed", self._clock.now())

    async def _as_recorded(self) -> BatchProgress:
        async with self._database.transaction(self._order.tenant_id) as tx:
            work = await batches.work_of(tx, self._order.batch_id)
        if work is None or work.status in LIVE:
            raise ApplicationError("another attempt is at work on the batch")
        return BatchProgress(status=work.status)

    # --- workflows -----------------------------------------------------------------------------------------

    async def _start_what_was_left(self) -> None:
        """Whoever wrote the last pages may have died before their workflows were started."""
        async with self._database.transaction(self._order.tenant_id) as tx:
            left = await batches.unstarted(tx, self._order.batch_id, self._work)
        if self._work.inserted_to is not None:
            launches = [self._launch(self._input(one.id, one), one.contact_id) for one in left]
            await self._start(launches, self._work.inserted_to, None)

    def _launch(self, start: EnrollmentInput, contact_id: UUID) -> Launch:
        return Launch(start, contact_id, self._version.number)

    def _input(self, enrollment_id: UUID, left: batches.Unstarted) -> EnrollmentInput:
        return EnrollmentInput(
            tenant_id=self._order.tenant_id, enrollment_id=enrollment_id, plan=self._version.plan, next=left.next
        )

    async def _start(self, launches: Sequence[Launch], to: UUID, before: asyncio.Task[None] | None) -> None:
        await asyncio.gather(*(self._start_one(launch) for launch in launches))
        if before is not None:
            await asyncio.shield(before)
        await self._database.repeat(lambda: self._mark_started([one.start.enrollment_id for one in launches], to))

    async def _mark_started(self, enrollment_ids: Sequence[UUID], to: UUID) -> None:
        async with self._database.transaction(self._order.tenant_id) as tx:
            await enrollments.mark_started(tx, enrollment_ids, self._clock.now())
            await batches.mark_started(tx, self._order.batch_id, to)

    async def _start_one(self, launch: Launch) -> None:
        async with self._starts:
            await self._runs.start(launch.start, launch.contact_id, launch.version, bulk=True)

    async def _all_started(self) -> None:
        while self._starting:
            await self._starting[0]
            self._starting.popleft()


def _refusals(opened: Opened, people: Sequence[Contact]) -> list[Refusal]:
    by_external_id = {contact.external_id: contact.id for contact in people}
    return [
        *(Refusal(contact_id, "live") for contact_id in opened.live),
        *(Refusal(contact_id, "once_only") for contact_id in opened.once_only),
        *(
            Refusal(one.contact.id, "shared_address", f"shares its {one.sharer.kind} with contact {one.sharer.id}")
            for one in opened.shared
        ),
        *(Refusal(by_external_id[who], "unschedulable", why) for who, why in opened.unschedulable),
    ]
