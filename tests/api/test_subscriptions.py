"""Subscriptions by HTTP: made, read, changed, ended; secrets shown once; a log to page through and redeliver from."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from standardwebhooks import Webhook

from api.http.state import Edge
from domain import ids
from store.changes import subscriptions
from store.workspace import api_keys
from tests.api.conftest import Api
from tests.store.tenants import Tenant, fill

BODY = {"url": "https://crm.example.com/hook", "types": ["enrollment.stopped", "reply.received"], "description": "CRM"}
PAUSE = "UPDATE enrollments SET status = 'paused', next_run_at = NULL, gate = 'enrollment_paused'"


@pytest.fixture
async def tenant(api: Api) -> Tenant:
    filled = await fill(api.rig.engine.database, api.rig.engine.tenant_id)
    await filled.execute("DELETE FROM webhook_deliveries")
    await filled.execute("DELETE FROM webhook_subscriptions")
    await filled.execute("DELETE FROM webhook_feeds")
    return filled


async def made(api: Api, admin: dict[str, str], **changed: Any) -> dict[str, Any]:
    answer = await api.http.post("/webhook-subscriptions", json={**BODY, **changed}, headers=admin)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def owed(tenant: Tenant) -> None:
    """What has happened becomes deliveries, as the feed has it."""
    async with tenant.database.transaction(tenant.id) as tx:
        await subscriptions.feed(tx, datetime.now(UTC))


async def test_a_subscription_is_made_and_its_secret_shown_once(api: Api) -> None:
    """The secret signs; no later answer has it."""
    admin, read = await api.key("admin"), await api.key("read")
    new = await made(api, admin)
    assert Webhook(new["secret"]).sign("id", datetime.now(UTC), "{}").startswith("v1,")
    assert (new["active"], new["failures"], new["disabled_reason"]) == (True, 0, None)
    one = (await api.http.get(f"/webhook-subscriptions/{new['id']}", headers=read)).json()
    [listed] = (await api.http.get("/webhook-subscriptions", headers=read)).json()["items"]
    assert one == listed == {key: value for key, value in new.items() if key != "secret"}


async def test_a_subscription_is_changed_as_a_whole(api: Api, tenant: Tenant) -> None:
    """What is left out takes its default; switched off, what was owed is given up with the reason."""
    admin = await api.key("admin", "read")
    new = await made(api, admin, types=["enrollment.paused"])
    await tenant.execute(PAUSE)
    await owed(tenant)
    path = f"/webhook-subscriptions/{new['id']}"
    changed = {"url": "https://other.example.com/", "types": ["step.failed"], "active": False}
    answer = (await api.http.put(path, json=changed, headers=admin)).json()
    assert (answer["url"], answer["types"], answer["active"]) == (changed["url"], ["step.failed"], False)
    assert answer["description"] == ""
    assert (await api.http.get(path, headers=admin)).json() == answer
    [delivery] = (await api.http.get(f"{path}/deliveries", headers=admin)).json()["items"]
    assert (delivery["state"], delivery["last_error"]) == ("failed", "the subscription was switched off")


async def test_test_runs_are_posted_to_whoever_asks_for_them(api: Api, tenant: Tenant) -> None:
    """Not unless asked: a receiver that acts on documents must not take a test for somebody real."""
    admin = await api.key("admin", "read")
    plain = await made(api, admin, types=["enrollment.paused"])
    whole = await made(api, admin, types=["enrollment.paused"], test_runs=True)
    assert (plain["test_runs"], whole["test_runs"]) == (False, True)

    async def posted(subscription: dict[str, Any]) -> list[bool]:
        path = f"/webhook-subscriptions/{subscription['id']}/deliveries"
        deliveries = (await api.http.get(path, headers=admin)).json()["items"]
        bodies = [(await api.http.get(f"/webhook-deliveries/{one['id']}", headers=admin)).json() for one in deliveries]
        return [body["document"]["data"]["isTest"] for body in bodies]

    await tenant.execute("UPDATE enrollments SET is_test = true")
    await tenant.execute(PAUSE)
    await owed(tenant)
    assert (await posted(plain), await posted(whole)) == ([], [True])
    answer = await api.http.put(
        f"/webhook-subscriptions/{plain['id']}", json={**BODY, "test_runs": True}, headers=admin
    )
    assert answer.json()["test_runs"] is True
    assert (await api.http.put(f"/webhook-subscriptions/{plain['id']}", json=BODY, headers=admin)).json()[
        "test_runs"
    ] is False


async def test_a_subscription_ends_with_its_log(api: Api, tenant: Tenant) -> None:
    """Afterwards nothing of it is there, and nothing is owed to it."""
    admin = await api.key("admin", "read")
    new = await made(api, admin, types=["enrollment.paused"])
    await tenant.execute(PAUSE)
    await owed(tenant)
    assert await api.count("webhook_deliveries") == 1
    path = f"/webhook-subscriptions/{new['id']}"
    assert (await api.http.delete(path, headers=admin)).status_code == 204
    for method, below in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries")):
        assert (await api.http.request(method, path + below, headers=admin)).status_code == 404
    assert await api.count("webhook_deliveries") == 0


async def test_a_secret_is_rotated(api: Api) -> None:
    """A new one, and until when the old one signs as well."""
    admin = await api.key("admin")
    new = await made(api, admin)
    path = f"/webhook-subscriptions/{new['id']}/rotate-secret"
    rotated = (await api.http.post(path, json={"overlap_hours": 2}, headers=admin)).json()
    assert rotated["secret"] not in ("", new["secret"])
    until = datetime.fromisoformat(rotated["previous_secret_until"])
    assert timedelta(hours=1.9) < until - datetime.now(UTC) < timedelta(hours=2.1)
    async with api.rig.engine.transaction() as tx:
        for at, secrets in (
            (until - timedelta(minutes=1), (rotated["secret"], new["secret"])),
            (until, (rotated["secret"],)),
        ):
            receiver = await subscriptions.receiver(tx, ids.as_id(new["id"]) or uuid4(), at)
            assert receiver is not None
            assert receiver.secrets == secrets


async def test_the_log_is_read_in_parts(api: Api, tenant: Tenant) -> None:
    """The newest first, each once, by state; a delivery shows its document."""
    admin = await api.key("admin", "read")
    new = await made(api, admin, types=["enrollment.paused", "enrollment.resumed"])
    for turn in range(5):
        resume = "UPDATE enrollments SET status = 'running', next_run_at = now(), gate = NULL"
        await tenant.execute(resume if turn % 2 else PAUSE)
        await owed(tenant)
    path, seen, after = f"/webhook-subscriptions/{new['id']}/deliveries?limit=2", [], ""
    while True:
        page = (await api.http.get(path + after, headers=admin)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [d["type"].partition(".")[2] for d in seen] == ["paused", "resumed", "paused", "resumed", "paused"]
    assert len({d["id"] for d in seen}) == 5
    assert (await api.http.get(f"{path}&state=delivered", headers=admin)).json()["items"] == []
    one = (await api.http.get(f"/webhook-deliveries/{seen[0]['id']}", headers=admin)).json()
    assert one["document"]["data"]["enrollment_id"] == str(tenant.enrollment) == one["enrollment_id"]


async def test_a_delivery_is_redelivered(api: Api, tenant: Tenant) -> None:
    """Due at once under the same id; 409 while it is under way, or its subscription is off."""
    key = await api.key("admin", "read", "write")
    new = await made(api, key, types=["enrollment.paused"])
    await tenant.execute(PAUSE)
    await owed(tenant)
    [delivery] = (await api.http.get(f"/webhook-subscriptions/{new['id']}/deliveries", headers=key)).json()["items"]
    path = f"/webhook-deliveries/{delivery['id']}"
    assert (await api.http.post(f"{path}/redeliver", headers=key)).status_code == 409
    await tenant.execute("UPDATE webhook_deliveries SET state = 'delivered', next_attempt_at = NULL, ended_at = now()")
    answer = await api.http.post(f"{path}/redeliver", headers=key)
    assert (answer.status_code, answer.json()["state"], answer.json()["id"]) == (202, "pending", delivery["id"])
    assert (await api.http.get(path, headers=key)).json()["next_attempt_at"] is not None
    await api.http.put(f"/webhook-subscriptions/{new['id']}", json={**BODY, "active": False}, headers=key)
    refused = await api.http.post(f"{path}/redeliver", headers=key)
    assert (refused.status_code, "switched off" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://user:password@example.com/"},
        {"url": "http://127.0.0.1/"},
        {"url": "http://169.254.169.254/latest"},
        {"url": "x" * 2001},
        {"url": "https://example.com/\0"},
        {"types": []},
        {"types": ["step.invented"]},
        {"colour": "red"},
        {"description": "x" * 501},
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, changed: dict[str, Any]) -> None:
    """422, and nothing is stored; our own network is not named."""
    answer = await api.http.post("/webhook-subscriptions", json={**BODY, **changed}, headers=await api.key("admin"))
    assert (answer.status_code, await api.count("webhook_subscriptions")) == (422, 0)


async def test_there_is_a_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is asked about everything that happens."""
    monkeypatch.setattr("starter.changes.subscriptions._MOST", 1)
    admin = await api.key("admin")
    await made(api, admin)
    assert (await api.http.post("/webhook-subscriptions", json=BODY, headers=admin)).status_code == 409


