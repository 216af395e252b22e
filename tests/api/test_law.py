"""The law's hours over HTTP."""

from typing import Any

from tests.api.conftest import Api

DECISION = {"rule": "us-fl", "enforced": True, "reason": "counsel"}
BLOCK = {
    "jurisdiction": "US-LA",
    "starts": "2999-08-30T00:00:00-05:00",
    "ends": "2999-09-17T18:00:00-05:00",
    "channels": ["sms"],
    "source": "LPSC",
}


async def _call(
    api: Api, key: dict[str, str], method: str, path: str, body: object = None, *, status: int = 200
) -> Any:
    answered = await api.http.request(method, path, json=body, headers=key)
    assert answered.status_code == status, answered.text
    return answered.json()


async def test_rules_are_switched_by_admins_and_read_by_all(api: Api) -> None:
    """The decision names the key; what applies to a number follows it."""
    admin, reader = await api.key("read", "admin"), await api.key("read")
    await _call(api, reader, "POST", "/law/decisions", DECISION, status=403)
    made = await _call(api, admin, "POST", "/law/decisions", DECISION, status=201)
    assert made["decided_by"].startswith("key ")
    now = await _call(api, reader, "GET", "/law/now?number=%2B13052345678&at=2026-12-23T21:30:00-05:00")
    assert (now["regions"], now["next_allowed"]) == (["US", "US-FL"], "2026-12-24T13:00:00Z")
    assert {one["rule"]: (one["enforced"], one["open"]) for one in now["rules"]} == {
        "us-federal": (False, False),
        "us-fl": (True, False),
    }


async def test_blocks_are_set_and_withdrawn_on_record(api: Api) -> None:
    """Whoever asks later finds both."""
    admin = await api.key("read", "admin")
    made = await _call(api, admin, "POST", "/law/blocks", BLOCK, status=201)
    block = made["block"]["id"]
    assert [one["id"] for one in (await _call(api, admin, "GET", "/law"))["blocks"]] == [block]
    await _call(api, admin, "DELETE", f"/law/blocks/{block}?reason=lifted")
    await _call(api, admin, "DELETE", f"/law/blocks/{block}?reason=again", status=404)
    kept = (await _call(api, admin, "GET", "/law/decisions"))["items"]
    assert [(one["withdrawn"], one["reason"]) for one in kept] == [(True, "lifted"), (False, "LPSC")]


async def test_what_makes_no_sense_is_refused_by_its_place(api: Api) -> None:
    """Nothing is decided."""
    admin = await api.key("read", "admin")
    for body in (BLOCK | {"jurisdiction": "US-XX"}, BLOCK | {"ends": BLOCK["starts"]}, BLOCK | {"channels": []}):
        await _call(api, admin, "POST", "/law/blocks", body, status=422)
    await _call(api, admin, "POST", "/law/decisions", DECISION | {"rule": "us-xx"}, status=404)
    await _call(api, admin, "GET", "/law/now", status=422)
    assert (await _call(api, admin, "GET", "/law/decisions"))["items"] == []
