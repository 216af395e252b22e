"""How a sequence does, and what was said with a contact, for whoever has a key."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from api.http.paging import cursor
from domain.events import InboundMessage
from domain.messages import Channel
from starter.inbound.receive import receive
from store.keyset import LAST
from store.pool import Database
from tests.api.conftest import Api
from tests.store.tenants import Tenant, fill

_LATER = timedelta(hours=1)


@pytest.fixture
async def tenant(database: Database, tenant_id: UUID) -> Tenant:
    """One enrollment that was sent a first step and answered it."""
    return await fill(database, tenant_id)


async def test_analytics_count_each_step_and_all_of_them(api: Api, tenant: Tenant) -> None:
    """By key or by id: the steps of the published versions, their sum, and the share that was answered."""
    read = await api.key("read")
    await tenant.execute(
        """UPDATE message_jobs SET state = 'sending', claimed_at = now(), content = '{}', recipient = 'x',
            provider = 'x' WHERE node_id = 'one'"""
    )
    await tenant.execute("UPDATE message_jobs SET state = 'sent', sent_at = now() WHERE node_id = 'one'")
    await tenant.execute("UPDATE message_jobs SET opened_at = now(), answered_at = now() WHERE node_id = 'one'")
    by_key = await api.http.get("/sequences/journey/analytics", headers=read)
    [step] = by_key.json()["steps"]
    assert (step["step"], step["type"], step["number"], step["last_version"]) == ("one", "email", 1, 1)
    assert (step["sent"], step["opened"], step["responses"], step["response_rate"]) == (1, 1, 1, 1.0)
    assert {**step, **by_key.json()["total"]} == step
    by_id = await api.http.get(f"/sequences/{tenant.sequence}/analytics", headers=read)
    assert by_id.json() == by_key.json()


async def test_a_conversation_is_read_in_parts_from_the_newest(api: Api, tenant: Tenant) -> None:
    """Each part is in the order of time, and together they are every message once, those of one instant included."""
    read = await api.key("read")
    [first] = await tenant.rows("SELECT min(at) AS at FROM messages")
    for n in range(5):
        at: datetime = first["at"] + n // 2 * _LATER
        await tenant.clone("messages", id=str(uuid4()), at=at.isoformat(), body=f"Message {n}")
    whole = (await api.http.get("/contacts/C1/conversation", headers=read)).json()
    assert whole["earlier"] is None
    assert [m["at"] for m in whole["messages"]] == sorted(m["at"] for m in whole["messages"])
    parts: list[list[dict[str, object]]] = []
    query = "limit=2"
    while query:
        page = (await api.http.get(f"/contacts/C1/conversation?{query}", headers=read)).json()
        assert len(page["messages"]) <= 2
        parts.insert(0, page["messages"])
        query = page["earlier"] and f"limit=2&before={page['earlier']}"
    assert [m for part in parts for m in part] == whole["messages"]
    assert len(whole["messages"]) == 7


async def test_an_answer_names_its_enrollment_and_step(api: Api, tenant: Tenant) -> None:
    """What came in says which step of which sequence it answers, and whether a person should read it."""
    await receive(
        api.rig.engine,
        InboundMessage(
            channel=Channel.EMAIL,
            provider="test",
            provider_event_id="doubt",
            sender="ada@example.com",
            text="stop lol",
            at=datetime.now(UTC),
            enrollment_id=tenant.enrollment,
        ),
    )
    answer = (await api.http.get("/contacts/C1/conversation", headers=await api.key("read"))).json()
    [doubt] = [m for m in answer["messages"] if m["body"] == "stop lol"]
    assert (doubt["direction"], doubt["kind"], doubt["under_review"]) == ("in", "reply", True)
    assert (doubt["sequence"], doubt["step"], doubt["step_number"]) == ("journey", "one", 1)
    assert doubt["enrollment_id"] == str(tenant.enrollment)
    assert {m["at"] for m in answer["messages"]} - {doubt["at"]} == {"2027-03-01T15:00:00Z"}


async def test_a_contact_is_found_by_whatever_its_external_id_holds(api: Api) -> None:
    """Slashes and letters of any script; our own id leads to the same conversation."""
    read, contact = await api.key("read"), await api.rig.contact(external_id="crm/7 é")
    by_theirs = await api.http.get(f"/contacts/{quote(contact.external_id, safe='')}/conversation", headers=read)
    by_ours = await api.http.get(f"/contacts/{contact.id}/conversation", headers=read)
    assert by_theirs.json()["contact"]["external_id"] == "crm/7 é"
    assert by_theirs.json() == by_ours.json()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sequences/nothing/analytics", 404),
        ("/sequences/a%00b/analytics", 404),
        (f"/sequences/{'x' * 65}/analytics", 422),
        ("/contacts/nobody/conversation", 404),
        ("/contacts//conversation", 404),
        ("/contacts/a%00b/conversation", 404),
        ("/contacts/C1/conversation?limit=201", 422),
        ("/contacts/C1/conversation?limit=0", 422),
        ("/contacts/C1/conversation?before=yesterday", 422),
        (f"/contacts/C1/conversation?before={cursor('conversation', *LAST)}", 200),
    ],
)
async def test_what_cannot_be_found_is_said(api: Api, tenant: Tenant, path: str, status: int) -> None:
    """Wrong names and wrong places are the caller's errors, never ours."""
    assert (await api.http.get(path, headers=await api.key("read"))).status_code == status


@pytest.mark.parametrize("path", ["/sequences/journey/analytics", "/contacts/C1/conversation"])
async def test_reading_needs_a_key_that_reads(api: Api, tenant: Tenant, path: str) -> None:
    """401 without a key, 403 with one of another scope."""
    assert (await api.http.get(path)).status_code == 401
    assert (await api.http.get(path, headers=await api.key("write"))).status_code == 403
