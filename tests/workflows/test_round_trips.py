"""What a message costs in round trips to the database: each is latency, and a share of a lock or a connection."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from domain.enrollment import ExecuteInput
from tests.support.harness import Rig

SEQUENCE = """
    sequence: three
    steps:
      - {id: before, type: delay, days: 1}
      - {id: one, type: email, subject: One, body: One}
      - {id: wait, type: delay, days: 1}
      - {id: two, type: email, subject: Two, body: Two}
      - {id: again, type: delay, days: 1}
      - {id: three, type: sms, body: Three}
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to the database, in order."""
    statements: list[str] = []
    connection: Any = asyncpg.Connection
    execute, execute_one = connection.execute, connection._execute

    async def counted(self: Any, query: str, *args: Any, **more: Any) -> Any:
        if not args:  # with arguments it comes by below
            statements.append(query)
        return await execute(self, query, *args, **more)

    async def counted_one(self: Any, query: str, *args: Any, **more: Any) -> Any:
        statements.append(query)
        return await execute_one(self, query, *args, **more)

    monkeypatch.setattr(asyncpg.Connection, "execute", counted)
    monkeypatch.setattr(asyncpg.Connection, "_execute", counted_one)
    return statements


async def test_a_message_takes_ten_round_trips_and_the_last_one_nine(scripted: Rig, asked: list[str]) -> None:
    """Claim 3, its commit with it; the last look 1; settlement 6, without a savepoint where only a wait follows."""
    enrollment, _ = await scripted.start(SEQUENCE)
    await scripted.arrives(enrollment, "one")
    deliver = scripted.deliveries().deliver
    counts = []
    for days, step in enumerate(("one", "two", "three"), start=1):
        order = ExecuteInput(tenant_id=scripted.engine.tenant_id, enrollment_id=enrollment, node_id=step)
        at = await scripted.now() + timedelta(days=days)
        asked.clear()
        await scripted.by_itself(deliver, order, at=at)
        counts.append(len(asked))
    # The first one reads the version, and its connections learn their statements.
    assert counts[1:] == [10, 9], asked
