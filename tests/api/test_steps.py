"""The steps of a draft over HTTP, one by one: two editors at once lose nothing."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Api

URL = "/sequences/tour/steps"


def sms(name: str) -> dict[str, Any]:
    return {"id": name, "type": "sms", "body": f"This is {name}."}


STEPS: list[dict[str, Any]] = [
    sms("hello"),
    {"type": "delay", "days": 3},
    {"id": "heard", "type": "condition", "if": "replied", "then": [sms("thanks")]},
]


@pytest.fixture
async def key(api: Api) -> dict[str, str]:
    """Of an editor of a draft with these steps."""
    made = await api.key("read", "write")
    body = {"key": "tour", "definition": {"steps": STEPS}}
    assert (await api.http.post("/sequences", headers=made, json=body)).status_code == 201
    return made


async def listed(api: Api, key: dict[str, str]) -> tuple[list[str], str]:
    """The names of all steps, and the ETag."""
    answer = await api.http.get(URL, headers=key)
    return [item["step"] for item in answer.json()["items"]], answer.headers["ETag"]


async def test_steps_are_read_with_their_names_and_branches(api: Api, key: dict[str, str]) -> None:
    """In the author's order, each without what lies inside it; a graph lists its nodes."""
    answer = (await api.http.get(URL, headers=key)).json()
    assert answer["form"] == "steps"
    assert [(item["step"], item["path"], item["inside"], item["way"]) for item in answer["items"]] == [
        ("hello", "steps[0]", None, None),
        ("hello.1", "steps[1]", None, None),
        ("heard", "steps[2]", None, None),
        ("thanks", "steps[2].then[0]", "heard", "then"),
    ]
    assert answer["items"][2]["definition"] == {"id": "heard", "type": "condition", "if": "replied"}
    nodes = [{"id": "s", "type": "trigger", "data": {}}, {"id": "n", "type": "exit", "data": {}}]
    body = {"definition": {"nodes": nodes, "edges": [{"source": "s", "target": "n"}]}}
    await api.http.put("/sequences/tour", headers={**key, "If-Match": "*"}, json=body)
    drawn = (await api.http.get(URL, headers=key)).json()
    assert (drawn["form"], [item["definition"] for item in drawn["items"]]) == ("graph", nodes[1:])


async def test_steps_are_added_changed_and_taken_away_in_their_order(api: Api, key: dict[str, str]) -> None:
    """Each answer's ETag is the base of the next change; what was done is read back, and can be published."""
    _, etag = await listed(api, key)
    for body, path in (
        ({"definition": sms("last")}, "steps[3]"),
        ({"definition": sms("second"), "after": "hello"}, "steps[1]"),
        ({"definition": sms("first"), "before": "steps[0]"}, "steps[0]"),
        ({"definition": sms("sorry"), "inside": "heard", "way": "else"}, "steps[4].else[0]"),
        ({"definition": sms("more"), "after": "thanks"}, "steps[4].then[1]"),
    ):
        answer = await api.http.post(URL, headers={**key, "If-Match": etag}, json=body)
        assert (answer.status_code, answer.json()["path"]) == (201, path), answer.text
        etag = answer.headers["ETag"]
    told = await api.http.put(
        f"{URL}/heard",
        headers={**key, "If-Match": etag},
        json={"definition": {"id": "asked", "type": "condition", "if": "opened"}},
    )
    assert (told.status_code, told.json()["step"]) == (200, "asked")
    gone = await api.http.delete(
        f"{URL}/{quote('steps[4].then[0]')}", headers={**key, "If-Match": told.headers["ETag"]}
    )
    assert gone.status_code == 204
    names, now = await listed(api, key)
    assert names == ["first", "hello", "second", "second.1", "asked", "more", "sorry", "last"]
    assert now == gone.headers["ETag"]
    definition = (await api.http.get("/sequences/tour", headers=key)).json()["definition"]
    asked = {"id": "asked", "type": "condition", "if": "opened", "then": [sms("more")], "else": [sms("sorry")]}
    assert definition["steps"][4] == asked
    checked = await api.http.post("/sequences/check", headers=key, json={"definition": definition})
    assert checked.json()["ok"]


async def test_two_editors_at_once_lose_nothing(api: Api, key: dict[str, str]) -> None:
    """Of changes to one state the first is made; whoever is told 412 reads again, and then all are there."""
    refused = 0

    async def add(name: str) -> None:
        nonlocal refused
        while True:
            _, etag = await listed(api, key)
            answer = await api.http.post(URL, headers={**key, "If-Match": etag}, json={"definition": sms(name)})
            if answer.status_code == 201:
                return
            assert answer.status_code == 412
            refused += 1

    await asyncio.gather(*(add(f"new-{n}") for n in range(5)))
    names, _ = await listed(api, key)
    assert sorted(names[4:]) == [f"new-{n}" for n in range(5)]
    assert refused


async def test_a_change_says_what_it_is_based_on(api: Api, key: dict[str, str]) -> None:
    """428 without If-Match, 412 for what is gone; the sequence's own ETag names the same state."""
    whole = (await api.http.get("/sequences/tour", headers=key)).headers["ETag"]
    body = {"definition": sms("hello")}
    calls = (("POST", URL, {"definition": sms("new")}), ("PUT", f"{URL}/hello", body), ("DELETE", f"{URL}/hello", None))
    for given, status in (({}, 428), ({"If-Match": '"gone"'}, 412), ({"If-Match": f"W/{whole}"}, 412)):
        answers = [await api.http.request(m, url, headers={**key, **given}, json=json) for m, url, json in calls]
        assert [answer.status_code for answer in answers] == [status] * 3
    assert (await api.http.delete(f"{URL}/hello", headers={**key, "If-Match": whole})).status_code == 204
    assert (await api.http.delete(f"{URL}/heard", headers={**key, "If-Match": whole})).status_code == 412
    assert (await listed(api, key))[0] == ["_.1", "heard", "thanks"]


async def test_what_cannot_be_done_is_said_and_changes_nothing(api: Api, key: dict[str, str]) -> None:
    """Ids that are taken, places that are not there, steps that would be lost, text that cannot be stored."""
    before = await listed(api, key)
    now = {**key, "If-Match": "*"}
    for body, status in (
        ({"definition": sms("thanks")}, 409),
        ({"definition": sms("new"), "inside": "heard", "way": "lapsed"}, 409),
        ({"definition": sms("new"), "after": "nobody"}, 404),
        ({"definition": sms("new"), "after": "hello", "before": "heard"}, 422),
        ({"definition": sms("new"), "inside": "heard"}, 422),
        ({"definition": sms("new"), "way": "then"}, 422),
        ({"definition": {"body": "a\0b"}}, 422),
        ({"definition": sms("new"), "where": "last"}, 422),
        ({"definition": "hello"}, 422),
    ):
        assert (await api.http.post(URL, headers=now, json=body)).status_code == status, body
    assert (await api.http.put(f"{URL}/heard", headers=now, json={"definition": sms("heard")})).status_code == 409
    assert (await api.http.put(f"{URL}/nobody", headers=now, json={"definition": sms("x")})).status_code == 404
    assert (await api.http.delete(f"{URL}/nobody", headers=now)).status_code == 404
    assert await listed(api, key) == before
