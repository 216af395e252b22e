"""Large campaigns are read in parts: no statement that a list or a batch repeats goes through all members."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import asyncpg

from store.pool import load_queries
from tests.store.tenants import Tenant

_FILL = """
INSERT INTO contacts (tenant_id, id, external_id, email)
SELECT $1, gen_random_uuid(), 'x' || n, 'c' || n || '@example.com' FROM generate_series(1, 10000) n
"""
_JOIN = """
INSERT INTO campaign_members (tenant_id, campaign_id, contact_id, added_by, added_at)
SELECT tenant_id, $1, id, 'api', now() - random() * interval '1 day' FROM contacts WHERE external_id LIKE 'x%'
"""
_REFUSE = """
INSERT INTO batch_refusals (tenant_id, batch_id, contact_id, reason)
SELECT tenant_id, $1, id, 'live' FROM contacts WHERE external_id LIKE 'x%'
"""
_PARTS = {
    ("campaigns/campaigns", "list_members"): "ROW(added_at, contact_id) <",
    ("campaigns/batches", "page"): "contact_id >",
    ("campaigns/batches", "members_between"): "contact_id >",
    ("campaigns/batches", "list_refusals"): "contact_id >",
}
"""Each with the bound that its place sets."""


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


async def test_a_part_of_a_large_campaign_is_read_from_its_place_on(owner: asyncpg.Connection, tenant: Tenant) -> None:
    """Planned without knowing the values: the place is looked up in an index, and nothing is read whole."""
    campaign = await owner.fetchval("SELECT id FROM campaigns WHERE tenant_id = $1", tenant.id)
    batch = await owner.fetchval("SELECT id FROM enrollment_batches WHERE tenant_id = $1", tenant.id)
    await owner.execute(_FILL, tenant.id)
    await owner.execute(_JOIN, campaign)
    await owner.execute(_REFUSE, batch)
    await owner.execute("ANALYZE")
    await owner.execute("SET role = touchline_app; SET plan_cache_mode = force_generic_plan")
    await owner.execute("SELECT set_config('touchline.tenant_id', $1, false)", str(tenant.id))
    for (file, name), bound in _PARTS.items():
        prepared = f"p_{uuid4().hex}"
        await owner.execute(f"PREPARE {prepared} AS {getattr(load_queries(file), name).sql}")
        count = await owner.fetchval(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1", prepared
        )
        explained = await owner.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {prepared} ({', '.join(['NULL'] * count)})")
        nodes = list(_nodes(json.loads(explained)[0]["Plan"]))
        assert [node for node in nodes if node["Node Type"] == "Seq Scan"] == [], name
        conditions = [str(node.get("Index Cond", "")) for node in nodes]
        assert any(bound in condition for condition in conditions), (name, conditions)
