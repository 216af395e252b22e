"""Counters of a split's arms against what they count."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain import ids
from store.analytics import splits
from store.pool import Database
from tests.store.cases import Case
from tests.store.tenants import AT, Tenant, fill

MEASURES = ("opened", "clicked", "answered", "unsubscribed")


@pytest.fixture
async def tenant(database: Database, tenant_id: UUID) -> Tenant:
    return await fill(database, tenant_id)


async def publish(tenant: Tenant, number: int, nodes: dict[str, Any], goal: str | None = None) -> None:
    """A further version with these nodes."""
    await tenant.clone(
        "sequence_versions",
        id=str(ids.version_id(tenant.sequence, number)),
        version=number,
        content_hash=f"{number:064}",
        plan={"nodes": nodes, "settings": {"goal": goal}},
    )


def split(index: int, *arms: str) -> dict[str, Any]:
    return {
        "kind": "split",
        "order_index": index,
        "arms": [{"id": arm, "weight": 1, "next": "end"} for arm in arms],
    }


async def test_counts_equal_a_full_count(tenant: Tenant) -> None:
    """Whatever happens to how many, in whatever order, and however often: each enrollment counts once."""
    chance = Random(4)  # noqa: S311 - a test that repeats itself
    await publish(tenant, 3, {"ab": split(1, "a", "b", "c")})
    cases = [Case(tenant, "sent") for _ in range(40)]
    for case in cases:
        await case.begin()
        arm = chance.choice("abc")
        for lap in range(chance.choice((1, 1, 3))):
            await tenant.execute(
                "INSERT INTO split_choices (tenant_id, enrollment_id, node_id, arm, sequence_id, at)"
                " VALUES (current_tenant(), $1, 'ab', $2, $3, $4) ON CONFLICT DO NOTHING",
                case.enrollment,
                arm,
                tenant.sequence,
                AT - timedelta(hours=1) + timedelta(minutes=lap),
            )
    for _ in range(120):
        case, measure = chance.choice(cases), chance.choice(MEASURES)
        await tenant.execute(
            f"UPDATE message_jobs SET {measure}_at = coalesce({measure}_at, now()) WHERE id = $1",  # noqa: S608 - our own names
            case.job,
        )
    async with tenant.database.transaction(tenant.id) as tx:
        counted = (await splits.arms(tx, tenant.sequence))["ab"]
    by_hand = await tenant.rows(
        "SELECT c.arm, 3 AS last_version, count(*) AS entered, count(j.opened_at) AS opened,"
        " count(j.clicked_at) AS clicked, count(j.answered_at) AS answered,"
        " count(j.unsubscribed_at) AS unsubscribed, 0 AS reached_goal"
        " FROM split_choices c JOIN message_jobs j USING (enrollment_id)"
        " WHERE c.node_id = 'ab' AND j.node_id = 'one' GROUP BY c.arm ORDER BY c.arm"
    )
    assert [arm.model_dump() for arm in counted] == by_hand
    assert sum(arm.entered for arm in counted) == 40


async def test_arms_that_newer_versions_dropped_keep_their_counts(tenant: Tenant) -> None:
    """Splits in the order of their steps, the newest version's arms first and in its order."""
    await publish(tenant, 3, {"early": split(0, "x", "y"), "late": split(5, "old", "b", "a"), "end": {"kind": "exit"}})
    await publish(tenant, 4, {"late": split(3, "b", "a"), "third": split(9, "one", "two")}, goal="replied")
    await tenant.execute(
        "INSERT INTO split_choices (tenant_id, enrollment_id, node_id, arm, sequence_id, at, reached_goal)"
        " VALUES (current_tenant(), $1, 'late', 'old', $2, $3, false)",
        tenant.enrollment,
        tenant.sequence,
        AT,
    )
    async with tenant.database.transaction(tenant.id) as tx:
        found = await splits.arms(tx, tenant.sequence)
        assert await splits.has_goal(tx, tenant.sequence)
        assert not await splits.has_goal(tx, uuid4())
    shape = {name: [(arm.arm, arm.last_version, arm.entered) for arm in arms] for name, arms in found.items()}
    assert shape == {
        "early": [("x", 3, 0), ("y", 3, 0)],
        "late": [("b", 4, 0), ("a", 4, 0), ("old", 3, 1)],
        "third": [("one", 4, 0), ("two", 4, 0)],
    }
    assert list(shape) == ["early", "late", "third"]
