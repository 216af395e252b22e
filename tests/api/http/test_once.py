"""What a request with an Idempotency-Key does is done once, whatever becomes of the first answer.

The list of operations is that of the description, so that a new one cannot be forgotten.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from temporalio.client import Client

from api.app import description
from api.http import idempotency as middleware
from api.http.state import Edge
from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from domain.errors import AmbiguousError
from domain.messages import Channel
from providers.registry import Registry
from starter import signals
from starter.engine import TemporalAddress, connect_temporal
from starter.enrollments import control, enroll
from starter.inbound.inbox import Inbox
from starter.runs import Runs
from store import idempotency
from store.analytics import counters
from store.enrollments import enrollments
from tests.api.conftest import Api, another_tenant, edge_on
from tests.api.http.test_wall import TABLES, body_of
from tests.api.operating import SLOW
from tests.api.test_law import BLOCK
from tests.api.test_process import NOWHERE, Serving, serving
from tests.e2e.site import Process
from tests.store.tenants import Tenant, fill
from tests.support.harness import Rig, ScriptedProvider, about
from tests.support.helpers import assert_eventually

__all__ = ["serving"]

TOLD = {
    "/enrollments/{id}/pause",
    "/enrollments/{id}/resume",
    "/enrollments/{id}/send-now",
    "/enrollments/{id}/assume-sent",
    "/leads/{id}/pause-sequence",
    "/leads/{id}/resume-sequence",
}
"""A worker carries these out: tested below with one."""
OPERATIONS = sorted(
    (path, method)
    for path, operations in description()["paths"].items()
    for method, operation in operations.items()
    if operation.get("security") and method.upper() in middleware.WRITING and path not in TOLD
)
HELLO = {"id": "hello", "type": "sms", "body": "Hello. STOP to end."}
CSV = {"content": b"external_id,email\nC-77,seven@example.com\n", "headers": {"Content-Type": "text/csv"}}
MAIL = {
    "content": b"From: ada@example.com\nTo: touchline@localhost\nSubject: Re\nMessage-ID: <1@x.example>\n\nCall me.\n",
    "headers": {"Content-Type": "message/rfc822"},
}
BODIES: dict[str, dict[str, Any]] = {
    "post /leads/enroll-in-sequence": {"json": {"contacts": ["C1"], "sequence": "slow"}},
    "post /leads/{id}/stop-sequence": {"json": {"reason": "called us"}},
    "post /keys": {"json": {"name": "another", "scopes": ["read"]}},
    "post /users": {"json": {"name": "another"}},
    "post /campaigns/{id}/assign-sequence": {"json": {"sequence": "slow"}},
    "post /campaigns/{id}/members": {"json": {"contacts": ["C1", "C2"]}},
    "post /contacts": {"json": {"external_id": "C3", "email": "three@example.com"}},
    "post /contacts/{id}/events": {"json": {"name": "contract.signed"}},
    "post /contacts/import": CSV,
    "post /webhooks/email/raw": MAIL,
    "post /sequences": {"json": {"key": "another", "name": "Another"}},
    "put /sequences/{id}": {"json": {"description": "Changed"}},
    "post /sequences/{id}/duplicate": {"json": {}},
    "post /sequences/{id}/steps": {"json": {"definition": {"id": "nap", "type": "delay", "days": 1}}},
    "put /sequences/{id}/steps/{step}": {"json": {"definition": {**HELLO, "body": "Changed. STOP to end."}}},
    "post /senders": {"json": {"channel": "email", "address": "new@acme.example"}},
    "post /law/decisions": {"json": {"rule": "us-al", "enforced": False, "reason": "counsel"}},
    "post /law/blocks": {"json": {**BLOCK, "source": "another order"}},
    "post /suppressions": {"json": {"channel": "email", "address": "new@example.com"}},
}
QUERIES = {"delete /contacts/{id}": "?stop=true", "delete /suppressions/{id}": "?asked_by_contact=true"}
QUERIES["delete /law/blocks/{id}"] = "?reason=lifted"
QUERIES["delete /contacts/{id}/suppressions/{suppression}"] = "?asked_by_contact=true"


class Died(BaseException):
    """The process is gone: nobody cleans up."""


@pytest.fixture
def edge(engine: Any) -> Edge:
    """With a provider for every channel."""
    carried = Registry(dict.fromkeys(Channel, ScriptedProvider()))
    return edge_on(dataclasses.replace(engine, providers=carried))


async def _furnished(api: Api) -> tuple[Tenant, dict[str, str]]:
    """A tenant with a row of everything, a draft, a published sequence and a failed enrollment in it; its key."""
    engine, key = api.rig.engine, await api.key("read", "write", "admin", name="it")
    tenant = await fill(engine.database, engine.tenant_id)
    await api.rig.contact(external_id="C2", email="two@example.com", phone="+12125550102")
    await api.rig.publish(SLOW)
    made = await api.http.post(
        "/sequences", json={"definition": {"sequence": "drafted", "steps": [HELLO]}}, headers=key
    )
    assert made.status_code == 201, made.text
    return tenant, key


async def _failed(api: Api) -> UUID:
    """An enrollment that failed at its first step, and whose workflow is over."""
    engine = api.rig.engine
    [contact] = await api.rig.rows("SELECT external_id FROM contacts WHERE external_id = 'C2'")
    answer = await api.http.post(
        "/leads/enroll-in-sequence",
        json={"contacts": [contact["external_id"]], "sequence": "slow"},
        headers=await api.key("write"),
    )
    failed = UUID(answer.json()["contacts"][0]["enrollment_id"])
    ending = Ending(status=EnrollmentStatus.FAILED, reason="hello: no number")
    async with engine.transaction(lock_enrollment=failed) as tx:
        await enrollments.end(tx, [failed], ending, now=engine.now(), failed_at="hello")
        await tx.execute("UPDATE enrollment_steps SET status = 'failed' WHERE node_id = 'hello'")
    await engine.runs.handle(failed).terminate()
    return failed


async def _prepare(api: Api, tenant: Tenant, path: str, method: str) -> str:
    """Whatever must hold for the operation to have something to do; answers its path."""
    root = path.split("/")[1]
    values = {"step": "hello", "tag": "vip", "contact": str(tenant.contact), "id": ""}
    if "{id}" in path:
        which = "WHERE name <> 'it'" if root == "keys" else ""  # not the one that asks
        [row, *_] = await tenant.rows(f"SELECT id FROM {TABLES[root]} {which}")  # noqa: S608 - our own names
        values["id"] = str(row["id"])
    if "{suppression}" in path:
        [row, *_] = await tenant.rows("SELECT id FROM suppressions")
        values["suppression"] = str(row["id"])
    match f"{method} {path}":
        case name if "/sequences/" in name:
            values["id"] = "drafted"
        case name if name.endswith("/retry"):
            values["id"] = str(await _failed(api))
        case name if root == "enrollments":
            values["id"] = str(tenant.enrollment)
        case name if root in ("contacts", "leads"):
            values["id"] = "C1"
        case name if root == "webhook-deliveries":
            over = "last_error = 'gone', next_attempt_at = NULL, ended_at = now()"
            await tenant.execute(f"UPDATE webhook_deliveries SET state = 'failed', {over}")  # noqa: S608 - our own
        case "delete /campaigns/{id}":
            await tenant.execute("UPDATE enrollment_batches SET status = 'completed', ended_at = now()")
        case "delete /senders/{id}" | "post /senders/{id}/default":
            await tenant.clone("senders", id=str(ids.new_id()), address="second@acme.example", is_default=False)
            [row] = await tenant.rows("SELECT id FROM senders WHERE NOT is_default")
            values["id"] = str(row["id"])
    return path.format(**values) + QUERIES.get(f"{method} {path}", "")


async def _call(
    api: Api, key: dict[str, str], path: str, method: str, at: str, *, named: bool = True
) -> Callable[[], Awaitable[Any]]:
    """The request, ready to be made as often as one likes."""
    operation = description()["paths"][path][method]
    body = dict(BODIES.get(f"{method} {path}") or body_of(operation))
    headers = {**body.pop("headers", {}), **key, **({"Idempotency-Key": "once and only"} if named else {})}
    if any(p["name"].lower() == "if-match" for p in operation.get("parameters", [])):
        shown = at.rpartition("/")[0] if path.endswith(("{step}", "/publish")) else at
        headers["If-Match"] = (await api.http.get(shown, headers=key)).headers["etag"]
    return lambda: api.http.request(method.upper(), at, headers=headers, **body)


async def _counts(tenant: Tenant) -> dict[str, int]:
    """Rows of each table, but of answers, and of what the test itself did; what is counted as one row of each count."""
    async with tenant.database.transaction(tenant.id) as tx:
        await counters.fold(tx)
    tables = await tenant.rows(
        """
        SELECT c.table_name AS name FROM information_schema.columns c JOIN information_schema.tables USING (table_name)
        WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND table_type = 'BASE TABLE'
        """
    )
    counted = {}
    for name in {row["name"] for row in tables} - {"idempotent_requests"}:
        [row] = await tenant.rows(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own names
        counted[name] = row["count"]
    return counted


def _dies(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """The process is gone when the work is done: `before` its answer is kept, or `behind` that."""

    async def gone(*_: Any) -> bool:
        raise Died

    async def closed(kept: Any) -> None:
        await kept.request.undo()

    if when == "before":
        monkeypatch.setattr(idempotency, "keep", gone)
        monkeypatch.setattr(middleware._Kept, "_give_up", closed)
        return
    keep = middleware._Kept.keep

    async def keeps_and_goes(*given: Any) -> None:
        await keep(*given)
        raise Died

    monkeypatch.setattr(middleware._Kept, "keep", keeps_and_goes)


async def _swept(api: Api) -> None:
    """What came in at a process that died has had its effect: another one that keeps the inbox gave it."""
    late = "lane <> 'somebody@example.com'"  # the furniture's own
    await api.rig.execute(f"UPDATE inbox SET due_at = now() - interval '1 h' WHERE {late}")  # noqa: S608 - our own

    async def is_empty() -> None:
        assert await api.rig.rows(f"SELECT FROM inbox WHERE {late}") == []

    other = Inbox()
    keeping = asyncio.create_task(other.keep(api.rig.engine))
    try:
        await assert_eventually(is_empty)
    finally:
        keeping.cancel()
        await asyncio.wait([keeping])
        await other.idle()


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
async def test_what_a_process_did_that_died_is_done_once(
    api: Api, database_url: str, path: str, method: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repetition is answered as the request by itself would have been, and every table holds as many rows."""
    other = await another_tenant(api, database_url)
    undisturbed, key = await _furnished(other)
    expected = await (await _call(other, key, path, method, await _prepare(other, undisturbed, path, method)))()
    assert expected.status_code < 300, expected.text

    tenant, key = await _furnished(api)
    call = await _call(api, key, path, method, await _prepare(api, tenant, path, method))
    with monkeypatch.context() as dying:
        _dies(dying, when)
        with pytest.raises(Died):
            await call()
    await api.rig.execute("UPDATE idempotent_requests SET held_until = now() - interval '1 h' WHERE status IS NULL")
    again, replayed = await call(), await call()
    await _swept(api)
    assert again.status_code == expected.status_code, again.text
    assert (replayed.content, replayed.headers["idempotent-replayed"]) == (again.content, "true")

    async def alike() -> None:
        assert await _counts(tenant) == await _counts(undisturbed)

    await assert_eventually(alike)  # what follows a commit may still be under way


