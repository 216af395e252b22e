"""What Prometheus reads, and who may."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api import metrics
from api.http.state import Edge
from store.pool import Database
from store.worker_conflicts import Tally
from tests.api.conftest import Api
from tests.store.tenants import fill

TOKEN = "a token that nobody guesses, ever"
SHOWN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def watched(edge: Edge, connect: Callable[[Edge], Api]) -> Api:
    return connect(dataclasses.replace(edge, metrics_token=TOKEN))


async def _read(api: Api) -> dict[tuple[str, ...], float]:
    answer = await api.http.get("/metrics", headers=SHOWN)
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_their_pattern(watched: Api) -> None:
    """By method, route and status, with their times; neither a token in a path nor an unknown path is a label."""
    for token in ("a", "b"):
        await watched.http.get(f"/unsubscribe/{token}")
    await watched.http.get("/no/such/path")
    await watched.http.request("BREW", "/healthz")
    found = await _read(watched)
    assert found["touchline_http_requests_total", "GET", "/unsubscribe/{token}", "404"] == 2
    assert found["touchline_http_requests_total", "GET", "unknown", "404"] == 1
    assert found["touchline_http_requests_total", "other", "/healthz", "405"] == 1
    assert found["touchline_http_request_seconds_count", "GET", "/unsubscribe/{token}"] == 2


async def test_what_waits_is_counted_over_all_tenants(
    watched: Api, other: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overdue enrollments and open flags of each; counted again only after a while, and never by tenant."""
    for api in (watched, other):
        engine = api.rig.engine
        await fill(engine.database, engine.tenant_id)
        await api.rig.execute("UPDATE enrollments SET next_run_at = $1", datetime.now(UTC) - timedelta(hours=1))
        await api.rig.execute("UPDATE inbox SET received_at = $1", datetime.now(UTC) - timedelta(hours=1))
    await other.rig.execute("UPDATE sequences SET status = 'paused', paused_reason = 'a test'")
    monkeypatch.setattr(metrics, "_BACKLOG_EVERY_S", 3600)
    found = await _read(watched)
    assert found["touchline_enrollments_overdue",] == 2
    assert found["touchline_sequences_paused",] == 1
    assert found["touchline_disagreements",] == 2
    assert found["touchline_inbox_waiting",] == 2
    assert found["touchline_inbox_oldest_seconds",] > 0
    assert found["touchline_worker_database_conflicts_total", "repeated"] == 6
    assert found["touchline_worker_database_conflicts_total", "given_up"] == 2
    assert found["touchline_database_connections", "most"] == 10
    assert found["touchline_database_connections", "idle"] >= 1
    await other.rig.execute("UPDATE enrollments SET next_run_at = $1", datetime.now(UTC) + timedelta(hours=1))
    assert (await _read(watched))["touchline_enrollments_overdue",] == 2
    monkeypatch.setattr(metrics, "_BACKLOG_EVERY_S", 0)
    assert (await _read(watched))["touchline_enrollments_overdue",] == 1
    assert not any(str(api.rig.engine.tenant_id) in str(found) for api in (watched, other))


async def test_what_workers_count_is_told_by_the_api(watched: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each adds what is new since the last time, once; what the database did not take is added later."""
    monkeypatch.setattr(metrics, "_BACKLOG_EVERY_S", 0)
    database, tenant = watched.rig.engine.database, watched.rig.engine.tenant_id
    counted = database.conflicts
    first, second = Tally(database, tenant), Tally(database, tenant)
    counted.repeated, counted.given_up = 2, 1
    with monkeypatch.context() as patched:
        patched.setattr(Database, "transaction", Mock(side_effect=ConnectionError("gone")))
        with pytest.raises(ConnectionError):
            await first.note()
    for tally in (first, second, first):
        await tally.note()
    counted.repeated += 1
    await first.note()
    found = await _read(watched)
    assert found["touchline_worker_database_conflicts_total", "repeated"] == 5
    assert found["touchline_worker_database_conflicts_total", "given_up"] == 2


async def test_only_the_operator_reads_them(watched: Api, api: Api) -> None:
    """No tenant's key opens them, whatever its scopes; without a token among the settings nothing does."""
    for headers in ({}, await watched.key("read", "write", "admin"), {"Authorization": "Bearer "}):
        assert (await watched.http.get("/metrics", headers=headers)).status_code == 401
    for headers in ({}, SHOWN, {"Authorization": "Bearer "}, await api.key("admin")):
        assert (await api.http.get("/metrics", headers=headers)).status_code == 404