async def test_scopes_and_tenants(api: Api, edge: Edge, database_url: str) -> None:
    """Only admin sets up, only write redelivers, only read reads; to another tenant nothing of it is there."""
    new = await made(api, await api.key("admin"))
    engine = dataclasses.replace(edge.engine, tenant_id=uuid4())
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", engine.tenant_id)
    await owner.close()
    async with engine.transaction() as tx:
        text = await api_keys.create(tx, engine.tenant_id, "other", {"read", "write", "admin"}, datetime.now(UTC))
    theirs = {"Authorization": f"Bearer {text}"}
    one = f"/webhook-subscriptions/{new['id']}"
    for method, path, body, scope in (
        ("POST", "/webhook-subscriptions", BODY, "admin"),
        ("GET", "/webhook-subscriptions", None, "read"),
        ("GET", one, None, "read"),
        ("PUT", one, BODY, "admin"),
        ("DELETE", one, None, "admin"),
        ("POST", f"{one}/rotate-secret", {}, "admin"),
        ("GET", f"{one}/deliveries", None, "read"),
        ("GET", f"/webhook-deliveries/{uuid4()}", None, "read"),
        ("POST", f"/webhook-deliveries/{uuid4()}/redeliver", None, "write"),
    ):
        others: list[api_keys.Scope] = [s for s in ("read", "write", "admin") if s != scope]
        assert (await api.http.request(method, path, json=body)).status_code == 401
        assert (await api.http.request(method, path, json=body, headers=await api.key(*others))).status_code == 403
        if path != "/webhook-subscriptions":
            assert (await api.http.request(method, path, json=body, headers=theirs)).status_code == 404, path
    assert (await api.http.get("/webhook-subscriptions", headers=theirs)).json()["items"] == []
