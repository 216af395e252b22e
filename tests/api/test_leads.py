"""Contacts and their sequences by the API: enrolled once each, seen, paused, resumed and stopped."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from starter.enrollments import control
from starter.sequences import status as standing
from store.workspace import api_keys
from tests.api.conftest import Api
from tests.api.operating import SLOW
from tests.support.harness import Rig

NEVER_AGAIN = SLOW.replace("sequence: slow", "sequence: once\n    reenroll: never")


async def test_each_contact_is_enrolled_once_and_answered_for(running: tuple[Api, Rig]) -> None:
    """By external id or ours, however often it is named; whoever lives in it stays as they are."""
    api, rig = running
    await rig.publish(SLOW)
    ada, bob, cleo = [await rig.contact() for _ in range(3)]
    [living] = await rig.enroll("slow", bob)
    key = await api.key("write")
    body = {
        "contacts": [ada.external_id, str(bob.id), str(cleo.id), ada.external_id],
        "sequence": "slow",
        "source": "web form",
    }
    answer = (await api.http.post("/leads/enroll-in-sequence", json=body, headers=key)).json()
    assert answer["enrolled"] == 2
    assert [(one["contact_id"], one["outcome"]) for one in answer["contacts"]] == [
        (str(ada.id), "enrolled"),
        (str(bob.id), "live"),
        (str(cleo.id), "enrolled"),
    ]
    assert answer["contacts"][1]["enrollment_id"] == str(living)
    rows = await rig.rows("SELECT id, contact_id, source, is_test FROM enrollments WHERE id <> $1", living)
    assert {(str(row["contact_id"]), str(row["id"]), row["source"], row["is_test"]) for row in rows} == {
        (one["contact_id"], one["enrollment_id"], "web form", False)
        for one in answer["contacts"]
        if one["enrollment_id"] != str(living)
    }
    for row in rows:
        await rig.arrives(row["id"], "more")


async def test_nobody_is_enrolled_when_one_of_them_is_unknown(running: tuple[Api, Rig]) -> None:
    """A list with a mistake in it can be fixed and sent again; so with a sequence that is not there or is paused."""
    api, rig = running
    await rig.publish(SLOW)
    ada = await rig.contact()
    key = await api.key("write")

    async def status(contacts: list[str], sequence: str) -> tuple[int, str]:
        body = {"contacts": contacts, "sequence": sequence}
        answer = await api.http.post("/leads/enroll-in-sequence", json=body, headers=key)
        return answer.status_code, answer.json()["detail"]

    assert (await status([ada.external_id, "nobody", "a\0b"], "slow"))[0] == 404
    assert (await status([ada.external_id], "none")) == (404, "no published sequence 'none'")
    await standing.pause_sequence(rig.engine, "slow", "wrong prices")
    assert (await status([ada.external_id], "slow")) == (409, "sequence 'slow' is paused: wrong prices")
    assert await rig.rows("SELECT * FROM enrollments") == []
    assert (await api.http.post("/leads/enroll-in-sequence", json={}, headers=await api.key("read"))).status_code == 403


async def test_whoever_is_not_taken_in_again_is_told_so(running: tuple[Api, Rig]) -> None:
    """`reenroll: never` answers `once_only`; a test run neither counts as having been in it nor is refused by it."""
    api, rig = running
    await rig.publish(NEVER_AGAIN)
    ada = await rig.contact()
    key = await api.key("write")

    async def enroll(is_test: bool) -> str:
        body = {"contacts": [ada.external_id], "sequence": "once", "isTest": is_test}
        answer = (await api.http.post("/leads/enroll-in-sequence", json=body, headers=key)).json()
        [one] = answer["contacts"]
        if one["enrollment_id"]:
            await control.stop(rig.engine, one["enrollment_id"], "enough")
        return str(one["outcome"])

    assert [await enroll(test) for test in (True, False, False, True)] == [
        "enrolled",
        "enrolled",
        "once_only",
        "enrolled",
    ]


async def test_test_runs_are_marked_and_counted_by_no_statistics(running: tuple[Api, Rig]) -> None:
    """Everything happens as it does to others; the analytics are those of the real runs alone."""
    api, rig = running
    await rig.publish(SLOW)
    ada, bob = await rig.contact(), await rig.contact()
    key = await api.key("write", "read")
    for contact, is_test in ((ada, True), (bob, False)):
        body = {"contacts": [contact.external_id], "sequence": "slow", "isTest": is_test}
        [one] = (await api.http.post("/leads/enroll-in-sequence", json=body, headers=key)).json()["contacts"]
        await rig.arrives(one["enrollment_id"], "more")
    assert [row["state"] for row in await rig.rows("SELECT state FROM message_jobs WHERE node_id = 'hello'")] == [
        "sent"
    ] * 2
    steps = (await api.http.get("/sequences/slow/analytics", headers=key)).json()["steps"]
    assert [(step["step"], step["sent"], step["pending"]) for step in steps] == [("hello", 1, 0), ("more", 0, 1)]
    state = (await api.http.get(f"/leads/{ada.external_id}/sequence-state", headers=key)).json()
    assert [one["isTest"] for one in state["enrollments"]] == [True]
    logs = (await api.http.get("/flow-executions/logs?isTest=true", headers=key)).json()["items"]
    assert [(step["contact"], step["step"]) for step in logs if step["status"] == "success"] == [
        (ada.external_id, "hello")
    ]


async def test_a_contact_is_seen_in_every_sequence_it_was_in(running: tuple[Api, Rig]) -> None:
    """What lives with what is next and when, what ended with its reason; of what lives alone, when asked."""
    api, rig = running
    await rig.publish(SLOW)
    ada = await rig.contact()
    [old] = await rig.enroll("slow", ada)
    await control.stop(rig.engine, old, "called us")
    [new] = await rig.enroll("slow", ada)
    await rig.arrives(new, "more")
    key = await api.key("read")
    state = (await api.http.get(f"/leads/{ada.id}/sequence-state", headers=key)).json()
    assert state["contact"]["external_id"] == ada.external_id
    assert [(one["id"], one["status"], one["reason"]) for one in state["enrollments"]] == [
        (str(new), "running", None),
        (str(old), "stopped", "called us"),
    ]
    following = state["enrollments"][0]["next"]
    assert (following["step"], following["zone"]) == ("more", "America/New_York")
    left = datetime.fromisoformat(following["at"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=20) < left < timedelta(days=3, hours=2)
    assert state["enrollments"][1]["next"] is None
    alive = (await api.http.get(f"/leads/{ada.id}/sequence-state?live=true", headers=key)).json()
    assert [one["id"] for one in alive["enrollments"]] == [str(new)]


async def test_a_contact_is_paused_resumed_and_stopped(running: tuple[Api, Rig]) -> None:
    """In the sequence that is named, or in all; one that refuses holds up none of the others."""
    api, rig = running
    await rig.publish(SLOW)
    await rig.publish(SLOW.replace("sequence: slow", "sequence: other"))
    ada = await rig.contact(external_id="crm/42")
    [one], [two] = await rig.enroll("slow", ada), await rig.enroll("other", ada)
    for enrollment in (one, two):
        await rig.arrives(enrollment, "more")
    key = await api.key("write")

    async def say(what: str, **body: str) -> tuple[int, Any]:
        answer = await api.http.post(f"/leads/crm/42/{what}-sequence", json=body, headers=key)
        return answer.status_code, answer.json()

    status, paused = await say("pause", sequence="slow")
    assert status == 200
    [told] = paused["enrollments"]
    assert (told["enrollment_id"], told["state"]["status"], told["state"]["step"]) == (str(one), "paused", "more")
    assert (await rig.enrollment(one))["status"] == "paused"
    assert (await rig.enrollment(two))["status"] == "running"
    assert (await say("pause", sequence="slow"))[0] == 409
    _, both = await say("pause")
    assert [(t["sequence"], bool(t["state"]), t["refused"]) for t in both["enrollments"]] == [
        ("slow", False, f"enrollment {one}: it is paused already"),
        ("other", True, None),
    ]
    assert (await say("resume"))[0] == 200
    assert {(await rig.enrollment(e))["status"] for e in (one, two)} == {"running"}
    assert (await say("stop", reason="called us"))[0] == 200
    for enrollment in (one, two):
        row = await rig.enrollment(enrollment)
        assert (row["status"], row["reason"]) == ("stopped", "called us")
    assert await say("stop") == (200, {"enrollments": []})
    assert (await say("stop", sequence="slow"))[0] == 409
    assert (await say("stop", sequence="none"))[0] == 404
    assert (await say("stop", reason=" "))[0] == 422


async def test_a_foreign_contact_is_not_there(running: tuple[Api, Rig], database_url: str) -> None:
    """Neither to be enrolled, nor seen, nor stopped; nor is one that nobody has."""
    api, rig = running
    await rig.publish(SLOW)
    ada = await rig.contact()
    [enrollment] = await rig.enroll("slow", ada)
    await rig.arrives(enrollment, "more")
    other = uuid4()
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other)
    await owner.close()
    stranger = await foreign_key(api, other)
    for name in (str(ada.id), ada.external_id, "nobody", "a%00b"):
        assert (await api.http.get(f"/leads/{name}/sequence-state", headers=stranger)).status_code == 404
        for what in ("pause", "resume", "stop"):
            assert (await api.http.post(f"/leads/{name}/{what}-sequence", headers=stranger)).status_code == 404
    assert (await rig.enrollment(enrollment))["status"] == "running"


async def foreign_key(api: Api, tenant: UUID) -> dict[str, str]:
    async with api.rig.engine.database.transaction(tenant) as tx:
        key = await api_keys.create(tx, tenant, "other", {"read", "write"}, datetime.now(UTC))
    return {"Authorization": f"Bearer {key}"}


async def test_without_a_worker_nobody_waits_for_ever(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 says that no worker answers, and how to fix that; enrolling, a pause and a stop need none."""
    monkeypatch.setattr(control, "_PATIENCE", timedelta(seconds=1))
    monkeypatch.setattr(control, "_BEFORE_PAUSING_ALONE", timedelta(seconds=1))
    rig = api.rig
    await rig.publish("sequence: idle\nsteps: [{id: wait, type: delay, days: 3}, {id: out, type: exit}]")
    ada = await rig.contact()
    key = await api.key("write")
    body = {"contacts": [ada.external_id], "sequence": "idle"}
    answer = (await api.http.post("/leads/enroll-in-sequence", json=body, headers=key)).json()
    [one] = answer["contacts"]
    assert one["outcome"] == "enrolled"
    async with asyncio.timeout(60):
        for path in (f"/leads/{ada.id}/resume-sequence", f"/enrollments/{one['enrollment_id']}/send-now"):
            refused = await api.http.post(path, headers=key)
            assert refused.status_code == 503, refused.text
            assert "when a worker runs" in refused.json()["hint"]
        held = {f"/enrollments/{one['enrollment_id']}/pause": "paused", f"/leads/{ada.id}/stop-sequence": "stopped"}
        for path, status in held.items():
            said = await api.http.post(path, headers=key)
            assert said.status_code == 200, said.text
            assert (await rig.enrollment(one["enrollment_id"]))["status"] == status
