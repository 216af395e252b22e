"""The server's clock inside a regular activity, and the heartbeat that tells it this worker lives."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from temporalio import activity

HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""A worker that is silent for this long is taken for dead, and its delivery is tried again elsewhere."""

_HEARTBEAT_EVERY_S = HEARTBEAT_TIMEOUT.total_seconds() / 3


PACE: ContextVar[Callable[[], float]] = ContextVar("pace", default=time.monotonic)
"""What counts the seconds that pass during an attempt; it stands in a simulation, where nothing takes any time."""


class Clock:
    """Now, as the server sees it: the attempt's start by its clock plus what has passed here since.

    Also right under time skipping, where the worker's own wall clock means nothing.
    """

    def __init__(self) -> None:
        self._started = activity.info().started_time
        self._pace = PACE.get()
        self._began = self._pace()

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._started + timedelta(seconds=self._pace() - self._began)


@contextmanager
def heartbeats() -> Iterator[None]:
    """Heartbeat while the body runs; a body shorter than the interval (nearly every one) sends none."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle

    def beat() -> None:
        nonlocal timer
        activity.heartbeat()
        timer = loop.call_later(_HEARTBEAT_EVERY_S, beat)

    timer = loop.call_later(_HEARTBEAT_EVERY_S, beat)
    try:
        yield
    finally:
        timer.cancel()
