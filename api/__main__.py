"""The API by itself: `uv run python -m api`, on the PostgreSQL and the Temporal that the settings name."""

import asyncio
import gc
import os
import signal
import socket

import structlog
import uvicorn

from api.app import create_app
from api.health import database_fault
from api.http.connections import PatientProtocol, most_connections
from api.http.limiter import RateLimiter
from api.http.state import Edge, live_streams
from composition import engine_of, twilio_webhook_of, webhook_secrets_of
from domain.errors import NotReady
from entrypoint import end_process, run
from providers.inbound.registry import build_email_webhooks
from settings import PREFIX, Settings
from starter.engine import Engine

log = structlog.get_logger("api")

_GRACE_S = 20
"""For requests that are under way when the process is told to end."""
_KEPT_BACK = 3
"""The third part of the connections to the database is kept for webhooks, links and probes."""
_MOST_STREAMS = 5_000


def edge_of(settings: Settings, engine: Engine) -> Edge:
    """What the handlers work with. Raises NotReady for a secret that can never be one."""
    return Edge(
        engine=engine,
        public_url=settings.public_url,
        email_webhooks=build_email_webhooks(**webhook_secrets_of(settings)),
        twilio=twilio_webhook_of(settings),
        limiter=RateLimiter(settings.api_requests_per_minute, settings.api_refused_per_minute),
        metrics_token=settings.metrics_token.get_secret_value(),
        streams=live_streams(min(_MOST_STREAMS, PatientProtocol.most // 2)),
    )


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish what is under way; what is down is waited for meanwhile."""
    PatientProtocol.most = most_connections()
    listening = _listen(settings.api_host, settings.api_port)
    async with engine_of(settings, lazy=True, kept_back=settings.database_pool_size // _KEPT_BACK) as engine:
        edge = edge_of(settings, engine)
        app = create_app(edge)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                # Whoever is not named may say what they like about where they come from, this machine included.
                forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", ""),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )

        def stop() -> None:
            server.should_exit = True
            edge.live.close()

        # uvicorn raises the signal once more when it has ended: it must find somebody, or the process dies of it.
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop)
        if fault := await database_fault(engine):
            log.warning("not_ready", fault=fault, hint="webhooks are answered 503 until it is mended")
        # The application lives to the end: to look for garbage among its parts would hold every answer up.
        gc.collect()
        gc.freeze()
        host, port = listening.getsockname()[:2]
        log.info("serving", host=host, port=port, public_url=settings.public_url, temporal=settings.temporal_address)
        keeping = asyncio.create_task(edge.inbox.keep(engine))
        try:
            await server.serve(sockets=[listening])
            await edge.inbox.finish(_GRACE_S)
        finally:
            keeping.cancel()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise NotReady(
            f"nothing can listen on {host}, port {port}: {error.strerror or error}",
            hint=f"{PREFIX}API_PORT and {PREFIX}API_HOST say where; port 0 is any free one",
        ) from error
    # Handed on to every connection. asyncio would do it for sockets of its own making; without it an answer of two
    # writes waits 40 ms for the client's delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


if __name__ == "__main__":
    end_process(run(serve, "cannot_serve"))
