"""`bench inbound`, as small as it gets: every part of it runs on real servers."""

import json
import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_a_tiny_run_measures_everything() -> None:
    """Each signed call stops its enrollment, and what analytics says equals a full count: else it exits otherwise."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHLINE_")}
    done = subprocess.run(
        [sys.executable, "-m", "bench", "inbound", "--json", "--seconds", "1", "--rate", "6", "--jobs", "800"],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result.keys() >= {"p50_ms", "p99_ms", "bare_p99_ms", "ratio_p99", "analytics_ms", "analytics_exact"}
    assert result["requests"] == 6
    assert 0 < result["p50_ms"] <= result["p99_ms"]
    assert result["analytics_exact"] is True
    assert result["slow_p99_ms"] > 0
    assert 0 < result["slow_stopped_p50_ms"] <= result["slow_stopped_p99_ms"]
    assert result["slow_begun_after"] == 0
