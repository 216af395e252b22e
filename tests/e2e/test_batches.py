"""A batch whose worker and API are killed in its middle enrolls everybody, once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain import ids
from starter.campaigns import campaigns
from store.workspace import api_keys
from tests.e2e.brakes import brakes_in
from tests.e2e.site import Process, Site
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

LATER = """
sequence: later
steps:
  - {id: wait, type: delay, days: 3}
  - {id: one, type: sms, body: One}
"""
MEMBERS = 700
PAGE = 250
"""Members that are enrolled in one transaction."""


@asynccontextmanager
async def api(site: Site) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """An API process, and a caller who may write; the process is killed at the end if it still runs."""
    tenant = site.rig.engine.tenant_id
    async with site.rig.engine.database.transaction(tenant) as tx:
        key = await api_keys.create(tx, tenant, f"crm-{ids.new_id()}", {"read", "write"}, datetime.now(UTC))
    log = site.folder / f"api-{ids.new_id().hex[:6]}.log"
    process = Process(["-P", "-m", "api"], log, {**site.settings, "api_port": 0})
    try:

        async def port() -> int:
            assert process.running, process.log_tail()
            said = [json.loads(line) for line in log.read_text().splitlines() if '"serving"' in line]
            assert said
            return int(said[0]["port"])

        url = f"http://127.0.0.1:{await assert_eventually(port, timeout_s=120)}"
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
            yield process, http
    finally:
        await process.kill()


async def assign(http: httpx.AsyncClient) -> Any:
    asked = await http.post("/campaigns/crowd/assign-sequence", json={"sequence": "later"})
    assert asked.status_code == 202, asked.text
    return asked.json()


async def test_worker_and_api_killed_in_a_batch_leave_nobody_out_and_nobody_doubled(
    site: Site, database_url: str
) -> None:
    """Whoever asked asks again; the next worker goes on with the next page, and starts what the dead one wrote."""
    await site.rig.publish(LATER)
    people = sorted(await site.contacts(MEMBERS), key=lambda contact: contact.id)
    await campaigns.create(site.rig.engine, "crowd")
    await campaigns.add(site.rig.engine, "crowd", [contact.external_id for contact in people], "api")

    async with brakes_in(database_url) as brakes, api(site) as (first_api, http), site.worker() as worker:
        # The first page is in, and perhaps not all of its workflows; the second is about to be.
        brake = await brakes.on("inserted", people[PAGE + 10].id)
        batch = await assign(http)
        await brake.reached()
        await worker.kill()
        await first_api.kill()
        await brake.release()

    # A worker that is dead for longer than its heartbeat's time-out is given up.
    async with api(site) as (_, http), site.worker():
        assert (await assign(http))["id"] == batch["id"]

        async def completed() -> Any:
            found = (await http.get(f"/batches/{batch['id']}")).json()
            assert found["status"] == "completed", found
            return found

        done = await assert_eventually(completed, timeout_s=180, poll_s=0.2)
    assert (done["done"], done["skipped"], done["failed"]) == (MEMBERS, 0, 0)
    rows = await site.rig.rows("SELECT id, contact_id, status FROM enrollments")
    expected = {contact.id: ids.enrolled_in(UUID(batch["id"]), contact.id) for contact in people}
    assert {row["contact_id"]: row["id"] for row in rows} == expected
    assert len(rows) == MEMBERS
    assert {row["status"] for row in rows} == {"running"}

    async def one_workflow_each() -> None:
        queue = site.rig.engine.runs.task_queue
        query = f"WorkflowType = 'Enrollment' AND TaskQueue = '{queue}'"
        assert (await site.rig.engine.runs.client.count_workflows(query)).count == MEMBERS

    await assert_eventually(one_workflow_each)
