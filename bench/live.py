"""What listeners cost: the memory of an API process while clients of the live stream come and leave."""

import asyncio
import contextlib
import os
from datetime import UTC, datetime

import aiohttp
import psutil

from bench.harness import Bench, bench, serving, until
from store.workspace import api_keys

_AT_ONCE = 200
_ROUNDS_TO_WARM_UP = 1
_SEQUENCE = """
sequence: listened
steps:
  - {id: wait, type: delay, days: 30}
  - {id: hello, type: email, subject: Hi, body: "Hi {{ name }}."}
"""


async def run(clients: int = 1000) -> dict[str, object]:
    """KiB that the process has grown by, on servers of its own."""
    async with bench() as b:
        return {"sse_rss_growth_kib": await sse_rss_growth_kib(b, clients)}


async def sse_rss_growth_kib(b: Bench, clients: int = 1000) -> int:
    """KiB by which an API process of its own grows while so many clients connect, hear something and leave.

    As many have come and gone before, so that what is allocated once is not counted.
    """
    async with b.engine.transaction() as tx:
        name = f"live-{datetime.now(UTC).timestamp()}"
        key = await api_keys.create(tx, b.engine.tenant_id, name, {"read"}, datetime.now(UTC))
    async with serving(b.settings, "api", "-m", "api") as url:
        process = _process_behind(url)
        sequence = await b.publish(_SEQUENCE)
        for _ in range(_ROUNDS_TO_WARM_UP):
            await _round(b, url, key, sequence, clients)
        before = process.memory_info().rss
        await _round(b, url, key, sequence, clients)
        return (process.memory_info().rss - before) // 1024


async def _round(b: Bench, url: str, key: str, sequence: str, clients: int) -> None:
    """All of them, a crowd at a time: each crowd hears one enrollment begin, and leaves."""
    for first in range(0, clients, _AT_ONCE):
        await _crowd(b, url, key, sequence, min(_AT_ONCE, clients - first))


async def _crowd(b: Bench, url: str, key: str, sequence: str, size: int) -> None:
    joined = 0

    async def one(http: aiohttp.ClientSession) -> None:
        nonlocal joined
        async with http.get(f"{url}/events", headers={"Authorization": f"Bearer {key}"}) as answer:
            answer.raise_for_status()
            places = 0
            async for line in answer.content:
                if line.startswith(b"id: "):
                    places += 1
                    joined += places == 1
                if line.startswith(b"data: "):
                    return

    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as http:
        listening = [asyncio.create_task(one(http)) for _ in range(size)]
        try:
            await until(lambda: joined >= size, f"{size} listeners")
            await b.enroll(sequence, await b.people(1))
            await asyncio.gather(*listening)
        finally:
            for task in listening:
                task.cancel()


def _process_behind(url: str) -> psutil.Process:
    """Of ours, the one that listens on the port."""
    port = int(url.rpartition(":")[2])
    for child in psutil.Process(os.getpid()).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(c.laddr and c.laddr.port == port and c.status == "LISTEN" for c in child.net_connections("tcp")):
                return child
    raise LookupError(f"nothing of ours listens on port {port}")
