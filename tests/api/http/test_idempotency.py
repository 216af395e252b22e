"""A writing request with an Idempotency-Key is carried out once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.responses import Response

from api.app import create_app
from api.http import idempotency as middleware
from api.http.state import Edge
from store import idempotency
from store.idempotency import Attempt
from tests.api.conftest import Api
from tests.support.helpers import assert_eventually


async def _headers(api: Api, key: str | None = None) -> dict[str, str]:
    return {**await api.key("admin", "write", "read"), "Idempotency-Key": key or uuid4().hex}


async def _users(api: Api) -> int:
    return await api.count("users")


async def test_the_same_request_is_answered_as_the_first_time(api: Api) -> None:
    """Status, headers and body are the first ones, and nothing is done again; without the key it is."""
    headers = await _headers(api)
    first = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    again = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["content-type"] == first.headers["content-type"]
    assert (first.headers.get("idempotent-replayed"), again.headers.get("idempotent-replayed")) == (None, "true")
    assert await _users(api) == 1
    bare = {"Authorization": headers["Authorization"]}
    assert (await api.http.post("/users", json={"name": "grace"}, headers=bare)).status_code == 409


async def test_refusals_are_first_answers_too(api: Api) -> None:
    """What was refused stays refused under the same key, though it would go well by now."""
    headers = await _headers(api)
    made = (await api.http.post("/users", json={"name": "grace"}, headers=await _headers(api))).json()
    assert (await api.http.post("/users", json={"name": "grace"}, headers=headers)).status_code == 409
    deleted = await api.http.delete(f"/users/{made['id']}", headers=await _headers(api))
    assert deleted.status_code == 204
    again = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")
    assert await _users(api) == 0


async def test_an_answer_without_a_body_is_kept(api: Api) -> None:
    """204 again, where without the key it would be 404."""
    made = (await api.http.post("/users", json={"name": "grace"}, headers=await _headers(api))).json()
    headers = await _headers(api)
    answers = [await api.http.delete(f"/users/{made['id']}", headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b""), (204, b"")]


@pytest.mark.parametrize("changed", ["body", "route", "query", "caller", "if-match"])
async def test_a_key_belongs_to_one_request(api: Api, changed: str) -> None:
    """409 for another body, route, query, precondition or API key; nothing is done."""
    headers = await _headers(api)
    assert (await api.http.post("/users", json={"name": "grace"}, headers=headers)).status_code == 201
    path, body, given = "/users", {"name": "grace"}, headers
    match changed:
        case "body":
            body = {"name": "ada"}
        case "route":
            path = "/keys"
        case "query":
            path = "/users?x=1"
        case "caller":
            given = await _headers(api, headers["Idempotency-Key"])
        case _:
            given = {**headers, "If-Match": '"1"'}
    answer = await api.http.post(path, json=body, headers=given)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem-type:touchline:conflict")
    assert "used for another request" in answer.json()["detail"]
    assert await _users(api) == 1


async def test_keys_of_two_tenants_have_nothing_to_do_with_each_other(api: Api, other: Api) -> None:
    """The same key and body by another tenant is another request."""
    for caller in (api, other):
        answer = await caller.http.post("/users", json={"name": "grace"}, headers=await _headers(caller, "one"))
        assert answer.status_code == 201
        assert "idempotent-replayed" not in answer.headers
        assert await _users(caller) == 1


async def test_a_key_shown_once_is_shown_again_and_lies_nowhere(api: Api) -> None:
    """What is kept can be read with the API key alone: the database holds no word of it."""
    headers = await _headers(api)
    body = {"name": "crm", "scopes": ["read"]}
    first = (await api.http.post("/keys", json=body, headers=headers)).json()
    assert (await api.http.post("/keys", json=body, headers=headers)).json() == first
    [row] = await api.rig.rows("SELECT answer FROM idempotent_requests")
    assert first["key"].encode() not in bytes(row["answer"])
    assert first["name"].encode() not in bytes(row["answer"])


@pytest.fixture
def slow(edge: Edge) -> tuple[Any, asyncio.Event, list[int]]:
    """An application with a route that waits, and answers with the status it is told."""
    app, go, statuses = create_app(edge), asyncio.Event(), [200]

    @app.post("/slow")
    async def wait() -> Any:
        await go.wait()
        status = statuses[0]
        if status == 0:
            raise RuntimeError("broken")
        return Response(b"x" * (middleware._MOST_KEPT + 1 if status == 299 else 1), status)

    return app, go, statuses


def _client(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api.test", timeout=60)


async def test_of_two_at_once_one_is_carried_out(api: Api, slow: tuple[Any, asyncio.Event, list[int]]) -> None:
    """The other is told to come again, and then gets the answer of the first."""
    app, go, _ = slow
    headers = await _headers(api)
    async with _client(app) as http:
        async with asyncio.TaskGroup() as group:
            twins = [group.create_task(http.post("/slow", headers=headers)) for _ in range(3)]

            async def two_are_told() -> None:
                assert sum(twin.done() for twin in twins) == 2

            await assert_eventually(two_are_told)
            go.set()
        answers = sorted((twin.result() for twin in twins), key=lambda answer: answer.status_code)
        assert [answer.status_code for answer in answers] == [200, 409, 409]
        assert answers[1].headers["retry-after"] == "1"
        again = await http.post("/slow", headers=headers)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")


@pytest.mark.parametrize("status", [0, 500, 503, 429])
async def test_what_may_fare_better_is_not_kept(
    api: Api, slow: tuple[Any, asyncio.Event, list[int]], status: int
) -> None:
    """After a fault of ours or a limit the same key carries the request out anew."""
    app, go, statuses = slow
    go.set()
    headers = await _headers(api)
    async with _client(app) as http:
        statuses[0] = status
        assert (await http.post("/slow", headers=headers)).status_code == (status or 500)
        statuses[0] = 201
        answer = await http.post("/slow", headers=headers)
    assert answer.status_code == 201
    assert "idempotent-replayed" not in answer.headers


async def test_an_answer_too_long_to_be_kept_is_not_given_twice(
    api: Api, slow: tuple[Any, asyncio.Event, list[int]]
) -> None:
    """The first caller gets all of it; a repetition hears that it was done."""
    app, go, statuses = slow
    go.set()
    statuses[0] = 299
    headers = await _headers(api)
    async with _client(app) as http:
        first = await http.post("/slow", headers=headers)
        again = await http.post("/slow", headers=headers)
    assert (first.status_code, len(first.content)) == (299, middleware._MOST_KEPT + 1)
    assert (again.status_code, "carried out and answered 299" in again.json()["detail"]) == (409, True)


async def test_a_crash_locks_no_key_for_ever(api: Api, edge: Edge) -> None:
    """Within its time a dead attempt holds the key; after that the same request takes it over, another one does not."""
    engine, headers = edge.engine, await _headers(api, "crashed")
    first = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert first.status_code == 201
    await api.rig.execute("DELETE FROM users")
    soon = datetime.now(UTC) + timedelta(minutes=1)
    await api.rig.execute("UPDATE idempotent_requests SET status = NULL, answer = NULL, held_until = $1", soon)
    held = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert (held.status_code, held.headers["retry-after"]) == (409, "1")
    await api.rig.execute("UPDATE idempotent_requests SET held_until = $1", soon - timedelta(minutes=2))
    changed = await api.http.post("/users", json={"name": "ada"}, headers=headers)
    assert (changed.status_code, "retry-after" in changed.headers) == (409, False)
    taken = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert (taken.status_code, taken.headers.get("idempotent-replayed")) == (201, None)
    async with engine.transaction() as tx:
        # The dead one wakes up: what it has to say is of no interest any more.
        await idempotency.keep(tx, Attempt("crashed", uuid4()), 500, None)
        await idempotency.give_up(tx, Attempt("crashed", uuid4()))
    again = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert again.json() == taken.json()


async def test_a_long_request_keeps_its_key(
    api: Api, slow: tuple[Any, asyncio.Event, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is under way it is heard of, so that nobody takes it for dead."""
    monkeypatch.setattr(middleware, "_RENEWED_EVERY_S", 0.05)
    monkeypatch.setattr(middleware, "_HELD", timedelta(seconds=5))
    app, go, _ = slow
    async with _client(app) as http:
        request = asyncio.create_task(http.post("/slow", headers=await _headers(api)))
        until: set[datetime] = set()

        async def renewed_twice() -> None:
            until.update(row["held_until"] for row in await api.rig.rows("SELECT held_until FROM idempotent_requests"))
            assert len(until) >= 3

        await assert_eventually(renewed_twice)
        go.set()
        assert (await request).status_code == 200


