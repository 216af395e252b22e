"""Webhooks are set up at the command line as they are by HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from settings import Settings
from store.changes import subscriptions
from store.pool import Database
from tests.cli.conftest import Cli
from tests.store.tenants import fill

URL = "https://crm.example.com/hook"


async def test_a_subscription_is_set_up_and_ended(cli: Cli, services: Settings, database: Database) -> None:
    """Its secret is shown once; what is not named by `change` stays; afterwards nothing of it is there."""
    assert "nobody" in (await cli("webhooks", "list")).out
    made = (await cli("webhooks", "create", "--url", URL, "--type", "reply.received", "--json")).document
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    listed = await cli("webhooks", "list", "--json")
    assert listed.document == {"subscriptions": [made]}
    assert secret not in listed.out
    off = (await cli("webhooks", "change", made["id"], "--off", "--json")).document
    assert off == {**made, "active": False}
    testing = (await cli("webhooks", "change", made["id"], "--test-runs", "--json")).document
    assert testing == {**off, "test_runs": True}
    rotated = (await cli("webhooks", "rotate", made["id"], "--overlap-hours", "1", "--json")).document
    assert rotated["secret"] != secret
    async with database.transaction(services.tenant) as tx:
        found = await subscriptions.receiver(tx, UUID(made["id"]), datetime.now(UTC))
    assert found is not None
    assert found.secrets == (rotated["secret"], secret)
    assert (await cli("webhooks", "delete", made["id"])).code == 0
    for again in (("delete",), ("change", "--on"), ("deliveries",), ("rotate",)):
        said = await cli("webhooks", again[0], made["id"], *again[1:])
        assert (said.code, "no such subscription" in said.err) == (1, True)


async def test_deliveries_are_listed_and_redelivered(cli: Cli, services: Settings, database: Database) -> None:
    """By state; one that is still to be delivered is refused."""
    tenant = await fill(database, services.tenant)
    [row] = await tenant.rows("SELECT id FROM webhook_subscriptions")

    async def listed(*state: str) -> list[Any]:
        found = (await cli("webhooks", "deliveries", row["id"], *state, "--json")).document["deliveries"]
        return [(d["id"], d["state"]) for d in found]

    [(delivery, _)] = await listed("--state", "delivered")
    assert "enrollment.stopped" in (await cli("webhooks", "deliveries", row["id"])).out
    again = (await cli("webhooks", "redeliver", delivery, "--json")).document
    assert (again["id"], again["state"]) == (delivery, "pending")
    assert await listed() == [(delivery, "pending")]
    assert await listed("--state", "failed") == []
    said = await cli("webhooks", "redeliver", delivery)
    assert (said.code, "still to be delivered" in said.err) == (1, True)
    [owed] = await tenant.rows("SELECT tries, next_attempt_at FROM webhook_deliveries")
    assert owed["next_attempt_at"] - datetime.now(UTC) < timedelta(seconds=1)
    assert (await cli("webhooks", "redeliver", uuid4())).code == 1


async def test_wrong_usage_is_refused(cli: Cli, services: Settings) -> None:
    """Unknown types and states, no type at all, an address that nobody may call."""
    for arguments, code in (
        (("create", "--url", URL), 2),
        (("create", "--url", URL, "--type", "step.invented"), 2),
        (("create", "--url", "http://127.0.0.1/", "--type", "step.failed"), 1),
        (("deliveries", uuid4(), "--state", "lost"), 2),
    ):
        assert (await cli("webhooks", *arguments)).code == code, arguments
