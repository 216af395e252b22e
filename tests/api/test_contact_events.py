"""What contacts have done, told over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import Api
from tests.support.helpers import assert_eventually

AWAITED = """
    sequence: deal
    steps:
      - {id: signed, type: wait_for, event: signed, timeout: 3d}
      - {id: won, type: action, action: mark_qualified}
"""
AIMED = """
    sequence: sale
    goal: {event: paid}
    steps:
      - {id: before, type: delay, days: 3}
      - {id: won, type: action, action: mark_qualified}
"""


async def told(api: Api, contact: str, **event: Any) -> dict[str, Any]:
    answer = await api.http.post(f"/contacts/{contact}/events", json=event, headers=await api.key("write"))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def waits(api: Api, enrollment: UUID) -> None:
    """The step has been entered."""
    found = [(step["node_id"], step["status"]) for step in await api.rig.steps(enrollment)]
    assert ("signed", "running") in found


async def test_an_event_is_recorded_once_under_its_key(api: Api) -> None:
    """By either id; the same key again does nothing, without one each call is another."""
    contact = await api.rig.contact()
    first = await told(api, contact.external_id, name="paid", key="invoice/1")
    assert (first["duplicate"], first["awaited"], first["stopped"]) == (False, [], [])
    again = await told(api, str(contact.id), name="paid", key="invoice/1")
    assert (again["duplicate"], again["event_id"]) == (True, first["event_id"])
    await told(api, contact.external_id, name="paid")
    await told(api, contact.external_id, name="paid")
    rows = await api.rig.rows("SELECT name, key FROM contact_events WHERE contact_id = $1", contact.id)
    assert len(rows) == 3
    assert ("paid", "invoice/1") in {(row["name"], row["key"]) for row in rows}


async def test_an_event_that_is_awaited_moves_its_enrollment(api: Api) -> None:
    """The step that waited for it goes on, in a running workflow; and the answer names the enrollment."""
    async with api.rig.worker():
        enrollment, contact = await api.rig.start(AWAITED)
        await assert_eventually(lambda: waits(api, enrollment))
        assert (await told(api, contact.external_id, name="signed"))["awaited"] == [str(enrollment)]
        assert await api.rig.ended(enrollment) == ("completed", None)
    assert (await api.http.get(f"/contacts/{contact.id}", headers=await api.key("read"))).json()["qualified_at"]


async def test_an_event_that_reaches_a_goal_ends_its_enrollment(api: Api) -> None:
    """In the transaction that records it, whether a workflow hears it or not; another event does not."""
    enrollment, contact = await api.rig.start(AIMED)
    assert (await told(api, contact.external_id, name="visit"))["stopped"] == []
    first = await told(api, contact.external_id, name="paid", key="invoice/1")
    assert (first["stopped"], first["awaited"]) == ([str(enrollment)], [])
    row = await api.rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "goal")
    again = await told(api, contact.external_id, name="paid", key="invoice/1")
    assert (again["duplicate"], again["stopped"]) == (True, [])
    assert (await told(api, contact.external_id, name="paid"))["stopped"] == []


@pytest.mark.parametrize(
    ("goal", "method", "path", "sent"),
    [
        ("{field: status, eq: customer}", "PATCH", "", {"status": "customer"}),
        ("{field: plan, in: [pro, team]}", "PATCH", "", {"attributes": {"plan": "Pro"}}),
        ("{field: company, exists: true}", "PATCH", "", {"company": "Acme"}),
        ("{field: tags, contains: won}", "POST", "/tags", {"tags": ["won"]}),
        ("{not: {field: tags, contains: lead}}", "DELETE", "/tags/lead", None),
        ("{field: plan, eq: pro}", "POST", "import", "plan\r\n{id},{email},pro\r\n"),
    ],
)
async def test_a_change_that_reaches_a_goal_ends_its_enrollment(
    api: Api, goal: str, method: str, path: str, sent: Any
) -> None:
    """Also while it sleeps; other people's, and those with another goal or none, go on."""
    aimed = AIMED.replace("{event: paid}", goal)
    enrollment, contact = await api.rig.start(aimed, tags=("lead",))
    others = [
        *await api.rig.enroll("sale", await api.rig.contact(tags=("lead",))),
        *await api.rig.enroll(await api.rig.publish(AIMED.replace("sequence: sale", "sequence: paying")), contact),
        *await api.rig.enroll(await api.rig.publish(AWAITED), contact),
    ]
    key = await api.key("write")
    if path == "import":
        file = f"external_id,email,{sent.format(id=contact.external_id, email=contact.email)}"
        answer = await api.http.post("/contacts/import", content=file, headers={**key, "Content-Type": "text/csv"})
    else:
        answer = await api.http.request(method, f"/contacts/{contact.external_id}{path}", json=sent, headers=key)
    assert answer.is_success, answer.text
    row = await api.rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "goal")
    assert {(await api.rig.enrollment(other))["ended_at"] for other in others} == {None}
    words = await api.rig.rows("SELECT enrollment_id, signal FROM enrollment_signals")
    assert words == [{"enrollment_id": enrollment, "signal": "reply"}]


async def test_what_we_hear_ourselves_or_nobody_is_called_is_refused(api: Api) -> None:
    """422 for a reply and for what is no name, 404 for a contact that there is not; and nothing is recorded."""
    contact = await api.rig.contact()
    key = await api.key("write")
    for body in (
        {"name": "reply"},
        {"name": "replied"},
        {"name": "no name"},
        {"name": "x", "key": "\0"},
        {"name": "x", "at": 1},
    ):
        answer = await api.http.post(f"/contacts/{contact.external_id}/events", json=body, headers=key)
        assert answer.status_code == 422, body
    assert (await api.http.post("/contacts/nobody/events", json={"name": "paid"}, headers=key)).status_code == 404
    assert await api.count("contact_events") == 0
