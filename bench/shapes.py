"""Workflows to measure against: sending and nothing else, and a bookkeeping activity around every node."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow

DELAY = timedelta(seconds=1)
_TIMEOUT = timedelta(seconds=60)


@dataclass
class Order:
    """About what a delivery is given."""

    tenant_id: str
    enrollment_id: str
    node_id: str


class Empty:
    """Activities that do nothing, and count how many journeys came to their end."""

    def __init__(self) -> None:
        self.ended = 0
        self.all_ended = asyncio.Event()
        self.expected = 0

    @activity.defn(name="empty")
    async def empty(self, order: Order) -> str:
        """Nothing."""
        return "sent"

    @activity.defn(name="empty_last")
    async def empty_last(self, order: Order) -> str:
        """Nothing, for the last time in a journey."""
        self.ended += 1
        if self.ended >= self.expected:
            self.all_ended.set()
        return "sent"


@workflow.defn(name="Bare")
class Bare:
    """Three sends and two delays, no record of anything: the least that the journey can cost."""

    @workflow.run
    async def run(self, order: Order) -> str:
        """Send, wait, send, wait, send."""
        await _send(order)
        await workflow.sleep(DELAY)
        await _send(order)
        await workflow.sleep(DELAY)
        return await _send(order, last=True)


@workflow.defn(name="PerNode")
class PerNode:
    """The reference journey with three activities per node (begin, execute, end) and checks in between.

    Fifteen activities, seven local ones, two timers; all empty, so what it costs is the shape alone.
    """

    @workflow.run
    async def run(self, order: Order) -> str:
        """Five nodes: three messages, two delays."""
        await _check(order)
        for node in range(5):
            await _send(order)
            await _check(order)
            if node % 2:
                await workflow.sleep(DELAY)
            await _send(order)
            if node < 4:
                await _send(order)
        await _check(order)
        return await _send(order, last=True)


async def _send(order: Order, *, last: bool = False) -> str:
    name = "empty_last" if last else "empty"
    answer: str = await workflow.execute_activity(name, order, start_to_close_timeout=_TIMEOUT, result_type=str)
    return answer


async def _check(order: Order) -> str:
    answer: str = await workflow.execute_local_activity(
        "empty", order, start_to_close_timeout=_TIMEOUT, result_type=str
    )
    return answer
