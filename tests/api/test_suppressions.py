"""Suppressions over HTTP: what suppresses an address, and what may be taken back."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.messages import Channel
from store.gates.suppressions import SuppressionReason, suppress
from tests.api.conftest import Api

Call = Any


@pytest.fixture
async def call(api: Api) -> Call:
    """Calls with a key that may read and write; the answer's body."""
    key = await api.key("read", "write")

    async def answer(method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answered = await api.http.request(method, path, json=body, headers=key)
        assert answered.status_code == status, answered.text
        return answered.json() if answered.content else None

    return answer


async def barred(api: Api, address: str, reason: SuppressionReason, channel: Channel = Channel.EMAIL) -> None:
    now = datetime.now(UTC)
    async with api.rig.engine.transaction() as tx:
        await suppress(tx, channel, address, reason, at=now, now=now)


async def active(api: Api) -> list[tuple[str, str]]:
    found = await api.rig.rows("SELECT address, reason FROM suppressions WHERE active ORDER BY address, reason")
    return [(row["address"], row["reason"]) for row in found]


async def test_an_address_is_barred_in_its_one_spelling(api: Api, call: Call) -> None:
    """Once, however often it is said: the latest time counts, also after a lifting, which leaves its record."""
    made = await call("POST", "/suppressions", {"channel": "sms", "address": "(212) 555-0100"}, status=201)
    assert (made["address"], made["reason"], made["active"]) == ("+12125550100", "manual", True)
    again = await call("POST", "/suppressions", {"channel": "sms", "address": "+12125550100"}, status=201)
    assert (again["id"], again["created_at"], again["at"] > made["at"]) == (made["id"], made["created_at"], True)
    assert await active(api) == [("+12125550100", "manual")]
    assert [one["id"] for one in (await call("GET", "/suppressions"))["items"]] == [made["id"]]
    lifted = await call("DELETE", f"/suppressions/{made['id']}")
    assert (lifted["active"], lifted["lifted_at"] is not None) == (False, True)
    assert await active(api) == []
    assert (await call("GET", "/suppressions?active=true"))["items"] == []
    assert len((await call("GET", "/suppressions?active=false&channel=sms&reason=manual"))["items"]) == 1
    anew = await call("POST", "/suppressions", {"channel": "sms", "address": "+12125550100"}, status=201)
    assert (anew["id"], anew["active"], anew["lifted_at"]) == (made["id"], True, lifted["lifted_at"])
    assert await active(api) == [("+12125550100", "manual")]


async def test_what_is_no_address_is_refused(api: Api, call: Call) -> None:
    """And so is a channel that has no addresses."""
    refused = await call("POST", "/suppressions", {"channel": "email", "address": "nobody"}, status=422)
    assert refused["detail"].startswith("address:")
    await call("POST", "/suppressions", {"channel": "webhook", "address": "+12125550100"}, status=422)
    await call("POST", "/suppressions", {"channel": "email", "address": "a\0@x.org"}, status=422)
    assert await api.count("suppressions") == 0


@pytest.mark.parametrize(
    ("reason", "query", "status"),
    [
        ("bounced", "", 200),
        ("unsubscribed", "", 409),
        ("unsubscribed", "?asked_by_contact=true", 200),
        ("complained", "?asked_by_contact=true", 409),
    ],
)
async def test_what_the_person_asked_for_is_not_lifted_by_others(
    api: Api, call: Call, reason: SuppressionReason, query: str, status: int
) -> None:
    """A bounce may be judged anew; an opt-out is lifted only at the person's wish; a complaint never."""
    await barred(api, "ada@example.com", reason)
    [listed] = (await call("GET", "/suppressions"))["items"]
    await call("DELETE", f"/suppressions/{listed['id']}{query}", status=status)
    assert await active(api) == ([] if status == 200 else [("ada@example.com", reason)])


async def test_a_contact_shows_what_bars_it_and_nobody_elses(api: Api, call: Call) -> None:
    """By the contact's own addresses; another contact's is not found under it."""
    contact = await api.rig.contact(phone=None)
    other = await api.rig.contact()
    path = f"/contacts/{contact.external_id}/suppressions"
    made = await call("POST", path, {"channel": "email"}, status=201)
    assert made["address"] == contact.email
    await barred(api, other.email or "", "manual")
    assert [one["id"] for one in (await call("GET", path))["items"]] == [made["id"]]
    await call("DELETE", f"/contacts/{other.external_id}/suppressions/{made['id']}", status=404)
    refused = await call("POST", path, {"channel": "sms"}, status=409)
    assert "no address" in refused["detail"]
    await call("DELETE", f"{path}/{made['id']}")
    assert await active(api) == [(other.email, "manual")]
    for method, below, body in (("GET", "", None), ("POST", "", {"channel": "sms"}), ("DELETE", f"/{uuid4()}", None)):
        await call(method, f"/contacts/nobody/suppressions{below}", body, status=404)
    await call("DELETE", f"/suppressions/{uuid4()}", status=404)


async def test_suppressions_are_listed_in_parts(api: Api, call: Call) -> None:
    """The newest first, each once; what a START lifted in advance suppresses nobody and is not listed."""
    for number in range(3):
        await call("POST", "/suppressions", {"channel": "email", "address": f"a{number}@x.org"}, status=201)
    await api.rig.execute(
        "INSERT INTO suppressions (tenant_id, channel, address, reason, at, lifted_at, created_at)"
        " VALUES (current_tenant(), 'sms', '+12125550100', 'unsubscribed', '-infinity', now(), now())"
    )
    first = await call("GET", "/suppressions?limit=2")
    second = await call("GET", f"/suppressions?limit=2&after={first['next']}")
    assert [one["address"] for one in first["items"] + second["items"]] == ["a2@x.org", "a1@x.org", "a0@x.org"]
    assert second["next"] is None


async def test_lifting_and_barring_need_a_key_that_may_write(api: Api) -> None:
    """One that may only read is refused."""
    key = await api.key("read")
    for method, path, body in (
        ("POST", "/suppressions", {"channel": "email", "address": "a@x.org"}),
        ("DELETE", f"/suppressions/{uuid4()}", None),
        ("POST", "/contacts/x/suppressions", {"channel": "email"}),
        ("DELETE", f"/contacts/x/suppressions/{uuid4()}", None),
        ("POST", "/contacts/x/events", {"name": "paid"}),
    ):
        assert (await api.http.request(method, path, json=body, headers=key)).status_code == 403, path
