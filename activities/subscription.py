"""Webhooks out: make deliveries of what happens, and post those of one subscription, each enrollment's in its order."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from standardwebhooks import Webhook
from temporalio import activity
from temporalio.service import RPCError

from activities.clock import Clock, heartbeats
from domain.base import Frozen
from domain.errors import SendError, TransientError
from providers.signed_post import Poster
from store.changes import subscriptions
from store.changes.subscriptions import Due, Health, Receiver
from store.pool import Database

log = structlog.get_logger(__name__)

FEED_HEARTBEAT = timedelta(seconds=30)
_FEEDS_FOR = timedelta(seconds=60)
"""How long one attempt of the feed looks on: an idle installation runs one activity in that time."""
_LOOKS_EVERY_S = 1.0
_PARTS = 20
"""Of one tenant's changes, then it is the next tenant's turn."""
_OVERDUE = timedelta(seconds=30)
"""A delivery that has waited for longer than this has nobody who posts it."""

_POSTS_FOR = timedelta(seconds=60)
_AT_ONCE = 8
_BATCH = 40
_TIMEOUT_S = 15.0
_WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=8),
)
"""After each failed attempt; about a day in all, then it is given up."""
_OFF_AFTER = timedelta(days=3)
_OFF_AFTER_FAILURES = 10
"""Both: a single document that nobody takes switches nothing off."""
_GONE = 410
"""The receiver's own wish to hear no more (Standard Webhooks)."""


class SubscriptionOrder(Frozen):
    """Whose deliveries are to be posted."""

    tenant_id: UUID
    subscription_id: UUID


class Posted(Frozen):
    """How a subscription stands after its deliveries were posted."""

    next_at: datetime | None = None
    """When the next one is due; None: nothing is to be delivered."""
    down: bool | None = None
    """Whether the last attempts failed, all of them; None: nothing was attempted."""


Wake = Callable[[UUID, UUID], Awaitable[None]]
"""Has a tenant's subscription posted."""


