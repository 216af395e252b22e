"""A worker and an API as child processes, given every setting by their environment."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import aiohttp
from pydantic import SecretStr

from local.ports import LOOPBACK
from local.process import ServerProcess
from local.stack import CHECKOUT
from settings import PREFIX, Settings

PATIENCE_S = 50.0
"""Longer than a worker takes to bring its hand-overs to their end."""
_ANSWER_S = 2.0
_OURS = frozenset({"database_owner_url"})
"""Settings for commands alone."""


def start_worker(settings: Settings, log: Path) -> ServerProcess:
    """Start a worker; its log goes to a file."""
    return ServerProcess("the worker", [sys.executable, CHECKOUT / "worker.py"], log, env=_environment(settings))


def start_api(settings: Settings, log: Path) -> ServerProcess:
    """Start an API on the settings' host and port; its log goes to a file."""
    # -P: nothing of the folder that it runs in is imported.
    return ServerProcess("the API", [sys.executable, "-P", "-m", "api"], log, env=_environment(settings))


async def answers(url: str) -> bool:
    """Whether an API serves there."""
    with suppress(aiohttp.ClientError, TimeoutError):
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S)) as http,
            http.get(f"{url}/healthz") as answer,
        ):
            return answer.status == 200
    return False


def url_of(settings: Settings) -> str:
    """Where this machine reaches the API of the settings."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 - nothing is bound here
    host = everywhere.get(settings.api_host, settings.api_host)
    return f"http://[{host}]:{settings.api_port}" if ":" in host else f"http://{host}:{settings.api_port}"


def _environment(settings: Settings) -> dict[str, str]:
    """This process's environment with exactly these settings but the commands' own, and no `.env` beside them."""
    inherited = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    given = {PREFIX + name.upper(): _text(value) for name, value in settings if value is not None and name not in _OURS}
    # They run in another folder and as scripts, so paths and the place of its modules are absolute.
    return {**inherited, **given, f"{PREFIX}ENV_FILE": "", "PYTHONPATH": str(CHECKOUT)}


def _text(value: object) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Path():
            return str(value.absolute())
        case _:
            return str(value)
