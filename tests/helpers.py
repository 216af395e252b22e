"""Helpers that several tiers of tests share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def assert_eventually(
    condition: Callable[[], Awaitable[T]], *, timeout_s: float = 10.0, poll_s: float = 0.02
) -> T:
    """Call `condition` until it neither raises AssertionError nor answers False; its answer.

    At the deadline the last AssertionError is what the test fails with.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answer = await condition()
            assert answer is not False, f"{condition} still answers False after {timeout_s:g} s"
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return answer
        await asyncio.sleep(poll_s)
