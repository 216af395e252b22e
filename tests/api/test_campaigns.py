"""Campaigns over HTTP: made, filled, enrolled, and gone; and what a batch tells of itself."""

from typing import Any
from uuid import uuid4

import pytest

from domain.contact import Contact
from tests.api.conftest import Api
from tests.support.helpers import assert_eventually

TEXTS = """
    sequence: texts
    steps:
      - {id: before, type: delay, days: 3}
      - {id: tell, type: action, action: add_to_campaign, campaign: told}
"""

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


async def test_a_campaign_is_made_read_renamed_and_dissolved(api: Api, call: Call) -> None:
    """By its key or its id; the key stays, and is taken only once."""
    made = await call("POST", "/campaigns", {"key": "spring", "description": "Roofers"}, status=201)
    assert (made["key"], made["name"], made["description"], made["members"]) == ("spring", "spring", "Roofers", 0)
    assert await call("GET", "/campaigns/spring") == made
    assert await call("GET", f"/campaigns/{made['id']}") == made
    refused = await call("POST", "/campaigns", {"key": "spring"}, status=409)
    assert "'spring'" in refused["detail"]
    changed = await call("PUT", "/campaigns/spring", {"name": "Spring offer"})
    assert (changed["key"], changed["name"], changed["description"]) == ("spring", "Spring offer", None)
    assert changed["updated_at"] > made["updated_at"]
    await call("DELETE", "/campaigns/spring", status=204)
    assert await api.count("campaigns") == 0
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", {"name": "x"}),
        ("DELETE", "", None),
        ("GET", "/members", None),
        ("POST", "/members", {"contacts": ["x"]}),
        ("DELETE", "/members/x", None),
        ("POST", "/assign-sequence", {"sequence": "texts"}),
        ("GET", "/batches", None),
    ):
        await call(method, f"/campaigns/spring{path}", body, status=404)


async def test_what_cannot_be_a_campaign_is_refused(api: Api, call: Call) -> None:
    """With the place, and nothing is stored."""
    bodies: list[dict[str, str]] = [
        *({"key": key} for key in ("a/b", " ", "a\0", "", "x" * 201)),
        *({"key": "a", field: value} for field in ("name", "description") for value in ("\0", " ", "x" * 2001)),
        {"key": "a", "status": "active"},
        {},
    ]
    for body in bodies:
        refused = await call("POST", "/campaigns", body, status=422)
        assert refused["faults"][0]["place"].startswith("body."), body
    assert await api.count("campaigns") == 0


async def test_campaigns_are_listed_by_key(call: Call) -> None:
    """In parts, each once."""
    for key in ("c", "a", "b"):
        await call("POST", "/campaigns", {"key": key}, status=201)
    first = await call("GET", "/campaigns?limit=2")
    assert [one["key"] for one in first["items"]] == ["a", "b"]
    second = await call("GET", f"/campaigns?limit=2&after={first['next']}")
    assert ([one["key"] for one in second["items"]], second["next"]) == (["c"], None)


async def people(api: Api, count: int) -> list[Contact]:
    return [await api.rig.contact() for _ in range(count)]


async def test_members_come_and_go(api: Api, call: Call) -> None:
    """By external id or ours, each once; with an unknown one nobody is added, and its name is answered."""
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    one, two = await people(api, 2)
    names = [one.external_id, str(two.id), one.external_id]
    assert await call("POST", "/campaigns/spring/members", {"contacts": names}) == {"added": 2, "already": 0}
    assert await call("POST", "/campaigns/spring/members", {"contacts": names}) == {"added": 0, "already": 2}
    refused = await call("POST", "/campaigns/spring/members", {"contacts": [one.external_id, "nobody"]}, status=404)
    assert "'nobody'" in refused["detail"]
    listed = (await call("GET", "/campaigns/spring/members"))["items"]
    assert {(m["external_id"], m["added_by"], m["enrollment_id"]) for m in listed} == {
        (one.external_id, "api", None),
        (two.external_id, "api", None),
    }
    assert (await call("GET", "/campaigns/spring"))["members"] == 2
    await call("DELETE", f"/campaigns/spring/members/{one.external_id}", status=204)
    await call("DELETE", f"/campaigns/spring/members/{one.external_id}", status=404)
    assert [m["external_id"] for m in (await call("GET", "/campaigns/spring/members"))["items"]] == [two.external_id]


async def test_members_are_listed_stably_while_others_come(api: Api, call: Call) -> None:
    """The newest first: who comes while a reader pages is in no later part, and nobody is missed or doubled."""
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    known = await people(api, 5)
    for contact in known:
        await call("POST", "/campaigns/spring/members", {"contacts": [contact.external_id]})
    seen: list[str] = []
    after = ""
    while True:
        part = await call("GET", f"/campaigns/spring/members?limit=2{after}")
        seen += [member["external_id"] for member in part["items"]]
        [late] = await people(api, 1)
        await call("POST", "/campaigns/spring/members", {"contacts": [late.external_id]})
        if part["next"] is None:
            break
        after = f"&after={part['next']}"
    assert seen == [contact.external_id for contact in known[::-1]]


