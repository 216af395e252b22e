"""Webhook steps against a real receiver on the wire, from the workflow to the contact's attributes."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook
from temporalio.testing import WorkflowEnvironment

from domain import ids
from providers.webhook import ANSWER_LIMIT, WebhookConfig, WebhookProvider
from store.pool import Database
from tests.support.harness import HOUR, Rig, rig_on

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SCORE = '{"result": {"score": 7, "note": "warm"}}'
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(status: int, text: str = "", **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return answer


@dataclass
class Receiver:
    """Somebody's server: it believes nothing unsigned, answers by its script, and with a score after that."""

    answers: deque[Answer] = field(default_factory=deque)
    believed: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def says_nothing(self, request: web.Request) -> web.Response:
        """For as long as the server is there."""
        await self.closing.wait()
        return web.Response()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.paths.append(request.path)
        self.believed.append((headers, Webhook(SECRET).verify(await request.text(), headers)))
        return await (self.answers.popleft() if self.answers else says(200, SCORE))(request)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    found.port = server.port or 0
    yield found
    found.closing.set()
    await server.close()


@pytest.fixture
async def rig(time_skipping: WorkflowEnvironment, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    """A worker that posts; the tenant's list lets it call this machine."""
    provider = WebhookProvider(WebhookConfig(SECRET, ("any",)))
    async with rig_on(
        time_skipping.client, database, tmp_path / "outbox", environment=time_skipping, provider=provider
    ) as made:
        await made.execute("UPDATE tenants SET webhook_allow = ARRAY['127.0.0.1']")
        yield made


def hooked(receiver: Receiver, host: str = "127.0.0.1", timeout: str = "30s") -> str:
    return f"""
        sequence: scored
        steps:
          - id: score
            type: webhook
            url: "http://{host}:{receiver.port}/score"
            data: {{greeting: "Hello {{{{ first_name }}}}"}}
            save: {{score: result.score, note: result.note}}
            timeout: {timeout}
          - {{id: ask, type: condition, if: {{field: score, gt: 5}}, then: [{{type: exit, reason: high}}]}}
    """


async def attributes(rig: Rig) -> Any:
    [row] = await rig.rows("SELECT attributes FROM contacts")
    return row["attributes"]


async def test_what_is_answered_becomes_the_contacts(rig: Rig, receiver: Receiver) -> None:
    """One signed request with the contact in it; its saved fields decide what follows."""
    enrollment, contact = await rig.start(hooked(receiver))
    assert await rig.ended(enrollment) == ("completed", "high")
    assert await attributes(rig) == {"score": "7", "note": "warm"}
    [(headers, document)] = receiver.believed
    assert headers["webhook-id"] == headers["idempotency-key"] == str(ids.job_id(enrollment, "score"))
    assert document["data"]["contact"]["id"] == contact.external_id
    assert document["data"]["fields"] == {"greeting": "Hello Ada"}


@pytest.mark.parametrize(
    ("first", "at_least_hours"),
    [(says(429, Retry_After="7200"), 2.0), (says(500), 0.0), (says(503, "busy"), 0.0)],
    ids=["429", "500", "503"],
)
async def test_what_passes_is_tried_again(rig: Rig, receiver: Receiver, first: Answer, at_least_hours: float) -> None:
    """After Retry-After at the earliest, the same document under the same key, signed anew."""
    receiver.answers.append(first)
    begun = await rig.now()
    enrollment, _ = await rig.start(hooked(receiver))
    assert await rig.ended(enrollment) == ("completed", "high")
    (headers, document), (again, same) = receiver.believed
    assert (again["webhook-id"], same) == (headers["webhook-id"], document)
    job = await rig.job(enrollment, "score")
    assert (job["state"], job["attempts"]) == ("sent", 2)
    assert job["sent_at"] - begun >= at_least_hours * HOUR


async def test_silence_is_tried_again(rig: Rig, receiver: Receiver) -> None:
    """After the author's time-out, the same document under the same key."""
    receiver.answers.append(receiver.says_nothing)
    enrollment, _ = await rig.start(hooked(receiver, timeout="1s"))
    assert await rig.ended(enrollment) == ("completed", "high")
    # A second answer may take longer than a second too, here.
    assert len(receiver.believed) > 1
    assert {headers["webhook-id"] for headers, _ in receiver.believed} == {str(ids.job_id(enrollment, "score"))}
    assert all(document == receiver.believed[0][1] for _, document in receiver.believed)
    job = await rig.job(enrollment, "score")
    assert (job["state"], job["attempts"] > 1) == ("sent", True)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("{not json", 9), ('{"result": {"score": {"deep": 1}}}', 34), ("[]", 2), ("x" * (ANSWER_LIMIT + 1), 4000)],
    ids=["no JSON", "no single value", "another shape", "too large"],
)
async def test_what_cannot_be_read_saves_nothing(rig: Rig, receiver: Receiver, text: str, kept: int) -> None:
    """The receiver took the document, so the step is done; the answer is on its record, up to a limit."""
    receiver.answers.append(says(200, text))
    enrollment, _ = await rig.start(hooked(receiver))
    assert await rig.ended(enrollment) == ("completed", None)
    assert await attributes(rig) == {}
    [step] = [step for step in await rig.steps(enrollment) if step["node_id"] == "score"]
    assert (step["status"], len(step["result"]["answer"])) == ("success", kept)


async def test_a_redirect_is_a_refusal(rig: Rig, receiver: Receiver) -> None:
    """To wherever it leads, also where the tenant may call: nobody goes there."""
    receiver.answers.append(says(302, Location=f"http://127.0.0.1:{receiver.port}/elsewhere"))
    enrollment, _ = await rig.start(hooked(receiver))
    assert (await rig.ended(enrollment))[0] == "failed"
    assert "redirects are not followed" in (await rig.job(enrollment, "score"))["error"]
    assert receiver.paths == ["/score"]


async def test_the_list_of_the_tenant_holds_as_it_is_now(rig: Rig, receiver: Receiver) -> None:
    """What was taken off it after publishing is called no more; the refusal says what is missing."""
    await rig.execute("UPDATE tenants SET webhook_allow = ARRAY['n8n.internal', '10.0.0.0/8']")
    for host in ("127.0.0.1", "localhost", "[::1]"):
        enrollment, _ = await rig.start(hooked(receiver, host))
        assert (await rig.ended(enrollment))[0] == "failed"
        assert "not on the tenant's allow list" in (await rig.job(enrollment, "score"))["error"]
    assert receiver.believed == []
