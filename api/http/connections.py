"""Connections that say nothing, or half a request, are cut: they must not use up what requests need."""

import asyncio
import resource
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

WITHIN_S = 10.0
"""For the headers of a request, from the connection's begin, the answer before or the first byte on."""
_KEPT_BACK = 200
"""File descriptors for everything but clients: databases, files, Temporal."""
_MOST = 10_000


class PatientProtocol(H11Protocol):
    """Gives up whoever sends no request in time, and where there are too many, who has waited longest for one."""

    most: ClassVar[int] = _MOST
    """Connections of this process."""
    _waiting: ClassVar[dict["PatientProtocol", None]] = {}
    """Those without a request under way, the oldest first."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """Wait for its first request, but not for ever."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            next(iter(self._waiting)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a request of which half is there is still waited for."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next one."""
        super().on_response_complete()
        self._look()

    def _look(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait_no_more()
        elif self._limit is None and not self.transport.is_closing():
            self._wait()

    def _wait(self) -> None:
        self._waiting[self] = None
        self._limit = self.loop.call_later(WITHIN_S, self.transport.abort)

    def _wait_no_more(self) -> None:
        self._waiting.pop(self, None)
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None


def most_connections() -> int:
    """How many this process can bear by its file descriptors, of which it takes as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST + _KEPT_BACK
    may = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < may:
        resource.setrlimit(resource.RLIMIT_NOFILE, (may, hard))
        soft = may
    have = wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
    return max(have - _KEPT_BACK, have // 2)
