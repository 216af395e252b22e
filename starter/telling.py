"""Workflows hear what the database has decided: at once where somebody waits for it, else behind the answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog
from temporalio.service import RPCError

from starter.engine import Engine
from store import signals
from store.attribution import Received
from store.pool import LOST
from store.signals import OpenSignal

log = structlog.get_logger(__name__)

_UNHEARD: tuple[type[Exception], ...] = (RPCError, RuntimeError, TimeoutError, *LOST)
_WITHIN_S = 2.0
_AT_ONCE = 4
"""A burst of answers must not take the processor from those that are still coming in."""
_MOST = 1000
_BREATH = 100
"""Words that are surely said within that time, if anybody listens."""


async def tell(engine: Engine, received: Received) -> None:
    """What a report has to tell, and the automatic answer that is owed for it."""
    await say(engine, received.event_id, received.signals, notice=received.notice)


async def say(engine: Engine, event_id: UUID, words: Sequence[OpenSignal], *, notice: UUID | None = None) -> bool:
    """Signal the workflows and start the automatic answer; what is not heard in time (False) the reconciler tells."""
    if not words and notice is None:
        return True
    try:
        async with asyncio.timeout(_WITHIN_S):
            await asyncio.gather(*(engine.runs.tell(word) for word in words))
            if notice is not None:
                await engine.runs.start_notice(engine.tenant_id, notice)
        if words:
            async with engine.database.transaction(engine.tenant_id) as tx:
                await signals.mark_heard(tx, words, datetime.now(UTC))
    except _UNHEARD as error:
        log.warning("signal_deferred", event_id=str(event_id), error=str(error) or type(error).__name__)
        return False
    return True


async def say_many(engine: Engine, event_id: UUID, words: Sequence[OpenSignal]) -> None:
    """The same of more than fit in one breath, until one is not heard in time."""
    for begin in range(0, len(words), _BREATH):
        if not await say(engine, event_id, words[begin : begin + _BREATH]):
            return


@dataclass
class Teller:
    """Tells behind the answer to whoever reported: the record is committed, so the provider need not wait for it."""

    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def tell(self, engine: Engine, received: Received) -> None:
        """Take it on; one too many is left to the reconciler, as is whatever a crash cuts off."""
        if len(self._under_way) < _MOST:
            task = asyncio.create_task(self._in_turn(engine, received))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        else:
            log.warning("signal_deferred", event_id=str(received.event_id), error="too many are waiting")

    async def _in_turn(self, engine: Engine, received: Received) -> None:
        async with self._turns:
            await tell(engine, received)

    async def finish(self, within_s: float) -> None:
        """Tell what was taken on, for so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within_s)
