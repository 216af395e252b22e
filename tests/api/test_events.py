"""The live stream: everything that happens, to whoever may know it, once, in order, and from where one left off."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from starlette.types import Send

from api.changes import stream as events
from api.http import middleware
from api.http.state import Edge
from starter.changes import stream as live
from starter.changes.stream import Broadcaster, Interest
from store.changes import changes
from store.changes.changes import Position
from store.pool import Database
from store.workspace import api_keys
from tests.api.conftest import Api
from tests.api.listening import listening, served
from tests.store.tenants import Tenant, fill
from tests.support.helpers import assert_eventually

PAUSE = "UPDATE enrollments SET status = 'paused', next_run_at = NULL, gate = 'enrollment_paused'"
RESUME = "UPDATE enrollments SET status = 'running', next_run_at = now(), gate = NULL"
STOP = (
    "UPDATE enrollments SET status = 'stopped', reason = 'replied', ended_at = now(), next_run_at = NULL, gate = NULL,"
    " ended_node = current_node, current_node = NULL"
)


@pytest.fixture
async def tenant(api: Api) -> Tenant:
    filled = await fill(api.rig.engine.database, api.rig.engine.tenant_id)
    await filled.execute("DELETE FROM webhook_feeds")
    return filled


async def test_each_change_is_told(api: Api, edge: Edge, tenant: Tenant) -> None:
    """What the rows do is heard in its order, with the enrollment, its sequence, contact and step in our words."""
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        await tenant.execute(PAUSE)
        await tenant.execute(RESUME)
        await tenant.execute("UPDATE enrollment_steps SET status = 'running', started_at = now() WHERE node_id = 'two'")
        await tenant.execute(STOP)
        await ear.hears("enrollment.paused", "enrollment.resumed", "step.started", "enrollment.stopped")
    assert ear.response.headers["content-type"].startswith("text/event-stream")
    paused, _, step, stopped = (document for _, document in ear.events)
    assert (paused["sequence"], paused["contact"], paused["step"]) == ("journey", "C1", "two")
    assert UUID(paused["enrollment_id"]) == tenant.enrollment
    assert (step["step"], step["data"]) == ("two", {"status": "running", "kind": "email", "lap": 0})
    assert stopped["data"] == {"status": "stopped", "reason": "replied"}
    assert datetime.fromisoformat(stopped["at"]).tzinfo is not None


async def test_what_is_no_change_is_not_told(api: Api, edge: Edge, tenant: Tenant) -> None:
    """A row that is written without another status or step says nothing."""
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        await tenant.execute("UPDATE enrollments SET next_run_at = now()")
        await tenant.execute("UPDATE enrollment_steps SET due_at = now()")
        await tenant.execute(PAUSE)
        await ear.hears("enrollment.paused")


async def test_only_what_is_asked_for_is_told(api: Api, edge: Edge, tenant: Tenant) -> None:
    """By type, sequence, contact and enrollment; a heartbeat moves the place on where nothing is of interest."""
    key = await api.key("read")
    another, ended = str(uuid4()), {"status": "completed", "ended_at": datetime.now(UTC).isoformat()}
    await tenant.clone("enrollments", id=another, **ended, current_node=None, next_run_at=None, gate=None)
    async with (
        served(edge) as url,
        listening(url, key, type=["step.completed", "enrollment.paused"]) as typed,
        listening(url, key, sequence="journey", contact="C1", enrollment=str(tenant.enrollment)) as named,
        listening(url, key, enrollment=another) as others,
    ):
        await tenant.execute(f"{PAUSE} WHERE id = $1", tenant.enrollment)
        await tenant.execute(f"{RESUME} WHERE id = $1", tenant.enrollment)
        await named.hears("enrollment.paused", "enrollment.resumed")
        await typed.hears("enrollment.paused")
        assert others.events == []


async def test_test_runs_are_marked_and_told_apart(api: Api, edge: Edge, tenant: Tenant) -> None:
    """Each document says whether it is of one; they alone are told, or real ones alone, or both."""
    key, test = await api.key("read"), str(uuid4())
    ended = {"status": "completed", "ended_at": datetime.now(UTC).isoformat()}
    await tenant.clone("enrollments", id=test, is_test=True, **ended, current_node=None, next_run_at=None, gate=None)
    async with (
        served(edge) as url,
        listening(url, key) as both,
        listening(url, key, isTest="true") as tests,
        listening(url, key, isTest="false") as real,
    ):
        await tenant.execute(f"{PAUSE} WHERE id = $1", tenant.enrollment)
        await tenant.execute("UPDATE enrollments SET status = 'cancelled' WHERE id = $1", UUID(test))
        await both.hears("enrollment.paused", "enrollment.cancelled")
        await tests.hears("enrollment.cancelled")
        await real.hears("enrollment.paused")
        assert [document["isTest"] for _, document in both.events] == [False, True]


async def test_a_wrong_request_is_refused(api: Api, edge: Edge, tenant: Tenant) -> None:
    """Unknown names 404, no key 401, another scope 403, an id that is none 422."""
    read = await api.key("read")
    for query, headers, status in (
        ("", {}, 401),
        ("", await api.key("write"), 403),
        ("?sequence=nothing", read, 404),
        ("?contact=nobody", read, 404),
        (f"?enrollment={uuid4()}", read, 404),
        ("?type=step.invented", read, 422),
        ("", {**read, "Last-Event-ID": "yesterday"}, 422),
    ):
        assert (await api.http.get(f"/events{query}", headers=headers)).status_code == status


async def test_nothing_of_another_tenant_is_heard(api: Api, edge: Edge, tenant: Tenant, database_url: str) -> None:
    """Both listen, each hears its own; another tenant's sequence and enrollment are not there."""
    engine = dataclasses.replace(edge.engine, tenant_id=uuid4())
    owner = await asyncpg.connect(database_url)
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", engine.tenant_id)
    await owner.close()
    async with engine.transaction() as tx:
        text = await api_keys.create(tx, engine.tenant_id, "other", {"read"}, datetime.now(UTC))
    theirs = {"Authorization": f"Bearer {text}"}
    async with (
        served(edge) as url,
        listening(url, await api.key("read")) as ours,
        listening(url, theirs) as ear,
    ):
        other = await fill(engine.database, engine.tenant_id)
        await tenant.execute(PAUSE)
        await ours.hears("enrollment.paused")
        await other.execute(RESUME.replace("'running'", "'paused'").replace("now(), gate = NULL", "NULL, gate = 'x'"))
        await ear.hears("enrollment.enrolled", "step.completed", "reply.received", "enrollment.paused")
        assert {document["enrollment_id"] for _, document in ear.events} == {str(other.enrollment)}
        for named in ({"sequence": str(tenant.sequence)}, {"enrollment": str(tenant.enrollment)}):
            async with listening(url, theirs, **named) as refused:
                assert refused.response.status_code == 404
        assert ours.types == ["enrollment.paused"]


