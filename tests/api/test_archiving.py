"""A sequence with thousands of people in it is archived in parts, also by a request that may be made again."""

import dataclasses
from typing import Any

import httpx
import pytest

from api.http.state import Edge
from domain.messages import Channel
from providers.registry import Registry
from starter import signals
from starter.sequences import archive as archiving
from store.enrollments import enrollments
from tests.api.conftest import Api, edge_on
from tests.store.tenants import fill
from tests.support.harness import ScriptedProvider

PEOPLE = 5_000
MANY = """
    INSERT INTO contacts (tenant_id, id, external_id, email)
        SELECT current_tenant(), gen_random_uuid(), 'many-' || n, 'many-' || n || '@them.example'
        FROM generate_series(1, 5000) n;
    INSERT INTO enrollments (tenant_id, id, sequence_id, version_id, contact_id, status, current_node, next_run_at,
        last_node, last_order_index, enrolled_at, started_at)
        SELECT e.tenant_id, gen_random_uuid(), e.sequence_id, e.version_id, c.id, e.status, e.current_node,
            e.next_run_at, e.last_node, e.last_order_index, e.enrolled_at, e.started_at
        FROM enrollments e, contacts c WHERE c.external_id LIKE 'many-%';
    INSERT INTO enrollment_steps (tenant_id, id, enrollment_id, sequence_id, node_id, node_type, order_index, status,
        due_at)
        SELECT tenant_id, gen_random_uuid(), id, sequence_id, 'two', 'email', 1, 'pending', next_run_at
        FROM enrollments e WHERE NOT EXISTS (SELECT FROM enrollment_steps s WHERE s.enrollment_id = e.id);
    INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel,
        due_at)
        SELECT tenant_id, gen_random_uuid(), id, sequence_id, contact_id, 'two', 1, 'email', next_run_at
        FROM enrollments e WHERE NOT EXISTS (SELECT FROM message_jobs j WHERE j.enrollment_id = e.id);
"""


class Died(BaseException):
    """The process is gone: nobody cleans up."""


@pytest.fixture
def edge(engine: Any) -> Edge:
    """With a provider for every channel."""
    return edge_on(dataclasses.replace(engine, providers=Registry(dict.fromkeys(Channel, ScriptedProvider()))))


@pytest.fixture
async def crowded(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The sequence `journey` with thousands in it, whose workflows are told by whoever sweeps."""
    tenant = await fill(api.rig.engine.database, api.rig.engine.tenant_id)
    await tenant.execute(MANY)
    monkeypatch.setattr(signals, "_WITHIN_S", 0.0)
    return api


async def live(api: Api) -> int:
    [row] = await api.rig.rows("SELECT count(*) FROM enrollments WHERE ended_at IS NULL")
    return int(row["count"])


async def archive(api: Api, headers: dict[str, str]) -> httpx.Response:
    return await api.http.put("/sequences/journey", headers=headers, json={"status": "archived", "stop": True})


async def seen(api: Api) -> dict[str, str]:
    """The headers of a request that is based on what is there now and may be made again."""
    key = await api.key("read", "write")
    tag = (await api.http.get("/sequences/journey", headers=key)).headers["etag"]
    return {**key, "Idempotency-Key": "once", "If-Match": tag}


async def test_a_process_that_dies_while_it_stops_thousands_has_stopped_some(
    crowded: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part is committed by itself; the same request goes on from there, and its answer is kept with the last."""
    headers, end_by, parts = await seen(crowded), enrollments.end_by, list[int]()

    async def dying(tx: Any, event_id: Any, signal: Any, ids: Any, *given: Any, **named: Any) -> Any:
        if len(parts) == 20:
            raise Died
        parts.append(len(ids))
        return await end_by(tx, event_id, signal, ids, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(enrollments, "end_by", dying)
        with pytest.raises(Died):
            await archive(crowded, headers)
    assert await live(crowded) == PEOPLE + 1 - sum(parts)
    assert 0 < max(parts) <= archiving._BATCH
    answer, again = await archive(crowded, headers), await archive(crowded, headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "archived")
    assert (again.content, again.headers["idempotent-replayed"]) == (answer.content, "true")
    assert await live(crowded) == 0
    other = await archive(crowded, {**headers, "Idempotency-Key": "another"})
    assert other.status_code == 200, "what it wishes holds already"
    assert (await archive(crowded, {**headers, "Idempotency-Key": ""})).status_code == 400


async def test_what_takes_longer_than_an_answer_may_is_said_so_and_goes_on(
    crowded: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with how many are left; the same request, with its key, stops the rest."""
    headers = await seen(crowded)
    with monkeypatch.context() as patched:
        patched.setattr(archiving, "ANSWERED_WITHIN_S", 0.0)
        answer = await archive(crowded, headers)
    left = await live(crowded)
    assert answer.status_code == 503
    assert answer.json()["detail"] == f"{PEOPLE + 1 - left} were stopped, and {left} are still to be"
    assert (await archive(crowded, headers)).status_code == 200
    assert await live(crowded) == 0


async def test_somebody_elses_change_is_not_overwritten_by_a_repetition(
    crowded: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """412 where the working copy was changed, or the sequence taken back, since the request was made first."""
    headers = await seen(crowded)
    changing = {"status": "archived", "stop": True, "description": "Mine"}
    monkeypatch.setattr(archiving, "ANSWERED_WITHIN_S", 0.0)
    assert (await crowded.http.put("/sequences/journey", headers=headers, json=changing)).status_code == 503
    others = {**headers, "If-Match": "*"}
    del others["Idempotency-Key"]
    await crowded.http.put("/sequences/journey", headers=others, json={"description": "Theirs"})
    assert (await crowded.http.put("/sequences/journey", headers=headers, json=changing)).status_code == 412
    await crowded.http.put("/sequences/journey", headers=others, json={"status": "active"})
    assert (await archive(crowded, headers)).status_code in (409, 412)
