"""A server process gives way to others where the processor is short."""

import os
import sys
from pathlib import Path

from starter.process import ServerProcess


async def test_whoever_gives_way_is_nicer_than_others(tmp_path: Path) -> None:
    """By its own niceness, and by that of its session, between which Linux shares a processor first."""
    process = ServerProcess("a server", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
    try:
        before = os.getpriority(os.PRIO_PROCESS, process.pid)
        process.give_way()
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > before
        assert _of_session(process.pid) in (None, "7")
    finally:
        await process.kill()


def _of_session(pid: int) -> str | None:
    """None where processors are not shared between sessions."""
    file = Path(f"/proc/{pid}/autogroup")
    return file.read_text().split()[-1] if file.exists() else None
