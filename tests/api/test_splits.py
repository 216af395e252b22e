"""How the arms of a split compare, for whoever has a key."""

from uuid import UUID, uuid4

import pytest

from domain import ids
from store.pool import Database
from tests.api.conftest import Api
from tests.store.tenants import AT, Tenant, fill

NODES = {
    "ab": {
        "kind": "split",
        "order_index": 1,
        "arms": [{"id": "a", "weight": 1, "next": "end"}, {"id": "b", "weight": 1, "next": "end"}],
    }
}


@pytest.fixture
async def tenant(database: Database, tenant_id: UUID) -> Tenant:
    """A sequence whose newest version has a split, which one enrollment came to."""
    made = await fill(database, tenant_id)
    await made.clone(
        "sequence_versions",
        id=str(ids.version_id(made.sequence, 9)),
        version=9,
        content_hash=uuid4().hex * 2,
        plan={"nodes": NODES, "settings": {}},
    )
    await made.execute(
        "INSERT INTO split_choices (tenant_id, enrollment_id, node_id, arm, sequence_id, at, answered)"
        " VALUES (current_tenant(), $1, 'ab', 'a', $2, $3, false)",
        made.enrollment,
        made.sequence,
        AT,
    )
    await made.execute("UPDATE split_choices SET answered = true WHERE node_id = 'ab'")
    return made


async def test_arms_are_compared(api: Api, tenant: Tenant) -> None:
    """By key or by id: counts, rates, and what is missing for a winner."""
    read = await api.key("read")
    by_key = (await api.http.get("/sequences/journey/splits", headers=read)).json()
    [split] = by_key["splits"]
    assert (split["split"], split["measure"], split["leader"], split["winner"]) == ("ab", "answered", "a", None)
    assert split["verdict"] == "not yet: a took 1 of the 100 that it needs; b took 0 of the 100 that it needs"
    first, second = split["arms"]
    assert (first["entered"], first["answered"], first["opened"]) == (1, 1, 0)
    assert (first["rates"]["answered"], second["rates"]["answered"]) == (1.0, None)
    by_id = await api.http.get(f"/sequences/{tenant.sequence}/splits", headers=read)
    assert by_id.json() == by_key


async def test_only_a_reader_of_the_tenant_is_told(api: Api, tenant: Tenant) -> None:
    """No key, another scope, no such sequence."""
    assert (await api.http.get("/sequences/journey/splits")).status_code == 401
    assert (await api.http.get("/sequences/journey/splits", headers=await api.key("write"))).status_code == 403
    assert (await api.http.get(f"/sequences/{uuid4()}/splits", headers=await api.key("read"))).status_code == 404
