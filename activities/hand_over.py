"""Hand one claimed message over and find out what became of it: messages of sequences and automatic answers alike.

Nothing is held meanwhile: no lock on a row, no transaction, no connection of the pool. What may have been said since
the claim is looked at immediately before the point of no return, by whoever hands over: the provider awaits the look
when all it needs stands. A look is good for a fraction of a second; a process that was stopped in between looks again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from domain.errors import (
    AmbiguousError,
    ConfigurationError,
    NotCleared,
    NotReady,
    PermanentError,
    SendError,
    TransientError,
)
from domain.messages import Absent, Channel, Lookup, OutgoingMessage, Receipt, Unknown
from providers.base import LastLook, Line, Provider
from providers.registry import Registry
from store.last_look import LastLooks, Made, is_held
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
class Claimed:
    """A claim that was made: what to send, by whom, and since when (UTC)."""

    provider: Provider
    message: OutgoingMessage
    at: datetime


@dataclass(frozen=True)
class Left:
    """A claim that an earlier attempt left behind; its provider may know more."""

    which: int | datetime
    """The number of the claim, or when it was made (UTC)."""
    made: Made
    channel: Channel
    provider: str
    """The provider's name at the claim."""
    message: OutgoingMessage


@dataclass(frozen=True)
class Word:
    """What is known of a claim that has ended: by this attempt's own hand-over, or by its provider's word."""

    which: int | datetime
    lookup: Lookup
    own: bool = False


@dataclass(frozen=True)
class UnderWay:
    """Another attempt may still be handing it over."""


@dataclass(frozen=True)
class InDoubt:
    """Nobody knows whether it was handed over."""

    error: SendError
    unknown: Unknown


Outcome = Receipt | PermanentError | TransientError | ConfigurationError | InDoubt
"""What a provider's answer or error comes to: taken over, never, later, a person has to act, nobody knows."""


async def conclude(
    looks: LastLooks,
    claimed: Claimed,
    line: Line,
    look: Callable[[], Awaitable[float]],
    settle: Callable[[Outcome], Awaitable[_Result]],
) -> _Result | NotCleared:
    """Hand it over and settle it; NotCleared: it certainly did not leave, and is claimed anew.

    Nothing is held but the message itself, from the last look on, so that no other attempt hands it over too. `look`
    raises NotCleared, or answers when it was asked.
    """
    is_sent = False
    try:
        outcome = await hand_over(claimed, line, last_look(look))
        if isinstance(outcome, NotCleared):
            return outcome
        settled = await settle(outcome)
        is_sent = isinstance(outcome, Receipt)
        return settled
    finally:
        await looks.let_go(claimed.message.job_id, claimed, at_once=not is_sent)


async def hand_over(claimed: Claimed, line: Line, clear: LastLook) -> Outcome | NotCleared:
    """Hand it over and say what became of it. The line is released."""
    provider, message = claimed.provider, claimed.message
    try:
        return await provider.send(message, line, clear=clear)
    except AmbiguousError as error:
        doubt = error
    except (PermanentError, TransientError, ConfigurationError, NotCleared) as outcome:
        return outcome
    finally:
        line.release()
    match await _look_up(provider, message, claimed.at):
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


async def find_out(providers: Registry, left: Left) -> Word:
    """Ask the provider that it was claimed for; what cannot be asked any more stays unknown."""
    try:
        provider = providers.for_channel(left.channel)
    except NotReady as error:
        return Word(left.which, Unknown(reason=str(error)))
    if provider.name != left.provider:
        why = f"provider {left.provider} is no longer the one for {left.channel}"
        return Word(left.which, Unknown(reason=why))
    return Word(left.which, await _look_up(provider, left.message, left.made.at))


async def what_became(
    tx: asyncpg.Connection, job_id: UUID, made: Made, word: Word, now: datetime
) -> Receipt | Absent | Unknown | UnderWay:
    """What an ended claim came to. While somebody may be at it, only a receipt is believed of the provider."""
    if isinstance(word.lookup, Receipt) or word.own:
        return word.lookup
    return UnderWay() if await is_held(tx, job_id, made, limit=LIMIT, now=now) else word.lookup


async def _look_up(provider: Provider, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
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
