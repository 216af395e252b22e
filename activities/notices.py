"""Send one automatic answer: claim it, hand it over, settle it. What may be said only for minutes is never repeated.

Two transactions around one hand-over, as for the messages of a sequence: the first makes the claim durable, the
second holds the notice's row until the outcome is recorded. No suppression and no window is asked: a confirmation of
an opt-out is the one message that may follow it, and both answer somebody who has written just now.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.clock import Clock, heartbeats
from domain.base import Frozen
from domain.errors import AmbiguousError, ConfigurationError, NotReady, PermanentError, SendError, TransientError
from domain.messages import Absent, Lookup, Receipt, Unknown
from providers.base import Provider
from providers.registry import Registry
from store import notices
from store.notices import Notice, NoticeState
from store.pool import CONFLICTS, Database, Session

log = structlog.get_logger(__name__)


class NoticeOrder(Frozen):
    """Which notice to send."""

    tenant_id: UUID
    notice_id: UUID


@dataclass(frozen=True)
class _Claimed:
    notice: Notice
    provider: Provider
    at: datetime


@dataclass(frozen=True)
class _Later:
    """Certainly not sent; it waits for another attempt."""

    error: SendError
    after: timedelta | None
    """None: as Temporal's back-off has it."""


class Notices:
    """The activity, with what it needs from outside."""

    def __init__(self, database: Database, providers: Registry) -> None:
        self._database = database
        self._providers = providers

    @activity.defn
    async def send_notice(self, order: NoticeOrder) -> NoticeState:
        """Send it, unless it has expired; safe to repeat at any point. Fails, to be tried again, while it may wait."""
        clock = Clock()
        with heartbeats():
            async with self._database.session(order.tenant_id) as session:
                claimed = await self._database.repeat(lambda: self._claimed(session, order, clock))
                if isinstance(claimed, NoticeState):
                    return claimed
                outcome = await self._database.repeat(lambda: self._handed_over(session, order, claimed, clock))
        if isinstance(outcome, _Later):
            # Benign: it is on record and in the log already.
            raise ApplicationError(
                str(outcome.error), next_retry_delay=outcome.after, category=ApplicationErrorCategory.BENIGN
            )
        return outcome

    async def _claimed(self, session: Session, order: NoticeOrder, clock: Clock) -> _Claimed | NoticeState:
        async with session.transaction() as tx:
            return await self._claim(tx, order, clock)

    async def _claim(self, tx: asyncpg.Connection, order: NoticeOrder, clock: Clock) -> _Claimed | NoticeState:
        notice = await _lock(tx, order)
        if not notice.state.is_open:
            return notice.state
        if notice.state is NoticeState.SENDING:
            match await self._what_became_of(notice, order):
                case Receipt() as receipt:
                    return await _sent(tx, notice, receipt, clock)
                case Unknown(reason=reason):
                    return await _over(tx, notice, NoticeState.AMBIGUOUS, f"the worker ended while sending: {reason}")
                case Absent():
                    pass
        now = clock.now()
        if now >= notice.expires_at:
            return await _over(tx, notice, NoticeState.EXPIRED)
        try:
            provider = self._providers.for_channel(notice.channel)
        except NotReady as error:
            return await _over(tx, notice, NoticeState.FAILED, str(error))
        await notices.begin_sending(tx, notice.id, provider.name, now)
        return _Claimed(notice, provider, now)

    async def _handed_over(
        self, session: Session, order: NoticeOrder, claimed: _Claimed, clock: Clock
    ) -> NoticeState | _Later:
        """One transaction, done anew only before the hand-over."""
        async with session.transaction() as tx:
            return await self._hand_over(tx, order, claimed, clock)

    async def _hand_over(
        self, tx: asyncpg.Connection, order: NoticeOrder, claimed: _Claimed, clock: Clock
    ) -> NoticeState | _Later:
        notice = await _lock(tx, order)
        if (notice.state, notice.claimed_at) != (NoticeState.SENDING, claimed.at):
            raise ApplicationError("another attempt took this notice over")
        if clock.now() >= notice.expires_at:
            return await _over(tx, notice, NoticeState.EXPIRED)
        settle = await _send(tx, notice, order, claimed.provider, clock)
        # From here on it has happened: settled anew, it is not handed over anew.
        try:
            return await self._database.repeat_part(tx, settle)
        except CONFLICTS as error:
            raise ApplicationError(
                "a hand-over could not be settled: the next attempt asks what became of it"
            ) from error

    async def _what_became_of(self, notice: Notice, order: NoticeOrder) -> Lookup:
        """Ask once: a later answer would come too late to act upon."""
        if notice.claimed_at is None:
            raise LookupError(f"notice {notice.id} is sending but was never claimed")
        try:
            provider = self._providers.for_channel(notice.channel)
        except NotReady as error:
            return Unknown(reason=str(error))
        if provider.name != notice.provider:
            return Unknown(reason=f"provider {notice.provider} is no longer the one for {notice.channel}")
        return await _look_up(provider, notice, order, notice.claimed_at)


async def _lock(tx: asyncpg.Connection, order: NoticeOrder) -> Notice:
    notice = await notices.lock(tx, order.notice_id)
    if notice is None:
        raise ApplicationError(f"there is no notice {order.notice_id}", non_retryable=True)
    return notice


async def _send(
    tx: asyncpg.Connection, notice: Notice, order: NoticeOrder, provider: Provider, clock: Clock
) -> Callable[[], Awaitable[NoticeState | _Later]]:
    """Hand it over; answers how that is to be settled."""
    now = clock.now()
    try:
        receipt = await provider.send(notice.message(order.tenant_id))
    except (PermanentError, ConfigurationError) as error:
        return partial(_over, tx, notice, NoticeState.FAILED, str(error))
    except TransientError as error:
        return partial(_later, tx, notice, error, clock)
    except AmbiguousError as error:
        match await _look_up(provider, notice, order, now):
            case Receipt() as found:
                return partial(_sent, tx, notice, found, clock)
            case Absent():
                return partial(_later, tx, notice, error, clock)
            case Unknown(reason=reason):
                return partial(_over, tx, notice, NoticeState.AMBIGUOUS, f"{error}; {reason}")
    return partial(_sent, tx, notice, receipt, clock)


async def _look_up(provider: Provider, notice: Notice, order: NoticeOrder, attempted_at: datetime) -> Lookup:
    try:
        return await provider.lookup(notice.message(order.tenant_id), attempted_at)
    except SendError as error:
        return Unknown(reason=str(error))


async def _sent(tx: asyncpg.Connection, notice: Notice, receipt: Receipt, clock: Clock) -> NoticeState:
    await notices.settle_sent(tx, notice.id, receipt, clock.now())
    log.info("notice_sent", notice=str(notice.id), kind=notice.kind, channel=notice.channel)
    return NoticeState.SENT


async def _over(tx: asyncpg.Connection, notice: Notice, state: NoticeState, error: str | None = None) -> NoticeState:
    await notices.settle(tx, notice.id, state, error)
    log.warning("notice_not_sent", notice=str(notice.id), kind=notice.kind, state=str(state), error=error)
    return state


async def _later(tx: asyncpg.Connection, notice: Notice, error: SendError, clock: Clock) -> _Later:
    await notices.settle(tx, notice.id, NoticeState.PENDING, str(error))
    log.warning("notice_retried", notice=str(notice.id), kind=notice.kind, error=str(error))
    wished = error.retry_after if isinstance(error, TransientError) else None
    # Not beyond its end, so that the end is recorded in time.
    return _Later(error, None if wished is None else min(wished, notice.expires_at - clock.now()))