class Subscriptions:
    """The activities, with what they need from outside."""

    def __init__(self, database: Database, poster: Poster, wake: Wake) -> None:
        self._database = database
        self._poster = poster
        self._wake = wake

    @activity.defn
    async def feed_subscriptions(self) -> None:
        """Make deliveries of what happens, for every tenant, for a minute."""
        clock = Clock()
        until = clock.now() + _FEEDS_FOR
        for tenant_id, subscription_id in await self._database.overdue_subscriptions(clock.now() - _OVERDUE):
            await self._wake_or_log(tenant_id, subscription_id)
            activity.heartbeat()
        failed: set[UUID] = set()
        while clock.now() < until and not activity.is_worker_shutdown():
            for tenant_id in await self._database.tenants_with_news():
                if tenant_id not in failed and not await self._feed(tenant_id, clock):
                    failed.add(tenant_id)
            activity.heartbeat()
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def _feed(self, tenant_id: UUID, clock: Clock) -> bool:
        """Whether that could be done: what is wrong with one tenant's changes must not keep the others' back."""
        for _ in range(_PARTS):
            try:
                owed_to, more = await self._database.repeat(lambda: self._fed(tenant_id, clock))
            except Exception as error:
                log.exception("not_fed", tenant=str(tenant_id), error=str(error))
                return False
            for subscription_id in owed_to:
                await self._wake_or_log(tenant_id, subscription_id)
            activity.heartbeat()
            if not more:
                break
        return True

    async def _wake_or_log(self, tenant_id: UUID, subscription_id: UUID) -> None:
        """Who cannot be woken now is found overdue the next time."""
        try:
            await self._wake(tenant_id, subscription_id)
        except RPCError as error:
            log.warning("not_woken", subscription=str(subscription_id), error=error.message)

    async def _fed(self, tenant_id: UUID, clock: Clock) -> tuple[frozenset[UUID], bool]:
        async with self._database.transaction(tenant_id) as tx:
            return await subscriptions.feed(tx, clock.now())

    @activity.defn
    async def post_deliveries(self, order: SubscriptionOrder) -> Posted:
        """Post what is due, until nothing is, the receiver is down, or it has taken long enough."""
        clock = Clock()
        until = clock.now() + _POSTS_FOR
        down = None
        with heartbeats():
            while clock.now() < until and not activity.is_worker_shutdown():
                receiver, due = await self._due(order, clock)
                if receiver is None or not receiver.active:
                    return Posted()
                if not due:
                    break
                taken = await self._post(order, receiver, due, clock)
                down = not any(taken)
                if down:
                    break
            async with self._database.transaction(order.tenant_id) as tx:
                return Posted(next_at=await subscriptions.next_due(tx, order.subscription_id), down=down)

    async def _due(self, order: SubscriptionOrder, clock: Clock) -> tuple[Receiver | None, list[Due]]:
        async with self._database.transaction(order.tenant_id) as tx:
            receiver = await subscriptions.receiver(tx, order.subscription_id, clock.now())
            return receiver, await subscriptions.due(tx, order.subscription_id, clock.now(), _BATCH)

    async def _post(self, order: SubscriptionOrder, receiver: Receiver, due: list[Due], clock: Clock) -> list[bool]:
        """Whether each was taken; a few at a time, and no more once it is clear that nobody is there."""
        signers = [Webhook(secret) for secret in receiver.secrets]
        taken: list[bool] = []

        async def one(delivery: Due) -> bool:
            return await self._attempt(order, receiver, signers, delivery, clock)

        for first in range(0, len(due), _AT_ONCE):
            taken += await asyncio.gather(*map(one, due[first : first + _AT_ONCE]))
            if not any(taken):
                break
        return taken

    async def _attempt(
        self, order: SubscriptionOrder, receiver: Receiver, signers: list[Webhook], delivery: Due, clock: Clock
    ) -> bool:
        try:
            taken = await self._poster.post(
                receiver.url,
                delivery.body,
                id=str(delivery.id),
                signers=signers,
                allow=receiver.allow,
                timeout_s=_TIMEOUT_S,
            )
        except SendError as error:
            await self._missed(order, delivery, error, clock.now())
            return False
        await self._database.repeat(lambda: self._took(order, delivery, taken.status, clock.now()))
        return True

    async def _took(self, order: SubscriptionOrder, delivery: Due, status: int, now: datetime) -> None:
        async with self._database.transaction(order.tenant_id) as tx:
            await subscriptions.settle(
                tx, order.subscription_id, delivery.id, now, status=status, error=None, again_at=None
            )

    async def _missed(self, order: SubscriptionOrder, delivery: Due, error: SendError, now: datetime) -> None:
        reason = await self._database.repeat(lambda: self._took_not(order, delivery, error, now))
        log.info("webhook_not_taken", subscription=str(order.subscription_id), error=str(error))
        if reason is not None:
            log.warning("subscription_switched_off", subscription=str(order.subscription_id), reason=reason)

    async def _took_not(self, order: SubscriptionOrder, delivery: Due, error: SendError, now: datetime) -> str | None:
        """Why the subscription is switched off by it; None: it goes on."""
        async with self._database.transaction(order.tenant_id) as tx:
            health = await subscriptions.settle(
                tx,
                order.subscription_id,
                delivery.id,
                now,
                status=error.status,
                error=error.message,
                again_at=_again_at(delivery, error, now),
            )
            reason = _off_because(health, error, now)
            if reason is not None:
                await subscriptions.switch_off(tx, order.subscription_id, reason, now)
        return reason


def _again_at(delivery: Due, error: SendError, now: datetime) -> datetime | None:
    """None: it was tried often enough."""
    if delivery.tries >= len(_WAITS):
        return None
    wished = error.retry_after if isinstance(error, TransientError) else None
    return now + max(_WAITS[delivery.tries], wished or timedelta())


def _off_because(health: Health | None, error: SendError, now: datetime) -> str | None:
    if error.status == _GONE:
        return f"the receiver answered {error.message}: it wants to hear no more"
    if health is None or health.failures < _OFF_AFTER_FAILURES or now - health.failing_since < _OFF_AFTER:
        return None
    return f"nothing was taken since {health.failing_since:%Y-%m-%d %H:%M} UTC: {error.message}"
