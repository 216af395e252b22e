"""How often may one caller come: each key so often, and whoever shows keys that are none.

Counted in this process alone: several processes behind one address let through that many times as much.
"""

import time
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter


class RateLimiter:
    """The counts of one process: requests of each valid key, refused keys of each address."""

    def __init__(self, per_minute: int, refused_per_minute: int) -> None:
        self._requests = RateLimitItemPerMinute(per_minute)
        self._refused = RateLimitItemPerMinute(refused_per_minute)
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def admits(self, key_id: str) -> bool:
        """Count a request of a valid key; False: it is one too many, and not counted."""
        return await self._window.hit(self._requests, "key", key_id)

    async def refused(self, address: str) -> None:
        """Count a key that is none."""
        await self._window.hit(self._refused, "address", address)

    async def believes(self, address: str) -> bool:
        """Whether keys from this address are still looked up."""
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
        """Seconds until keys from this address are looked up again."""
        return (await self._stand(self._refused, "address", address))[1]

    async def _stand(self, item: RateLimitItem, *whose: str) -> tuple[int, int]:
        reset_at, left = await self._window.get_window_stats(item, *whose)
        return left, max(1, ceil(reset_at - time.time()))
