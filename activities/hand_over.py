"""Hand one claimed message over, with nothing held: no lock on a row, no transaction, no connection of the pool.

What may have been said since the claim is looked at immediately before the point of no return, by whoever hands over:
the provider awaits the look when all it needs stands. A look is good for a fraction of a second; a process that was
stopped in between looks again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    NotCleared,
    PermanentError,
    SendError,
    TransientError,
)
from domain.messages import Absent, Lookup, OutgoingMessage, Receipt, Unknown
from providers.base import LastLook, Line, Provider
from store.pool import LOST

_Result = TypeVar("_Result")

LIMIT = timedelta(seconds=90)
"""What a hand-over takes at most, from its claim to the provider's last word; it begins in the first half of that."""

NEXT_LINE_S = 20.0
"""How long a message waits for a line before it gives its place in the worker to another one."""

MOST_REFUSALS = 3
"""Last looks that said no to what the claim had let pass; then the message waits for a while."""

_GOOD_FOR_S = 0.5
"""How old a look may be, counted from when it was asked, when the message leaves."""

_ASK_AGAIN = timedelta(seconds=20)


@dataclass(frozen=True)
class InDoubt:
    """Nobody knows whether it was handed over."""

    error: SendError
    unknown: Unknown


Outcome = Receipt | PermanentError | TransientError | ConfigurationError | InDoubt | NotCleared


async def hand_over(
    provider: Provider, message: OutgoingMessage, line: Line, clear: LastLook, attempted_at: datetime
) -> Outcome:
    """Hand it over and say what became of it. The line is released."""
    try:
        return await provider.send(message, line, clear=clear)
    except AmbiguousError as error:
        doubt = error
    except (PermanentError, TransientError, ConfigurationError, NotCleared) as outcome:
        return outcome
    finally:
        line.release()
    match await look_up(provider, message, attempted_at):
        case Receipt() as receipt:
            return receipt
        case Absent():
            return TransientError(doubt.provider, doubt.message, doubt.code)
        case Unknown() as unknown:
            return InDoubt(doubt, unknown)


async def uninterrupted(sending: Coroutine[Any, Any, _Result]) -> _Result:
    """Its outcome, recorded also where the attempt is cancelled meanwhile: the server took a worker that stood still
    for dead, and only this one hears what the provider says.
    """
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task], timeout=LIMIT.total_seconds())
        raise


async def look_up(provider: Provider, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
    """What the provider knows of a hand-over that was begun then (UTC)."""
    try:
        return await provider.lookup(message, attempted_at)
    except SendError as error:
        return Unknown(reason=str(error), ask_again_after=_ASK_AGAIN)


def last_look(judge: Callable[[], Awaitable[float]]) -> LastLook:
    """The look that a provider awaits: `judge` raises NotCleared, or says yes and when that was asked for.

    By the monotonic clock; a yes that has become old on its way is asked for again.
    """

    async def clear() -> None:
        while True:
            try:
                asked = await judge()
            except LOST as error:
                raise NotCleared("the database cannot be asked") from error
            if monotonic() - asked <= _GOOD_FOR_S:
                return

    return clear
