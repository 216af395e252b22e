"""The local Temporal server is set up as the application needs it."""

import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain.ids import SEARCH_ATTRIBUTES
from local import temporal as temporal_server
from local.ports import LOOPBACK, free_port
from local.temporal import LocalTemporal, SkippingTemporal
from tests.support.helpers import assert_eventually


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
        assert (tmp_path / "temporal.db-wal").exists(), "its state is kept by a write-ahead log"
        client = await Client.connect(address)
        handle = await client.start_workflow("Any", id="sleeper", task_queue="nobody")
        await server.kill()
        assert server.pid is None
        await server.start()
        assert server.address == address
        assert (await handle.describe()).id == "sleeper"
    finally:
        await server.kill()


@pytest.mark.parametrize("make", [partial(LocalTemporal, ui=False), SkippingTemporal])
async def test_a_port_that_another_server_took_meanwhile_is_left_to_it(
    make: Callable[[Path], LocalTemporal], temporal: LocalTemporal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both found it free and the other was first: it would answer, but what is started has a port of its own."""
    offered = [int(temporal.address.rpartition(":")[2])]
    monkeypatch.setattr(temporal_server, "free_port", lambda *wished: offered.pop() if offered else free_port(*wished))
    server = make(tmp_path)
    await server.start()
    try:
        assert offered == []
        assert server.pid is not None
        assert server.address != temporal.address
    finally:
        await server.kill()


async def test_a_port_for_the_ui_that_is_taken_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server starts with another."""
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        offered = [port, free_port()]
        monkeypatch.setattr(
            temporal_server, "free_port", lambda *wished: offered.pop() if offered else free_port(*wished)
        )
        server = LocalTemporal(tmp_path)
        await server.start()
        try:
            assert server.pid is not None
            assert server.ui_url not in (None, f"http://{LOOPBACK}:{port}")
        finally:
            await server.kill()


async def test_a_server_that_panics_over_its_port_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The port that it looks for by itself, for HTTP, may be taken between its look and its listening."""
    real, panicked = temporal_server._program("temporal"), tmp_path / "panicked"
    late = tmp_path / "temporal"
    late.write_text(
        f"#!/bin/sh\n[ -e '{panicked}' ] && exec '{real}' \"$@\"\ntouch '{panicked}'\n"
        "echo 'panic: runtime error: invalid memory address or nil pointer dereference'\n"
        "echo 'go.temporal.io/server/service/frontend.NewHTTPAPIServer(...)'\nexit 2\n"
    )
    late.chmod(0o700)
    monkeypatch.setattr(temporal_server, "_program", lambda _: str(late))
    server = LocalTemporal(tmp_path / "state", ui=False)
    await server.start()
    try:
        assert panicked.exists()
        await Client.connect(server.address)
    finally:
        await server.kill()
