"""Who did what over HTTP: each change with the name of its key, and nothing that was refused or only read."""

from tests.api.conftest import Api


async def test_what_was_done_is_written_down_with_who_did_it(api: Api) -> None:
    """The newest first, in parts, by subject; a refusal, a reading and a check are none."""
    key = await api.key("read", "write")
    steps = [{"id": "a", "type": "email", "subject": "S", "body": "B"}]
    made = await api.http.post("/sequences", json={"key": "s", "definition": {"steps": steps}}, headers=key)
    assert made.status_code == 201
    assert (await api.http.post("/sequences/s/duplicate", headers=key)).status_code == 201
    assert (await api.http.post("/sequences/s/publish", headers=key)).status_code == 503
    assert (await api.http.post("/enrollments/none/pause", headers=key)).status_code == 422
    checked = await api.http.post("/sequences/check", json={"definition": {"steps": steps}}, headers=key)
    assert checked.status_code == 200
    listed = (await api.http.get("/commands", headers=key)).raise_for_status().json()
    told = [(one["command"], one["subject"]) for one in listed["items"]]
    assert told == [("POST /sequences/{id}/duplicate", "s"), ("POST /sequences", None)]
    assert [one["by_session"] for one in listed["items"]] == [False, False]
    assert all(one["by_key"] for one in listed["items"])
    of = (await api.http.get("/commands?subject=s&limit=1", headers=key)).raise_for_status().json()
    assert ([one["command"] for one in of["items"]], of["next"]) == (["POST /sequences/{id}/duplicate"], None)


async def test_what_is_said_twice_is_done_and_written_down_once(api: Api) -> None:
    """The answer from memory is no second command."""
    key = {**(await api.key("read", "write")), "Idempotency-Key": "one"}
    for _ in range(2):
        assert (await api.http.post("/sequences", json={"key": "s", "name": "S"}, headers=key)).status_code == 201
    listed = (await api.http.get("/commands", headers=key)).raise_for_status().json()
    assert [one["command"] for one in listed["items"]] == ["POST /sequences"]
