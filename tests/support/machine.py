"""The machine's clock, processor and ports, so that neither its speed nor its other work decides over a test."""

import asyncio
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def later(seconds: float) -> Iterator[None]:
    """So much later by the event loop's clock: what is due by then ends now, however fast or slow the machine is."""
    loop = asyncio.get_running_loop()
    clock = loop.time
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loop, "time", lambda: clock() + seconds)
        yield


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port of this machine where nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


_YARDSTICK_S = 0.035
"""What `_yardstick` takes of the processor that the tests' bounds were measured on."""


_TRIES = 3
"""Other work on the machine makes a measurement too long, never too short: the best of these counts."""


def assert_takes_at_most(seconds: float, work: Callable[[], object]) -> None:
    """Seconds of a processor like the one that the bounds were measured on; a slower one is given more."""
    tries = []
    for _ in range(_TRIES):
        began = time.thread_time()
        work()
        taken = time.thread_time() - began
        if taken <= seconds:
            return
        slower = max(1.0, _yardstick() / _YARDSTICK_S)
        if taken / slower <= seconds:
            return
        tries.append(f"{taken:.2f} s, on a processor that is {slower:.1f} times slower")
    raise AssertionError("; ".join(tries))


def _yardstick() -> float:
    """What the same piece of work, of the kind that the bounds are for, takes of this processor now."""
    began = time.thread_time()
    found: dict[str, int] = {}
    for number in range(30_000):
        for word in re.findall(r"\w+", f"{number} a:b {number % 97}"):
            found[word] = found.get(word, 0) + 1
    return time.thread_time() - began
