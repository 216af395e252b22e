"""Contacts are forgotten for good, and what was counted stays counted."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.events import InboundMessage
from domain.messages import Channel
from providers.registry import Registry
from starter.engine import Engine
from starter.inbound import inbox
from store.pool import Database
from tests.api.conftest import Api
from tests.store.tenants import Tenant, fill
from tests.support.harness import ScriptedProvider

MARK = "Lovelace"
KEPT = {"suppressions", "dead_letters"}
"""The person's wish to hear no more; and what nobody could read, and so attribute."""

_MARKING = (
    """UPDATE message_jobs SET recipient = 'Lovelace', content = '{"body": "Lovelace"}', error = 'Lovelace'""",
    """UPDATE messages SET address = 'Lovelace', subject = 'Lovelace', body = 'Lovelace', rfc_message_id = 'Lovelace',
        provider_message_id = CASE direction WHEN 'in' THEN 'Lovelace' ELSE 'ours' END,
        contact_id = (SELECT id FROM contacts)""",
    """UPDATE events SET payload = '{"from": "Lovelace"}', provider_event_id = '<Lovelace' || id || '@x.org>',
        contact_id = (SELECT id FROM contacts)""",
    """UPDATE enrollments SET source = 'met Lovelace', error = 'Lovelace'""",
    """UPDATE batch_refusals SET detail = 'Lovelace'""",
    """UPDATE enrollment_steps SET result = '{"branch": "then", "response": "Lovelace"}'""",
    """UPDATE enrollment_retries SET error = 'Lovelace'""",
    """UPDATE tasks SET title = 'Lovelace', instructions = 'Lovelace'""",
    """UPDATE notifications SET body = 'Lovelace'""",
    """UPDATE notices SET body = 'Lovelace', address = 'Lovelace', contact_id = (SELECT id FROM contacts)""",
    """UPDATE reviews SET detail = 'Lovelace'""",
    """UPDATE contact_events SET key = 'Lovelace'""",
    """UPDATE contacts SET external_id = 'Lovelace', attributes = '{"nick": "Lovelace"}', timezone = 'Lovelace',
        company = 'Lovelace', status = 'Lovelace', assigned_to = 'Lovelace', tags = '{Lovelace}',
        triggers = '{Lovelace}'""",
    """UPDATE webhook_deliveries SET body = '{"contact": "Lovelace"}'""",
)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """With a provider for every channel: without one nothing can be published."""
    provider = ScriptedProvider()
    return replace(engine, providers=Registry(dict.fromkeys(provider.channels, provider)))


@pytest.fixture
async def marked(database: Database, tenant_id: UUID, database_url: str) -> Tenant:
    """A tenant with a row in every table, where whatever is written of or to the contact has a mark."""
    tenant = await fill(database, tenant_id)
    owner = await asyncpg.connect(database_url)
    await owner.execute("SELECT set_config('touchline.tenant_id', $1, false)", str(tenant_id))
    for statement in _MARKING:
        assert await owner.execute(statement) != "UPDATE 0", statement
    await owner.close()
    return tenant


async def found(owner: asyncpg.Connection) -> set[str]:
    """The tables in which something tells who the contact was."""
    tables = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    told = set()
    for table in (row["relname"] for row in tables):
        told |= {
            table
            for row in await owner.fetch(f"SELECT x::text AS row FROM {table} x")  # noqa: S608 - our own names
            if any(word in row["row"] for word in (MARK, "ada@example.com", "+12125550100"))
        }
    return told


async def erase(api: Api, name: str, query: str = "") -> Any:
    return await api.http.delete(f"/contacts/{name}{query}", headers=await api.key("write"))


async def test_nothing_tells_who_an_erased_contact_was(api: Api, marked: Tenant, database_url: str) -> None:
    """In no table but those that are kept on purpose; what was decided, sent and answered stays."""
    owner = await asyncpg.connect(database_url)
    try:
        assert len(await found(owner)) > 10
        messages, jobs = await api.count("messages"), await api.count("message_jobs")
        answer = await erase(api, MARK, "?stop=true")
        assert answer.status_code == 204, answer.text
        assert await found(owner) - KEPT == set()
    finally:
        await owner.close()
    assert (await api.count("messages"), await api.count("message_jobs")) == (messages, jobs)
    assert {str(step["result"].get("branch")) for step in await api.rig.steps(marked.enrollment)} == {"then"}
    assert [row["reason"] for row in await api.rig.rows("SELECT reason FROM suppressions WHERE active")] == [
        "unsubscribed"
    ]
    [contact] = await api.rig.rows("SELECT * FROM contacts")
    assert (contact["external_id"], contact["erased_at"] is not None) == (f"erased-{marked.contact}", True)


async def test_a_report_that_comes_again_is_known_although_its_id_is_forgotten(api: Api, database_url: str) -> None:
    """An event is known by what is made of the provider's id, so nothing of the person comes back by a repetition."""
    sequence = "sequence: one\nsteps:\n  - {id: hello, type: email, subject: Hi, body: Hi.}\n"
    async with api.rig.worker():
        enrollment, contact = await api.rig.start(sequence)
        await api.rig.ended(enrollment)
    mail = (
        f"From: {contact.email}\r\nTo: us@example.com\r\nSubject: Re: Hi\r\nMessage-ID: <Lovelace@them.example>\r\n"
        "Date: Mon, 30 Nov 2026 12:00:00 +0000\r\n\r\nI am Lovelace.\r\n"
    )
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    assert (await api.http.post("/webhooks/email/raw", content=mail, headers=headers)).is_success
    owner = await asyncpg.connect(database_url)
    try:
        assert {"events", "messages"} <= await found(owner)
        assert (await erase(api, contact.external_id, "?stop=true")).status_code == 204
        for _ in range(2):
            assert await found(owner) - KEPT == set()
            assert (await api.http.post("/webhooks/email/raw", content=mail, headers=headers)).is_success
    finally:
        await owner.close()


