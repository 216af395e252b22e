"""Contacts over HTTP: made, found, changed, tagged."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api.conftest import Api
from tests.support.helpers import assert_eventually

Call = Any

ADA = {"external_id": "C/1", "name": "Ada Lovelace", "email": "Ada@Example.com", "phone": "(212) 555-0100"}


@pytest.fixture
async def call(api: Api) -> Call:
    """Calls with a key that may read and write; the answer's body."""
    key = await api.key("read", "write")

    async def answer(method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answered = await api.http.request(method, path, json=body, headers=key)
        assert answered.status_code == status, answered.text
        return answered.json() if answered.content else None

    return answer


async def test_a_contact_is_made_and_read_by_either_id(call: Call) -> None:
    """Addresses in one spelling, the zone of the number, and the same by the tenant's id and by ours."""
    made = await call(
        "POST", "/contacts", {**ADA, "tags": ["vip", "vip "], "attributes": {"The Plan": "gold"}}, status=201
    )
    assert (made["email"], made["phone"], made["zones"]) == ("ada@example.com", "+12125550100", ["America/New_York"])
    assert (made["tags"], made["attributes"]) == (["vip"], {"the_plan": "gold"})
    assert await call("GET", "/contacts/C/1") == made
    assert await call("GET", f"/contacts/{made['id']}") == made
    refused = await call("POST", "/contacts", ADA, status=409)
    assert "external id" in refused["detail"]
    nameless = await call("POST", "/contacts", {"email": "b@example.com"}, status=201)
    assert nameless["external_id"] == nameless["id"]
    await call("GET", f"/contacts/{uuid4()}", status=404)


async def test_what_cannot_be_a_contact_is_refused(api: Api, call: Call) -> None:
    """Each with the field that is wrong, and nothing is stored."""
    for field, body in {
        "email": {"email": "nobody"},
        "phone": {"phone": "12"},
        "timezone": {"email": "a@example.com", "timezone": "Mars"},
        "name": {"email": "a@example.com", "name": "a\nb"},
        "company": {"email": "a@example.com", "company": "\0"},
        "external_id": {"email": "a@example.com", "external_id": " "},
        "neither": {"name": "Ada"},
        "tags": {"email": "a@example.com", "tags": ["x" * 150 + str(i) for i in range(20)]},
        "attributes": {"email": "a@example.com", "attributes": {"E-Mail": "x"}},
        "plan": {"email": "a@example.com", "attributes": {"plan": "\0"}},
    }.items():
        refused = await call("POST", "/contacts", body, status=422)
        assert field in refused["detail"], refused
    for wrong in ({"email": "a@example.com", "tags": ["a;b"]}, {"email": "a@example.com", "nick": "x"}):
        assert (await call("POST", "/contacts", wrong, status=422))["faults"]
    assert await api.count("contacts") == 0


async def test_a_change_says_only_what_is_different(call: Call) -> None:
    """What is left out stays, null takes away, attributes are merged; the last address cannot be taken away."""
    await call(
        "POST", "/contacts", {**ADA, "company": "AE", "attributes": {"plan": "gold", "city": "Rome"}}, status=201
    )
    changed = await call(
        "PATCH",
        "/contacts/C/1",
        {"phone": None, "timezone": "Europe/Paris", "status": "won", "attributes": {"plan": "silver", "city": None}},
    )
    assert (changed["name"], changed["company"], changed["phone"]) == ("Ada Lovelace", "AE", None)
    assert (changed["zones"], changed["status"], changed["attributes"]) == (["Europe/Paris"], "won", {"plan": "silver"})
    assert changed["updated_at"] > changed["created_at"]
    assert await call("GET", "/contacts/C/1") == changed
    refused = await call("PATCH", "/contacts/C/1", {"email": ""}, status=422)
    assert "reached" in refused["detail"]
    assert await call("GET", "/contacts/C/1") == changed
    await call("PATCH", "/contacts/nobody", {"name": "x"}, status=404)


async def test_tags_come_and_go(call: Call) -> None:
    """Each once, in their order; whoever has a tag is found by it."""
    await call("POST", "/contacts", {**ADA, "tags": ["a"]}, status=201)
    assert await call("POST", "/contacts/C/1/tags", {"tags": ["b/c", "a"]}) == {"tags": ["a", "b/c"]}
    assert len((await call("GET", "/contacts?tag=b/c"))["items"]) == 1
    assert await call("DELETE", "/contacts/C/1/tags/b/c") == {"tags": ["a"]}
    assert (await call("GET", "/contacts/C/1"))["tags"] == ["a"]
    assert (await call("GET", "/contacts?tag=b/c"))["items"] == []
    await call("POST", "/contacts/nobody/tags", {"tags": ["a"]}, status=404)


async def test_contacts_are_found_by_the_beginning_of_what_is_known(call: Call) -> None:
    """Name, last name, email, phone and external id; in any case of letters; tag and status narrow it."""
    await call("POST", "/contacts", {**ADA, "tags": ["vip"], "status": "won"}, status=201)
    await call("POST", "/contacts", {"external_id": "X9", "name": "Grace Hopper", "email": "g@x.org"}, status=201)
    for search, expected in {
        "ada lov": ["C/1"],
        "LOVEL": ["C/1"],
        "ada@": ["C/1"],
        "%2B1212": ["C/1"],
        "C/": ["C/1"],
        "hopper": ["X9"],
        "g": ["X9"],
        "%25": [],
        "ovelace": [],
        "ada&tag=vip&status=won": ["C/1"],
        "ada&tag=none": [],
        "ada&status=lost": [],
    }.items():
        found = await call("GET", f"/contacts?search={search}")
        assert [one["external_id"] for one in found["items"]] == expected, search
    for query, expected in {"tag=vip": ["C/1"], "status=won": ["C/1"], "tag=vip&status=lost": []}.items():
        assert [one["external_id"] for one in (await call("GET", f"/contacts?{query}"))["items"]] == expected


@pytest.mark.parametrize("query", ["", "tag=t", "status=s", "tag=t&status=s", "search=somebody"])
async def test_contacts_are_listed_stably_while_others_come(call: Call, query: str) -> None:
    """The newest first: who comes while a reader pages is in no later part, and nobody is missed or doubled."""

    async def one(number: int) -> None:
        body = {
            "external_id": str(number),
            "name": f"Somebody {number}",
            "email": "a@x.org",
            "tags": ["t"],
            "status": "s",
        }
        await call("POST", "/contacts", body, status=201)

    for number in range(5):
        await one(number)
    seen: list[str] = []
    after = ""
    while True:
        part = await call("GET", f"/contacts?{query}&limit=2{after}")
        seen += [contact["external_id"] for contact in part["items"]]
        await one(100 + len(seen))
        if part["next"] is None:
            break
        after = f"&after={part['next']}"
    assert seen == ["4", "3", "2", "1", "0"]


async def test_writing_needs_a_key_that_may_write(api: Api) -> None:
    """One that may only read is refused."""
    key = await api.key("read")
    for method, path, body in (
        ("POST", "/contacts", {"email": "a@x.org"}),
        ("PATCH", "/contacts/x", {}),
        ("POST", "/contacts/x/tags", {"tags": ["a"]}),
        ("DELETE", "/contacts/x/tags/a", None),
    ):
        assert (await api.http.request(method, path, json=body, headers=key)).status_code == 403, path


async def test_a_changed_date_moves_the_wait_for_it(api: Api, call: Call) -> None:
    """The enrollment looks at the contact's date again as soon as the change is answered."""
    async with api.rig.worker():
        enrollment, contact = await api.rig.start(
            "sequence: reminder\nsteps:\n"
            "  - {id: before, type: delay, until: {before: visit_at, days: 2}}\n"
            "  - {id: told, type: action, action: mark_qualified}\n",
            zones=("UTC",),  # whose days are all of one length
            attributes={"visit_at": (datetime.now(UTC) + timedelta(days=9)).isoformat()},
        )
        await api.rig.arrives(enrollment, "before", gate="date")
        sooner = datetime.now(UTC) + timedelta(days=5)
        await call("PATCH", f"/contacts/{contact.external_id}", {"attributes": {"visit_at": sooner.isoformat()}})

        async def waits_anew() -> None:
            row = await api.rig.enrollment(enrollment)
            assert abs(row["next_run_at"] - (sooner - timedelta(days=2))) < timedelta(hours=1)

        await assert_eventually(waits_anew)
