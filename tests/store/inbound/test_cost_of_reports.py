"""What a report costs in statements: each is a round trip with enrollments locked."""

from typing import Any

import asyncpg
import pytest

from tests.store.cases import SENT_AT, Case
from tests.store.tenants import Tenant

COSTS = {
    "delivered": 4,
    "opened": 6,
    "bounced": 13,
    "complained": 9,
    "unsubscribed": 9,
    "subscribed": 7,
    "reply": 7,
    "stop": 8,
    "away": 6,
}
"""With the beginning of the transaction; a statement that nothing asks for is not sent."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to the database, in order."""
    statements: list[str] = []

    def noted(name: str) -> Any:
        real: Any = getattr(asyncpg.Connection, name)

        def asks(self: asyncpg.Connection, query: str, *args: Any, **more: Any) -> Any:
            statements.append(query)
            return real(self, query, *args, **more)

        return asks

    for name in ("fetch", "fetchrow", "fetchval", "execute", "cursor"):
        monkeypatch.setattr(asyncpg.Connection, name, noted(name))
    return statements


@pytest.mark.parametrize("name", COSTS)
async def test_a_report_takes_no_more_statements_than_its_effects_need(
    tenant: Tenant, asked: list[str], name: str
) -> None:
    """Match, hold, store, and one for each effect that it has."""
    case = Case(tenant, "sent")
    await case.begin()
    asked.clear()
    await case.hears(name, SENT_AT)
    assert len(asked) == COSTS[name], asked
