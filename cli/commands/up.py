"""`up`: what Touchline runs on."""

import asyncio
import signal
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path

import typer
from temporalio.client import Client
from temporalio.service import RPCError

from cli.terminal import connect, output, sign_in
from cli.terminal.command import AsJson, command
from domain.errors import Conflict
from entrypoint import Exit
from local import services
from local.ports import free_port
from local.process import ServerProcess
from local.stack import LocalStack
from local.supervisor import keep_alive, keep_serving
from settings import Settings
from starter import temporal_health
from store.workspace import sessions

_POLL_S = 0.25
_READY_S = 60.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "up")(up)


async def up(as_json: AsJson = False) -> Exit:
    """Run the local stack (PostgreSQL, Temporal with its UI), a worker and the API until Ctrl-C; state is kept.

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
        # From here on Ctrl-C is the way to end, in good order: those who work with the servers first.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        local = _locally(settings, stack)
        announcing = asyncio.create_task(_announce(stack, local, as_json=as_json))
        try:
            await _until_all_end(
                stop,
                keep_serving("PostgreSQL", stack.postgres, stop, output.note),
                keep_serving("Temporal", stack.temporal, stop, output.note),
                keep_alive("worker", lambda log: _start_worker(local, log), stack.folder, stop, output.note),
                keep_alive("API", lambda log: services.start_api(local, log), stack.folder, stop, output.note),
            )
        finally:
            announcing.cancel()
    output.note("ended; ./touchline up goes on where this was")
    return Exit.DONE


def _locally(settings: Settings, stack: LocalStack) -> Settings:
    """The stack's services, and a port that is free."""
    stack.api_port = free_port(settings.api_port, host=settings.api_host)
    stack.announce()
    return connect.on_stack(settings, stack)


def _start_worker(settings: Settings, log: Path) -> ServerProcess:
    """Behind the API: whoever calls waits for the answer, and what it ends is in the database by then."""
    worker = services.start_worker(settings, log)
    worker.give_way()
    return worker


async def _announce(stack: LocalStack, settings: Settings, *, as_json: bool) -> None:
    deadline = time.monotonic() + _READY_S
    url = services.url_of(settings)
    while not (await _working(stack, settings) and await services.answers(url)):
        if time.monotonic() > deadline:
            output.note(f"worker and API are still not both ready; their logs are in {stack.folder}", "bold yellow")
            deadline = float("inf")
        await asyncio.sleep(_POLL_S)
    document = {
        "console": await sign_in.link(settings),
        "api": url,
        "docs": f"{url}/docs",
        "temporal_ui": stack.ui_url,
        "temporal_address": stack.temporal_address,
        "database_url": stack.database_url,
        "outbox": str(settings.outbox_dir),
        "worker_log": str(stack.folder / "worker.log"),
        "api_log": str(stack.folder / "api.log"),
    }
    minutes = sessions.LINK_LASTS.total_seconds() // 60
    lines = [output.line(f"{name.replace('_', ' ') + ':':<18}{value}") for name, value in document.items()]
    lines.append(output.line(f"The console's link signs you in, once, within {minutes:.0f} minutes."))
    output.answer(document, lines, as_json=as_json)
    output.note("ready; Ctrl-C ends it")


async def _working(stack: LocalStack, settings: Settings) -> bool:
    with suppress(RuntimeError, RPCError):  # Temporal may just be starting again
        client = await Client.connect(stack.temporal_address)
        return bool(await temporal_health.workers(client, settings.task_queue))
    return False


async def _until_all_end(stop: asyncio.Event, *works: Coroutine[None, None, None]) -> None:
    """The first that fails ends the others, in good order."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)
