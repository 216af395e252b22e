"""A migration whose command, or whose worker, is killed in the middle of a move."""

from functools import partial
from uuid import UUID

import pytest

from starter.enrollments import control
from starter.enrollments.migration import migrate
from tests.e2e.brakes import brakes_in
from tests.e2e.site import Site
from tests.store.counted import COUNTED
from tests.support.helpers import assert_eventually
from workflows.enrollment import EnrollmentWorkflow

pytestmark = pytest.mark.e2e

OLD = """
sequence: two
steps:
  - {id: one, type: sms, body: One}
  - {id: wait, type: delay, hours: 1}
  - {id: two, type: sms, body: Two}
"""
NEW = OLD.replace("id: two", "id: other").replace("Two", "Other")
PEOPLE = 20


async def _has_heard(site: Site, enrollment: UUID) -> None:
    """The workflow knows of its move, also of one that the dead worker had recorded."""
    state = await site.rig.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)
    assert state.node_id == "other"


async def test_a_killed_migration_is_finished_by_the_next(site: Site, database_url: str) -> None:
    """Command and worker die while one person is being moved: everybody is moved once, and gets one second message."""
    await site.rig.publish(OLD)
    people = sorted(await site.contacts(PEOPLE), key=lambda contact: contact.id)
    enrollments = await site.rig.enroll("two", *people)
    async with brakes_in(database_url) as brakes:
        async with site.worker() as worker:

            async def all_wait() -> None:
                rows = await site.rig.rows("SELECT FROM enrollments WHERE current_node = 'two'")
                assert len(rows) == PEOPLE

            await assert_eventually(all_wait, timeout_s=120.0)
            await site.rig.publish(NEW)
            brake = await brakes.on("moved", people[PEOPLE // 2].id)
            command = site.command("migrate", "two", "--to", "2", "--map", "two=other", "--json")
            await brake.reached()
            await command.kill()
            await worker.kill()
        await brake.release()
    for row in await site.rig.rows(
        "SELECT e.current_node, v.version FROM enrollments e JOIN sequence_versions v ON v.id = e.version_id"
    ):
        assert (row["current_node"], row["version"]) in {("two", 1), ("other", 2)}
    async with site.worker():
        report = await migrate(site.rig.engine, "two", 2, {"two": "other"})
        assert (report.interrupted, report.stay) == (None, [])
        assert len(report.moved) + report.there == PEOPLE
        for enrollment in enrollments:
            await assert_eventually(partial(_has_heard, site, enrollment))
            await control.send_now(site.rig.engine, enrollment)
        await site.all_ended(PEOPLE)
    assert len(await site.rig.rows("SELECT FROM enrollment_moves")) == PEOPLE
    jobs = await site.rig.rows("SELECT node_id, state, count(*) FROM message_jobs GROUP BY 1, 2 ORDER BY 1")
    assert [tuple(row.values()) for row in jobs] == [
        ("one", "sent", PEOPLE),
        ("other", "sent", PEOPLE),
        ("two", "cancelled", PEOPLE),
    ]
    sent = [entry.message.job_id for entry in site.outbox()]
    assert len(sent) == len(set(sent)) == 2 * PEOPLE
    for row in await site.rig.rows(COUNTED):
        assert row["counts"] == row["truth"]
