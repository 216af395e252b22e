"""What those who change the console's pages start: `./touchline console dev`."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from local.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = ROOT / "console" / "node_modules" / "vite"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not _INSTALLED.exists(), reason="console/node_modules is missing; console/build installs it"),
]


def test_the_source_is_served_as_it_is_changed(tmp_path: Path) -> None:
    """By the locked Node, on the port that was asked for, until Ctrl-C; it says where no API answers."""
    port = free_port()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TOUCHLINE_STATE_DIR": str(tmp_path), "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "console", "dev", "--port", str(port), "--strictPort"],
        cwd=tmp_path,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as dev:
        assert dev.stdout is not None
        shown = ""
        while f":{port}/console/" not in shown:
            line = dev.stdout.readline()
            assert line, shown
            shown += line
        page = httpx.get(f"http://127.0.0.1:{port}/console/sequences", headers={"Accept": "text/html"})
        assert re.search(r"/console/src/main\.tsx", page.text)
        os.killpg(dev.pid, signal.SIGINT)
    assert "./touchline up is not running" in shown
