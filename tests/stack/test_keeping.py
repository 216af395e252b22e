"""What dies under `up` is there again before whoever calls gives up, however often it dies."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import output
from domain.errors import NotReady
from local import supervisor

GIVES_UP_AFTER_S = 60.0
"""A provider's or a mail server's patience, at the least."""
DEATHS = 20


class Dead:
    """A process that ends at once, or a server that never comes up."""

    running = False
    pid = None

    def __init__(self) -> None:
        self.starts = 0

    async def stop(self, _: float) -> None:
        pass

    def log_tail(self, _: int) -> str:
        return ""

    async def start(self) -> None:
        self.starts += 1
        raise NotReady("no room")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    waited: list[float] = []

    async def called(event: asyncio.Event, seconds: float) -> bool:
        if seconds >= supervisor._FIRST_PAUSE_S:
            waited.append(seconds)
        if len(waited) == DEATHS:
            event.set()
        return event.is_set()

    monkeypatch.setattr(supervisor, "called", called)
    return waited


@pytest.mark.parametrize("what", ["process", "server"])
async def test_a_pause_grows_and_stays_short(pauses: list[float], tmp_path: Path, what: str) -> None:
    """It grows, so that whatever always fails costs little; several in a row are over before a caller gives up."""
    stop, dead = asyncio.Event(), Dead()
    if what == "process":
        start: Any = lambda _: dead  # noqa: E731
        await supervisor.keep_alive("API", start, tmp_path, stop, output.note)
    else:
        await supervisor.keep_serving("PostgreSQL", dead, stop, output.note)
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]
    assert sum(pauses[-3:]) < GIVES_UP_AFTER_S / 2
