"""Nothing of another tenant is reached by its id: every path that names one, tried with a stranger's."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app, description
from api.http.state import Edge
from tests.api.conftest import Api
from tests.store.tenants import Tenant, fill

TABLES = {
    "sequences": "sequences",
    "contacts": "contacts",
    "leads": "contacts",
    "enrollments": "enrollments",
    "flow-executions": "enrollments",
    "campaigns": "campaigns",
    "batches": "enrollment_batches",
    "suppressions": "suppressions",
    "webhook-subscriptions": "webhook_subscriptions",
    "webhook-deliveries": "webhook_deliveries",
    "keys": "api_keys",
    "users": "users",
    "tasks": "tasks",
    "notifications": "notifications",
    "senders": "senders",
    "dead-letters": "dead_letters",
    "reviews": "(SELECT message_id AS id FROM reviews) AS reviews",
    "law": "(SELECT (b ->> 'id')::uuid AS id FROM tenants, jsonb_array_elements(law -> 'blocks') AS b) AS blocks",
}
"""Whose ids stand behind the first part of a path."""
INNER = {"step": "one", "version": "1", "tag": "vip"}
"""Places within what the id names, that exist or not in both tenants alike."""


def _operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of whatever takes a key and names an id."""
    return [
        (path, method, operation)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if operation.get("security") and "{" in path
    ]


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """A right body, as the description shows one."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return {}
    if "application/json" not in content:
        return {"content": b"", "headers": {"Content-Type": next(iter(content))}}
    schema = content["application/json"]["schema"]
    for reference in (schema, *schema.get("anyOf", [])):
        if "$ref" in reference:
            schema = description()["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
            break
    shown = [schema["example"]] if "example" in schema else schema.get("examples", [])
    if shown:
        return {"json": shown[0]}
    fields = {name: schema["properties"][name].get("examples", []) for name in schema.get("required", [])}
    bare = [name for name, examples in fields.items() if not examples]
    assert not bare, f"{operation['summary']}: nobody can see what a body looks like: {bare} have no example"
    return {"json": {name: examples[0] for name, examples in fields.items()}}


async def _id(tenant: Tenant, table: str) -> str:
    [row, *_] = await tenant.rows(f"SELECT id FROM {table} ORDER BY id")  # noqa: S608 - our own names
    return str(row["id"])


async def _call(
    app: FastAPI, http: httpx.AsyncClient, whose: Tenant, key: dict[str, str], path: str, method: str
) -> httpx.Response:
    """The operation with its caller's key on the ids of `whose`."""
    operation = app.openapi()["paths"][path][method]
    root = path.split("/")[1]
    values = dict(INNER, id=await _id(whose, TABLES[root]), contact=str(whose.contact))
    if "{suppression}" in path:
        values["suppression"] = await _id(whose, "suppressions")
    body = body_of(operation)
    headers = {**body.pop("headers", {}), **key}
    headers |= {p["name"]: '"1"' for p in operation.get("parameters", []) if p["name"].lower() == "if-match"}
    return await http.request(method.upper(), path.format(**values), headers=headers, **body)


@pytest.fixture
async def both(api: Api, other: Api) -> tuple[Tenant, Tenant]:
    """Two tenants, each with a row of everything."""
    mine, theirs = api.rig.engine, other.rig.engine
    return await fill(mine.database, mine.tenant_id), await fill(theirs.database, theirs.tenant_id)


async def test_the_id_of_another_tenant_names_nothing(api: Api, edge: Edge, both: tuple[Tenant, Tenant]) -> None:
    """404 whatever the method and the body, for a key with every scope; and nothing of the other's has changed."""
    _, theirs = both
    app, key = create_app(edge), await api.key("read", "write", "admin")
    before = await _everything(theirs)
    operations = _operations(app)
    assert len(operations) > 15
    answers = {}
    for path, method, _ in operations:
        answer = await _call(app, api.http, theirs, key, path, method)
        answers[f"{method.upper()} {path}"] = answer.status_code
        assert str(UUID(str(theirs.id))) not in answer.text
    assert {name: status for name, status in answers.items() if status != 404} == {}
    assert await _everything(theirs) == before


async def test_the_id_of_ones_own_names_something(api: Api, edge: Edge, both: tuple[Tenant, Tenant]) -> None:
    """The same calls find what they name where it is the caller's: the 404 above are the wall's."""
    mine, _ = both
    app, key = create_app(edge), await api.key("read", "admin")
    answers = {}
    for path, method, _ in _operations(app):
        if method == "get":
            answers[path] = (await _call(app, api.http, mine, key, path, method)).status_code
    assert len(answers) > 5
    assert {path: status for path, status in answers.items() if status != 200} == {}


async def _everything(tenant: Tenant) -> dict[str, str]:
    """What the tenant's tables hold."""
    tables = await tenant.rows(
        "SELECT DISTINCT table_name AS name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
    )
    return {
        table["name"]: str(await tenant.rows(f"SELECT x::text FROM {table['name']} x ORDER BY 1"))  # noqa: S608 - our own names
        for table in tables
    }
