"""HTTP requests that are looked at last when their connection stands, right before their first byte is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp
from aiohttp.connector import Connection

from providers.base import LastLook


@dataclass
class _Departure:
    """A request that hands something over."""

    clear: LastLook
    begun: bool = False
    """From here on something of it may have been written."""


_DEPARTURE: ContextVar[_Departure | None] = ContextVar("departure", default=None)


@contextmanager
def departing(clear: LastLook) -> Iterator[None]:
    """What is requested meanwhile in this task hands a message over, and leaves only if it is clear then."""
    token = _DEPARTURE.set(_Departure(clear))
    try:
        yield
    finally:
        _DEPARTURE.reset(token)


def is_begun() -> bool:
    """Whether something may have been written of the request that hands a message over in this task."""
    departure = _DEPARTURE.get()
    return departure is not None and departure.begun


class DepartingRequest(aiohttp.ClientRequest):
    """A request that asks; aiohttp closes the connection of one that must not leave."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Look, and write."""
        if (departure := _DEPARTURE.get()) is not None:
            await departure.clear()
            departure.begun = True
        return await super().send(conn)
