"""What is said to a running enrollment, and how its activities are called."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from domain.enrollment import Upcoming
    from domain.migration import MoveRequest, MoveResult

# The provider's answer is awaited for at most half of this; a database that is down is waited for, for ever.
ATTEMPT_TIMEOUT = timedelta(seconds=90)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))

MOST_EVENTS = 2_000
"""A run of an enrollment begins no step once its history is this long: the next run does. A step adds about eleven."""

_Result = TypeVar("_Result")

Kind = Literal["pause", "resume", "stop", "look_again", "postpone", "send_now", "assume_sent", "migrate"]
Place = tuple[str, int]
"""A node, and the lap in which it is visited."""


@dataclass
class Command:
    """What an operator asked for; the loop acts on it and the update's handler waits for that."""

    kind: Kind
    place: Place
    """What was next when it was said: what is about one message must not hit the one after it."""
    reason: str = ""
    upcoming: Upcoming | None = None
    """What a postponement has made of the next node."""
    move: MoveRequest | None = None
    stays: MoveResult | None = None
    """Why it could not be moved."""
    done: bool = False
    too_late: bool = False
    """The enrollment ended before the loop came to it."""


async def uninterrupted(attempt: workflow.ActivityHandle[_Result]) -> _Result:
    """Its outcome, even when the workflow is cancelled meanwhile: a hand-over is never orphaned."""
    try:
        return await asyncio.shield(attempt)
    except asyncio.CancelledError:
        await attempt
        raise
