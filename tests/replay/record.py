"""Records histories: `./touchline test tests/replay/record.py -k <shape>` runs a shape and keeps its history.

Only for a new shape. It is no test, so it runs only when it is named.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from domain import ids
from local.temporal import LocalTemporal
from store.pool import Database
from tests.replay.batches import BATCHES
from tests.replay.shapes import HISTORIES, SHAPES, long_lived
from tests.replay.webhooks import WEBHOOKS
from tests.support.harness import ScriptedProvider, rig_on
from tests.workflows.receiver import receiving


@pytest.mark.parametrize("shape", SHAPES)
async def test_shape(time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path, shape: str) -> None:
    """Runs the shape and keeps its history."""
    provider = ScriptedProvider()
    async with rig_on(
        time_skipping.client, database, tmp_path / "outbox", environment=time_skipping, provider=provider
    ) as rig:
        enrollment = await SHAPES[shape](rig, provider)
        _keep(shape, await rig.engine.runs.handle(enrollment).fetch_history())


@pytest.mark.parametrize("shape", BATCHES)
async def test_batch(time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path, shape: str) -> None:
    """The same of a batch."""
    async with rig_on(time_skipping.client, database, tmp_path / "outbox", environment=time_skipping) as rig:
        workflow_id = ids.batch_workflow_id(await BATCHES[shape](rig))
        _keep(shape, await time_skipping.client.get_workflow_handle(workflow_id).fetch_history())


@pytest.mark.parametrize("shape", WEBHOOKS)
async def test_webhook(
    temporal_client: Client, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    """The same of a webhook's workflow, with a feed that looks on for a second."""
    monkeypatch.setattr("activities.subscription._FEEDS_FOR", timedelta(seconds=1))
    async with rig_on(temporal_client, database, tmp_path / "outbox") as rig, receiving() as receiver:
        workflow_id = await WEBHOOKS[shape](rig, receiver)
        _keep(shape, await temporal_client.get_workflow_handle(workflow_id).fetch_history())


async def test_long_lived(database: Database, tmp_path: Path) -> None:
    """Runs the long-lived shape on a server with short histories and keeps the history of its first run."""
    server = LocalTemporal(None, ui=False, dynamic_config={"limit.historyCount.suggestContinueAsNew": "60"})
    await server.start()
    client = await Client.connect(server.address, data_converter=pydantic_data_converter)
    provider = ScriptedProvider()
    async with rig_on(client, database, tmp_path / "outbox", provider=provider) as rig:
        enrollment = await long_lived(rig, provider)
        latest = await rig.engine.runs.handle(enrollment).describe()
        first = client.get_workflow_handle(
            latest.id, run_id=latest.raw_description.workflow_execution_info.first_run_id
        )
        _keep(long_lived.__name__, await first.fetch_history())
    await server.stop()


def _keep(shape: str, history: WorkflowHistory) -> None:
    def scrubbed(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: "worker" if k == "identity" else scrubbed(v) for k, v in node.items()}
        return [scrubbed(v) for v in node] if isinstance(node, list) else node

    text = json.dumps(scrubbed(json.loads(history.to_json())), indent=1) + "\n"
    (HISTORIES / f"{shape}.json").write_text(text, encoding="utf-8")