async def test_assigning_a_sequence_enrolls_the_campaign(api: Api, call: Call) -> None:
    """202 with the batch at once; then it tells what became of whom, and whose action made whom a member."""
    await api.rig.publish(TEXTS)
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    contacts = await people(api, 3)
    await call("POST", "/campaigns/spring/members", {"contacts": [c.external_id for c in contacts]})
    await api.rig.enroll("texts", contacts[0])
    batch = await call("POST", "/campaigns/spring/assign-sequence", {"sequence": "texts"}, status=202)
    assert (batch["status"], batch["total"], batch["done"], batch["ended_at"]) == ("pending", 3, 0, None)
    again = await call("POST", "/campaigns/spring/assign-sequence", {"sequence": "texts"}, status=202)
    assert again["id"] == batch["id"]
    async with api.rig.worker():

        async def completed() -> Any:
            found = await call("GET", f"/batches/{batch['id']}")
            assert found["status"] == "completed", found
            return found

        done = await assert_eventually(completed)
    assert (done["done"], done["skipped"], done["failed"], done["reasons"]) == (2, 1, 0, {"live": 1})
    assert await api.count("enrollments") == 3
    [skipped] = (await call("GET", f"/batches/{batch['id']}/skipped"))["items"]
    assert (skipped["external_id"], skipped["reason"]) == (contacts[0].external_id, "live")
    assert (await call("GET", f"/batches/{batch['id']}/skipped?reason=error"))["items"] == []
    assert (await call("GET", "/campaigns/spring/batches"))["items"] == [done]
    refused = await call("POST", f"/batches/{batch['id']}/cancel", status=409)
    assert "completed" in refused["detail"]


async def test_a_batch_is_cancelled(api: Api, call: Call) -> None:
    """Before anybody works on it: nobody is enrolled, ever."""
    await api.rig.publish(TEXTS)
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    await call("POST", "/campaigns/spring/members", {"contacts": [c.external_id for c in await people(api, 2)]})
    batch = await call("POST", "/campaigns/spring/assign-sequence", {"sequence": "texts"}, status=202)
    await call("DELETE", "/campaigns/spring", status=409)
    cancelled = await call("POST", f"/batches/{batch['id']}/cancel")
    assert (cancelled["status"], cancelled["ended_at"] is not None) == ("cancelled", True)
    assert await call("POST", f"/batches/{batch['id']}/cancel") == cancelled
    async with api.rig.worker():
        workflow = api.rig.engine.runs.client.get_workflow_handle(f"batch-{batch['id']}")
        assert await workflow.result() == "cancelled"
    assert await api.count("enrollments") == 0


async def test_batches_are_listed_the_newest_first(api: Api, call: Call) -> None:
    """In parts, each once."""
    await api.rig.publish(TEXTS)
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    made = []
    for _ in range(3):
        made.append((await call("POST", "/campaigns/spring/assign-sequence", {"sequence": "texts"}, status=202))["id"])
        await call("POST", f"/batches/{made[-1]}/cancel")
    first = await call("GET", "/campaigns/spring/batches?limit=2")
    second = await call("GET", f"/campaigns/spring/batches?limit=2&after={first['next']}")
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


async def test_what_there_is_not_is_not_found(api: Api, call: Call) -> None:
    """A batch of nobody's, and a sequence that was never published."""
    for method, path in (("GET", ""), ("GET", "/skipped"), ("POST", "/cancel")):
        await call(method, f"/batches/{uuid4()}{path}", status=404)
    await call("POST", "/campaigns", {"key": "spring"}, status=201)
    refused = await call("POST", "/campaigns/spring/assign-sequence", {"sequence": "texts"}, status=404)
    assert "'texts'" in refused["detail"]


async def test_writing_needs_a_key_that_may_write(api: Api) -> None:
    """One that may only read is refused."""
    key = await api.key("read")
    for method, path, body in (
        ("POST", "/campaigns", {"key": "x"}),
        ("PUT", "/campaigns/spring", {"name": "x"}),
        ("DELETE", "/campaigns/spring", None),
        ("POST", "/campaigns/spring/members", {"contacts": ["x"]}),
        ("DELETE", "/campaigns/spring/members/x", None),
        ("POST", "/campaigns/spring/assign-sequence", {"sequence": "x"}),
        ("POST", f"/batches/{uuid4()}/cancel", None),
    ):
        answered = await api.http.request(method, path, json=body, headers=key)
        assert answered.status_code == 403, path
