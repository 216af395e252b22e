"""Every request has its limits, and every answer its form."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
import structlog

from api.app import create_app
from api.http import middleware
from api.http.middleware import MAX_BODY
from api.http.state import Edge
from providers.inbound.intake import Head, Intake
from starter.engine import Engine
from tests.api.conftest import Api
from tests.providers.twilio_calls import REPLY, call


async def _chunks(total: int) -> AsyncIterator[bytes]:
    """A body whose length nobody announces."""
    for start in range(0, total, 65536):
        yield b"x" * min(65536, total - start)


@pytest.mark.parametrize("path", ["/webhooks/email/resend", "/webhooks/twilio/inbound"])
async def test_a_body_over_the_limit_is_refused(api: Api, path: str) -> None:
    """413, whether its length is announced or found out on the way; at the limit it is read."""
    headers = {**await api.key("write"), "Content-Type": "message/rfc822"}
    for content in (b"x" * (MAX_BODY + 1), _chunks(MAX_BODY + 1)):
        answer = await api.http.post(path, content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:problem-type:touchline:content-too-large"
    for content in (b"x" * MAX_BODY, _chunks(MAX_BODY)):
        assert (await api.http.post(path, content=content, headers=headers)).status_code in (400, 401)


async def test_a_length_that_lies_does_not_help(api: Api) -> None:
    """A body that is longer than it says is cut off by its bytes, not by its word."""
    answer = await api.http.post(
        "/webhooks/email/resend", content=_chunks(MAX_BODY + 1), headers={"Content-Length": "10"}
    )
    assert answer.status_code == 413


async def test_a_body_that_never_ends_is_not_waited_for(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends slower than anybody would is answered 408."""
    monkeypatch.setattr(middleware, "_BODY_WITHIN_S", 0.05)
    said: list[dict[str, Any]] = []
    received = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> dict[str, Any]:
        if not received:
            await asyncio.Event().wait()
        return received.pop()

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhooks/email/resend",
        "raw_path": b"/webhooks/email/resend",
        "query_string": b"",
        "headers": [(b"host", b"x")],
        "scheme": "http",
        "server": ("x", 80),
        "client": None,
        "http_version": "1.1",
    }
    await create_app(edge)(scope, receive, send)
    assert said[0]["status"] == 408


async def test_every_refusal_is_a_problem_document(api: Api) -> None:
    """The framework's own errors have the same form as ours: no route, wrong method."""
    for answer, status, kind in (
        (await api.http.get("/nowhere"), 404, "not-found"),
        (await api.http.get("/webhooks/twilio/inbound"), 405, "method-not-allowed"),
        (await api.http.post("/webhooks/email/nobody"), 404, "not-found"),
        (await api.http.post("/webhooks/email/raw"), 401, "unauthorized"),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        document = answer.json()
        assert document["type"] == f"urn:problem-type:touchline:{kind}"
        assert document["status"] == status
        assert document["title"]


async def test_a_fault_of_ours_tells_nothing_of_the_inside(edge: Edge, connect: Callable[[Edge], Api]) -> None:
    """500 with the id under which the log has everything, and not a word of the error."""

    class Broken:
        name = "broken"

        def intake(self, head: object) -> Intake:
            return Intake(Head(), most=1000)

        def verify(self, request: object) -> None:
            raise RuntimeError("secret of the inside")

        def parse(self, request: object) -> list[Any]:
            return []

    api = connect(dataclasses.replace(edge, email_webhooks={"broken": Broken()}))
    with structlog.testing.capture_logs() as logs:
        answer = await api.http.post("/webhooks/email/broken", headers={"X-Request-Id": "r-1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "r-1")
    assert answer.json()["type"].endswith(":internal-error")
    assert "secret" not in answer.text
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["request_failed"]


async def test_every_answer_has_the_headers_that_keep_browsers_in_check(api: Api) -> None:
    """Errors too; and a request id that is not one is replaced."""
    for path in ("/healthz", "/nowhere", "/docs"):
        answer = await api.http.get(path, headers={"X-Request-Id": "<script>"})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_a_request_is_logged_by_its_pattern(api: Api) -> None:
    """Tokens in a path are keys, addresses in a query are personal: neither is in the log."""
    with structlog.testing.capture_logs() as logs:
        await api.http.get("/unsubscribe/a-token?email=ada@example.com")
        await api.twilio(call(REPLY))
    [page, text] = [entry for entry in logs if entry["event"] == "request"]
    assert (page["route"], page["status"]) == ("/unsubscribe/{token}", 404)
    assert (text["route"], text["method"], text["status"]) == ("/webhooks/twilio/inbound", "POST", 200)
    said = repr(logs)
    assert "a-token" not in said
    assert "ada@" not in said


async def test_health_says_what_is_there(api: Api) -> None:
    """The process lives; database and Temporal answer."""
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    ready = await api.http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"database": "ok", "temporal": "ok"})


async def test_a_tenant_that_does_not_exist_is_not_ready(engine: Engine, connect: Callable[[Edge], Api]) -> None:
    """Nothing could be stored for it, and readiness says so before the first webhook finds out."""
    api = connect(Edge(engine=dataclasses.replace(engine, tenant_id=uuid4())))
    answer = await api.http.get("/readyz")
    assert answer.status_code == 503
    assert "tenant" in answer.json()["detail"]
