"""A tenant's template that is more work than a message may be stops nobody else's messages."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from domain import ids
from tests.support.harness import Rig

# Nothing to see when it is published: what it takes depends on what the contact has.
_DEAR = "{{ attributes.long" + " | escape_once" * 20 + " | size }}"
_BOMB = f"""
sequence: bomb
steps:
  - id: first
    type: email
    subject: Hi
    body: |
{chr(10).join("      " + _DEAR for _ in range(30))}
"""
_PLAIN = """
sequence: plain
steps:
  - {id: first, type: email, subject: "Hi {{ name }}", body: Hello.}
"""


@dataclass
class _Loop:
    """How long the event loop's thread computed without a pause."""

    longest_s: float = 0.0


@asynccontextmanager
async def _watched() -> AsyncIterator[_Loop]:
    seen = _Loop()

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.01)
            seen.longest_s = max(seen.longest_s, time.thread_time() - began)

    watching = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        watching.cancel()


async def _another_tenant(rig: Rig, database_url: str) -> Rig:
    tenant = ids.new_id()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Another')", tenant)
    await owner.close()
    return replace(rig, engine=replace(rig.engine, tenant_id=tenant))


async def test_a_tenants_dear_template_keeps_nobody_elses_message_waiting(
    on_dev_server: Rig, database_url: str
) -> None:
    """Its own message fails with the reason, and the worker's event loop never computes a second for it."""
    theirs, others = on_dev_server, await _another_tenant(on_dev_server, database_url)
    bomb, plain = await others.publish(_BOMB), await theirs.publish(_PLAIN)
    victims = [await others.contact(attributes={"long": "<&" * 10_000}) for _ in range(2)]
    contact = await theirs.contact()
    async with _watched() as loop:
        dear = await others.enroll(bomb, *victims)
        [enrollment] = await theirs.enroll(plain, contact)
        assert await theirs.ended(enrollment) == ("completed", None)
        for one in dear:
            status, reason = await others.ended(one)
            assert status == "failed"
            assert "too much work" in str(reason)
    assert loop.longest_s < 1
