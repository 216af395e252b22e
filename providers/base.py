"""What every provider offers. One file per provider; the vendor's dialect is a dict in that file."""

from datetime import datetime
from typing import Protocol

from domain.messages import Channel, Lookup, OutgoingMessage, Receipt


class Provider(Protocol):
    """Hands messages of some channels to somebody who delivers them."""

    name: str
    channels: frozenset[Channel]

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand the message over, within the provider's own time-out.

        Raises PermanentError, TransientError, ConfigurationError or AmbiguousError, and nothing else.
        Must be safe to call concurrently. Never retries by itself.
        """
        ...

    async def lookup(self, message: OutgoingMessage, attempted_at: datetime) -> Lookup:
        """Was this message taken over by an attempt begun at `attempted_at` (UTC)?"""
        ...

    async def check(self) -> str:
        """Reach the provider with the configured credentials and say in a line what was found.

        Raises ConfigurationError or TransientError, whose text says what to mend.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
