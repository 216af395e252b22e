"""One caller stops no other: connections, streams, exports and wrong keys have bounds of their own."""

import asyncio
import dataclasses
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.http.concurrency import Turns
from api.http.limiter import RateLimiter
from api.http.state import Edge
from starter.engine import Engine
from store.pool import Database
from store.workspace import api_keys
from tests.api.conftest import Api, edge_on
from tests.api.listening import listening, served
from tests.api.test_process import NOWHERE, Serving, serving
from tests.e2e.site import Process
from tests.providers.twilio_calls import REPLY, call
from tests.support.helpers import assert_eventually

__all__ = ["serving"]

FEW_FILES = 256
LIMITED = f"""
import resource, runpy
resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW_FILES}, {FEW_FILES}))
runpy.run_module("api", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def many_files() -> Iterator[None]:
    """The test itself may open more than what it opens them to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_connections_that_say_nothing_shut_nobody_out(
    tmp_path: Path, serving: Serving, many_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than the process has file descriptors: whoever asks something is answered all the same."""
    monkeypatch.setattr("tests.api.test_process.api", lambda folder, **s: Process(["-c", LIMITED], folder / "l", s))
    async with serving(**NOWHERE) as (_, port):
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(FEW_FILES + 100)]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            assert (await http.get("/healthz")).status_code == 200
        for _, writer in opened:
            writer.close()


@pytest.mark.parametrize("said", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Half"])
async def test_half_a_request_is_not_waited_for_for_ever(serving: Serving, said: bytes) -> None:
    """Nothing, half a line or half the headers: the connection is cut; one that asks in time is answered."""
    async with serving(**NOWHERE) as (_, port):
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            assert (await http.get("/healthz")).status_code == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        try:
            async with asyncio.timeout(90):
                assert await reader.read() == b""
        except ConnectionResetError:
            pass
        writer.close()


async def test_only_a_named_proxy_says_where_a_call_comes_from(serving: Serving, database_url: str) -> None:
    """Wrong keys under ever other addresses are those of the one that really calls, this machine's as well."""
    settings = {**NOWHERE, "database_url": database_url, "api_refused_per_minute": "3"}
    async with (
        serving(**settings) as (_, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http,
    ):
        answers = [
            await http.get("/users", headers={"Authorization": f"Bearer tl_{n}", "X-Forwarded-For": f"192.0.2.{n}"})
            for n in range(5)
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]


async def test_wrong_keys_shut_no_right_one_out(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """Whatever else came from its address, a valid key opens, also one that nobody has seen before."""
    limited = connect(dataclasses.replace(edge, limiter=RateLimiter(100, 3)))
    seen = await limited.key("read")
    assert (await limited.http.get("/users", headers=seen)).status_code == 200
    wrong = [await limited.http.get("/users", headers={"Authorization": f"Bearer tl_{n % 5}"}) for n in range(8)]
    assert [answer.status_code for answer in wrong] == [401] * 3 + [429] * 5
    for valid in (seen, await limited.key("read")):
        assert (await limited.http.get("/users", headers=valid)).status_code == 200


async def test_a_wrong_key_that_comes_again_is_not_looked_up(
    edge: Edge, connect: Callable[[Edge], Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an address that shows too many, what was none a moment ago costs the database nothing."""
    limited, asked = connect(dataclasses.replace(edge, limiter=RateLimiter(100, 1))), []
    look_up = Database.api_key_owner

    async def counted(database: Database, key_hash: bytes) -> Any:
        asked.append(key_hash)
        return await look_up(database, key_hash)

    monkeypatch.setattr(Database, "api_key_owner", counted)
    for _ in range(6):
        await limited.http.get("/users", headers={"Authorization": "Bearer tl_wrong"})
    assert len(asked) == 1


@asynccontextmanager
async def _unread(edge: Edge, path: str, headers: dict[str, str]) -> AsyncIterator[int]:
    """An answer whose body nobody takes; its status."""
    began, status = asyncio.Event(), 0

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            began.set()
        elif status == HTTPStatus.OK:
            await asyncio.Event().wait()

    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    task = asyncio.create_task(create_app(edge)(scope, receive, send))
    try:
        async with asyncio.timeout(60):
            await began.wait()
        yield status
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_exports_that_nobody_reads_hold_no_connection(
    engine: Engine, database_url: str, connect: Callable[[Edge], Api]
) -> None:
    """A tenant may have two; the third is told when to come again, and everybody else is served meanwhile."""
    database = await Database.connect(database_url, size=2)
    edge = edge_on(dataclasses.replace(engine, database=database))
    api = connect(edge)
    await api.rig.execute(
        "INSERT INTO contacts (tenant_id, id, external_id, name, email)"
        " SELECT current_tenant(), gen_random_uuid(), n::text, repeat('x', 300), n || '@example.com'"
        " FROM generate_series(1, 3000) n"
    )
    key = await api.key("read")
    async with AsyncExitStack() as unread:
        for _ in range(2):
            assert await unread.enter_async_context(_unread(edge, "/contacts/export", key)) == 200

        async def free() -> None:
            assert database.usage().busy == 0

        await assert_eventually(free)
        third = await api.http.get("/contacts/export", headers=await api.key("read"))
        assert (third.status_code, int(third.headers["retry-after"]) > 0) == (429, True)
        assert (await api.http.get("/contacts", headers=key)).status_code == 200
        assert (await api.twilio(call(REPLY))).status_code == 200
    assert (await api.http.get("/contacts/export", headers=key)).status_code == 200
    await database.close()


async def test_connections_are_kept_back_for_webhooks(
    engine: Engine, database_url: str, connect: Callable[[Edge], Api]
) -> None:
    """While callers with keys have all that they may have, a provider and a probe are answered."""
    database = await Database.connect(database_url, size=3, kept_back=1)
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    key = await api.key("read")
    async with database.session(engine.tenant_id), database.session(engine.tenant_id):
        reader = asyncio.create_task(api.http.get("/users", headers=key))
        assert (await api.twilio(call(REPLY))).status_code == 200
        assert (await api.http.get("/readyz")).status_code == 200
        assert not reader.done()
    assert (await reader).status_code == 200
    await database.close()


async def test_streams_of_a_key_are_bounded(api: Api, edge: Edge) -> None:
    """One too many is told when to come again; when one has ended there is room."""
    bounded = dataclasses.replace(edge, streams=Turns("live streams", of_key=1, of_tenant=2, in_all=3))
    key, other = await api.key("read"), await api.key("read")
    async with served(bounded) as url, httpx.AsyncClient(base_url=url, timeout=60) as http:
        async with listening(url, key):
            refused = await http.get("/events", headers=key)
            assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
            async with listening(url, other):
                assert (await http.get("/events", headers=await api.key("read"))).status_code == 429

        async def room() -> None:
            async with listening(url, key):
                pass

        await assert_eventually(room)


async def test_a_revoked_key_hears_no_more(api: Api, edge: Edge) -> None:
    """Its stream ends at once, whichever process revoked it; others hear on."""
    engine = api.rig.engine
    async with served(edge) as url:
        key, others = await api.key("read", name="leaked"), await api.key("read")
        async with listening(url, key) as leaked, listening(url, others) as other:
            async with engine.transaction() as tx:
                await api_keys.revoke(tx, "leaked", engine.now())
            await leaked.until("ended")
            assert not other.ended
