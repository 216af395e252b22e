"""Send one automatic answer: claim it, hand it over, settle it. What may be said only for minutes is never repeated.

In the order in which the messages of a sequence go (`activities/deliver.py`): the claim is durable, the hand-over holds
nothing, the last look comes immediately before it. No suppression and no window is asked: a confirmation of an opt-out
is the one message that may follow it, and both answer somebody who has written just now.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.clock import Clock, heartbeats
from activities.hand_over import (
    MOST_REFUSALS,
    Claimed,
    InDoubt,
    Left,
    Outcome,
    UnderWay,
    Word,
    conclude,
    find_out,
    what_became,
)
from domain.base import Frozen
from domain.errors import NotCleared, NotReady, TransientError
from domain.messages import Absent, Receipt, Unknown
from providers.base import Later, Line, Soon
from providers.registry import Registry
from store.inbound import notices
from store.inbound.notices import Notice, NoticeState
from store.last_look import Made
from store.pool import Database

log = structlog.get_logger(__name__)


class NoticeOrder(Frozen):
    """Which notice to send."""

    tenant_id: UUID
    notice_id: UUID


@dataclass(frozen=True)
class _Claimed(Claimed):
    """A claim that was made."""

    notice: Notice
    line: Line


@dataclass(frozen=True)
class _Later:
    """Certainly not sent; it waits for another attempt."""

    error: TransientError
    after: timedelta | None
    """None: as Temporal's back-off has it."""


_Found = _Claimed | Left | _Later | NoticeState
"""What a claim comes to."""


class Notices:
    """The activity, with what it needs from outside."""

    def __init__(self, database: Database, providers: Registry) -> None:
        self._database = database
        self._providers = providers

    @activity.defn
    async def send_notice(self, order: NoticeOrder) -> NoticeState:
        """Send it, unless it has expired; safe to repeat at any point. Fails, to be tried again, while it may wait."""
        with heartbeats():
            outcome = await self._run(order, Clock())
        if isinstance(outcome, _Later):
            # Benign: it is on record and in the log already.
            raise ApplicationError(
                f"not sent yet: {outcome.error.source}",
                next_retry_delay=outcome.after,
                category=ApplicationErrorCategory.BENIGN,
            )
        return outcome

    async def _run(self, order: NoticeOrder, clock: Clock) -> NoticeState | _Later:
        word, refusals = None, 0
        while True:
            found = await self._database.repeat(partial(self._attempt, order, word, refusals, clock))
            match found:
                case NoticeState() | _Later():
                    return found
                case Left():
                    # Once: a later answer would come too late to act upon.
                    word = await find_out(self._providers, found)
                case _Claimed():
                    if (outcome := await self._send(order, found, clock)) is not None:
                        return outcome
                    refusals += 1
                    word = Word(found.at, Absent(), own=True)

    async def _attempt(self, order: NoticeOrder, word: Word | None, refusals: int, clock: Clock) -> _Found:
        """One transaction; what it had got of the provider is given back when it is undone."""
        found: _Found | None = None
        try:
            async with self._database.transaction(order.tenant_id) as tx:
                found = await self._claim(tx, order, word, refusals, clock)
                if isinstance(found, _Claimed):
                    await notices.begin_sending(tx, found.notice.id, found.provider.name, found.at)
        except BaseException:
            if isinstance(found, _Claimed):
                found.line.release()
            raise
        return found

    async def _claim(
        self, tx: asyncpg.Connection, order: NoticeOrder, word: Word | None, refusals: int, clock: Clock
    ) -> _Found:
        notice = await _lock(tx, order)
        if not notice.state.is_open:
            return notice.state
        if notice.state is NoticeState.SENDING:
            left = _left(notice, order)
            if word is None or word.which != left.which:
                return left
            if (settled := await _reconcile(tx, notice, left, word, clock)) is not None:
                return settled
        now = clock.now()
        if now >= notice.expires_at:
            return await _over(tx, notice, NoticeState.EXPIRED)
        if refusals == MOST_REFUSALS:
            return await _later(tx, notice, TransientError("touchline", "the last look could not clear it"), clock)
        try:
            provider = self._providers.for_channel(notice.channel)
        except NotReady as error:
            return await _over(tx, notice, NoticeState.FAILED, str(error))
        line = provider.free_line(order.tenant_id)
        if isinstance(line, Soon | Later):
            raise ApplicationError("no line to the provider is free", category=ApplicationErrorCategory.BENIGN)
        return _Claimed(provider, notice.message(order.tenant_id), now, notice, line)

    async def _send(self, order: NoticeOrder, claimed: _Claimed, clock: Clock) -> NoticeState | _Later | None:
        """Hand it over and settle it; None: it was not cleared, and the claim says why."""
        look = partial(self._look, order, claimed, clock)

        async def settle(outcome: Outcome) -> NoticeState | _Later:
            return await self._database.repeat(partial(self._settled, order, claimed, outcome, clock))

        settled = await conclude(self._database.last_looks, claimed, claimed.line, look, settle)
        if not isinstance(settled, NotCleared):
            return settled
        log.info("notice_not_cleared", notice=str(claimed.notice.id), reason=str(settled))
        return None

    async def _settled(
        self, order: NoticeOrder, claimed: _Claimed, outcome: Outcome, clock: Clock
    ) -> NoticeState | _Later:
        async with self._database.transaction(order.tenant_id) as tx:
            return await _settle(tx, order, claimed, outcome, clock)

    async def _look(self, order: NoticeOrder, claimed: _Claimed, clock: Clock) -> float:
        """Is it still this attempt's, and may it still be said? Raises NotCleared; answers when it was asked."""
        found = await self._database.last_looks.at_notice(order.tenant_id, claimed.notice.id, claimed)
        if found is None or (found.state, found.claimed_at) != (NoticeState.SENDING, claimed.at):
            raise NotCleared("another attempt has it")
        if clock.now() >= claimed.notice.expires_at:
            raise NotCleared("expired")
        return found.asked


