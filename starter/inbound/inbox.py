"""What comes in is stored before its caller is answered, and has its effect behind the answer, each report once.

To store it takes no lock that anybody holds for longer than a moment, so no slow provider, no long transaction and no
number of enrollments makes a caller wait. Until it has had its effect, nothing is handed over to whom it may concern:
each hand-over asks the inbox. Whoever took it in applies it at once; what a crash cuts off, any process that keeps the
inbox applies a moment later.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pydantic_core import to_json

from domain.events import InboundMessage, StatusReport
from starter.engine import Engine
from starter.inbound import receive
from starter.signals import SignalSender
from store import once
from store.inbound import dead_letters, inbox
from store.inbound.inbox import Arrival, Waiter
from store.inbound.reception import Received
from store.pool import is_outage

log = structlog.get_logger(__name__)

_AT_ONCE = 4
"""In a process; each takes a connection, of which those who store and answer need theirs."""
_OF_A_TENANT = 2
"""However much comes in for one, there is room for the others."""
_MOST = 10_000
"""Kept in mind for a tenant; what is beyond stays where it is, and is found when it is due."""
_GIVES_WAY_S = 1.0
"""To those who are being answered, in the same process; in a flood that never ends, others come to its help."""
_LOOK_EVERY_S = 1.0
_LIMIT = 500
"""Looked up at once."""
_TRIES = 2
"""What fails so often for a reason of its own is a dead letter, and those behind it go on."""
_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True)
class Stored:
    """What became of a call's reports."""

    received: int
    """Stored, each to have its effect at once."""
    known: int
    """Reported before."""


async def store(
    tx: asyncpg.Connection, engine: Engine, reports: Sequence[StatusReport | InboundMessage], *, source: str
) -> list[Waiter]:
    """Keep what is new of these reports; from the commit on nothing is handed over to whom they may concern."""
    now = engine.now()
    arrivals = [Arrival(receive.not_ahead(report, now), receive.address_of(engine, report)) for report in reports]
    return await inbox.put(tx, engine.tenant_id, arrivals, source=source, now=now)


@dataclass
class _Queue:
    """What one tenant's reports wait for: their turn in their lane."""

    engine: Engine
    lanes: dict[str, deque[UUID]] = field(default_factory=dict)
    ready: deque[str] = field(default_factory=deque)
    """Lanes that nobody is at."""
    known: set[UUID] = field(default_factory=set)
    at_work: int = 0

    def add(self, place: Waiter) -> None:
        if place.id in self.known or len(self.known) >= _MOST:
            return
        self.known.add(place.id)
        if place.lane not in self.lanes:
            self.lanes[place.lane] = deque()
            self.ready.append(place.lane)
        self.lanes[place.lane].append(place.id)

    def done(self, lane: str) -> None:
        """The first of a lane had its turn."""
        self.known.discard(self.lanes[lane].popleft())
        if self.lanes[lane]:
            self.ready.append(lane)
        else:
            del self.lanes[lane]


