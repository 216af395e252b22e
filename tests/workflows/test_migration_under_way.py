"""Moves between versions beside everything else: pauses, deliveries, other moves, and crashes."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.migration import Migrations
from activities.version_cache import Versions
from domain.enrollment import Upcoming
from domain.errors import NotReady
from domain.migration import MoveOrder
from starter.enrollments import control
from starter.enrollments.migration import migrate
from starter.runs import Runs
from starter.sequences import status
from tests.support.harness import DAY, HOUR, Rig, about
from tests.workflows.consistency import counts_are_exact
from tests.workflows.moving import TEXTS, everything, move, texts
from workflows.enrollment import EnrollmentWorkflow


async def test_a_dry_run_changes_nothing(skipping: Rig) -> None:
    """Every row of every table is as before, and so is every history; what it says is what then happens."""
    one, _ = await skipping.start(TEXTS)
    await skipping.arrives(one, "second")
    key = await skipping.publish(TEXTS.replace("hours: 72", "hours: 96").replace("again", "anew"))
    handle = skipping.engine.runs.handle(one)
    rows, history = await everything(skipping), (await handle.describe()).history_length
    assert len(rows) > 20
    foreseen = await migrate(skipping.engine, key, 2, {}, dry_run=True)
    assert await everything(skipping) == rows
    assert (await handle.describe()).history_length == history
    assert [(d.added, d.removed, d.moved) for d in foreseen.diffs.values()] == [((), (), ())]
    assert {c.step: c.what for c in foreseen.diffs[1].changed} == {"wait": ("delay",), "second": ("body",)}
    done = await move(skipping, key, 2)
    assert done.people == foreseen.people
    assert await everything(skipping) != rows


async def test_a_paused_enrollment_moves_and_stays_paused(skipping: Rig) -> None:
    """What is left of its wait is kept, or changed by as much as the delay was."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await skipping.skip(DAY)
    await control.pause(skipping.engine, enrollment)
    key = await skipping.publish(TEXTS.replace("hours: 72", "hours: 96").replace("id: second", "id: other"))
    [person] = (await move(skipping, key, 2, second="other")).people
    assert (person.stays, person.at, person.gate) == (None, None, "enrollment_paused")
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["current_node"], row["next_run_at"]) == ("paused", "other", None)
    await skipping.skip(10 * DAY)
    resumed_at = await skipping.now()
    await control.resume(skipping.engine, enrollment)
    await skipping.ended(enrollment)
    assert about(resumed_at + 3 * DAY, (await skipping.job(enrollment, "other"))["sent_at"])


async def test_a_paused_sequence_holds_whoever_was_moved(skipping: Rig) -> None:
    """Pause, fix, move, resume: nobody gets the old text, nobody is lost."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await status.pause_sequence(skipping.engine, "texts", "the offer is wrong")
    await skipping.skip(72.5 * HOUR)
    await skipping.arrives(enrollment, "second", gate="sequence_paused")
    key = await skipping.publish(TEXTS.replace("again", "anew").replace("id: second", "id: other"))
    [person] = (await move(skipping, key, 2, second="other")).people
    assert person.gate == "sequence_paused"
    assert await status.resume_sequence(skipping.engine, "texts") == 1
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping)[-1] == "Hello anew."


async def test_the_workflow_and_its_row_agree_after_a_move(skipping: Rig) -> None:
    """What the workflow waits for is what the database says."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("id: second", "id: other").replace("72", "80"))
    await move(skipping, key, 2, second="other")
    state = await skipping.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)
    row = await skipping.enrollment(enrollment)
    assert (state.node_id, state.at, state.gate) == (row["current_node"], row["next_run_at"], row["gate"])


