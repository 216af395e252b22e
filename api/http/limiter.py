"""How often may one caller come: each key so often, and whoever shows keys that are none.

Counted in this process alone: several processes behind one address let through that many times as much.
"""

import asyncio
import time
from collections import OrderedDict
from contextlib import AbstractAsyncContextManager, nullcontext
from hashlib import sha256
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

_MOST_KNOWN = 10_000
"""Keys, valid and wrong ones each: a hundred bytes of memory for one."""
_WRONG_FOR_S = 60.0
_GUESSES_AT_ONCE = 2
"""Look-ups for addresses that show too many wrong keys: so many connections of the pool at most."""


class KnownKeys:
    """What the last look-ups of keys found, so that a flood of wrong ones does not become one of look-ups.

    A valid key is looked up each time all the same: it may have been revoked.
    """

    def __init__(self) -> None:
        self._valid: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()
        """By hash, and when that was found."""
        self._turns = asyncio.Semaphore(_GUESSES_AT_ONCE)

    def is_wrong(self, key: str) -> bool:
        """Whether it was none a moment ago."""
        at = self._wrong.get(_hash(key))
        return at is not None and time.monotonic() - at < _WRONG_FOR_S

    def look_up(self, key: str, *, guessing: bool) -> AbstractAsyncContextManager[None]:
        """From an address that shows too many wrong keys, those that nobody knows yet are looked up a few at a time."""
        return self._turns if guessing and _hash(key) not in self._valid else nullcontext()

    def note(self, key: str, *, valid: bool) -> None:
        """What was found."""
        hashed = _hash(key)
        if valid:
            self._valid[hashed] = None
            self._valid.move_to_end(hashed)
        else:
            self._valid.pop(hashed, None)
            self._wrong[hashed] = time.monotonic()
        for found in (self._valid, self._wrong):
            if len(found) > _MOST_KNOWN:
                found.popitem(last=False)


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()


class RateLimiter:
    """The counts of one process: requests of each valid key, refused keys of each address."""

    def __init__(self, per_minute: int, refused_per_minute: int) -> None:
        self._requests = RateLimitItemPerMinute(per_minute)
        self._refused = RateLimitItemPerMinute(refused_per_minute)
        self.known = KnownKeys()
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admits(self, key_id: str) -> bool:
        """Count a request of a valid key; False: it is one too many, and not counted."""
        return await self._window.hit(self._requests, "key", key_id)

    async def refused(self, address: str) -> None:
        """Count a key that is none."""
        await self._window.hit(self._refused, "address", address)

    async def believes(self, address: str) -> bool:
        """Whether few enough keys that are none came from this address."""
        return await self._window.test(self._refused, "address", address)

    async def told(self, key_id: str) -> dict[str, str]:
        """How much of a key's limit is left (draft-ietf-httpapi-ratelimit-headers)."""
        left, wait = await self._stand(self._requests, "key", key_id)
        return {
            "RateLimit-Policy": f'"key";q={self._requests.amount};w={self._requests.get_expiry()}',
            "RateLimit": f'"key";r={left};t={wait}',
        }

    async def wait_of_key(self, key_id: str) -> int:
        """Seconds until the key may come again."""
        return (await self._stand(self._requests, "key", key_id))[1]

    async def wait_of_address(self, address: str) -> int:
        """Seconds until keys that are none are answered 401 again there."""
        return (await self._stand(self._refused, "address", address))[1]

    async def _stand(self, item: RateLimitItem, *whose: str) -> tuple[int, int]:
        reset_at, left = await self._window.get_window_stats(item, *whose)
        return left, max(1, ceil(reset_at - time.time()))
