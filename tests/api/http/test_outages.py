"""While something is down, a provider is told to come again, or what it said takes effect all the same.

The application's own limits are far above `AT_ONCE_S` here: whatever waits for one of them is too late.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from temporalio.client import Client

from api.http.state import Edge
from api.inbound import providers
from local.postgres import LocalPostgres
from starter.engine import Engine, TemporalAddress, connect_temporal
from starter.runs import Runs
from store.pool import Database
from store.schema import migrate
from tests.api.conftest import Api, edge_on
from tests.providers.twilio_calls import REPLY, call
from tests.support.harness import Rig, rig_on

AT_ONCE_S = 30.0
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
    """Down from the start or stopped later: 503 at once, and the provider's next try has its effect."""
    await server.stop()
    database = await Database.connect(server.url("touchline"), lazy=True)
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    try:
        for number in range(2):
            text = call({**REPLY, "MessageSid": f"SM{number}"})
            async with asyncio.timeout(AT_ONCE_S):
                answer = await api.twilio(text)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
                assert answer.json()["type"].endswith(":service-unavailable")
                assert (await api.http.get("/readyz")).status_code == 503
                assert (await api.http.get("/healthz")).status_code == 200
                raw = await api.http.post("/webhooks/email/raw", headers={"Authorization": "Bearer x"})
                assert raw.status_code == 503
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
    database = await Database.connect(server.url("touchline"))
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    assert (await api.twilio(call(REPLY))).status_code == 200
    postmaster = psutil.Process(server.pid)
    frozen = [postmaster, *postmaster.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr(providers, "_WITHIN_S", 0.5)
            async with asyncio.timeout(AT_ONCE_S):
                texts = (call({**REPLY, "MessageSid": f"SM{n}"}) for n in range(12))
                answers = await asyncio.gather(*map(api.twilio, texts))
        assert {answer.status_code for answer in answers} == {503}
    finally:
        for process in frozen:
            process.resume()
    assert (await api.twilio(call({**REPLY, "MessageSid": "SM0"}))).status_code == 200
    await database.close()


async def test_a_pool_that_is_used_up_is_not_waited_for(
    engine: Engine, connect: Callable[[Edge], Api], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection to spare is an outage like any other."""
    database = await Database.connect(database_url, size=2)
    api = connect(edge_on(dataclasses.replace(engine, database=database)))
    with monkeypatch.context() as impatient:
        impatient.setattr(providers, "_WITHIN_S", 0.2)
        async with database.session(engine.tenant_id), database.session(engine.tenant_id):
            async with asyncio.timeout(AT_ONCE_S):
                assert (await api.twilio(call(REPLY))).status_code == 503
    assert (await api.twilio(call(REPLY))).status_code == 200
    await database.close()


@pytest.fixture
async def rig(temporal_client: Client, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_on(temporal_client, database, tmp_path / "outbox", max_cached_workflows=100) as rig:
        yield rig


async def test_while_temporal_is_down_a_reply_stops_all_the_same(rig: Rig, connect: Callable[[Edge], Api]) -> None:
    """200 at once; the sequence is stopped, and the word for its workflow stays to be told."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    nowhere = await connect_temporal(TemporalAddress("127.0.0.1:1"), lazy=True)
    api = connect(edge_on(dataclasses.replace(rig.engine, runs=Runs(nowhere, rig.settings.task_queue))))
    async with asyncio.timeout(AT_ONCE_S):
        answer = await api.twilio(call({**REPLY, "From": contact.phone or "", "Body": "Call me"}))
    assert answer.status_code == 200
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