@pytest.mark.parametrize("key", ["", '""', "x" * 256, b"\xff", "a\tb"])
async def test_what_is_no_key_is_refused(api: Api, key: Any) -> None:
    """400, and nothing is done."""
    headers: Any = {**await api.key("admin"), "Idempotency-Key": key}
    answer = await api.http.post("/users", json={"name": "grace"}, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem-type:touchline:bad-request")
    assert await _users(api) == 0


async def test_a_quoted_key_is_the_same_key(api: Api) -> None:
    """The draft writes it in quotes, many clients do not."""
    headers = await _headers(api, "k-1")
    await api.http.post("/users", json={"name": "grace"}, headers=headers)
    again = await api.http.post("/users", json={"name": "grace"}, headers={**headers, "Idempotency-Key": '"k-1"'})
    assert again.headers["idempotent-replayed"] == "true"


async def test_requests_without_an_api_key_are_left_alone(api: Api) -> None:
    """A vendor's call, a page and a reading request take no notice of the header."""
    header = {"Idempotency-Key": "one"}
    assert (await api.resend(b"{}")).status_code != 409
    for _ in range(2):
        assert (await api.http.post("/unsubscribe/x", headers=header)).status_code == 404
        assert (await api.http.post("/users", json={}, headers=header)).status_code == 401
        assert (await api.http.get("/users", headers={**await api.key("read"), **header})).status_code == 200
    assert await api.count("idempotent_requests") == 0


async def test_a_body_over_the_limit_is_refused_before_anything_is_kept(api: Api) -> None:
    """413 as without the key, and the key is free for another request."""
    headers = await _headers(api)

    async def endless() -> Any:
        for _ in range(20):
            yield b"x" * 65536

    answer = await api.http.post("/users", content=endless(), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert await api.count("idempotent_requests") == 0


async def test_every_writing_operation_names_the_key(connect: Callable[[Edge], Api], edge: Edge) -> None:
    """In the description, with its 409 and 400; what takes no API key does not."""
    paths = create_app(edge).openapi()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            named = [p for p in operation.get("parameters", []) if p["name"].lower() == "idempotency-key"]
            expected = bool(operation.get("security")) and method in ("post", "put", "patch", "delete")
            assert len(named) == int(expected), f"{method} {path}"
            assert not expected or {"400", "409"} <= set(operation["responses"]), f"{method} {path}"
