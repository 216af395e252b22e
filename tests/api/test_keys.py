"""A key speaks for one tenant, within its scopes, until it is revoked."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from api.http import problems
from api.http.auth import needs
from api.http.state import Edge
from domain.errors import Conflict, NotFound
from starter.engine import Engine
from store.pool import Database
from store.workspace import api_keys
from tests.api.conftest import Api

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)


def _client(edge: Edge) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.edge = edge
    problems.install(app)

    @app.get("/whose")
    async def whose(engine: Annotated[Engine, needs("read")]) -> str:
        return str(engine.tenant_id)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://api.test")


async def test_a_key_acts_for_its_own_tenant(api: Api, edge: Edge, database_url: str) -> None:
    """Whatever the tenant of the settings is, a handler gets the engine of the key's tenant."""
    other = uuid4()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other)
    await owner.close()
    theirs = dataclasses.replace(api.rig, engine=dataclasses.replace(api.rig.engine, tenant_id=other))
    async with _client(edge) as client:
        for caller in (api, dataclasses.replace(api, rig=theirs)):
            answer = await client.get("/whose", headers=await caller.key("read"))
            assert answer.json() == str(caller.rig.engine.tenant_id)


async def test_without_a_valid_key_nobody_is_let_in(api: Api, edge: Edge) -> None:
    """401 with WWW-Authenticate for none, a wrong one, another scheme, and one that was revoked."""
    revoked = await api.key("read", name="gone")
    async with api.rig.engine.transaction() as tx:
        await api_keys.revoke(tx, "gone", NOW)
    valid = await api.key("read")
    key = valid["Authorization"].removeprefix("Bearer ")
    async with _client(edge) as client:
        assert (await client.get("/whose", headers=valid)).status_code == 200
        for headers in (
            {},
            revoked,
            {"Authorization": f"Bearer {key[:-1]}"},
            {"Authorization": f"Basic {key}"},
            {"Authorization": "Bearer "},
            {"Authorization": key},
            {"Authorization": b"Bearer \xff\xfe"},
            {"X-Api-Key": key},
        ):
            answer = await client.get("/whose", headers=headers)  # type: ignore[arg-type] # bytes are headers too
            assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer"), headers


async def test_a_key_without_the_scope_is_refused(api: Api, edge: Edge) -> None:
    """403 that names the scope; no scope includes another."""
    async with _client(edge) as client:
        answer = await client.get("/whose", headers=await api.key("write", "admin"))
    assert answer.status_code == 403
    assert 'scope="read"' in answer.headers["www-authenticate"]
    assert "read" in answer.json()["detail"]


async def test_a_key_is_kept_as_its_hash_alone(database: Database, api: Api) -> None:
    """No column of the table holds the key, and each is another 256 random bits."""
    texts = {(await api.key("read"))["Authorization"].removeprefix("Bearer ") for _ in range(3)}
    assert len(texts) == 3
    assert {len(text) for text in texts} == {46}
    assert all(text.startswith("tl_") for text in texts)
    [row] = await api.rig.rows("SELECT string_agg(k::text, ' ') AS said FROM api_keys k")
    assert not any(text.removeprefix("tl_") in row["said"] for text in texts)


async def test_the_last_use_is_written_at_most_once_a_minute(database: Database, api: Api) -> None:
    """Not every call writes; what is written is right to the minute."""
    key = (await api.key("read"))["Authorization"].removeprefix("Bearer ")

    async def used() -> datetime:
        [row] = await api.rig.rows("SELECT last_used_at FROM api_keys")
        at: datetime = row["last_used_at"]
        return at

    for after, expected in ((0, 0), (59, 0), (61, 61), (100, 61)):
        owner = await api_keys.owner_of(database, key, NOW + timedelta(seconds=after))
        assert owner is not None
        assert await used() == NOW + timedelta(seconds=expected)


async def test_a_name_names_one_key_for_ever(api: Api) -> None:
    """A log that names a key names the same one after years, so a name is not given twice."""
    await api.key("read", name="crm")
    engine = api.rig.engine
    with pytest.raises(Conflict, match="crm"):
        await api.key("write", name="crm")
    async with engine.transaction() as tx:
        await api_keys.revoke(tx, "crm", NOW)
        with pytest.raises(NotFound, match="crm"):
            await api_keys.revoke(tx, "crm", NOW)
        [known] = await api_keys.listed(tx)
    assert (known.name, known.scopes, known.revoked_at) == ("crm", ("read",), NOW)
    with pytest.raises(Conflict):
        await api.key("read", name="crm")
