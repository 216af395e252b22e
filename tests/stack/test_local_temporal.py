"""The local Temporal server is set up as the application needs it."""

from pathlib import Path
from uuid import uuid4

from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from starter.temporal_server import SEARCH_ATTRIBUTES, LocalTemporal
from tests.helpers import assert_eventually


async def test_workflows_are_found_by_the_applications_attributes(temporal_client: Client) -> None:
    """All three attributes are registered as keywords, so that lists can be filtered by them."""
    value = uuid4().hex
    pairs = [SearchAttributePair(SearchAttributeKey.for_keyword(name), value) for name in SEARCH_ATTRIBUTES]
    handle = await temporal_client.start_workflow(
        "Any", id=value, task_queue=value, search_attributes=TypedSearchAttributes(pairs)
    )
    query = " AND ".join(f"{name} = '{value}'" for name in SEARCH_ATTRIBUTES)

    async def listed() -> bool:
        return [found.id async for found in temporal_client.list_workflows(query)] == [value]

    await assert_eventually(listed)
    await handle.terminate()


async def test_a_killed_server_comes_back_at_its_address_with_its_state(tmp_path: Path) -> None:
    """After SIGKILL a client's old connection finds the same workflows under the same address."""
    server = LocalTemporal(tmp_path, ui=False)
    await server.start()
    try:
        address = server.address
        client = await Client.connect(address)
        handle = await client.start_workflow("Any", id="sleeper", task_queue="nobody")
        await server.kill()
        assert server.pid is None
        await server.start()
        assert server.address == address
        assert (await handle.describe()).id == "sleeper"
    finally:
        await server.kill()