async def test_what_came_in_has_its_effect_right_behind_the_commit(
    api: Api, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes: before it nobody else sees the mail, and nobody has to come by later."""
    _, key = await _furnished(api)
    keep = idempotency.keep

    async def keep_late(*given: Any) -> bool:
        await edge.inbox.idle()
        return await keep(*given)

    monkeypatch.setattr(idempotency, "keep", keep_late)
    answer = await (await _call(api, key, "/webhooks/email/raw", "post", "/webhooks/email/raw"))()
    assert answer.status_code == 200, answer.text

    async def is_recorded() -> None:
        assert await api.rig.rows("SELECT FROM messages WHERE direction = 'in' AND body LIKE 'Call me.%'") != []

    await assert_eventually(is_recorded)


@pytest.mark.parametrize("command", ["pause", "send-now", "assume-sent"])
async def test_what_a_worker_did_for_a_process_that_died_is_done_once(
    running: tuple[Api, Rig], provider: ScriptedProvider, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repetition hears what the workflow answered, and the workflow does nothing more."""
    api, rig = running
    if command == "assume-sent":
        provider.answers.append(AmbiguousError("scripted", "the connection died", code="lost"))
    enrollment, _ = await rig.start(SLOW)
    waits = ("hello", "ambiguous") if command == "assume-sent" else ("more", None)
    await rig.arrives(enrollment, *waits)
    headers = {**await api.key("write"), "Idempotency-Key": "once"}
    path = f"/enrollments/{enrollment}/{command}"
    with monkeypatch.context() as dying:
        _dies(dying, "before")
        with pytest.raises(Died):
            await api.http.post(path, headers=headers)
    await rig.execute("UPDATE idempotent_requests SET held_until = now() - interval '1 h'")
    before = len(provider.handed_over)
    answer = await api.http.post(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert (await api.http.post(path, headers=headers)).content == answer.content
    assert len(provider.handed_over) == before
    if command == "pause":
        again = {**headers, "Idempotency-Key": "another"}
        assert (await api.http.post(path, headers=again)).status_code == 409


@pytest.fixture
async def silent() -> AsyncIterator[Client]:
    """A Temporal that takes connections and says nothing."""

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield await connect_temporal(TemporalAddress(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"), lazy=True)
    server.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal is waited for as briefly as the test can bear."""
    monkeypatch.setattr(signals, "_WITHIN_S", 0.5)
    monkeypatch.setattr(enroll, "_ANSWERED_WITHIN_S", 0.5)
    monkeypatch.setattr(control, "_BEFORE_PAUSING_ALONE", timedelta(seconds=0.5))


@pytest.mark.parametrize(("path", "method"), [one for one in OPERATIONS if not one[0].endswith("/retry")])
async def test_what_is_committed_is_answered_as_done_while_temporal_is_silent(
    edge: Edge, connect: Callable[[Edge], Api], silent: Client, impatient: None, path: str, method: str
) -> None:
    """Without a key for repetitions either: nobody is told that nothing was changed."""
    mute = dataclasses.replace(edge.engine, runs=Runs(silent, "nobody", search_attributes=False))
    api = connect(dataclasses.replace(edge, engine=mute))
    tenant, key = await _furnished(api)
    call = await _call(api, key, path, method, await _prepare(api, tenant, path, method), named=False)
    answer = await call()
    assert answer.status_code < 300, answer.text
    if path.endswith("/enroll-in-sequence"):
        assert (answer.json()["enrolled"], answer.json()["unstarted"]) == (1, 1)


async def test_a_pause_and_a_stop_need_no_temporal(
    running: tuple[Api, Rig],
    connect: Callable[[Edge], Api],
    silent: Client,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both hold from their answer on, the pause once for its request; the workflow hears of it later."""
    api, rig = running
    enrollment, contact = await rig.start(SLOW)
    await rig.arrives(enrollment, "more")
    mute = connect(edge_on(dataclasses.replace(rig.engine, runs=Runs(silent, "nobody", search_attributes=False))))
    headers = {**await api.key("write"), "Idempotency-Key": "once"}
    for _ in range(2):
        answer = await mute.http.post(f"/enrollments/{enrollment}/pause", headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "paused")
    await rig.execute("DELETE FROM idempotent_requests")
    assert (await mute.http.post(f"/enrollments/{enrollment}/pause", headers=headers)).status_code == 200
    other = {**headers, "Idempotency-Key": "another"}
    assert (await mute.http.post(f"/enrollments/{enrollment}/pause", headers=other)).status_code == 409
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["gate"]) == ("paused", "enrollment_paused")

    monkeypatch.setattr(signals, "_WITHIN_S", 60.0)
    resumed = await control.resume(rig.engine, enrollment)
    assert (resumed.status, resumed.node_id) == ("running", "more")
    assert about(timedelta(days=3), (resumed.at or datetime.now(UTC)) - datetime.now(UTC))
    monkeypatch.setattr(signals, "_WITHIN_S", 0.5)
    third = {**headers, "Idempotency-Key": "a third"}
    stopped = await mute.http.post(f"/leads/{contact.external_id}/stop-sequence", json={}, headers=third)
    assert stopped.json()["enrollments"][0]["state"]["status"] == "stopped"
    assert (await rig.enrollment(enrollment))["status"] == "stopped"


async def test_an_enrollment_that_has_ended_is_found_by_its_request(running: tuple[Api, Rig]) -> None:
    """However late the repetition comes, it opens no other: also when the kept answer is forgotten."""
    api, rig = running
    await rig.publish(SLOW)
    contact = await rig.contact()
    headers = {**await api.key("write"), "Idempotency-Key": "once"}
    body = {"contacts": [contact.external_id], "sequence": "slow"}

    async def enrolled() -> dict[str, Any]:
        answer: httpx.Response = await api.http.post("/leads/enroll-in-sequence", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["contacts"][0])

    first = await enrolled()
    await control.stop(rig.engine, UUID(first["enrollment_id"]), "called us")
    await rig.execute("DELETE FROM idempotent_requests")
    assert await enrolled() == first
    assert first["outcome"] == "enrolled"
    assert await api.count("enrollments") == 1


KILLED = """
import os, runpy, signal
from store import idempotency

async def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

idempotency.keep = killed
runpy.run_module("api", run_name="__main__", alter_sys=True)
"""


async def test_a_process_that_is_killed_leaves_nothing_half_done(
    api: Api, serving: Serving, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 between the work and its answer: the next process does it once, and answers it from then on."""
    headers = {**await api.key("admin"), "Idempotency-Key": "once"}
    settings = {**NOWHERE, "database_url": database_url}

    async def asked(port: int) -> httpx.Response:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
            return await http.post("/keys", json={"name": "made", "scopes": ["read"]}, headers=headers)

    with monkeypatch.context() as killing:
        process = lambda folder, **given: Process(["-P", "-c", KILLED], folder / "killed.log", given)  # noqa: E731
        killing.setattr("tests.api.test_process.api", process)
        async with serving(**settings) as (_, port):
            with pytest.raises(httpx.HTTPError):
                await asked(port)
    assert await api.rig.rows("SELECT FROM api_keys WHERE name = 'made'") == []
    await api.rig.execute("UPDATE idempotent_requests SET held_until = now() - interval '1 h'")
    async with serving(**settings) as (_, port):
        first, again = await asked(port), await asked(port)
    assert (first.status_code, again.json()) == (201, first.json())
    assert len(await api.rig.rows("SELECT FROM api_keys WHERE name = 'made'")) == 1
