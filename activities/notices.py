"""Send one automatic answer: claim it, hand it over, settle it. What may be said only for minutes is never repeated.

In the order in which the messages of a sequence go (`activities/deliver.py`): the claim is durable, the hand-over holds
nothing, the last look comes immediately before it. No suppression and no window is asked: a confirmation of an opt-out
is the one message that may follow it, and both answer somebody who has written just now.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.clock import Clock, heartbeats
from activities.hand_over import LIMIT, MOST_REFUSALS, InDoubt, Outcome, hand_over, last_look, look_up
from domain.base import Frozen
from domain.errors import NotCleared, NotReady, TransientError
from domain.messages import Absent, Lookup, Receipt, Unknown
from providers.base import Later, Line, Provider, Soon
from providers.registry import Registry
from store.inbound import notices
from store.inbound.notices import Notice, NoticeState
from store.last_look import Made, is_held
from store.pool import Database

log = structlog.get_logger(__name__)


class NoticeOrder(Frozen):
    """Which notice to send."""

    tenant_id: UUID
    notice_id: UUID


@dataclass(frozen=True)
class _Claimed:
    notice: Notice
    provider: Provider
    line: Line
    at: datetime


@dataclass(frozen=True)
class _Left:
    """An earlier attempt left it `sending`; its provider may know more."""

    notice: Notice


@dataclass(frozen=True)
class _Word:
    """What is known of the claim that was made then (UTC): of this attempt's own, or by the provider's word."""

    at: datetime | None
    lookup: Lookup
    refusals: int = 0
    """Of this attempt's own claims: last looks so far that said no. 0: the word is the provider's."""


@dataclass(frozen=True)
class _Later:
    """Certainly not sent; it waits for another attempt."""

    error: TransientError
    after: timedelta | None
    """None: as Temporal's back-off has it."""


_Found = _Claimed | _Left | _Later | NoticeState
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
            found = await self._database.repeat(partial(self._attempt, order, word, clock))
            match found:
                case NoticeState() | _Later():
                    return found
                case _Left(notice):
                    word = _Word(notice.claimed_at, await self._ask_provider(notice, order))
                case _Claimed():
                    if (outcome := await self._send(order, found, clock)) is not None:
                        return outcome
                    refusals += 1
                    word = _Word(found.at, Absent(), refusals)

    async def _attempt(self, order: NoticeOrder, word: _Word | None, clock: Clock) -> _Found:
        """One transaction; what it had got of the provider is given back when it is undone."""
        found: _Found | None = None
        try:
            async with self._database.transaction(order.tenant_id) as tx:
                found = await self._claim(tx, order, word, clock)
                if isinstance(found, _Claimed):
                    await notices.begin_sending(tx, found.notice.id, found.provider.name, found.at)
        except BaseException:
            if isinstance(found, _Claimed):
                found.line.release()
            raise
        return found

    async def _claim(self, tx: asyncpg.Connection, order: NoticeOrder, word: _Word | None, clock: Clock) -> _Found:
        notice = await _lock(tx, order)
        if not notice.state.is_open:
            return notice.state
        if notice.state is NoticeState.SENDING:
            if word is None or word.at != notice.claimed_at:
                return _Left(notice)
            if (settled := await _reconcile(tx, notice, word, clock)) is not None:
                return settled
        now = clock.now()
        if now >= notice.expires_at:
            return await _over(tx, notice, NoticeState.EXPIRED)
        if word is not None and word.refusals == MOST_REFUSALS:
            return await _later(tx, notice, TransientError("touchline", "the last look could not clear it"), clock)
        try:
            provider = self._providers.for_channel(notice.channel)
        except NotReady as error:
            return await _over(tx, notice, NoticeState.FAILED, str(error))
        line = provider.free_line(order.tenant_id)
        if isinstance(line, Soon | Later):
            raise ApplicationError("no line to the provider is free", category=ApplicationErrorCategory.BENIGN)
        return _Claimed(notice, provider, line, now)

    async def _send(self, order: NoticeOrder, claimed: _Claimed, clock: Clock) -> NoticeState | _Later | None:
        """Hand it over and settle it; None: it was not cleared, and the claim says why."""
        notice, is_sent = claimed.notice, False
        message = notice.message(order.tenant_id)
        try:
            clear = last_look(lambda: self._look(order, claimed, clock))
            outcome = await hand_over(claimed.provider, message, claimed.line, clear, claimed.at)
            if isinstance(outcome, NotCleared):
                log.info("notice_not_cleared", notice=str(notice.id), reason=str(outcome))
                return None
            settled = await self._database.repeat(partial(self._settled, order, claimed, outcome, clock))
            is_sent = isinstance(outcome, Receipt)
            return settled
        finally:
            await self._database.last_looks.let_go(notice.id, claimed, at_once=not is_sent)

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

    async def _ask_provider(self, notice: Notice, order: NoticeOrder) -> Lookup:
        """Ask once: a later answer would come too late to act upon."""
        if notice.claimed_at is None:
            raise LookupError(f"notice {notice.id} is sending but was never claimed")
        try:
            provider = self._providers.for_channel(notice.channel)
        except NotReady as error:
            return Unknown(reason=str(error))
        if provider.name != notice.provider:
            return Unknown(reason=f"provider {notice.provider} is no longer the one for {notice.channel}")
        return await look_up(provider, notice.message(order.tenant_id), notice.claimed_at)


async def _reconcile(tx: asyncpg.Connection, notice: Notice, word: _Word, clock: Clock) -> NoticeState | None:
    """Settle what an attempt left `sending`; None: it certainly never left."""
    if isinstance(word.lookup, Receipt):
        return await _sent(tx, notice, word.lookup, clock)
    now = clock.now()
    made = Made(notice.claimed_at or now, notice.claimed_on)
    if not word.refusals and await is_held(tx, notice.id, made, limit=LIMIT, now=now):
        raise ApplicationError("another attempt may still be at it", category=ApplicationErrorCategory.BENIGN)
    if isinstance(word.lookup, Unknown):
        text = f"the worker ended while sending: {word.lookup.reason}"
        return await _over(tx, notice, NoticeState.AMBIGUOUS, text)
    return None


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
