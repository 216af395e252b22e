"""Webhooks out: the feed, which never ends, and one run for each subscription while it has deliveries."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.clock import HEARTBEAT_TIMEOUT
    from activities.subscription import FEED_HEARTBEAT, SubscriptionOrder, Subscriptions
    from domain.base import Frozen

# A database that is down for a while must end neither.
_FOR_EVER = RetryPolicy(maximum_interval=timedelta(seconds=30))
_FIRST_REST = timedelta(seconds=5)
_LONGEST_REST = timedelta(minutes=5)


@workflow.defn(name="WebhookFeed")
class WebhookFeedWorkflow:
    """Makes deliveries of what happens, for every tenant."""

    @workflow.run
    async def run(self) -> None:
        """One activity after the other, each of which looks on for a minute."""
        while not workflow.info().is_continue_as_new_suggested():
            await workflow.execute_activity_method(
                Subscriptions.feed_subscriptions,
                start_to_close_timeout=timedelta(minutes=5),
                heartbeat_timeout=FEED_HEARTBEAT,
                retry_policy=_FOR_EVER,
                summary="make deliveries of what happens",
            )
        workflow.continue_as_new()


class SubscriptionRun(Frozen):
    """A subscription's run, as it is started and as it continues."""

    order: SubscriptionOrder
    strikes: int = 0
    """How often in a row nothing was taken."""


@workflow.defn(name="WebhookSubscription")
class WebhookSubscriptionWorkflow:
    """Posts a subscription's deliveries until none is left; what failed is tried again when its time comes."""

    def __init__(self) -> None:
        self._woken = False
        self._hurried = False

    @workflow.run
    async def run(self, start: SubscriptionRun) -> None:
        """Post, rest if nobody is there, wait for what is due next."""
        strikes = start.strikes
        while True:
            self._woken = self._hurried = False
            posted = await workflow.execute_activity_method(
                Subscriptions.post_deliveries,
                start.order,
                start_to_close_timeout=timedelta(minutes=5),
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=_FOR_EVER,
                summary="post what is due",
            )
            if posted.down is not None:
                strikes = strikes + 1 if posted.down else 0
            if posted.down:
                await self._rest(strikes)
            if posted.next_at is not None:
                await self._wait(posted.next_at)
            elif not self._woken:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(SubscriptionRun(order=start.order, strikes=strikes))

    @workflow.signal
    def wake(self, hurry: bool) -> None:
        """There is something new; `hurry`: a person asked for it, so that a receiver that was down is tried at once."""
        self._woken = True
        self._hurried = self._hurried or hurry

    async def _rest(self, strikes: int) -> None:
        pause = min(_FIRST_REST * 2 ** min(strikes - 1, 10), _LONGEST_REST)
        await _until(lambda: self._hurried, pause, "nothing was taken")

    async def _wait(self, at: datetime) -> None:
        await _until(lambda: self._woken, at - workflow.now(), "until the next attempt")


async def _until(true: Callable[[], bool], within: timedelta, summary: str) -> None:
    with suppress(TimeoutError):
        if within > timedelta():
            await workflow.wait_condition(true, timeout=within, timeout_summary=summary)
