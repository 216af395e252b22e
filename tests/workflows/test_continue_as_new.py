"""An enrollment that lives long goes on in a new run before its history grows too long, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.enrollment import EnrollmentState
from local.temporal import LocalTemporal
from starter.contacts.events import record_event
from starter.enrollments import control
from starter.enrollments.migration import migrate
from starter.runs import CONTACT, SEQUENCE, TENANT
from store.pool import Database
from tests.support.harness import Rig, about, rig_on
from tests.support.helpers import assert_eventually
from tests.support.reports import nudge
from workflows.enrollment import EnrollmentWorkflow

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""


@pytest.fixture(scope="module")
async def short_histories() -> AsyncIterator[Client]:
    """A server that suggests a new run after 60 events instead of thousands."""
    server = LocalTemporal(None, ui=False, dynamic_config={"limit.historyCount.suggestContinueAsNew": "60"})
    await server.start()
    yield await Client.connect(server.address, data_converter=pydantic_data_converter)
    await server.stop()


@pytest.fixture
async def rig(short_histories: Client, database: Database, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_on(short_histories, database, tmp_path / "outbox") as made:
        yield made


async def _run_id(rig: Rig, enrollment: UUID) -> str:
    described = await rig.engine.runs.handle(enrollment).describe()
    assert described.run_id is not None
    return described.run_id


async def _toggle(rig: Rig, enrollment: UUID, times: int) -> EnrollmentState:
    for _ in range(times):
        await control.pause(rig.engine, enrollment)
        state = await control.resume(rig.engine, enrollment)
    return state


async def test_a_much_paused_enrollment_continues_with_its_state(rig: Rig) -> None:
    """After many commands the run is a new one; due time and search attributes are the old ones."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    first_run = await _run_id(rig, enrollment)
    state = await _toggle(rig, enrollment, 8)
    assert await _run_id(rig, enrollment) != first_run

    row = await rig.enrollment(enrollment)
    assert (state.status, state.node_id, state.at) == ("running", "second", row["next_run_at"])
    handle = rig.engine.runs.handle(enrollment)
    assert await handle.query(EnrollmentWorkflow.state) == state
    described = await handle.describe()
    assert described.typed_search_attributes[TENANT] == str(rig.engine.tenant_id)
    assert described.typed_search_attributes[SEQUENCE] == "texts"
    assert described.typed_search_attributes[CONTACT] == str(contact.id)

    await control.send_now(rig.engine, enrollment)
    assert await rig.ended(enrollment) == ("completed", None)


async def test_a_pause_outlives_its_run(rig: Rig) -> None:
    """Paused in one run, resumed in another, with what was left of the delay."""
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    paused = await control.pause(rig.engine, enrollment)
    await _change_runs(rig, enrollment)
    handle = rig.engine.runs.handle(enrollment)
    assert await handle.query(EnrollmentWorkflow.state) == paused
    resumed = await control.resume(rig.engine, enrollment)
    assert about(await rig.now() + timedelta(seconds=paused.remaining_seconds or 0), resumed.at)


async def _change_runs(rig: Rig, enrollment: UUID) -> None:
    """Signal until history is so long that the run is another."""
    first_run = await _run_id(rig, enrollment)
    for _ in range(60):
        await nudge(rig, enrollment)
        if await _run_id(rig, enrollment) != first_run:
            return
    # They may have been said faster than they were heard.
    await assert_eventually(_changed(rig, enrollment, first_run))


async def test_a_loop_of_a_thousand_rounds_leaves_a_short_history(rig: Rig) -> None:
    """Rounds without a wait are walked a hundred nodes at a time; each is recorded once."""
    enrollment, _ = await rig.start("""
        sequence: treadmill
        steps:
          - {id: ask, type: condition, if: replied, then: [{id: out, type: exit}]}
          - {id: again, type: goto, step: ask, times: 1000}
          - {id: bye, type: email, subject: Bye, body: Bye.}
    """)
    assert await rig.ended(enrollment) == ("completed", None)
    [row] = await rig.rows("SELECT count(*) AS rounds, max(lap) AS last FROM enrollment_steps WHERE node_id = 'ask'")
    assert row == {"rounds": 1001, "last": 1000}
    history = await rig.engine.runs.handle(enrollment).fetch_history()
    assert len(history.events) < 200


