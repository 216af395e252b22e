"""People take tasks and notifications off their lists."""

from uuid import uuid4

import pytest

from tests.api.conftest import Api
from tests.store.tenants import Tenant, fill


@pytest.fixture
async def rows(api: Api) -> Tenant:
    """A tenant with one open task and one unread notification."""
    return await fill(api.rig.engine.database, api.rig.engine.tenant_id)


@pytest.mark.parametrize(("said", "outcome"), [("complete", "completed"), ("skip", "skipped")])
async def test_a_task_is_listed_and_closed_once(api: Api, rows: Tenant, said: str, outcome: str) -> None:
    """It is off the list, its state and its enrollment's signal are recorded; a second word finds it closed."""
    read, write = await api.key("read"), await api.key("write")
    [task] = (await api.http.get("/tasks", headers=read)).json()["items"]
    assert (task["title"], task["contact"], task["sequence"]) == ("Call Ada.", "C1", "journey")
    assert (await api.http.get("/tasks", params={"user": "grace"}, headers=read)).json()["items"] == []
    assert (await api.http.post(f"/tasks/{task['id']}/{said}", headers=read)).status_code == 403
    assert (await api.http.post(f"/tasks/{task['id']}/{said}", headers=write)).status_code == 204
    assert (await api.http.get("/tasks", headers=read)).json()["items"] == []
    [row] = await api.rig.rows("SELECT state FROM tasks")
    assert row["state"] == outcome
    [word] = await api.rig.rows("SELECT signal FROM enrollment_signals WHERE event_id = $1", task["id"])
    assert word["signal"] == "nudge"
    assert (await api.http.post(f"/tasks/{task['id']}/{said}", headers=write)).status_code == 409
    assert (await api.http.post(f"/tasks/{uuid4()}/{said}", headers=write)).status_code == 404


async def test_a_notification_is_read(api: Api, rows: Tenant) -> None:
    """It leaves the list of its user; reading it again changes nothing."""
    read, write = await api.key("read"), await api.key("write")
    [told] = (await api.http.get("/notifications", params={"user": "grace"}, headers=read)).json()["items"]
    assert (told["body"], told["contact"], told["user"]) == ("Call Ada.", "C1", "grace")
    assert (await api.http.get("/notifications", params={"user": "ada"}, headers=read)).json()["items"] == []
    for _ in range(2):
        assert (await api.http.post(f"/notifications/{told['id']}/read", headers=write)).status_code == 204
    assert (await api.http.get("/notifications", headers=read)).json()["items"] == []
    assert (await api.http.post(f"/notifications/{uuid4()}/read", headers=write)).status_code == 404


async def test_lists_are_paged(api: Api, rows: Tenant) -> None:
    """Each task and each notification comes once, over pages of one."""
    await rows.clone("tasks", id=str(uuid4()))
    await rows.clone("notifications", id=str(uuid4()))
    for path in ("/tasks", "/notifications"):
        seen, after = [], None
        while True:
            params = {"limit": "1", **({"after": after} if after else {})}
            page = (await api.http.get(path, params=params, headers=await api.key("read"))).json()
            seen += [item["id"] for item in page["items"]]
            if (after := page["next"]) is None:
                break
        assert len(seen) == len(set(seen)) == 2
