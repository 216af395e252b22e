"""What came in over HTTP: of contacts and of strangers, in parts; and what nobody could read."""

from datetime import timedelta
from uuid import uuid4

import httpx

from domain.events import EventType, InboundMessage
from domain.messages import Channel
from starter.inbound.receive import receive
from store.inbound import dead_letters
from tests.api.conftest import Api


async def _texted(api: Api, phone: str, text: str, ago_s: int) -> None:
    message = InboundMessage(
        channel=Channel.SMS,
        provider="twilio",
        provider_event_id=uuid4().hex,
        at=api.rig.engine.now() - timedelta(seconds=ago_s),
        type=EventType.INBOUND,
        sender=phone,
        text=text,
    )
    await receive(api.rig.engine, message)


async def test_what_came_in_is_listed_newest_first(api: Api) -> None:
    """In parts, with whose it is; strangers alone, and contacts alone."""
    key = await api.key("read", "write")
    person = {"external_id": "C-1", "name": "Ada", "phone": "+12125550101"}
    (await api.http.post("/contacts", json=person, headers=key)).raise_for_status()
    for n, phone in enumerate(("+12125550101", "+12125550102", "+12125550101")):
        await _texted(api, phone, f"text {n}", 30 - n)

    async def listed(query: str) -> httpx.Response:
        return (await api.http.get(f"/messages{query}", headers=key)).raise_for_status()

    first = (await listed("?limit=2")).json()
    rest = (await listed(f"?limit=2&after={first['next']}")).json()
    told = [(one["body"], one["contact"], one["contact_name"]) for one in first["items"] + rest["items"]]
    assert told == [("text 2", "C-1", "Ada"), ("text 1", None, None), ("text 0", "C-1", "Ada")]
    assert rest["next"] is None
    assert [one["body"] for one in (await listed("?known=false")).json()["items"]] == ["text 1"]
    assert [one["body"] for one in (await listed("?known=true")).json()["items"]] == ["text 2", "text 0"]


async def test_dead_letters_are_read_by_an_admin(api: Api) -> None:
    """The newest first, with their reason; one of them with what was sent; nobody else sees them."""
    engine = api.rig.engine
    async with engine.transaction() as tx:
        for n, body in enumerate((b"first", b"\xff second")):
            await dead_letters.keep(
                tx,
                engine.tenant_id,
                source="/webhooks/email/raw",
                reason=f"reason {n}",
                content_type="message/rfc822",
                body=body,
                now=engine.now() + timedelta(seconds=n),
            )
    admin = await api.key("admin")
    items = (await api.http.get("/dead-letters", headers=admin)).raise_for_status().json()["items"]
    assert [(one["reason"], one["bytes"]) for one in items] == [("reason 1", 8), ("reason 0", 5)]
    whole = (await api.http.get(f"/dead-letters/{items[0]['id']}", headers=admin)).raise_for_status().json()
    assert whole["body"] == "\ufffd second"
    assert (await api.http.get(f"/dead-letters/{uuid4()}", headers=admin)).status_code == 404
    assert (await api.http.get("/dead-letters", headers=await api.key("read"))).status_code == 403