@dataclass
class Inbox:
    """One process's share in applying what came in."""

    teller: SignalSender = field(default_factory=SignalSender)
    _queues: dict[UUID, _Queue] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _taking_in: int = 0
    _calm: asyncio.Event = field(default_factory=asyncio.Event)

    async def take_in(self, engine: Engine, reports: Sequence[StatusReport | InboundMessage], *, source: str) -> Stored:
        """Store a call's reports, all or nothing; each has its effect at once, behind the answer."""

        async def stored() -> list[Waiter]:
            async with engine.transaction() as tx:
                return await store(tx, engine, reports, source=source)

        self._taking_in += 1
        self._calm.clear()
        try:
            places = await engine.database.repeat(stored)
        finally:
            self._taking_in -= 1
            if not self._taking_in:
                self._calm.set()
        if not once.later(partial(self._begin_behind, engine, places)):
            self.begin(engine, places)
        return Stored(received=len(places), known=len(reports) - len(places))

    async def take_in_one(self, engine: Engine, report: StatusReport | InboundMessage, *, source: str) -> Stored:
        """Store one report and begin its effect."""
        return await self.take_in(engine, [report], source=source)

    def begin(self, engine: Engine, places: Sequence[Waiter]) -> None:
        """Apply what was stored, in the order of coming in within each lane."""
        if not places:
            return
        queue = self._queues.setdefault(engine.tenant_id, _Queue(engine))
        for place in places:
            queue.add(place)
        for _ in range(min(_OF_A_TENANT - queue.at_work, len(queue.ready))):
            queue.at_work += 1
            self._start(self._work(queue))

    async def _begin_behind(self, engine: Engine, places: Sequence[Waiter]) -> None:
        """For a request that commits with its answer: before that nobody else sees what it stored."""
        self.begin(engine, places)

    async def keep(self, engine: Engine) -> None:
        """Apply, of every tenant, what nobody else is at, until cancelled; a database that is down is waited for."""
        down = False
        while True:
            try:
                await self._look(engine)
                down = False
            except Exception as error:
                # Whatever it is, the next look may find it fixed; nobody else looks here.
                if not down:
                    log.warning("inbox_not_looked_at", error=str(error) or type(error).__name__)
                down = True
            await asyncio.sleep(_LOOK_EVERY_S)

    async def finish(self, within_s: float) -> None:
        """Apply and tell what was taken on, for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.idle()
                await self.teller.finish(within_s)

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _look(self, engine: Engine) -> None:
        failure: Exception | None = None
        for tenant_id in await engine.database.tenants_with_inbox(engine.now()):
            theirs = engine if tenant_id == engine.tenant_id else replace(engine, tenant_id=tenant_id)
            try:
                async with theirs.database.transaction(tenant_id) as tx:
                    places = await inbox.due(tx, theirs.now(), _LIMIT)
            except Exception as error:
                # What is wrong with one tenant's rows must not hold up the others'.
                failure = error
            else:
                self.begin(theirs, places)
        if failure is not None:
            raise failure

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _work(self, queue: _Queue) -> None:
        try:
            while queue.ready:
                lane = queue.ready.popleft()
                try:
                    is_left = True
                    while is_left:
                        await self._give_way()
                        async with self._turns:
                            is_left = await self._apply(queue.engine, queue.lanes[lane][0])
                finally:
                    queue.done(lane)
        finally:
            queue.at_work -= 1
            if not queue.known:
                self._queues.pop(queue.engine.tenant_id, None)

    async def _give_way(self) -> None:
        """Whoever is being answered waits; what is stored is safe, and nothing is sent to whom it may concern."""
        if self._taking_in:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GIVES_WAY_S):
                    await self._calm.wait()

    async def _apply(self, engine: Engine, id_: UUID) -> bool:
        """One transaction of it; whether there is another to do."""
        for _ in range(_TRIES):
            try:
                received = await engine.database.repeat(lambda: _applied(engine, id_))
            except Exception as error:
                if is_outage(error) or not await _refused(engine, id_, error):
                    await _put_off(engine, id_, error)
                    return False
            else:
                if received is not None:
                    receive.note(received)
                    self.teller.tell(engine, received)
                return received is not None and received.rest is not None
        return False


async def _put_off(engine: Engine, id_: UUID, error: Exception) -> None:
    """It is due again in a while, for whoever keeps the inbox; where the database is away, at once when it is back."""
    log.warning("inbox_waits", event_id=str(id_), error=type(error).__name__)
    try:
        async with engine.transaction() as tx:
            await inbox.put_off(tx, id_, engine.now())
    except Exception as lost:
        log.warning("inbox_not_put_off", event_id=str(id_), error=type(lost).__name__)


async def _refused(engine: Engine, id_: UUID, error: Exception) -> bool:
    """Try it once more, then bury it: whatever one report does to the code that applies it, the others go on.

    False: that could not be written down.
    """
    # The error's own words quote what was sent: they are kept with it.
    log.warning("inbox_refused", event_id=str(id_), error=type(error).__name__)
    reason = f"{type(error).__name__}: {error}"
    now = engine.now()
    try:
        async with engine.transaction() as tx:
            if await inbox.failed(tx, id_, reason, now + _AGAIN) >= _TRIES:
                await _bury(tx, engine, id_, reason)
    except Exception as unwritten:
        log.warning("inbox_not_buried", event_id=str(id_), error=type(unwritten).__name__)
        return False
    return True


async def _applied(engine: Engine, id_: UUID) -> Received | None:
    """Out of the inbox and into effect, in one transaction; None: it is somebody else's turn, or was."""
    async with engine.transaction() as tx:
        letter = await inbox.take(tx, id_)
        if letter is None:
            return None
        now, report, rest = engine.now(), letter.read(), letter.left_over()
        if rest is None:
            received = await receive.apply(tx, engine, report, now)
        else:
            received = await receive.go_on(tx, id_, report, rest, now)
        await inbox.done(tx, letter, received.rest, now)
        return received


async def _bury(tx: asyncpg.Connection, engine: Engine, id_: UUID, reason: str) -> None:
    """Keep it among the dead letters: in our words, with what the provider said."""
    letter = await inbox.take(tx, id_)
    if letter is None:
        return
    await dead_letters.keep(
        tx,
        engine.tenant_id,
        source=letter.source,
        reason=reason,
        content_type="application/json",
        body=to_json(letter.report),
        now=letter.received_at,
    )
    await inbox.done(tx, letter, None, letter.received_at)
    log.warning("dead_letter", event_id=str(id_), source=letter.source)
