"""The command line against a real database and Temporal, with a worker where a test asks for one."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from typer.testing import CliRunner

from cli.app import app
from cli.doctor import checks, inbound_checks
from composition import engine_of, worker_of
from local.temporal import LocalTemporal
from settings import Settings
from tests.support.helpers import assert_eventually

CASES = Path(__file__).parent.parent / "cases"

SLOW = """
sequence: slow
name: Slow
steps:
  - {id: hello, type: sms, body: "Hi {{ name }}"}
  - {id: wait, type: delay, days: 3}
  - {id: more, type: email, subject: "More, {{ name }}", body: "Still there?"}
"""

PEOPLE = """external_id,name,email,phone,timezone,triggers
P1,Ada,ada@example.com,+12125550101,America/New_York,spring
P2,Bo,bo@example.com,+13055550102,,spring
P3,Cy,cy@example.com,+14155550103,Europe/Paris,
"""


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; fails when there is anything else."""
        return json.loads(self.out)


Cli = Callable[..., Awaitable[Said]]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command sets logging up for its process; the tests' process gets its own back."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """`doctor` waits as long as a machine takes that stops for seconds; what does not answer refuses at once here."""
    with pytest.MonkeyPatch.context() as patched:
        for module, name in (
            (checks, "PATIENCE_S"),
            (inbound_checks, "PATIENCE_S"),
            (inbound_checks, "_API_PATIENCE_S"),
        ):
            patched.setattr(module, name, 60.0)
        yield


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No settings but where this test keeps its files: nothing runs."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    for name in [name for name in os.environ if name.startswith("TOUCHLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TOUCHLINE_STATE_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("TOUCHLINE_OUTBOX_DIR", str(tmp_path / "outbox"))
    return monkeypatch


@pytest.fixture
def services(bare: pytest.MonkeyPatch, database_url: str, temporal: LocalTemporal) -> Settings:
    """Settings that name this test's database, and a task queue of its own."""
    bare.setenv("TOUCHLINE_DATABASE_URL", database_url)
    bare.setenv("TOUCHLINE_TEMPORAL_ADDRESS", temporal.address)
    bare.setenv("TOUCHLINE_TASK_QUEUE", f"cli-{uuid4().hex}")
    return Settings()


@pytest.fixture
async def worker(services: Settings) -> AsyncIterator[None]:
    """Somebody who does the work."""
    async with engine_of(services) as engine, worker_of(services, engine):
        yield


@pytest.fixture
def cli() -> Cli:
    """Run a command, in a thread because it brings an event loop of its own."""

    async def run(*arguments: object) -> Said:
        result = await asyncio.to_thread(CliRunner().invoke, app, [str(a) for a in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a sequence and a CSV of contacts."""
    (tmp_path / "slow.yaml").write_text(SLOW)
    (tmp_path / "people.csv").write_text(PEOPLE)
    return tmp_path


@pytest.fixture
async def enrolled(cli: Cli, services: Settings, worker: None, files: Path) -> dict[str, str]:
    """Three contacts in the middle of the sequence `slow`: contact → enrollment id."""
    assert (await cli("contacts", "import", files / "people.csv")).code == 0
    assert (await cli("publish", files / "slow.yaml")).code == 0
    assert (await cli("enroll", "slow", "--all")).code == 0

    async def all_wait() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await cli("enrollments", "--json")).document["enrollments"]
        assert [row["current_node"] for row in rows] == ["more"] * 3
        return rows

    return {row["contact"]: row["id"] for row in await assert_eventually(all_wait)}