WAITING_LOOP = """
    sequence: ticking
    steps:
      - {id: round, type: wait_for, event: tick, timeout: 1d}
      - {id: again, type: goto, step: round, times: 1000}
"""


async def test_a_waiting_loop_continues_as_new_and_hears_everything(rig: Rig) -> None:
    """Rounds that wait cost history; runs follow each other, with the lap, and an event wakes whichever there is."""
    enrollment, contact = await rig.start(WAITING_LOOP)
    await rig.arrives(enrollment, "round", gate="event")
    first_run = await _run_id(rig, enrollment)
    for lap in range(40):

        async def there(lap: int = lap) -> None:
            row = await rig.enrollment(enrollment)
            assert (row["lap"], row["gate"]) == (lap, "event")
            # A run ends between two events: one that comes while it is busy keeps it going.
            described = await rig.engine.runs.handle(enrollment).describe()
            assert not described.raw_description.HasField("pending_workflow_task")

        await assert_eventually(there)
        assert (await record_event(rig.engine, contact.external_id, "tick")).awaited == (enrollment,)
    await assert_eventually(_changed(rig, enrollment, first_run))
    history = await rig.engine.runs.handle(enrollment).fetch_history()
    # One run of all 40 rounds would have more than 300; how many the last one has hangs on when its predecessor ended.
    assert len(history.events) < 200
    await rig.reply(contact, enrollment_id=enrollment)
    assert await rig.ended(enrollment) == ("stopped", "replied")


def _changed(rig: Rig, enrollment: UUID, run_id: str) -> Callable[[], Awaitable[bool]]:
    async def changed() -> bool:
        return await _run_id(rig, enrollment) != run_id

    return changed


async def test_an_answer_is_heard_while_runs_change(rig: Rig) -> None:
    """A reply in the midst of many signals and a change of runs stops the enrollment as ever."""
    enrollment, contact = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    await asyncio.gather(*(nudge(rig, enrollment) for _ in range(70)), rig.reply(contact, enrollment_id=enrollment))
    assert await rig.ended(enrollment) == ("stopped", "replied")


async def test_a_command_is_answered_by_whichever_run_there_is(rig: Rig) -> None:
    """An update sent while runs change is answered, not lost."""
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    paused, _ = await asyncio.gather(control.pause(rig.engine, enrollment), _change_runs(rig, enrollment))
    assert paused.status == "paused"
    assert (await control.stop(rig.engine, enrollment, "enough")).reason == "enough"
    assert await rig.ended(enrollment) == ("stopped", "enough")


async def test_a_later_run_goes_on_in_the_version_that_an_earlier_one_was_moved_to(rig: Rig) -> None:
    """The plan is carried over with the state; signals and updates find it."""
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    key = await rig.publish(TEXTS.replace("id: second", "id: other").replace("again", "anew"))
    await migrate(rig.engine, key, 2, {"second": "other"})
    await _change_runs(rig, enrollment)
    assert (await rig.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)).node_id == "other"
    await control.send_now(rig.engine, enrollment)
    assert await rig.ended(enrollment) == ("completed", None)
    assert (await rig.job(enrollment, "other"))["content"]["body"] == "Hello anew."


async def test_moves_and_changes_of_runs_do_not_lose_each_other(rig: Rig) -> None:
    """An enrollment that is moved while its runs change is moved, once."""
    enrollment, _ = await rig.start(TEXTS)
    await rig.arrives(enrollment, "second")
    key = await rig.publish(TEXTS.replace("id: second", "id: other"))
    report, _ = await asyncio.gather(migrate(rig.engine, key, 2, {"second": "other"}), _change_runs(rig, enrollment))
    assert [person.stays for person in report.people] == [None]
    assert len(await rig.rows("SELECT FROM enrollment_moves")) == 1
    assert (await rig.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state)).node_id == "other"
