"""Sequences over HTTP: drafts, what they become, and how they stand."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from providers.registry import Registry
from starter.engine import Engine
from starter.enrollments.enroll import chosen, enroll
from tests.api.conftest import Api
from tests.support.harness import ScriptedProvider

HELLO = {"id": "hello", "type": "sms", "body": "Hi {{ name }}."}
BYE = {"id": "bye", "type": "sms", "body": "Bye."}
GRAPH = {
    "id": "drawn",
    "nodes": [
        {"id": "start", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {"trigger": "cold"}},
        {"id": "hello", "type": "send-sms", "position": {"x": 0, "y": 120}, "data": {"body": "Hi."}},
    ],
    "edges": [{"id": "e0", "source": "start", "target": "hello"}],
}


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """With a provider for every channel: without one nothing can be published."""
    provider = ScriptedProvider()
    return replace(engine, providers=Registry(dict.fromkeys(provider.channels, provider)))


@pytest.fixture
async def key(api: Api) -> dict[str, str]:
    """Of an editor."""
    return await api.key("read", "write")


async def created(api: Api, key: dict[str, str], steps: Sequence[Any] = (HELLO,), **body: Any) -> dict[str, Any]:
    answer = await api.http.post(
        "/sequences", headers=key, json={"key": "tour", "definition": {"steps": list(steps)}, **body}
    )
    assert answer.status_code == 201, answer.text
    return {**answer.json(), "etag": answer.headers["ETag"]}


async def changed(api: Api, key: dict[str, str], **body: Any) -> Any:
    """What PUT answers, on what is there now."""
    return await api.http.put("/sequences/tour", headers={**key, "If-Match": "*"}, json=body)


async def test_a_sequence_begins_as_a_draft_that_nobody_can_be_enrolled_in(api: Api, key: dict[str, str]) -> None:
    """What was created is read back by key and by id, and its working copy is what was sent."""
    new = await created(api, key, name="The tour", description="For visitors.", settings={"reenroll": "never"})
    assert (new["status"], new["version"], new["unpublished_changes"]) == ("draft", None, True)
    by_key = await api.http.get("/sequences/tour", headers=key)
    by_id = await api.http.get(f"/sequences/{new['id']}", headers=key)
    assert by_key.json() == by_id.json() == {name: value for name, value in new.items() if name != "etag"}
    assert by_key.headers["ETag"] == new["etag"]
    assert by_key.json()["definition"] == {
        "sequence": "tour",
        "name": "The tour",
        "description": "For visitors.",
        "reenroll": "never",
        "steps": [HELLO],
    }
    contact = await api.rig.contact()
    with pytest.raises(Exception, match="no published sequence"):
        await enroll(api.rig.engine, "tour", chosen(api.rig.engine, [contact.external_id]))


DRAFTS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "Größe & Co."}, "groe-co", "steps"),
    ({"definition": GRAPH}, "drawn", "graph"),
    ({"definition": "sequence: written\nsteps:\n  - {type: delay, days: 3}\n"}, "written", "steps"),
    ({"definition": {"sequence": "wrong", "steps": [{"type": "pigeon"}, 7]}}, "wrong", "steps"),
    ({"key": "empty"}, "empty", "steps"),
]


async def test_a_draft_may_be_made_of_anything(api: Api, key: dict[str, str]) -> None:
    """Of a name alone, of steps, of a graph, of YAML, and of what is still wrong."""
    for body, made, form in DRAFTS:
        answer = await api.http.post("/sequences", headers=key, json=body)
        assert (answer.status_code, answer.json()["key"], answer.json()["form"]) == (201, made, form)
        assert answer.headers["Location"] == f"/sequences/{made}"
        stored = (await api.http.get(f"/sequences/{made}", headers=key)).json()["definition"]
        assert stored["sequence"] == made
        assert "id" not in stored


NO_DRAFTS: list[tuple[dict[str, Any], int]] = [
    ({"key": "tour"}, 409),
    ({}, 422),
    ({"name": "…"}, 422),
    ({"key": "a b"}, 422),
    ({"key": "x", "definition": {"sequence": "y"}}, 422),
    ({"key": "x", "definition": "a: [1"}, 422),
    ({"key": "x", "definition": "a: 1\na: 2"}, 422),
    ({"key": "x", "definition": "- 1"}, 422),
    ({"key": "x", "definition": {"steps": [{"body": "a\0b"}]}}, 422),
    ({"key": "x", "definition": {"steps": [{"a\0b": 1}]}}, 422),
    ({"key": "x", "definition": "steps: 1e999"}, 422),
    ({"key": "x", "definition": {"steps": [eval("[" * 40 + "]" * 40)]}}, 422),  # noqa: S307 - our own brackets
    ({"key": "x", "settings": {"windoww": {}}}, 422),
    ({"key": "x", "settings": {"steps": []}}, 422),
    ({"key": "x", "name": "a\0b"}, 422),
    ({"key": "x", "colour": "red"}, 422),
]


async def test_what_cannot_be_a_draft_is_refused(api: Api, key: dict[str, str]) -> None:
    """A key that is taken, none at all, or what no file may hold; nothing is stored of it."""
    await created(api, key)
    answers = [(await api.http.post("/sequences", headers=key, json=body)).status_code for body, _ in NO_DRAFTS]
    assert answers == [status for _, status in NO_DRAFTS]
    assert await api.count("sequences") == 1


async def test_text_is_kept_as_it_was_sent(api: Api, key: dict[str, str]) -> None:
    """Letters of any script, and characters that YAML takes for line breaks, come back unchanged."""
    body = "é 😀 \u2028 a\u0085b \x7f\ufeff\ttab\n\n  two"
    await created(api, key, [{**HELLO, "body": body}])
    read = (await api.http.get("/sequences/tour", headers=key)).json()
    assert read["definition"]["steps"][0]["body"] == body


async def test_the_list_is_filtered_searched_and_read_in_parts(api: Api, key: dict[str, str]) -> None:
    """By key; together the parts are every sequence once."""
    for name in ("b", "c", "a"):
        await api.http.post("/sequences", headers=key, json={"key": name, "name": f"Tour {name.upper()}%"})
    await api.rig.publish("sequence: d\nsteps: [{id: x, type: sms, body: x}]")

    async def keys(query: str) -> list[str]:
        found, after = [], ""
        while after is not None:
            page = (await api.http.get(f"/sequences?limit=2&{query}{after}", headers=key)).json()
            found += [item["key"] for item in page["items"]]
            after = page["next"] and f"&after={page['next']}"
        return found

    assert await keys("") == ["a", "b", "c", "d"]
    assert await keys("status=draft") == ["a", "b", "c"]
    assert await keys("status=active") == ["d"]
    assert await keys("search=tour%20b") == ["b"]
    assert await keys("search=%25") == ["a", "b", "c"]
    assert (await api.http.get("/sequences?search=%00", headers=key)).status_code == 422


async def test_a_draft_is_published_as_the_next_version(api: Api, key: dict[str, str]) -> None:
    """It becomes active, people can be enrolled, and the same again changes nothing."""
    await created(api, key, name="The tour", settings={"trigger": "visited"})
    first = await api.http.post("/sequences/tour/publish", headers=key)
    assert first.json() == {"sequence": "tour", "version": 1, "changed": True, "warnings": []}
    again = await api.http.post("/sequences/tour/publish", headers=key)
    assert (again.json()["version"], again.json()["changed"]) == (1, False)
    now = (await api.http.get("/sequences/tour", headers=key)).json()
    assert (now["status"], now["version"], now["unpublished_changes"]) == ("active", 1, False)
    assert (now["triggers"], now["name"]) == (["visited"], "The tour")
    contact = await api.rig.contact()
    await api.rig.enroll("tour", contact)
    await changed(api, key, definition={"steps": [HELLO, BYE]}, name="Another")
    assert (await api.http.get("/sequences/tour", headers=key)).json()["unpublished_changes"]
    assert (await api.http.post("/sequences/tour/publish", headers=key)).json()["version"] == 2
    listed = (await api.http.get("/sequences/tour/versions?limit=1", headers=key)).json()
    assert [item["version"] for item in listed["items"]] == [2]
    older = (await api.http.get(f"/sequences/tour/versions?after={listed['next']}", headers=key)).json()
    assert ([item["version"] for item in older["items"]], older["next"]) == ([1], None)
    one = (await api.http.get("/sequences/tour/versions/1", headers=key)).json()
    assert one["definition"] == {"sequence": "tour", "name": "The tour", "trigger": ["visited"], "steps": [HELLO]}
    assert (await api.http.get("/sequences/tour/versions/3", headers=key)).status_code == 404


async def test_errors_of_a_draft_are_named_with_their_places_and_mends(api: Api, key: dict[str, str]) -> None:
    """All of them, and no version comes of it."""
    await created(api, key, [{"id": "hello", "type": "sms"}, {"type": "pigeon"}])
    refused = await api.http.post("/sequences/tour/publish", headers=key)
    assert refused.status_code == 422
    faults = {fault["place"]: fault for fault in refused.json()["faults"]}
    assert set(faults) == {"steps[0].body", "steps[1].type"}
    assert all(fault["message"] and fault["hint"] for fault in faults.values())
    assert await api.count("sequence_versions") == 0
    assert (await api.http.get("/sequences/tour", headers=key)).json()["status"] == "draft"


async def test_a_published_file_is_the_working_copy(api: Api, key: dict[str, str]) -> None:
    """One truth: publishing a file puts what it says in the place of the draft, which nobody can then change unseen."""
    new = await created(api, key, [BYE])
    await api.rig.publish("sequence: tour\nname: By file\nsteps: [{id: hello, type: sms, body: 'Hi {{ name }}.'}]")
    now = (await api.http.get("/sequences/tour", headers=key)).json()
    assert now["definition"] == {"sequence": "tour", "name": "By file", "steps": [HELLO]}
    assert (now["status"], now["name"], now["unpublished_changes"]) == ("active", "By file", False)
    late = await api.http.put("/sequences/tour", headers={**key, "If-Match": new["etag"]}, json={"name": "Late"})
    assert late.status_code == 412


async def test_a_change_leaves_alone_what_it_does_not_name(api: Api, key: dict[str, str]) -> None:
    """Name, description and settings are those of the definition; null takes a label away."""
    await created(
        api, key, name="The tour", description="Old.", settings={"reenroll": "never", "on_failure": "continue"}
    )
    answer = await changed(api, key, description="New.", settings={"stop_on": ["reply"]})
    assert answer.status_code == 200
    definition = {"sequence": "tour", "name": "The tour", "description": "New.", "stop_on": ["reply"], "steps": [HELLO]}
    assert answer.json()["definition"] == definition
    assert answer.json()["settings"] == {"stop_on": ["reply"]}
    bare = (await changed(api, key, name=None, description=None)).json()
    assert (bare["name"], bare["description"]) == ("tour", None)
    assert set(bare["definition"]) == {"sequence", "stop_on", "steps"}
    assert (await changed(api, key, definition={"sequence": "other", "steps": []})).status_code == 409
    assert (await changed(api, key, settings={"name": "x"})).status_code == 422
    [row] = await api.rig.rows("SELECT name, description FROM sequences")
    assert row == {"name": "tour", "description": None}


async def test_a_status_changes_as_the_command_line_changes_it(api: Api, key: dict[str, str]) -> None:
    """Paused with a reason, on again, archived, and taken back; each is in force when it is answered."""
    await created(api, key)
    await api.http.post("/sequences/tour/publish", headers=key)
    [enrollment] = await api.rig.enroll("tour", await api.rig.contact())
    for body, status, reason in (
        ({"status": "paused", "reason": "wrong prices"}, "paused", "wrong prices"),
        ({"status": "paused"}, "paused", "wrong prices"),
        ({"status": "active"}, "active", None),
        ({"status": "archived"}, "archived", None),
        ({"status": "archived"}, "archived", None),
        ({"status": "active"}, "active", None),
        ({"status": "archived", "stop": True, "reason": "too late"}, "archived", None),
    ):
        answer = await changed(api, key, **body)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["status"], answer.json()["paused_reason"]) == (status, reason)
    row = await api.rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "too late")


NONSENSE: list[tuple[dict[str, str], list[dict[str, str]]]] = [
    # What it was made before, and what it cannot become then.
    ({"status": "draft"}, [{"status": "active"}, {"status": "paused", "reason": "x"}, {"status": "archived"}]),
    ({"status": "active"}, [{"status": "draft"}]),
    ({"status": "paused"}, [{"status": "draft"}, {"status": "paused", "reason": "another"}]),
    ({"status": "archived"}, [{"status": "draft"}, {"status": "paused"}]),
]


async def test_a_status_that_makes_no_sense_changes_nothing(api: Api, key: dict[str, str]) -> None:
    """409 with the reason, and nothing else of the request is done either."""
    await created(api, key)
    for before, wishes in NONSENSE:
        assert (await changed(api, key, **before)).status_code == 200
        was = (await api.http.get("/sequences/tour", headers=key)).json()
        for wish in wishes:
            refused = await changed(api, key, **wish, name="Renamed")
            assert (refused.status_code, "tour" in refused.json()["detail"]) == (409, True), (before, wish)
        assert (await api.http.get("/sequences/tour", headers=key)).json() == was
        await api.http.post("/sequences/tour/publish", headers=key)


async def test_a_change_that_says_nothing_is_refused(api: Api, key: dict[str, str]) -> None:
    """A reason without a status, text that cannot be stored, unknown fields."""
    await created(api, key)
    wishes: list[dict[str, Any]] = [
        {"reason": "x"},
        {"status": "paused", "reason": "a\0b"},
        {"stop": True},
        {"name": "a\0b"},
        {"x": 1},
    ]
    assert [(await changed(api, key, **wish)).status_code for wish in wishes] == [422] * len(wishes)


async def test_whoever_has_not_seen_the_newest_changes_nothing(api: Api, key: dict[str, str]) -> None:
    """428 without If-Match, 412 for what is gone, also where only the status moved; weak tags match nothing."""
    new = await created(api, key)
    url = "/sequences/tour"
    assert (await api.http.put(url, headers=key, json={"name": "A"})).status_code == 428
    assert (await api.http.put(url, headers={**key, "If-Match": "what"}, json={"name": "A"})).status_code == 422
    weak = {**key, "If-Match": f"W/{new['etag']}"}
    assert (await api.http.put(url, headers=weak, json={"name": "A"})).status_code == 412
    seen = {**key, "If-Match": f'"other", {new["etag"]}'}
    first = await api.http.put(url, headers=seen, json={"name": "A"})
    assert first.status_code == 200
    assert (await api.http.put(url, headers=seen, json={"name": "B"})).status_code == 412
    fresh = {**key, "If-Match": first.headers["ETag"]}
    await api.http.post("/sequences/tour/publish", headers=fresh)
    await changed(api, key, status="paused", reason="wrong prices")
    assert (await api.http.put(url, headers=fresh, json={"status": "active"})).status_code == 412
    assert (await api.http.post(f"{url}/publish", headers=fresh)).status_code == 412
    now = (await api.http.get(url, headers=key)).json()
    assert (now["name"], now["status"]) == ("A", "paused")


async def test_of_changes_at_the_same_moment_one_is_made(api: Api, key: dict[str, str]) -> None:
    """All are based on the same state; the others are told, and nothing is lost unseen."""
    new = await created(api, key)
    seen = {**key, "If-Match": new["etag"]}
    answers = await asyncio.gather(
        *(api.http.put("/sequences/tour", headers=seen, json={"name": f"Name {n}"}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    [made] = [answer for answer in answers if answer.status_code == 200]
    assert (await api.http.get("/sequences/tour", headers=key)).json()["name"] == made.json()["name"]


async def test_only_what_was_never_published_is_deleted(api: Api, key: dict[str, str]) -> None:
    """A draft is gone with all of it, and its key is free; a published sequence stays, with the reason."""
    new = await created(api, key)
    stale = {**key, "If-Match": '"gone"'}
    assert (await api.http.delete("/sequences/tour", headers=stale)).status_code == 412
    assert (await api.http.delete("/sequences/tour", headers=key)).status_code == 204
    assert (await api.http.get("/sequences/tour", headers=key)).status_code == 404
    assert (await api.count("sequences"), await api.count("sequence_drafts")) == (0, 0)
    another = await created(api, key)
    assert another["etag"] != new["etag"]
    await api.http.post("/sequences/tour/publish", headers=key)
    refused = await api.http.delete("/sequences/tour", headers=key)
    assert (refused.status_code, "published" in refused.json()["detail"]) == (409, True)
    assert (await api.http.get("/sequences/tour", headers=key)).status_code == 200


async def test_a_copy_is_a_draft_of_its_own(api: Api, key: dict[str, str]) -> None:
    """It says the same under another key; keys that are taken are passed over, or refused where one was asked for."""
    await created(api, key, name="The tour")
    await api.http.post("/sequences/tour/publish", headers=key)
    first = await api.http.post("/sequences/tour/duplicate", headers=key)
    second = await api.http.post("/sequences/tour/duplicate", headers=key, json={"name": "Again"})
    assert [answer.json()["key"] for answer in (first, second)] == ["tour-copy", "tour-copy-2"]
    assert [answer.json()["name"] for answer in (first, second)] == ["The tour (copy)", "Again"]
    copy = (await api.http.get("/sequences/tour-copy", headers=key)).json()
    assert (copy["status"], copy["version"], copy["definition"]["steps"]) == ("draft", None, [HELLO])
    taken = await api.http.post("/sequences/tour/duplicate", headers=key, json={"key": "tour"})
    assert taken.status_code == 409
    assert (await api.http.post("/sequences/tour-copy/publish", headers=key)).json()["version"] == 1


async def test_check_says_everything_and_stores_nothing(api: Api, key: dict[str, str]) -> None:
    """Text with its lines, objects with their places; 200 also for what is wrong."""
    text = "sequence: tour\nsteps:\n  - id: hello\n    type: sms\n    bdy: Hi\n"
    wrong = await api.http.post("/sequences/check", headers=key, json={"definition": text})
    assert (wrong.status_code, wrong.json()["ok"], wrong.json()["steps"]) == (200, False, None)
    found = {finding["path"]: finding for finding in wrong.json()["findings"]}
    assert found["steps[0].bdy"]["line"] == 5
    assert found["steps[0].bdy"]["hint"]
    right = await api.http.post("/sequences/check", headers=key, json={"definition": GRAPH})
    assert right.json() == {"ok": True, "sequence": "drawn", "steps": 1, "findings": []}
    broken = await api.http.post("/sequences/check", headers=key, json={"definition": "a: [1"})
    assert (broken.status_code, broken.json()["ok"]) == (200, False)
    assert await api.count("sequences") == 0


async def test_steps_become_a_graph_and_steps_again(api: Api, key: dict[str, str]) -> None:
    """Each node has its position; what has errors is refused with them."""
    steps = [{"id": "hello", "type": "sms", "body": "Hi"}, {"id": "nap", "type": "delay", "days": 2}]
    body = {"definition": {"sequence": "tour", "steps": steps}, "form": "graph"}
    drawn = (await api.http.post("/sequences/convert", headers=key, json=body)).raise_for_status().json()["definition"]
    assert [node["id"] for node in drawn["nodes"]][1:3] == ["hello", "nap"]
    assert all(node["position"].keys() == {"x", "y"} for node in drawn["nodes"])
    back = await api.http.post("/sequences/convert", headers=key, json={"definition": drawn, "form": "steps"})
    assert back.raise_for_status().json()["definition"]["steps"] == steps
    wrong = {"definition": {"sequence": "tour", "steps": [{"id": "hello", "type": "sms"}]}, "form": "graph"}
    refused = await api.http.post("/sequences/convert", headers=key, json=wrong)
    assert (refused.status_code, refused.json()["faults"][0]["place"]) == (422, "steps[0].body")
    assert await api.count("sequences") == 0


STEP: dict[str, Any] = {"definition": {}}
ROUTES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/sequences/{}", None),
    ("PUT", "/sequences/{}", {}),
    ("DELETE", "/sequences/{}", None),
    ("POST", "/sequences/{}/duplicate", None),
    ("POST", "/sequences/{}/publish", None),
    ("GET", "/sequences/{}/versions", None),
    ("GET", "/sequences/{}/versions/1", None),
    ("GET", "/sequences/{}/steps", None),
    ("POST", "/sequences/{}/steps", STEP),
    ("PUT", "/sequences/{}/steps/hello", STEP),
    ("DELETE", "/sequences/{}/steps/hello", None),
]


async def test_what_is_not_there_is_404_and_what_is_not_allowed_403(api: Api, key: dict[str, str]) -> None:
    """For each route: names that nothing has, a key of the other scope, and none."""
    reads, writes = await api.key("read"), await api.key("write")
    for method, path, body in ROUTES:

        async def status(name: str, headers: dict[str, str]) -> int:
            url, given = path.format(name), {**headers, "If-Match": "*"}  # noqa: B023 - called at once
            return (await api.http.request(method, url, headers=given, json=body)).status_code  # noqa: B023

        for name in ("nothing", str(uuid4()), "a%00b"):
            assert await status(name, key) == 404, (method, path, name)
        assert await status("nothing", writes if method == "GET" else reads) == 403, (method, path)
        assert await status("nothing", {}) == 401, (method, path)