async def test_an_erased_contact_is_nowhere_to_be_found(api: Api, marked: Tenant) -> None:
    """By no name, in no list, and it can be enrolled, changed or erased no more; another may have its id."""
    key = await api.key("read", "write")
    await erase(api, MARK, "?stop=true")
    for name in (MARK, str(marked.contact), f"erased-{marked.contact}"):
        for path in ("", "/conversation", "/suppressions"):
            assert (await api.http.get(f"/contacts/{name}{path}", headers=key)).status_code == 404, path
        assert (await erase(api, name)).status_code == 404
        assert (await api.http.patch(f"/contacts/{name}", json={"name": "x"}, headers=key)).status_code == 404
        added = await api.http.post("/campaigns/Spring/members", json={"contacts": [name]}, headers=key)
        assert added.status_code == 404
    for query in ("", f"?search={MARK}", f"?tag={MARK}", f"?status={MARK}", "?search=erased"):
        assert (await api.http.get(f"/contacts{query}", headers=key)).json()["items"] == [], query
    assert len((await api.http.get("/contacts/export", headers=key)).text.splitlines()) == 1
    again = await api.http.post("/contacts", json={"external_id": MARK, "email": "a@x.org"}, headers=key)
    assert (again.status_code, again.json()["id"] == str(marked.contact)) == (201, False)


async def test_a_live_enrollment_is_not_ended_by_the_way(api: Api) -> None:
    """409, and nothing is forgotten; with `stop` it ends in the same moment, and its workflow with it."""
    async with api.rig.worker():
        enrollment, contact = await api.rig.start(
            "sequence: long\nsteps:\n  - {id: wait, type: delay, days: 3}\n  - {id: hello, type: sms, body: Hi.}\n"
        )
        refused = await erase(api, contact.external_id)
        assert refused.status_code == 409
        assert "stop=true" in refused.json()["hint"]
        assert (await api.rig.rows("SELECT email FROM contacts"))[0]["email"] == contact.email
        assert (await erase(api, contact.external_id, "?stop=true")).status_code == 204
        assert await api.rig.ended(enrollment) == ("stopped", "erased")


async def test_the_counts_stay_exact(api: Api, marked: Tenant) -> None:
    """Those by step and by day say the same as a full count, before and after."""

    async def counts() -> list[Any]:
        by_step = await api.rig.rows(
            "SELECT sum(pending) p, sum(sent) s, sum(cancelled) c, sum(responses) r FROM step_counters"
        )
        by_day = await api.rig.rows(
            "SELECT status, sum(enrollments) n FROM enrollment_counts GROUP BY 1 HAVING sum(enrollments) > 0"
        )
        full = await api.rig.rows("SELECT state, count(*) n FROM message_jobs GROUP BY 1")
        return [by_step, by_day, full]

    assert (await counts())[2] == [{"state": "pending", "n": 2}]
    await erase(api, MARK, "?stop=true")
    by_step, by_day, full = await counts()
    assert full == [{"state": "cancelled", "n": 2}]
    assert (by_step[0]["p"], by_step[0]["c"], by_step[0]["r"]) == (0, 2, 1)
    assert by_day == [{"status": "stopped", "n": 1}]


async def test_a_hand_over_that_is_under_way_is_not_pulled_away(api: Api) -> None:
    """409 while a message is between its claim and its settlement: its words are still needed."""
    enrollment, contact = await api.rig.start("sequence: one\nsteps:\n  - {id: hello, type: sms, body: Hi.}\n")
    await api.rig.claim(enrollment, contact, "hello")
    refused = await erase(api, contact.external_id, "?stop=true")
    assert (refused.status_code, "handed over" in refused.json()["detail"]) == (409, True)
    assert (await api.rig.enrollment(enrollment))["ended_at"] is None


async def test_what_came_in_is_recorded_before_it_is_forgotten(api: Api) -> None:
    """409 while an answer waits in the inbox: recorded after the erasure, its words would stay."""
    enrollment, contact = await api.rig.start("sequence: one\nsteps:\n  - {id: hello, type: sms, body: Hi.}\n")
    engine, now = api.rig.engine, await api.rig.now()
    answer = InboundMessage(
        channel=Channel.SMS, provider="test", provider_event_id="1", at=now, sender=contact.phone or "", text="I am Ada"
    )
    async with engine.transaction() as tx:
        [place] = await inbox.store(tx, engine, [answer], source="/test")
    refused = await erase(api, contact.external_id, "?stop=true")
    assert (refused.status_code, "came in" in refused.json()["detail"]) == (409, True)
    assert (await api.rig.enrollment(enrollment))["ended_at"] is None
    waiting = inbox.Inbox()
    waiting.begin(engine, [place])
    await waiting.idle()
    assert (await erase(api, contact.external_id, "?stop=true")).status_code == 204
    assert await api.rig.rows("SELECT FROM messages WHERE body LIKE '%Ada%'") == []
