"""While something is down, a provider is told to come again, or what it said takes effect all the same."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client

from api import webhooks
from api.edge import Edge
from starter.engine import Engine, TemporalAddress, connect_temporal
from starter.postgres import LocalPostgres
from starter.runs import Runs
from store.migrate import migrate
from store.pool import Database
from tests.api.conftest import Api, edge_on
from tests.harness import Rig, rig_on
from tests.providers.twilio_calls import REPLY, call

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[LocalPostgres]:
    """A database server of the test's own, which it may stop; its database is there."""
    made = LocalPostgres(tmp_path, durable=False)
    await made.start()
    try:
        await migrate(made.url("touchline"))
        yield made
    finally:
        await made.remove()


async def test_a_database_that_is_down_is_waited_for(
    server: LocalPostgres, engine: Engine, connect: Callable[[Edge], Api]
) -> None:
    """Down from the start or stopped later: 503 in a few seconds, and the provider's next try has its effect."""
    await server.stop()
    database = await Database.connect(server.url("touchline"), lazy=True)
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    try:
        for number in range(2):
            began = time.monotonic()
            text = call({**REPLY, "MessageSid": f"SM{number}"})
            answer = await api.twilio(text)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert answer.json()["type"].endswith(":service-unavailable")
            assert (await api.http.get("/readyz")).status_code == 503
            assert (await api.http.get("/healthz")).status_code == 200
            assert (
                await api.http.post("/webhooks/email/raw", headers={"Authorization": "Bearer x"})
            ).status_code == 503
            assert time.monotonic() - began < 5
            await server.start()
            assert (await api.twilio(text)).status_code == 200
            assert (await api.http.get("/readyz")).status_code == 200
            assert await api.count("messages") == number + 1
            await server.stop()
    finally:
        await database.close()


async def test_a_database_that_hangs_is_not_waited_for(
    server: LocalPostgres, engine: Engine, connect: Callable[[Edge], Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes connections and says nothing: 503 before the provider gives up."""
    monkeypatch.setattr(webhooks, "_WITHIN_S", 0.5)
    database = await Database.connect(server.url("touchline"))
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    assert (await api.twilio(call(REPLY))).status_code == 200
    postmaster = psutil.Process(server.pid)
    frozen = [postmaster, *postmaster.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        began = time.monotonic()
        answers = await asyncio.gather(*(api.twilio(call({**REPLY, "MessageSid": f"SM{n}"})) for n in range(12)))
        assert {answer.status_code for answer in answers} == {503}
        assert time.monotonic() - began < 5
    finally:
        for process in frozen:
            process.resume()
    assert (await api.twilio(call({**REPLY, "MessageSid": "SM0"}))).status_code == 200
    await database.close()


async def test_a_pool_that_is_used_up_is_not_waited_for(
    engine: Engine, connect: Callable[[Edge], Api], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection to spare is an outage like any other."""
    monkeypatch.setattr(webhooks, "_WITHIN_S", 0.2)
    database = await Database.connect(database_url, size=2)
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    async with database.session(engine.tenant_id), database.session(engine.tenant_id):
        assert (await api.twilio(call(REPLY))).status_code == 503
    assert (await api.twilio(call(REPLY))).status_code == 200
    await database.close()


@pytest.fixture
async def rig(temporal_client: Client, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_on(temporal_client, database, tmp_path / "outbox", max_cached_workflows=100) as rig:
        yield rig


async def test_while_temporal_is_down_a_reply_stops_all_the_same(rig: Rig, connect: Callable[[Edge], Api]) -> None:
    """200 within the provider's patience; the sequence is stopped, and the word for its workflow stays to be told."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    nowhere = await connect_temporal(TemporalAddress("127.0.0.1:1"), lazy=True)
    api = connect(edge_on(dataclasses.replace(rig.engine, runs=Runs(nowhere, rig.settings.task_queue))))
    began = time.monotonic()
    answer = await api.twilio(call({**REPLY, "From": contact.phone or "", "Body": "Call me"}))
    assert answer.status_code == 200
    assert time.monotonic() - began < 5
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "replied")
    [signal_] = await rig.rows("SELECT signal, signalled_at FROM enrollment_signals")
    assert signal_ == {"signal": "reply", "signalled_at": None}
    assert (await api.http.get("/readyz")).json() == {"database": "ok", "temporal": "unreachable"}


async def test_a_reply_over_http_ends_the_workflow(rig: Rig, connect: Callable[[Edge], Api]) -> None:
    """From the provider's call to the end of the workflow, repeated calls included."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    api = connect(edge_on(rig.engine))
    text = call({**REPLY, "From": contact.phone or "", "Body": "STOP"})
    assert [(await api.twilio(text)).status_code for _ in range(3)] == [200] * 3
    assert await rig.ended(enrollment) == ("stopped", "unsubscribed")
    [response] = await rig.rows("SELECT step_number FROM responses")
    assert response["step_number"] == 1
