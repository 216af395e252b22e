"""What a webhook costs that only stores what it got: one insert in a transaction of its own, behind the same server."""

import asyncio
import json
import signal
import socket
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request

from settings import Settings, read_settings
from store.pool import Database

_INSERT = """
INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, payload, occurred_at, received_at)
VALUES (current_tenant(), $1, 'bare', $2, 'inbound', 'sms', $3, now(), now())
"""


def _app(database: Database, settings: Settings) -> FastAPI:
    app = FastAPI()

    @app.post("/", status_code=204)
    async def store(request: Request) -> None:
        event, body = uuid4(), (await request.body()).decode()
        async with database.transaction(settings.tenant) as tx:
            await tx.execute(_INSERT, event, event.hex, {"body": body})

    return app


async def _serve() -> None:
    settings = read_settings()
    listening = socket.create_server((settings.api_host, settings.api_port), backlog=2048)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    database = await Database.connect(settings.database_url, size=settings.database_pool_size)
    server = uvicorn.Server(
        uvicorn.Config(_app(database, settings), lifespan="off", log_config=None, access_log=False, server_header=False)
    )
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, setattr, server, "should_exit", True)
    print(json.dumps({"event": "serving", "port": listening.getsockname()[1]}), flush=True)  # noqa: T201 - read by `serving`
    await server.serve(sockets=[listening])
    await database.close()


if __name__ == "__main__":
    asyncio.run(_serve())
