"""Somebody's server that is told of what happens: what it took, and what it answers."""

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """It believes only what is signed by its secret."""

    server: TestServer
    secret: str = ""
    answers: deque[int] = field(default_factory=deque)
    """What it answers next; after that, or where `always` is, 204."""
    always: int = 204
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """webhook-id and document of every call that was signed."""
    taken: list[dict[str, Any]] = field(default_factory=list)
    unsigned: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/hook"

    @property
    def types(self) -> list[str]:
        return [document["type"] for document in self.taken]

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        try:
            Webhook(self.secret).verify(body, {k.lower(): v for k, v in request.headers.items()})
        except (WebhookVerificationError, RuntimeError, ValueError):
            self.unsigned += 1
            return web.Response(status=401)
        document = json.loads(body)
        self.calls.append((request.headers["webhook-id"], document))
        status = self.answers.popleft() if self.answers else self.always
        if status < 300:
            self.taken.append(document)
        return web.Response(status=status)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """On a port of its own, on the loopback."""
    app = web.Application()
    server = TestServer(app, host="127.0.0.1")
    receiver = Receiver(server)
    app.router.add_post("/hook", receiver.handle)
    await server.start_server()
    yield receiver
    await server.close()
