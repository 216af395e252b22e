"""A worker by itself: `uv run worker.py`, against the PostgreSQL and the Temporal that the settings name."""

import asyncio
import signal
from datetime import timedelta

import structlog

from composition import engine_of, worker_of
from domain.errors import NotReady
from domain.messages import Channel
from entrypoint import end_process, run
from settings import Settings
from starter.engine import Engine
from starter.inbound.inbox import Inbox
from starter.schedules import ensure_mailbox_poll, ensure_reconciler
from store import health
from store.pool import LOST
from store.worker_conflicts import Tally

log = structlog.get_logger("worker")

_USUAL = (Channel.EMAIL, Channel.SMS)
"""Channels that are missed even where no sequence sends on them yet."""
_GRACE_S = 10.0
"""For what came in and is being applied when the process is told to end; what is left, others apply."""
_COUNTED_EVERY_S = 15.0
_NAMED = 5
"""Sequences that a warning names."""


async def work(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, then finish what is under way."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    inbox = Inbox()
    async with engine_of(settings) as engine, worker_of(settings, engine, inbox=inbox):
        every = timedelta(seconds=settings.reconcile_every_s)
        await ensure_reconciler(engine.runs.client, engine.runs.task_queue, every)
        polled_every = timedelta(seconds=settings.imap_every_s) if settings.imap_host else None
        await ensure_mailbox_poll(engine.runs.client, engine.runs.task_queue, polled_every)
        await warn_of_channels(engine)
        keeping = asyncio.create_task(inbox.keep(engine))
        counting = asyncio.create_task(count_conflicts(Tally(engine.database, engine.tenant_id)))
        log.info("working", task_queue=settings.task_queue, temporal=settings.temporal_address)
        await stop.wait()
        log.info("stopping", hint="waiting for the messages that are being handed over")
        keeping.cancel()
        counting.cancel()
        await inbox.finish(_GRACE_S)


async def count_conflicts(tally: Tally) -> None:
    """Note, until cancelled, what the `/metrics` of an API process tell of workers; a database that is down is tried
    again."""
    while True:
        await asyncio.sleep(_COUNTED_EVERY_S)
        try:
            await tally.note()
        except LOST as error:
            log.warning("conflicts_not_noted", error=type(error).__name__)


async def warn_of_channels(engine: Engine) -> None:
    """What cannot be sent is known before the first message of that channel is due."""
    missing: dict[Channel, NotReady] = {}
    for channel in Channel:
        try:
            engine.providers.for_channel(channel)
        except NotReady as error:
            missing[channel] = error
    if not missing:
        return
    users: dict[Channel, list[str]] = {}
    for tenant_id in await engine.database.tenant_ids():
        async with engine.database.transaction(tenant_id) as tx:
            for channel, keys in (await health.channels_in_use(tx)).items():
                users.setdefault(channel, []).extend(keys)
    for channel, why in missing.items():
        wanted = users.get(channel, [])
        if wanted or channel in _USUAL:
            named = {"count": len(wanted), "sequences": wanted[:_NAMED]} if wanted else {}
            log.warning("channel_cannot_send", channel=str(channel), error=str(why), hint=why.hint, **named)


if __name__ == "__main__":
    end_process(run(work, "cannot_work"))
