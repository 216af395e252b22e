"""Clients of GET /events on a server of their own: a stream never ends, so it needs a real connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from api.app import create_app
from api.http.state import Edge
from tests.support.helpers import assert_eventually


@dataclass
class Ear:
    """What one client has heard."""

    response: httpx.Response
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Type and document of each."""
    ids: list[str] = field(default_factory=list)
    """Every place, those of heartbeats among them."""
    ended: bool = False

    @property
    def types(self) -> list[str]:
        return [kind for kind, _ in self.events]

    async def listen(self) -> None:
        event: dict[str, str] = {}
        try:
            async for line in self.response.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    event[name] = value
                    continue
                if "id" in event:
                    self.ids.append(event["id"])
                if "data" in event:
                    self.events.append((event["event"], json.loads(event["data"])))
                event = {}
        except httpx.HTTPError:
            pass
        self.ended = True

    async def hears(self, *types: str) -> None:
        """Wait until exactly these have come."""

        async def heard() -> None:
            assert self.types == list(types)

        await assert_eventually(heard)

    async def until(self, condition: str) -> None:
        """Wait until this attribute is true."""

        async def true() -> bool:
            return bool(getattr(self, condition))

        await assert_eventually(true)


@asynccontextmanager
async def served(edge: Edge) -> AsyncIterator[str]:
    """The application behind a port; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(create_app(edge), lifespan="off", log_config=None, timeout_graceful_shutdown=5)
    )
    serving = asyncio.create_task(server._serve([listening]))  # without its signal handlers
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        edge.live.close()
        server.should_exit = True
        await serving
        listening.close()


@asynccontextmanager
async def listening(url: str, key: dict[str, str], **query: Any) -> AsyncIterator[Ear]:
    """A client that listens, from `last` on when it is given, once its place is known."""
    last = query.pop("last", None)
    headers = {**key, "Last-Event-ID": last} if last else key
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(30, read=60)) as http,
        http.stream("GET", f"{url}/events", params=query, headers=headers) as response,
    ):
        ear = Ear(response)
        if response.status_code != 200:
            await response.aread()
            yield ear
            return
        hearing = asyncio.create_task(ear.listen())
        await ear.until("ids")
        try:
            yield ear
        finally:
            hearing.cancel()
