"""The API as a process: what it needs to start, what it does without, and how it ends."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.site import Process
from tests.providers.twilio_calls import TOKEN
from tests.support.helpers import assert_eventually

NOWHERE = {"database_url": "postgres://127.0.0.1:1/none", "temporal_address": "127.0.0.1:1"}
Serving = Callable[..., AbstractAsyncContextManager[tuple[Process, int]]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """An API process on any free port, and that port."""

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[tuple[Process, int]]:
        process = api(tmp_path, api_port=0, log_format="json", **settings)
        try:

            async def port() -> int:
                assert process.running, process.log_tail()
                said = [json.loads(line) for line in process.log.read_text().splitlines() if '"serving"' in line]
                assert said
                return int(said[0]["port"])

            yield process, await assert_eventually(port, timeout_s=60)
        finally:
            await process.kill()

    return start


def api(folder: Path, **settings: Any) -> Process:
    return Process(["-P", "-m", "api"], folder / "api.log", settings)


async def test_it_serves_while_everything_is_down(serving: Serving) -> None:
    """Without database and Temporal it starts, says that it lives, and tells providers to come again."""
    async with serving(**NOWHERE, twilio_webhook_tokens=TOKEN) as (process, port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            assert (await http.get("/healthz")).status_code == 200
            ready = await http.get("/readyz")
            raw = await http.post("/webhooks/email/raw", headers={"Authorization": "Bearer tl_x"})
            assert (ready.status_code, raw.status_code) == (503, 503)
            assert (await http.get("/healthz")).headers.get("server") is None
        process.send(signal.SIGTERM)
        assert await process.exit_status(60) == 0
        assert "not_ready" in process.log.read_text()


async def test_it_ends_in_good_order(serving: Serving) -> None:
    """After SIGTERM a request that is under way is still answered, and the status says that all is well."""
    async with serving(**NOWHERE, twilio_webhook_tokens=TOKEN) as (process, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /webhooks/twilio/inbound HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nBody=")
        await writer.drain()
        async with httpx.AsyncClient(timeout=60) as http:  # once this is answered, the other one is under way
            assert (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        process.send(signal.SIGTERM)

        async def gone() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) != 0

        await assert_eventually(gone)
        writer.write(b"Hello")
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.close()
        assert await process.exit_status(60) == 0
        assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"database_url": "postgres://127.0.0.1:1/none"}, "TOUCHLINE_TEMPORAL_ADDRESS must be set"),
        ({**NOWHERE, "resend_webhook_secrets": "not base64!"}, "TOUCHLINE_RESEND_WEBHOOK_SECRETS"),
        ({**NOWHERE, "api_port": "65536"}, "TOUCHLINE_API_PORT"),
    ],
)
async def test_it_says_what_it_cannot_do_without(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    """Status 3 and the setting's name."""
    process = api(tmp_path, **{"api_port": "0", **settings})
    assert await process.exit_status(60) == 3
    assert said in process.log.read_text()
    assert "Traceback" not in process.log.read_text()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Status 3, and how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = api(tmp_path, **NOWHERE, api_port=port)
        assert await process.exit_status(60) == 3
    log = process.log.read_text()
    assert port in log
    assert "TOUCHLINE_API_PORT" in log
