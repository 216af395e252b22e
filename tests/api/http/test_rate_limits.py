"""Whoever comes too often is told when to come again."""

import dataclasses
from collections.abc import Callable

import pytest

from api.http.limiter import RateLimiter
from api.http.state import Edge
from tests.api.conftest import Api

LIMIT = 5


@pytest.fixture
def limited(edge: Edge, connect: Callable[[Edge], Api], monkeypatch: pytest.MonkeyPatch) -> Api:
    """Five requests of a key, three wrong keys of an address, in a minute that does not pass."""
    # The middle of one: at its end what was counted in it begins to count less.
    monkeypatch.setattr("time.time", lambda: 1_800_000_030.0)
    return connect(dataclasses.replace(edge, limiter=RateLimiter(LIMIT, 3)))


async def test_a_key_has_its_limit(limited: Api) -> None:
    """429 with Retry-After beyond it, and each answer says what is left; another key has its own."""
    headers = await limited.key("read")
    for left in range(LIMIT - 1, -1, -1):
        answer = await limited.http.get("/users", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == f'"key";q={LIMIT};w=60'
        assert answer.headers["ratelimit"].startswith(f'"key";r={left};t=')
    refused = await limited.http.get("/users", headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:problem-type:touchline:too-many-requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
    assert (await limited.http.get("/users", headers=await limited.key("read"))).status_code == 200


async def test_a_refused_request_does_nothing_and_keeps_its_key(limited: Api) -> None:
    """What was refused for its number may be sent again with the same Idempotency-Key."""
    headers = {**await limited.key("admin", "read"), "Idempotency-Key": "one"}
    for _ in range(LIMIT):
        await limited.http.get("/users", headers=headers)
    assert (await limited.http.post("/users", json={"name": "grace"}, headers=headers)).status_code == 429
    assert (await limited.count("users"), await limited.count("idempotent_requests")) == (0, 0)


async def test_whoever_tries_keys_is_told_to_wait(limited: Api) -> None:
    """After some wrong keys from an address others are answered 429; requests without one still pass."""
    for _ in range(3):
        assert (await limited.http.get("/users", headers={"Authorization": "Bearer tl_wrong"})).status_code == 401
    for key in ("tl_wrong", "tl_other"):
        answer = await limited.http.get("/users", headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (429, True)
    assert (await limited.http.get("/healthz")).status_code == 200
    assert (await limited.http.post("/unsubscribe/x")).status_code == 404


async def test_vendors_and_links_have_no_limit(limited: Api) -> None:
    """An event that is refused may be lost, and whoever unsubscribes must not be sent away."""
    for _ in range(LIMIT * 2):
        assert (await limited.http.post("/webhooks/email/resend", content=b"{}")).status_code == 401
        assert (await limited.http.post("/unsubscribe/x")).status_code == 404
        assert (await limited.http.get("/healthz", headers={"Authorization": "Bearer tl_wrong"})).status_code == 200
