"""`up` and `migrate`: what Touchline runs on."""

import asyncio
import signal
import time
from contextlib import suppress
from pathlib import Path

import typer
from temporalio.client import Client
from temporalio.service import RPCError

from domain.errors import Conflict, NotReady
from settings import Settings
from starter import health
from starter.cli import child, connect, output
from starter.cli.command import Answer, AsJson, command
from starter.ending import Exit
from starter.stack import LocalStack, running_stack
from store.migrate import migrate

_POLL_S = 0.25
_READY_S = 60.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
"""A worker that lived for this long did not fail at its start."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "up")(up)
    command(app, "migrate", name="migrate")(migrate_database)


async def up(as_json: AsJson = False) -> Exit:
    """Run the local stack (PostgreSQL, Temporal with its UI) and a worker until Ctrl-C; state is kept.

    The other commands find it by themselves. With --json the document is printed when everything is ready.
    """
    settings = connect.load_settings()
    if settings.database_url or settings.temporal_address:
        raise Conflict(
            "TOUCHLINE_DATABASE_URL or TOUCHLINE_TEMPORAL_ADDRESS is set, so the other commands would go there",
            hint="unset both to use the local stack; or start a worker alone: uv run worker.py",
        )
    stop = asyncio.Event()
    output.note("starting PostgreSQL and Temporal …")
    async with LocalStack(settings.state_dir, keep=True) as stack:
        # From here on Ctrl-C is the way to end, in good order: the worker first.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        local = connect.on_stack(settings, stack)
        announcing = asyncio.create_task(_announce(stack, local, as_json=as_json))
        try:
            await _keep_working(stack, local, stop)
        finally:
            announcing.cancel()
    output.note("ended; ./touchline up goes on where this was")
    return Exit.DONE


async def _announce(stack: LocalStack, settings: Settings, *, as_json: bool) -> None:
    deadline = time.monotonic() + _READY_S
    while not await _working(stack, settings):
        if time.monotonic() > deadline:
            output.note(f"the worker is still not ready; its log: {stack.folder / 'worker.log'}", "bold yellow")
            deadline = float("inf")
        await asyncio.sleep(_POLL_S)
    document = {
        "temporal_ui": stack.ui_url,
        "temporal_address": stack.temporal_address,
        "database_url": stack.database_url,
        "outbox": str(settings.outbox_dir),
        "worker_log": str(stack.folder / "worker.log"),
    }
    lines = [output.line(f"{name.replace('_', ' ') + ':':<18}{value}") for name, value in document.items()]
    output.answer(document, lines, as_json=as_json)
    output.note("ready; Ctrl-C ends it")


async def _working(stack: LocalStack, settings: Settings) -> bool:
    with suppress(RuntimeError, RPCError):  # Temporal may just be starting again
        client = await Client.connect(stack.temporal_address)
        return bool(await health.workers(client, settings.task_queue))
    return False


async def _keep_working(stack: LocalStack, settings: Settings, stop: asyncio.Event) -> None:
    """A worker at all times until `stop`; one that dies is replaced, after a pause that grows while it keeps dying."""
    pause = _FIRST_PAUSE_S
    log = stack.folder / "worker.log"
    while not stop.is_set():
        worker = child.start_worker(settings, log)
        began = time.monotonic()
        try:
            while worker.running and not await _called(stop, _POLL_S):
                await _keep_serving(stack)
        finally:
            if worker.running:
                output.note("ending: the worker finishes what it is handing over …")
            await worker.stop(child.PATIENCE_S)
        if stop.is_set():
            return
        if time.monotonic() - began > _STEADY_S:
            pause = _FIRST_PAUSE_S
        output.note(f"the worker ended by itself and is started again in {pause:g} s; its last words:", "bold yellow")
        output.note(worker.log_tail(5))
        await _called(stop, pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


async def _keep_serving(stack: LocalStack) -> None:
    for name, server in (("PostgreSQL", stack.postgres), ("Temporal", stack.temporal)):
        if server.pid is None:
            output.note(f"{name} ended by itself and is started again", "bold yellow")
            await server.start()


async def _called(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


async def migrate_database(as_json: AsJson = False) -> Answer:
    """Bring the database of the settings, or the running local stack's, to this checkout's schema.

    Needs the role that owns the tables; creates the database if it is missing.
    """
    settings = connect.load_settings()
    url = settings.database_url
    if not url:
        stack = running_stack(settings.state_dir)
        if stack is None:
            raise NotReady(
                "there is no database to migrate",
                hint="set TOUCHLINE_DATABASE_URL; ./touchline up migrates its own",
            )
        url = stack.database_url
    applied = await migrate(url)
    said = [f"applied {Path(name).stem}" for name in applied] or ["nothing to do: the schema is this checkout's"]
    return Answer({"applied": applied}, [output.line(text) for text in said])
