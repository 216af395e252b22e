"""Enroll contacts: rows first, workflows second, so that a crash in between leaves rows to start from."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from temporalio.service import RPCError, RPCStatusCode

from activities.enrollments import Opened, input_of, open_enrollments
from domain import ids
from domain.contact import Contact
from domain.errors import NotFound
from scheduling.itinerary import TenantTime
from starter.engine import Engine
from starter.sequences.status import must_be_active
from store.contacts import contacts
from store.contacts.records import unknown
from store.enrollments import enrollments
from store.enrollments.enrollments import NewEnrollment
from store.sequences import sequences
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_BATCH = 250
_BATCHES_AT_ONCE = 2
_STARTS_AT_ONCE = 64
_ANSWERED_WITHIN_S = 8.0
"""What Temporal does not take in this time it takes later, from the reconciler: an answer is due within 30 s."""
_SILENT = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)


@dataclass
class EnrollReport(Opened):
    """What became of the contacts that were named."""

    unstarted: int = 0
    """Enrolled, but Temporal did not take the start; the reconciler starts them."""

    @property
    def enrolled(self) -> list[UUID]:
        """Enrollment ids."""
        return [one.id for one in self.new]

    @property
    def skipped(self) -> int:
        """How many were named, and not enrolled."""
        return len(self.live) + len(self.once_only) + len(self.shared) + len(self.unschedulable)


@dataclass(frozen=True)
class _Batch:
    engine: Engine
    version: Version
    home: TenantTime
    source: str
    is_test: bool
    report: EnrollReport
    starts: asyncio.Semaphore
    id_of: Callable[[Contact], UUID]
    bulk: bool
    silence: asyncio.Event
    """Temporal did not answer in time: nobody waits for it again."""

    async def enroll(self, people: Sequence[Contact]) -> None:
        opened = await self.engine.database.repeat(lambda: self._insert(people))
        new = opened.new
        started = await asyncio.gather(*(self._start(n) for n in new))
        self.report.add(opened)
        self.report.unstarted += started.count(False)
        ready = [n.id for n, ok in zip(new, started, strict=True) if ok]
        await self.engine.database.repeat(lambda: self._mark_started(ready))

    async def _mark_started(self, ready: Sequence[UUID]) -> None:
        async with self.engine.transaction() as tx:
            await enrollments.mark_started(tx, ready, self.engine.now())

    async def _insert(self, people: Sequence[Contact]) -> Opened:
        async with self.engine.transaction() as tx:
            # Whoever archives it meanwhile waits for us, and finds those that we enroll.
            must_be_active(self.version.plan.sequence, await sequences.hold_status(tx, self.version.sequence_id))
            return await open_enrollments(
                tx,
                self.version,
                people,
                home=self.home,
                source=self.source,
                is_test=self.is_test,
                now=self.engine.now(),
                id_of=self.id_of,
            )

    async def _start(self, new: NewEnrollment) -> bool:
        start = input_of(self.engine.tenant_id, self.version, new)
        async with self.starts:
            if self.silence.is_set():
                return False
            try:
                async with asyncio.timeout(_ANSWERED_WITHIN_S):
                    await self.engine.runs.start(start, new.contact_id, self.version.number, bulk=self.bulk)
            except (RPCError, RuntimeError, TimeoutError) as error:
                if not isinstance(error, RPCError) or error.status in _SILENT:
                    self.silence.set()
                log.warning("start_failed", enrollment=str(new.id), error=str(error) or type(error).__name__)
                return False
        return True


async def enroll(
    engine: Engine,
    sequence_key: str,
    people: AsyncIterator[Sequence[Contact]],
    *,
    source: str = "manual",
    is_test: bool = False,
    id_of: Callable[[Contact], UUID] = lambda _: ids.new_id(),
    on_progress: Callable[[int], None] | None = None,
    bulk: bool = False,
) -> EnrollReport:
    """Enroll pages of contacts in a sequence's newest version; each contact at most once alive in it.

    Nor is anybody taken in who shares an address with somebody in it, unless it says `shared_addresses: allow`.

    `source`: from where or why, for people. `is_test`: everything happens, and no statistics count it. `id_of` names
    the enrollments to be; `on_progress` is told how many contacts were dealt with; `bulk`: they go behind whoever is
    enrolled singly. Raises NotFound for a sequence that does not exist or was never published, Conflict for one that is
    not active, NotReady for one that uses a channel without a provider.
    """
    async with engine.transaction() as tx:
        sequence = await sequences.find(tx, sequence_key)
        if sequence is None or sequence.version_id is None:
            raise NotFound(f"no published sequence {sequence_key!r}", hint="publish it first", command="publish FILE")
        must_be_active(sequence_key, sequence.status, sequence.paused_reason)
        version = await sequences.read_version(tx, sequence.version_id)
        home = await sequences.home(tx)
    if version is None:
        raise NotFound(f"version {sequence.version} of {sequence_key!r} is missing")
    engine.providers.must_carry(version.plan)
    batch = _Batch(
        engine,
        version,
        home,
        source,
        is_test,
        EnrollReport(),
        asyncio.Semaphore(_STARTS_AT_ONCE),
        id_of,
        bulk,
        asyncio.Event(),
    )
    running: set[asyncio.Task[None]] = set()

    async def one(page: Sequence[Contact]) -> None:
        await batch.enroll(page)
        if on_progress:
            on_progress(len(page))

    try:
        async for page in people:
            for i in range(0, len(page), _BATCH):
                if len(running) >= _BATCHES_AT_ONCE:
                    done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                running.add(asyncio.create_task(one(page[i : i + _BATCH])))
    finally:
        await asyncio.gather(*running)
    return batch.report


async def chosen(engine: Engine, external_ids: Sequence[str]) -> AsyncIterator[Sequence[Contact]]:
    """Contacts by external id, in pages. Raises NotFound naming the first that does not exist."""
    for i in range(0, len(external_ids), _BATCH):
        wanted = external_ids[i : i + _BATCH]
        async with engine.transaction() as tx:
            found = await contacts.by_external_ids(tx, wanted)
        known = {c.external_id for c in found}
        if missing := [x for x in wanted if x not in known]:
            raise unknown(missing)
        yield found


async def everyone(engine: Engine, trigger: str | None = None) -> AsyncIterator[Sequence[Contact]]:
    """Every contact of the tenant (with `trigger`: that carries it), in pages, by id."""
    after: UUID | None = None
    while True:
        async with engine.transaction() as tx:
            page = await contacts.page(tx, after=after, trigger=trigger, limit=_BATCH * 4)
        if not page:
            return
        yield page
        after = page[-1].id
