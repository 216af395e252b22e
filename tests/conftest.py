"""The servers that tests run on: one real PostgreSQL and one real Temporal for the whole session."""

import gc
import json
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import _workflow as workflow_worker

from domain.ids import DEFAULT_TENANT
from local.postgres import LocalPostgres
from local.temporal import LocalTemporal
from scheduling.law import law
from starter import signals
from store.pool import Database
from store.schema import migrate
from tests.e2e import forked
from tests.support.helpers import (
    COMMITS_TAKE_MS,
    IN_MEMORY,
    databases_in_memory,
    own_database,
    slow_commits,
    time_skipping_server,
)

_TEMPLATE = "touchline_template"

# How long an example takes says how busy the machine is, not whether it is right.
# The same examples in each run: what fails, fails for whoever changed it, and can be looked at again.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
# `--hypothesis-profile=long`: as many generated sequences as an hour allows, not a minute, and others each time.
settings.register_profile("long", settings.get_profile("steady"), max_examples=400, derandomize=False)


def pytest_sessionstart() -> None:
    """A shell has what it starts in the background ignore SIGINT, and so would every process of a test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Modules and tests live to the end: what looks for garbage after a test need not look at them."""
    gc.freeze()
    if not session.config.option.collectonly and forked.POSSIBLE and "tests.e2e.site" in sys.modules:
        forked.load()


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Workflows hear at once also on a machine that stops for seconds: no reconciler runs here that would tell them."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(signals, "_WITHIN_S", 60.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def unhurried_workflows() -> Iterator[None]:
    """On a machine that stops for two seconds nothing is a deadlock: a failed task would be in the history for good."""
    begin = workflow_worker._WorkflowWorker.__init__

    def begin_patiently(self: workflow_worker._WorkflowWorker, **given: Any) -> None:
        begin(self, **given)
        # The SDK has no setting for it but the debug mode, which lifts rules of the sandbox as well.
        assert self._deadlock_timeout_seconds == 2
        self._deadlock_timeout_seconds = 60

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(workflow_worker._WorkflowWorker, "__init__", begin_patiently)
        yield


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalPostgres]:
    """A PostgreSQL server with the migrated template; tests that stop or kill a server start one of their own."""
    # Without fsync: a killed process loses nothing by it, only a machine that loses power would.
    server = LocalPostgres(tmp_path_factory.mktemp("postgres"), durable=COMMITS_TAKE_MS is not None)
    await server.start()
    try:
        with databases_in_memory() as folder:
            if folder is not None:
                admin = await asyncpg.connect(server.url("postgres"))
                await admin.execute(f"CREATE TABLESPACE {IN_MEMORY} LOCATION '{folder}'")
                await admin.close()
            await migrate(server.url(_TEMPLATE))
            await _at_any_hour(server.url(_TEMPLATE))
            if COMMITS_TAKE_MS is not None:
                await slow_commits(server, int(COMMITS_TAKE_MS))
            try:
                yield server
            finally:
                await server.stop()
    finally:
        await server.remove()


async def _at_any_hour(url: str) -> None:
    """Tests run by the real clock, at night too: tenants begin with the law's hours switched off."""
    owner = await asyncpg.connect(url)
    off = json.dumps({"switched": dict.fromkeys(law(), False)})
    await owner.execute(f"ALTER TABLE tenants ALTER COLUMN law SET DEFAULT '{off}'")
    await owner.execute("UPDATE tenants SET law = $1", off)
    await owner.close()


@pytest.fixture
async def database_url(postgres: LocalPostgres) -> AsyncIterator[str]:
    """A migrated database of this test's own, as the owner of its tables."""
    async with own_database(postgres, _TEMPLATE) as url:
        yield url


@pytest.fixture(scope="module")
async def module_database_url(postgres: LocalPostgres) -> AsyncIterator[str]:
    """The same for the tests of one module that read what one costly run has left."""
    async with own_database(postgres, _TEMPLATE) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The application's pool on the test's database."""
    pool = await Database.connect(database_url, size=10, name="test")
    yield pool
    await pool.close()


@pytest.fixture
def tenant_id() -> UUID:
    """The tenant that the first migration creates."""
    return DEFAULT_TENANT


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[LocalTemporal]:
    """A Temporal dev server in memory; tests that stop or kill a server start one of their own."""
    server = LocalTemporal(None, ui=False)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def temporal_client(temporal: LocalTemporal) -> Client:
    """A client as the application makes it."""
    return await Client.connect(temporal.address, data_converter=pydantic_data_converter)


@pytest.fixture
async def time_skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping Temporal server of this test's own: its clock is not shared."""
    async with time_skipping_server() as environment:
        yield environment
