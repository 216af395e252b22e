"""A worker as a child process, given every setting by its environment."""

import os
import sys
from pathlib import Path

from pydantic import SecretStr

from settings import PREFIX, Settings
from starter.cli.tools import CHECKOUT
from starter.process import ServerProcess

PATIENCE_S = 50.0
"""Longer than a worker takes to bring its hand-overs to their end."""


def start_worker(settings: Settings, log: Path) -> ServerProcess:
    """Start a worker; its log goes to a file."""
    return ServerProcess("the worker", [sys.executable, CHECKOUT / "worker.py"], log, env=_environment(settings))


def _environment(settings: Settings) -> dict[str, str]:
    """This process's environment with exactly these settings, and no `.env` beside them."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    given = {PREFIX + name.upper(): _text(value) for name, value in settings if value is not None}
    # The worker runs in another folder and as a script, so paths and the place of its modules are absolute.
    return {**inherited, **given, f"{PREFIX}ENV_FILE": "", "PYTHONPATH": str(CHECKOUT)}


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.absolute())
        case _:
            return str(value)