async def test_the_same_again_moves_nobody(skipping: Rig) -> None:
    """Whoever is there already is counted and left alone."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    assert len((await move(skipping, key, 2)).moved) == 1
    rows = await everything(skipping)
    again = await move(skipping, key, 2)
    assert (again.people, again.there) == ([], 1)
    assert await everything(skipping) == rows


async def test_two_at_once_move_everybody_once(skipping: Rig) -> None:
    """Whoever is second finds nothing to do."""
    key = await skipping.publish(TEXTS)
    people = [await skipping.contact() for _ in range(6)]
    enrollments = await skipping.enroll(key, *people)
    for enrollment in enrollments:
        await skipping.arrives(enrollment, "second")
    await skipping.publish(TEXTS.replace("id: second", "id: other"))
    reports = await asyncio.gather(*(move(skipping, key, 2, second="other") for _ in range(3)))
    assert all(not report.stay for report in reports)
    assert len(await skipping.rows("SELECT FROM enrollment_moves")) == 6
    await counts_are_exact(skipping)


async def test_deliveries_and_answers_go_on_while_people_are_moved(skipping: Rig) -> None:
    """Hurried, answered, paused and moved at once: nobody gets a message twice, and every record is consistent."""
    key = await skipping.publish(TEXTS)
    people = [await skipping.contact() for _ in range(12)]
    enrollments = await skipping.enroll(key, *people)
    for enrollment in enrollments:
        await skipping.arrives(enrollment, "second")
    await skipping.publish(TEXTS.replace("id: second", "id: other").replace("again", "anew"))
    engine = skipping.engine
    await asyncio.gather(
        *(skipping.reply(contact) for contact in people[:4]),
        *(control.send_now(engine, enrollment) for enrollment in enrollments[4:8]),
        *(control.pause(engine, enrollment) for enrollment in enrollments[8:]),
        *(move(skipping, key, 2, second="other") for _ in range(2)),
        return_exceptions=True,
    )
    await move(skipping, key, 2, second="other")
    for enrollment in enrollments[8:]:
        await control.resume(engine, enrollment)
    endings = [await skipping.ended(enrollment) for enrollment in enrollments]
    assert endings == [("stopped", "replied")] * 4 + [("completed", None)] * 8
    sent = [entry.message.job_id for entry in skipping.outbox()]
    assert len(sent) == len(set(sent)) == 12 + 8
    assert {row["node_id"] for row in await skipping.rows("SELECT node_id FROM message_jobs WHERE state = 'sent'")} <= {
        "first",
        "second",
        "other",
    }
    assert await skipping.rows("SELECT FROM message_jobs WHERE state NOT IN ('sent', 'cancelled')") == []
    await counts_are_exact(skipping)


async def test_an_answer_that_got_lost_is_given_again(skipping: Rig) -> None:
    """The activity that moved it, tried once more, says the same and changes nothing."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await skipping.publish(TEXTS.replace("hours: 72", "hours: 80").replace("id: second", "id: other"))
    [target] = await skipping.rows("SELECT id FROM sequence_versions WHERE version = 2")
    state = await skipping.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)
    order = MoveOrder(
        tenant_id=skipping.engine.tenant_id,
        enrollment_id=enrollment,
        move_id=uuid4(),
        version_id=target["id"],
        replaced={"second": "other"},
        next=Upcoming(node_id="second", at=state.at),
    )
    migrations = Migrations(skipping.engine.database, Versions())
    first = await skipping.by_itself(migrations.migrate_enrollment, order)
    assert (first.next.node_id, first.late_seconds) == ("other", 8 * 3600)
    rows = await everything(skipping)
    assert await skipping.by_itself(migrations.migrate_enrollment, order) == first
    assert await everything(skipping) == rows


async def test_a_run_that_is_cut_off_is_finished_by_the_next(skipping: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporal goes away after the third of seven: who was moved is whole, who was not is as before."""
    key = await skipping.publish(TEXTS)
    enrollments = await skipping.enroll(key, *[await skipping.contact() for _ in range(7)])
    for enrollment in enrollments:
        await skipping.arrives(enrollment, "second")
    await skipping.publish(TEXTS.replace("id: second", "id: other"))
    handle, asked = Runs.handle, 0

    def until_it_goes_away(runs: Runs, enrollment_id: UUID) -> Any:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise RPCError("connection refused", RPCStatusCode.UNAVAILABLE, b"")
        return handle(runs, enrollment_id)

    monkeypatch.setattr(Runs, "handle", until_it_goes_away)
    cut_off = await move(skipping, key, 2, second="other")
    assert isinstance(cut_off.interrupted, NotReady)
    monkeypatch.undo()
    assert len(cut_off.people) == 3
    nodes = {row["id"]: row["current_node"] for row in await skipping.rows("SELECT id, current_node FROM enrollments")}
    assert {one.enrollment for one in cut_off.people} == {one for one, node in nodes.items() if node == "other"}
    rest = await move(skipping, key, 2, second="other")
    assert (len(rest.moved), rest.there, rest.interrupted) == (4, 3, None)
    for enrollment in enrollments:
        assert await skipping.ended(enrollment) == ("completed", None)
    await counts_are_exact(skipping)