def _left(notice: Notice, order: NoticeOrder) -> Left:
    if notice.claimed_at is None or notice.provider is None:
        raise LookupError(f"notice {notice.id} is sending but was never claimed")
    made = Made(notice.claimed_at, notice.claimed_on)
    return Left(notice.claimed_at, made, notice.channel, notice.provider, notice.message(order.tenant_id))


async def _reconcile(
    tx: asyncpg.Connection, notice: Notice, left: Left, word: Word, clock: Clock
) -> NoticeState | None:
    """Settle what an attempt left `sending`; None: it certainly never left."""
    match await what_became(tx, notice.id, left.made, word, clock.now()):
        case Receipt() as receipt:
            return await _sent(tx, notice, receipt, clock)
        case UnderWay():
            raise ApplicationError("another attempt may still be at it", category=ApplicationErrorCategory.BENIGN)
        case Absent():
            return None
        case Unknown(reason=reason):
            return await _over(tx, notice, NoticeState.AMBIGUOUS, f"the worker ended while sending: {reason}")


async def _settle(
    tx: asyncpg.Connection, order: NoticeOrder, claimed: _Claimed, outcome: Outcome, clock: Clock
) -> NoticeState | _Later:
    notice = await _lock(tx, order)
    if (notice.state, notice.claimed_at) != (NoticeState.SENDING, claimed.at):
        return notice.state  # another attempt has settled it
    match outcome:
        case Receipt():
            return await _sent(tx, notice, outcome, clock)
        case TransientError():
            return await _later(tx, notice, outcome, clock)
        case InDoubt(error, unknown):
            return await _over(tx, notice, NoticeState.AMBIGUOUS, f"{error}; {unknown.reason}")
        case _:
            return await _over(tx, notice, NoticeState.FAILED, str(outcome))


async def _lock(tx: asyncpg.Connection, order: NoticeOrder) -> Notice:
    notice = await notices.lock(tx, order.notice_id)
    if notice is None:
        raise ApplicationError(f"there is no notice {order.notice_id}", non_retryable=True)
    return notice


async def _sent(tx: asyncpg.Connection, notice: Notice, receipt: Receipt, clock: Clock) -> NoticeState:
    await notices.settle_sent(tx, notice.id, receipt, clock.now())
    log.info("notice_sent", notice=str(notice.id), kind=notice.kind, channel=notice.channel)
    return NoticeState.SENT


async def _over(tx: asyncpg.Connection, notice: Notice, state: NoticeState, error: str | None = None) -> NoticeState:
    await notices.settle(tx, notice.id, state, error)
    log.warning("notice_not_sent", notice=str(notice.id), kind=notice.kind, state=str(state), error=error)
    return state


async def _later(tx: asyncpg.Connection, notice: Notice, error: TransientError, clock: Clock) -> _Later:
    await notices.settle(tx, notice.id, NoticeState.PENDING, str(error))
    log.warning("notice_retried", notice=str(notice.id), kind=notice.kind, error=str(error))
    wished = error.retry_after
    # Not beyond its end, so that the end is recorded in time.
    return _Later(error, None if wished is None else min(wished, notice.expires_at - clock.now()))
