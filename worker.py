"""A worker by itself: `uv run worker.py`, against the PostgreSQL and the Temporal that the settings name."""

import asyncio
import signal
import sys
from datetime import timedelta

import structlog

import telemetry
from composition import engine_of, worker_of
from domain.errors import TouchlineError
from settings import Settings
from starter.schedule import ensure_reconciler

log = structlog.get_logger("worker")


async def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, then finish what is under way."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with engine_of(settings) as engine, worker_of(settings, engine):
        every = timedelta(seconds=settings.reconcile_every_s)
        await ensure_reconciler(engine.runs.client, engine.runs.task_queue, every)
        log.info("working", task_queue=settings.task_queue, temporal=settings.temporal_address)
        await stop.wait()
        log.info("stopping", hint="waiting for the messages that are being handed over")


def main() -> int:
    """Exit status 0 after a stop that was asked for, 1 when a service could not be used."""
    settings = Settings()
    telemetry.configure(settings.log_format, settings.log_level)
    if not settings.database_url or not settings.temporal_address:
        log.error(
            "not_configured", hint="set TOUCHLINE_DATABASE_URL and TOUCHLINE_TEMPORAL_ADDRESS, or use ./touchline up"
        )
        return 1
    try:
        asyncio.run(work(settings))
    except TouchlineError as error:
        log.error("cannot_work", error=str(error), hint=error.hint)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
