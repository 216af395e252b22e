"""Messages that may be opt-outs over HTTP: the list, and the two decisions."""

from typing import Any
from uuid import uuid4

import pytest

from domain.events import EventType, InboundMessage
from domain.messages import Channel
from starter.inbound.receive import receive
from tests.api.conftest import Api

Call = Any


@pytest.fixture
async def call(api: Api) -> Call:
    """Calls with a key that may read and write; the answer's body."""
    key = await api.key("read", "write")

    async def answer(method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answered = await api.http.request(method, path, json=body, headers=key)
        assert answered.status_code == status, answered.text
        return answered.json()

    return answer


async def texted(api: Api, phone: str, text: str) -> str:
    message = InboundMessage(
        channel=Channel.SMS,
        provider="twilio",
        provider_event_id=uuid4().hex,
        at=api.rig.engine.now(),
        type=EventType.INBOUND,
        sender=phone,
        text=text,
    )
    return str((await receive(api.rig.engine, message)).event_id)


async def test_what_may_be_an_opt_out_is_listed_until_somebody_decides(api: Api, call: Call) -> None:
    """The oldest first, with its words and when it counts by itself; decided, it leaves the list."""
    first, second = [await texted(api, f"+1212555010{n}", "wrong person") for n in (1, 2)]
    page = await call("GET", "/reviews?limit=1")
    assert [one["id"] for one in page["items"]] == [first]
    rest = await call("GET", f"/reviews?after={page['next']}")
    assert [(one["id"], one["detail"], one["counts_from"] is None) for one in rest["items"]] == [
        (second, "wrong person", False)
    ]
    decided = await call("POST", f"/reviews/{first}/decision", {"opt_out": True})
    assert decided == {"id": first, "decision": "opt_out", "stopped": []}
    assert (await call("POST", f"/reviews/{second}/decision", {"opt_out": False}))["decision"] == "no_opt_out"
    assert (await call("GET", "/reviews"))["items"] == []
    bars = (await call("GET", "/suppressions?active=true"))["items"]
    assert [(one["address"], one["reason"]) for one in bars] == [("+12125550101", "unsubscribed")]


async def test_a_decision_is_repeated_but_not_turned(api: Api, call: Call) -> None:
    """The same again answers the same; the other is refused, and so is one about nothing."""
    doubted = await texted(api, "+12125550101", "wrong person")
    for _ in range(2):
        assert (await call("POST", f"/reviews/{doubted}/decision", {"opt_out": False}))["decision"] == "no_opt_out"
    refused = await call("POST", f"/reviews/{doubted}/decision", {"opt_out": True}, status=409)
    assert "decided already" in refused["detail"]
    await call("POST", f"/reviews/{uuid4()}/decision", {"opt_out": True}, status=404)


async def test_a_hold_is_lifted_by_its_decision_only(api: Api, call: Call) -> None:
    """Lifted manually, it would come back as an opt-out when its time is over."""
    doubted = await texted(api, "+12125550101", "wrong person")
    [bar] = (await call("GET", "/suppressions?active=true"))["items"]
    assert bar["reason"] == "suspected"
    await call("DELETE", f"/suppressions/{bar['id']}", status=409)
    await call("POST", f"/reviews/{doubted}/decision", {"opt_out": False})
    assert (await call("GET", "/suppressions?active=true"))["items"] == []
