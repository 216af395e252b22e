"""A server process gives way to others where the processor is short."""

import os
import sys
from pathlib import Path

from local.process import ServerProcess
from tests.support.helpers import assert_eventually


async def test_whoever_gives_way_is_nicer_than_others(tmp_path: Path) -> None:
    """By its own niceness, and by that of its session, between which Linux shares a processor first."""
    process = ServerProcess("a server", [sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")
    try:
        before = os.getpriority(os.PRIO_PROCESS, process.pid)

        async def gives_way() -> None:
            # Linux takes one such wish in a tenth of a second from everybody but root.
            process.give_way()
            assert _of_session(process.pid) in (None, "7")

        await assert_eventually(gives_way)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) > before
    finally:
        await process.kill()


def _of_session(pid: int) -> str | None:
    """None where processors are not shared between sessions."""
    file = Path(f"/proc/{pid}/autogroup")
    said = file.read_text().split() if file.exists() else []
    return said[-1] if said else None
