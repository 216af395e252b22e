"""Child processes that are kept alive: replaced when they die, ended in good order when it is time."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from domain.errors import NotReady
from local import services
from local.process import ServerProcess

_POLL_S = 0.25
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 5.0
"""While it is away no STOP is heard, and whoever calls gives up in a minute. A start takes as long, so one that always
fails costs half a processor at most."""
_STEADY_S = 60.0
"""Whatever lived for this long did not fail at its start."""


class Say(Protocol):
    """Where a person reads what happens to the processes."""

    def __call__(self, text: str, style: str = ...) -> None:
        """Show a line, in a style of rich's."""
        ...


async def keep_alive(
    name: str, start: Callable[[Path], ServerProcess], log_folder: Path, stop: asyncio.Event, say: Say
) -> None:
    """One at all times until `stop`; one that dies is replaced, after a pause that grows while it keeps dying."""
    pause = _FIRST_PAUSE_S
    while not stop.is_set():
        process = start(log_folder / f"{name.lower()}.log")
        began = time.monotonic()
        try:
            while process.running and not await called(stop, _POLL_S):
                pass
        finally:
            if process.running:
                say(f"ending: the {name} finishes what it is doing …")
            await process.stop(services.PATIENCE_S)
        if stop.is_set():
            return
        if time.monotonic() - began > _STEADY_S:
            pause = _FIRST_PAUSE_S
        say(f"the {name} ended by itself and is started again in {pause:g} s; its last words:", "bold yellow")
        say(process.log_tail(5))
        await called(stop, pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


class Server(Protocol):
    """One of the servers that everybody else works with."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        ...

    async def start(self) -> None:
        """Start it, also again, on what it has kept. Raises NotReady if it does not come up."""
        ...


async def keep_serving(name: str, server: Server, stop: asyncio.Event, say: Say) -> None:
    """Started again whenever it ends, until `stop`; one that does not come up is tried after a pause that grows."""
    pause = _FIRST_PAUSE_S
    while not await called(stop, _POLL_S):
        if server.pid is not None:
            continue
        say(f"{name} ended by itself and is started again", "bold yellow")
        try:
            await server.start()
        except NotReady as error:
            say(f"it is tried again in {pause:g} s: {error}", "bold yellow")
            await called(stop, pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
        else:
            pause = _FIRST_PAUSE_S


async def called(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event happens within this time."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