async def test_a_client_goes_on_from_where_it_was(api: Api, edge: Edge, tenant: Tenant) -> None:
    """Nothing that happened while it was away is missed, nothing that it has seen comes again."""
    key = await api.key("read")
    async with served(edge) as url:
        async with listening(url, key) as ear:
            await tenant.execute(PAUSE)
            await ear.hears("enrollment.paused")
        await tenant.execute(RESUME)
        await tenant.execute(PAUSE)
        async with listening(url, key, last=ear.events[-1][1]["id"]) as again:
            await again.hears("enrollment.resumed", "enrollment.paused")
            await tenant.execute(RESUME)
            await again.hears("enrollment.resumed", "enrollment.paused", "enrollment.resumed")
        async with listening(url, key, last=again.ids[-1]) as last:
            await tenant.execute(PAUSE)
            await last.hears("enrollment.paused")


async def test_what_commits_late_is_not_missed(
    api: Api, edge: Edge, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that began earlier and commits after a later one is told of, and in the end each is, once."""
    monkeypatch.setattr(live, "_EVERY_S", 0.02)
    looks, read, database = 0, Broadcaster._read, edge.engine.database

    async def counted(hub: Broadcaster, database: Database) -> None:
        nonlocal looks
        await read(hub, database)
        looks += 1

    monkeypatch.setattr(Broadcaster, "_read", counted)
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        async with database.transaction(tenant.id) as slow:
            await slow.execute(
                "UPDATE enrollment_steps SET status = 'skipped', completed_at = now() WHERE node_id = 'two'"
            )
            await tenant.execute(PAUSE)
            enough = looks + 3

            async def would_be_read() -> None:
                assert looks >= enough

            await assert_eventually(would_be_read)
            assert ear.events == []
        await ear.hears("step.skipped", "enrollment.paused")


async def test_whoever_was_away_for_too_long_is_told_so(api: Api, edge: Edge, tenant: Tenant) -> None:
    """After the retention a `reset` comes first, then what happens from now on; what is kept can be resumed."""
    key, database = await api.key("read"), edge.engine.database
    async with served(edge) as url:
        async with listening(url, key) as ear:
            await tenant.execute(PAUSE)
            await ear.hears("enrollment.paused")
        await tenant.execute(RESUME)
        async with database.transaction(tenant.id) as tx:
            assert (await changes.prune(tx, datetime.now(UTC)))[0] > 2
        async with listening(url, key, last=ear.events[-1][1]["id"]) as late:
            await tenant.execute(PAUSE)
            await late.hears("reset", "enrollment.paused")
        async with listening(url, key, last=late.events[-1][1]["id"]) as resumed:
            await tenant.execute(RESUME)
            await resumed.hears("enrollment.resumed")
        async with listening(url, key, last=f"{10**17}-0") as foreign:
            await tenant.execute(PAUSE)
            await foreign.hears("reset", "enrollment.paused")


async def test_what_webhooks_still_need_is_not_thrown_away(tenant: Tenant) -> None:
    """Pruning stops where the feed of the tenant's webhooks stands."""
    await tenant.execute(
        "INSERT INTO webhook_feeds (tenant_id, xid, id)"
        " SELECT current_tenant(), xid, id FROM changes ORDER BY xid, id LIMIT 1"
    )
    await tenant.execute(PAUSE)
    async with tenant.database.transaction(tenant.id) as tx:
        assert await changes.prune(tx, datetime.now(UTC) + timedelta(hours=1)) == (1, False)


async def test_heartbeats_show_that_the_connection_lives(api: Api, edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come while nothing happens."""
    monkeypatch.setattr(events, "_HEARTBEAT_S", 0.02)
    async with served(edge) as url, listening(url, await api.key("read")) as ear:

        async def go_on() -> None:
            assert len(ear.ids) > 4

        await assert_eventually(go_on)
        assert (ear.events, ear.ended) == ([], False)


async def test_a_stream_ends_by_itself(api: Api, edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a revoked key does not listen for ever; where it ends is known."""
    monkeypatch.setattr(events, "_LONGEST_S", 0.1)
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        await ear.until("ended")
    assert (ear.response.status_code, ear.events) == (200, [])


async def test_a_stream_outlives_the_limit_of_other_answers(
    api: Api, edge: Edge, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must begin in time; when it ends is its own to know."""
    begun: list[middleware._Answer] = []

    class Noted(middleware._Answer):
        def __init__(self, send: Send, request_id: str) -> None:
            super().__init__(send, request_id)
            begun.append(self)

    monkeypatch.setattr(middleware, "_Answer", Noted)
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        [stream] = begun
        assert stream.limit is not None
        assert stream.limit.when() is None, "it would be cut off then"
        await tenant.execute(PAUSE)
        await ear.hears("enrollment.paused")
        assert not ear.ended


async def test_the_process_ends_with_its_listeners(api: Api, edge: Edge) -> None:
    """A stop is not held up by streams, and a listener who comes afterwards is sent away at once."""
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        edge.live.close()
        await ear.until("ended")
        async with listening(url, await api.key("read")) as late:
            await late.until("ended")


async def test_listeners_survive_the_database(api: Api, edge: Edge, tenant: Tenant, database_url: str) -> None:
    """Connections that are cut are replaced, and what happened meanwhile is told."""
    owner = await asyncpg.connect(database_url)
    async with served(edge) as url, listening(url, await api.key("read")) as ear:
        await tenant.execute(PAUSE)
        await ear.hears("enrollment.paused")
        for _ in range(3):
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(live._EVERY_S / 2)

        async def resumed() -> None:
            try:
                await tenant.execute(RESUME)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                raise AssertionError from error

        await assert_eventually(resumed)
        await ear.hears("enrollment.paused", "enrollment.resumed")
        assert not ear.ended
    await owner.close()


async def test_a_slow_listener_is_dropped_and_the_others_are_not(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue is bounded; who reads hears on."""
    monkeypatch.setattr(live, "_MOST_WAITING", 2)
    monkeypatch.setattr(live, "_EVERY_S", 0.01)
    hub = Broadcaster()
    async with (
        hub.listen(tenant.database, tenant.id, Interest()) as slow,
        hub.listen(tenant.database, tenant.id, Interest()) as quick,
    ):
        heard = []
        for statement in (PAUSE, RESUME, PAUSE):
            await tenant.execute(statement)
            heard += [change.type for change in await quick.next(30)]
        assert heard == ["enrollment.paused", "enrollment.resumed", "enrollment.paused"]
        assert (slow.closed, await slow.next(30)) == (True, [])
        assert not quick.closed


async def test_one_connection_serves_all_listeners(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many listen, the reader asks once; when the last has left nobody asks any more, and nothing is kept."""
    monkeypatch.setattr(live, "_EVERY_S", 0.01)
    pages = 0
    read = changes.page

    async def counted(*args: object) -> object:
        nonlocal pages
        pages += 1
        return await read(*args)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(changes, "page", counted)
    hub = Broadcaster()

    async def one() -> str:
        async with hub.listen(tenant.database, tenant.id, Interest()) as listener:
            joined.append(listener)
            while not (told := await listener.next(30)):
                pass
            return told[0].type

    joined: list[object] = []
    hearing = [asyncio.create_task(one()) for _ in range(200)]

    async def all_joined() -> bool:
        return len(joined) == 200

    await assert_eventually(all_joined)
    pages = 0
    await tenant.execute(PAUSE)
    assert set(await asyncio.gather(*hearing)) == {"enrollment.paused"}
    assert 0 < pages < 20
    assert hub.listening == 0

    async def at_rest() -> bool:
        return hub._reader is None and not hub._rooms

    await assert_eventually(at_rest)


async def test_places_are_those_of_one_order(tenant: Tenant) -> None:
    """Everything behind a place and before a horizon, part by part, is the whole."""
    async with tenant.database.transaction(tenant.id) as tx:
        horizon = await changes.horizon(tx)
        whole = await changes.page(tx, Position(0), horizon, 100)
        parts: list[changes.Change] = []
        at = Position(0)
        while part := await changes.page(tx, at, horizon, 1):
            parts += part
            at = part[-1].position
    assert [change.id for change in parts] == [change.id for change in whole]
    assert [change.type for change in whole] == ["enrollment.enrolled", "step.completed", "reply.received"]
