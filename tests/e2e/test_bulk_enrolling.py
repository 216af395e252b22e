"""Enrolling by several processes at once, and by one that dies in the middle."""

import asyncio
import json

import pytest

from composition import engine_of
from starter.enrollments.enroll import EnrollReport, chosen, enroll
from tests.e2e.brakes import brakes_in
from tests.e2e.site import Site
from tests.support.helpers import assert_eventually

pytestmark = pytest.mark.e2e

TWO = """
sequence: two
steps:
  - {id: one, type: sms, body: One}
  - {id: wait, type: delay, seconds: 1}
  - {id: two, type: sms, body: Two}
"""
BATCH = 250
"""Contacts that are enrolled in one transaction."""


async def test_fifty_callers_enroll_a_contact_once(site: Site) -> None:
    """Ten installations' worth of pools and clients, five calls each: one enrollment, one workflow."""
    await site.rig.publish(TWO)
    [contact] = await site.contacts(1)

    async def installation() -> list[EnrollReport]:
        async with engine_of(site.rig.settings.model_copy(update={"database_pool_size": 5})) as engine:
            calls = (enroll(engine, "two", chosen(engine, [contact.external_id])) for _ in range(5))
            return await asyncio.gather(*calls)

    reports = [report for made in await asyncio.gather(*(installation() for _ in range(10))) for report in made]
    [enrollment] = [enrollment for report in reports for enrollment in report.enrolled]
    assert sum(len(report.live) for report in reports) == 49
    assert [row["id"] for row in await site.rig.rows("SELECT id FROM enrollments")] == [enrollment]

    async def one_workflow() -> None:
        query = f"WorkflowType = 'Enrollment' AND TouchlineContact = '{contact.id}'"
        assert (await site.rig.engine.runs.client.count_workflows(query)).count == 1

    await assert_eventually(one_workflow)
    async with site.worker():
        await site.all_ended(1)
    assert await site.lost_or_doubled() == []


async def test_an_enrolling_process_may_die_at_any_contact(site: Site, database_url: str) -> None:
    """The reconciler starts what has no workflow, enrolling again takes in the rest; nobody is written to twice."""
    await site.rig.publish(TWO)
    people = sorted(await site.contacts(300), key=lambda contact: contact.id)
    async with brakes_in(database_url) as brakes:
        first = await brakes.on("inserted", people[0].id)
        second = await brakes.on("insert", people[-1].id)
        enrolling = site.command("enroll", "two", "--all", "--json")
        await first.reached()
        await second.reached()
        await first.release()

        async def committed() -> None:
            assert await count(site, "pending") == BATCH

        await assert_eventually(committed)
        await enrolling.kill()
        await second.release()
    assert await count(site, "pending") == BATCH

    again = site.command("enroll", "two", "--all", "--json")
    assert await again.exit_status() == 0, again.log_tail()
    said = json.loads(again.log.read_text())
    assert (said["enrolled"], said["skipped"]["live"]) == (50, BATCH), said

    # As if a minute had passed: younger rows may still be in the hands of whoever enrolls.
    await site.rig.execute("UPDATE enrollments SET enrolled_at = enrolled_at - interval '1 minute'")
    async with site.worker(reconcile_every_s=1):
        await site.all_ended(300)
    written: dict[str, list[str]] = {}
    for entry in site.outbox():
        written.setdefault(entry.message.to, []).append(entry.body)
    assert written == {contact.phone: ["One", "Two"] for contact in people}


async def count(site: Site, status: str) -> int:
    [row] = await site.rig.rows("SELECT count(*) FROM enrollments WHERE status = $1", status)
    return int(row["count"])
