"""Workflows hear what the database has decided: at once where somebody waits for it, else behind the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from starter.engine import Engine
from store import once
from store.enrollments import signals
from store.enrollments.signals import Heard, OpenSignal
from store.inbound.reception import Received
from store.pool import CONFLICTS, LOST

log = structlog.get_logger(__name__)

_UNDELIVERED: tuple[type[Exception], ...] = (RPCError, RuntimeError, TimeoutError, *LOST, *CONFLICTS)
_WITHIN_S = 2.0
_AT_ONCE = 2
"""A burst of answers must not take the processor from those that are still coming in."""
_TOGETHER_S = 0.1
"""What a burst of answers has told is marked in one transaction, not in one for each."""
_MOST = 1000
_SIGNALS_AT_ONCE = 100
"""Words that are surely said within that time, if anybody listens."""


async def tell(engine: Engine, received: Received) -> None:
    """What a report has to tell, and the automatic answer that is owed for it."""
    await deliver(engine, received.event_id, received.signals, notice=received.notice)


async def deliver(engine: Engine, event_id: UUID, words: Sequence[OpenSignal], *, notice: UUID | None = None) -> bool:
    """Signal the workflows and start the automatic answer; what is not heard in time (False) the reconciler tells.

    Where what they would hear waits for its commit, they are told behind it.
    """
    if once.later(partial(deliver, engine, event_id, words, notice=notice)):
        return True
    if not await _signalled(engine, event_id, words, notice):
        return False
    now = engine.now()
    return await _marked(engine, [Heard(word, now) for word in words])


async def _signalled(engine: Engine, event_id: UUID, words: Sequence[OpenSignal], notice: UUID | None) -> bool:
    try:
        async with asyncio.timeout(_WITHIN_S):
            await asyncio.gather(*(engine.runs.tell(word) for word in words))
            if notice is not None:
                await engine.runs.start_notice(engine.tenant_id, notice)
    except _UNDELIVERED as error:
        log.warning("signal_deferred", event_id=str(event_id), error=str(error) or type(error).__name__)
        return False
    return True


async def _marked(engine: Engine, heard: Sequence[Heard]) -> bool:
    try:
        if heard:
            async with asyncio.timeout(_WITHIN_S):
                await engine.database.repeat(lambda: _mark(engine, heard))
    except _UNDELIVERED as error:
        log.warning("signals_not_marked", words=len(heard), error=str(error) or type(error).__name__)
        return False
    return True


async def _mark(engine: Engine, heard: Sequence[Heard]) -> None:
    async with engine.transaction() as tx:
        await signals.mark_heard(tx, heard)


async def taken_in_time(call: Awaitable[object], event: str, **whom: str) -> bool:
    """Whether Temporal took a call in time; what it did not take, some sweep repeats, so that is no error."""
    try:
        async with asyncio.timeout(_WITHIN_S):
            await call
    except _UNDELIVERED as error:
        log.warning(event, **whom, error=str(error) or type(error).__name__)
        return False
    return True


async def deliver_many(engine: Engine, event_id: UUID, words: Sequence[OpenSignal]) -> None:
    """Deliver any number of signals, some at a time, until Temporal does not take one in time."""
    for begin in range(0, len(words), _SIGNALS_AT_ONCE):
        if not await deliver(engine, event_id, words[begin : begin + _SIGNALS_AT_ONCE]):
            return


@dataclass
class SignalSender:
    """Tells behind the answer to whoever reported: the record is committed, so the provider need not wait for it."""

    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _heard: dict[UUID, list[Heard]] = field(default_factory=dict)
    """By tenant, what workflows have heard and is still to be marked."""
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def tell(self, engine: Engine, received: Received) -> None:
        """Take it on; one too many is left to the reconciler, as is whatever a crash cuts off."""
        if not received.signals and received.notice is None:
            return
        if len(self._under_way) < _MOST:
            self._begin(self._in_turn(engine, received))
        else:
            log.warning("signal_deferred", event_id=str(received.event_id), error="too many are waiting")

    def behind(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do what follows a commit; it logs its own failures, and whoever sweeps does what a crash cuts off."""

        async def done() -> None:
            await work()

        self._begin(done())

    async def finish(self, within_s: float) -> None:
        """Tell what was taken on, for so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._under_way:
                    await asyncio.wait(self._under_way)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _in_turn(self, engine: Engine, received: Received) -> None:
        async with self._turns:
            if not await _signalled(engine, received.event_id, received.signals, received.notice):
                return
        now = engine.now()
        if engine.tenant_id not in self._heard:
            self._heard[engine.tenant_id] = []
            self._begin(self._mark_together(engine))
        self._heard[engine.tenant_id].extend(Heard(word, now) for word in received.signals)

    async def _mark_together(self, engine: Engine) -> None:
        await asyncio.sleep(_TOGETHER_S)
        await _marked(engine, self._heard.pop(engine.tenant_id))
