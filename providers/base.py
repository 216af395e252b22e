"""What every provider offers. One file per provider; the vendor's dialect is a dict in that file."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from domain.messages import Channel, Lookup, OutgoingMessage, Receipt

LastLook = Callable[[], Awaitable[None]]
"""Asks whether the message may still leave; raises NotCleared if not. Its yes is good for the next moment alone."""


class Line(Protocol):
    """What a provider needs to take one message over, kept for it until it is released."""

    def release(self) -> None:
        """Give it back; once."""
        ...


class Unbounded:
    """The line of a provider that takes as many messages at once as come."""

    def release(self) -> None:
        """There is always another one."""


class Soon(NamedTuple):
    """No line is free, and the next one is worth waiting for."""

    next_line: Callable[[], Awaitable[Line]]


class Later(NamedTuple):
    """No line is free, and nobody waits for the next one: a message asks again after this time."""

    after: timedelta


class Provider(Protocol):
    """Hands messages of some channels to somebody who delivers them."""

    name: str
    channels: frozenset[Channel]

    def free_line(self, tenant_id: UUID) -> Line | Soon | Later:
        """A line that is free now for a message of this tenant's, or how to come by one."""
        ...

    async def send(self, message: OutgoingMessage, line: Line, *, clear: LastLook) -> Receipt:
        """Hand the message over by a line of this provider's, within the provider's own time-out.

        `clear` is awaited at the point of no return, with nothing awaited between its yes and the first byte that
        makes the message one. Raises what it raises (then nothing was handed over), PermanentError, TransientError,
        ConfigurationError or AmbiguousError, and nothing else. Must be safe to call concurrently. Never retries by
        itself.
        """
        ...

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """Was this message taken over by an attempt begun at `attempted_at` (UTC)?"""
        ...

    async def check(self) -> str:
        """Reach the provider with the configured credentials and say in a line what was found.

        Raises ConfigurationError or TransientError, whose text says what to fix.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
