"""A running engine on each of the two Temporal servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from store.pool import Database
from tests.support.harness import Rig, ScriptedProvider, rig_on


@pytest.fixture
def provider() -> ScriptedProvider:
    """What carries the messages of `scripted`; a test writes its script down before it enrolls anybody."""
    return ScriptedProvider()


@pytest.fixture
async def skipping(time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    """Weeks pass in an instant; messages go to the outbox."""
    async with rig_on(time_skipping.client, database, tmp_path / "outbox", environment=time_skipping) as rig:
        yield rig


@pytest.fixture
async def scripted(
    time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path, provider: ScriptedProvider
) -> AsyncIterator[Rig]:
    """Weeks pass in an instant; messages go to the scripted provider."""
    async with rig_on(
        time_skipping.client, database, tmp_path / "outbox", environment=time_skipping, provider=provider
    ) as rig:
        yield rig


@pytest.fixture
async def on_dev_server(temporal_client: Client, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    """Time passes as it does; visibility, schedules and search attributes work."""
    async with rig_on(temporal_client, database, tmp_path / "outbox", max_cached_workflows=100) as rig:
        yield rig


@pytest.fixture
async def scripted_dev(
    temporal_client: Client, database: Database, tmp_path: Path, provider: ScriptedProvider
) -> AsyncIterator[Rig]:
    """Time passes as it does; messages go to the scripted provider."""
    async with rig_on(temporal_client, database, tmp_path / "outbox", provider=provider) as rig:
        yield rig
