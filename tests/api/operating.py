"""The application beside a worker that runs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.client import Client

from api.edge import Edge
from store.pool import Database
from tests.api.conftest import Api, edge_on
from tests.harness import Rig, ScriptedProvider, rig_on


@asynccontextmanager
async def operated(
    client: Client,
    database: Database,
    outbox: Path,
    connect: Callable[[Edge], Api],
    provider: ScriptedProvider,
) -> AsyncIterator[tuple[Api, Rig]]:
    """A caller, and the engine that its calls reach; messages go to the scripted provider."""
    async with rig_on(client, database, outbox, provider=provider, max_cached_workflows=100) as rig:
        yield connect(edge_on(rig.engine)), rig


SLOW = """
    sequence: slow
    steps:
      - {id: hello, type: sms, body: "Hello {{ name }}. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: more, type: sms, body: "More."}
"""
