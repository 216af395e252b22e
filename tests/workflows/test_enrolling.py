"""Who is taken in, once, and into which version."""

import asyncio

import pytest

from domain.enrollment import EnrollmentStatus
from domain.errors import NotFound
from starter.enrollments import control
from starter.enrollments.enroll import EnrollReport, chosen, enroll, everyone
from tests.support.harness import Rig

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""


async def _enroll(rig: Rig, key: str, external_id: str) -> EnrollReport:
    return await enroll(rig.engine, key, chosen(rig.engine, [external_id]))


async def test_fifty_calls_at_once_enroll_a_contact_once(skipping: Rig) -> None:
    """However many callers race, one enrollment lives, one workflow runs, one message goes."""
    key = await skipping.publish(TEXTS)
    contact = await skipping.contact()
    reports = await asyncio.gather(*(_enroll(skipping, key, contact.external_id) for _ in range(50)))
    enrolled = [enrollment for report in reports for enrollment in report.enrolled]
    assert len(enrolled) == 1
    assert sum(len(report.live) for report in reports) == 49
    assert await skipping.ended(enrolled[0]) == ("completed", None)
    assert len(skipping.outbox()) == 2


@pytest.mark.parametrize(("rule", "again"), [("after_end", 1), ("never", 0)])
async def test_the_sequence_says_who_may_come_again(skipping: Rig, rule: str, again: int) -> None:
    """`after_end` takes a contact in again when the last enrollment has ended, `never` does not."""
    key = await skipping.publish(TEXTS.replace("steps:", f"reenroll: {rule}\n    steps:"))
    contact = await skipping.contact()
    [first] = await skipping.enroll(key, contact)
    await control.stop(skipping.engine, first, "manual")
    report = await _enroll(skipping, key, contact.external_id)
    assert (len(report.enrolled), len(report.once_only)) == (again, 1 - again)
    assert report.skipped == 1 - again


async def test_an_enrollment_stays_on_the_version_that_it_began_with(skipping: Rig) -> None:
    """A new version changes what later enrollments get, not what is under way; the same content is no version."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await skipping.publish(TEXTS)
    await skipping.publish(TEXTS.replace("Hello again.", "Changed."))
    versions = await skipping.rows("SELECT version FROM sequence_versions ORDER BY version")
    assert [row["version"] for row in versions] == [1, 2]
    [later] = await skipping.enroll("texts", await skipping.contact())
    await skipping.ended(enrollment)
    await skipping.ended(later)
    assert (await skipping.job(enrollment, "second"))["content"]["body"] == "Hello again."
    assert (await skipping.job(later, "second"))["content"]["body"] == "Changed."


async def test_everyone_means_those_with_the_trigger(skipping: Rig) -> None:
    """`--all` takes every contact, with a trigger only those that carry it."""
    key = await skipping.publish(TEXTS)
    for triggers in ((), ("signup",), ("signup", "demo")):
        await skipping.contact(triggers=triggers)
    assert len((await enroll(skipping.engine, key, everyone(skipping.engine, "signup"))).enrolled) == 2
    report = await enroll(skipping.engine, key, everyone(skipping.engine))
    assert (len(report.enrolled), len(report.live)) == (1, 2)


async def test_what_does_not_exist_is_named(skipping: Rig) -> None:
    """An unknown sequence or contact is refused by name, and nobody is enrolled."""
    contact = await skipping.contact()
    with pytest.raises(NotFound, match="'texts'"):
        await _enroll(skipping, "texts", contact.external_id)
    key = await skipping.publish(TEXTS)
    with pytest.raises(NotFound, match="'nobody'"):
        await _enroll(skipping, key, "nobody")
    assert await skipping.rows("SELECT FROM enrollments") == []


async def test_a_row_is_running_once_its_workflow_is(skipping: Rig) -> None:
    """`pending` lasts only until Temporal has the workflow."""
    key = await skipping.publish(TEXTS.replace("steps:", "steps:\n      - {id: before, type: delay, hours: 5}"))
    [enrollment] = await skipping.enroll(key, await skipping.contact())
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["current_node"]) == (EnrollmentStatus.RUNNING, "first")
    assert row["started_at"] is not None
