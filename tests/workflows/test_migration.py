"""Live enrollments move to another version: by the id of their step, by a map, or not at all, with the reason."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.migrate import Migrations
from activities.versions import Versions
from domain import ids
from domain.enrollment import Upcoming
from domain.errors import AmbiguousError, NotFound, NotReady, TouchlineError, TransientError
from domain.moving import MoveOrder, Stays
from starter import control, tasks
from starter.happened import happen
from starter.migration import MigrationReport, migrate
from starter.runs import Runs
from tests.harness import DAY, HOUR, Rig, ScriptedProvider, SlowAnswer, about
from tests.helpers import assert_eventually
from tests.store.test_counters import COUNTED
from workflows.enrollment import EnrollmentWorkflow

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""


async def move(rig: Rig, key: str, to: int, **replaced: str) -> MigrationReport:
    return await migrate(rig.engine, key, to, replaced)


async def stays(rig: Rig, key: str, to: int, **replaced: str) -> tuple[Stays | None, str]:
    """Why the one person who is left stays; a dry run says the same."""
    foreseen = (await migrate(rig.engine, key, to, replaced, dry_run=True)).people
    [person] = (await move(rig, key, to, **replaced)).people
    assert [(one.stays, one.detail) for one in foreseen] == [(person.stays, person.detail)]
    return person.stays, person.detail


async def version_of(rig: Rig, enrollment: UUID) -> int:
    [row] = await rig.rows(
        "SELECT v.version FROM enrollments e JOIN sequence_versions v ON v.id = e.version_id WHERE e.id = $1",
        enrollment,
    )
    number: int = row["version"]
    return number


async def everything(rig: Rig) -> dict[str, list[Any]]:
    """Every row of every table."""
    tables = await rig.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [row["tablename"] for row in tables if row["tablename"] != "schema_migrations"]
    return {
        name: sorted(
            str(row["row"])
            for row in await rig.rows(f"SELECT to_jsonb(x)::text AS row FROM {name} x")  # noqa: S608
        )
        for name in names
    }


async def counts_are_exact(rig: Rig) -> None:
    for row in await rig.rows(COUNTED):
        assert row["counts"] == row["truth"], row


def texts(rig: Rig) -> list[str]:
    return [entry.message.content.body for entry in rig.outbox()]  # type: ignore[union-attr]


# --- by id ---------------------------------------------------------------------------------------------------


async def test_a_step_of_the_same_id_keeps_its_time(skipping: Rig) -> None:
    """The message is due when it was, is the same row of the ledger, and says what the new version says."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    await skipping.skip(DAY)
    job = await skipping.job(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("Hello again.", "Hello anew."))
    report = await move(skipping, key, 2)
    assert [(one.step, one.to, one.at, one.stays) for one in report.people] == [
        ("second", "second", before["next_run_at"], None)
    ]
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["next_run_at"], row["gate"]) == ("second", before["next_run_at"], None)
    assert await version_of(skipping, enrollment) == 2
    assert await skipping.job(enrollment, "second") == job
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["Hello. STOP to end.", "Hello anew."]
    await counts_are_exact(skipping)


async def test_what_the_new_version_adds_later_is_done(skipping: Rig) -> None:
    """The workflow walks the new plan from there on."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(
        TEXTS + '      - {type: delay, hours: 24}\n      - {id: third, type: sms, body: "The last one."}\n'
    )
    await move(skipping, key, 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping)[-1] == "The last one."
    second, third = (await skipping.jobs(enrollment))[1:]
    assert about(second["sent_at"] + DAY, third["sent_at"])


@pytest.mark.parametrize(("hours", "later"), [(96, 24), (48, -24), (1, -71)])
async def test_a_delay_that_was_changed_is_counted_from_its_beginning(skipping: Rig, hours: int, later: int) -> None:
    """Three days became four: it goes a day later; two: a day earlier; one hour: that is over, so at once."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    await skipping.skip(DAY)
    key = await skipping.publish(TEXTS.replace("hours: 72", f"hours: {hours}"))
    await move(skipping, key, 2)
    await skipping.ended(enrollment)
    expected = max(before["next_run_at"] + later * HOUR, before["next_run_at"] - 2 * DAY)
    _, wait, second = await skipping.steps(enrollment)
    assert about(expected, (await skipping.job(enrollment, "second"))["sent_at"])
    assert wait["status"] == "success"
    assert second["completed_at"] >= wait["completed_at"]


async def test_a_new_window_holds_from_the_move_on(skipping: Rig) -> None:
    """The author's wait is over as before; the message goes when the new window opens after that."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    opens = (before["next_run_at"].hour + 3) % 24
    window = f'window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00", timezone: UTC}}'
    key = await skipping.publish(TEXTS.replace('body: "Hello again."', f'body: "Hello again.", {window}'))
    [person] = (await move(skipping, key, 2)).people
    assert person.gate == "window"
    assert person.at is not None
    assert 2 * HOUR < person.at - before["next_run_at"] <= 3 * HOUR
    # Back again: the author's wait was never lost.
    [person] = (await move(skipping, key, 1)).people
    assert (person.gate, person.at) == (None, before["next_run_at"])


async def test_a_message_may_change_its_channel(skipping: Rig) -> None:
    """The row of the ledger stays and is an email now."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("second, type: sms, body", "second, type: email, subject: Hi, body"))
    await move(skipping, key, 2)
    await skipping.ended(enrollment)
    assert [job["channel"] for job in await skipping.jobs(enrollment)] == ["sms", "email"]
    assert [step["node_type"] for step in await skipping.steps(enrollment)] == ["sms", "delay", "email"]
    await counts_are_exact(skipping)


async def test_a_step_that_comes_again_is_not_done_twice(skipping: Rig) -> None:
    """What was sent and lies ahead in the new version's order is passed over, actions as well."""
    old = """
        sequence: order
        steps:
          - {id: a, type: sms, body: "A. STOP to end."}
          - {id: b, type: sms, body: B}
          - {id: tell, type: action, action: notify_user, user: ann, message: Look}
          - {type: delay, hours: 72}
          - {id: c, type: sms, body: C}
    """
    new = """
        sequence: order
        steps:
          - {id: a, type: sms, body: "A. STOP to end."}
          - {type: delay, hours: 72}
          - {id: c, type: sms, body: C}
          - {id: b, type: sms, body: B}
          - {id: tell, type: action, action: notify_user, user: ann, message: Look}
          - {id: d, type: sms, body: D}
    """
    enrollment, _ = await skipping.start(old)
    await skipping.arrives(enrollment, "c")
    key = await skipping.publish(new)
    await move(skipping, key, 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["A. STOP to end.", "B", "C", "D"]
    assert len(await skipping.rows("SELECT FROM notifications")) == 1
    await counts_are_exact(skipping)


async def test_a_branch_that_was_passed_by_may_be_come_to_after_all(skipping: Rig) -> None:
    """Recorded as skipped by the old version, sent by the new one: its record says success."""
    old = """
        sequence: branches
        steps:
          - {id: first, type: sms, body: "Hello. STOP to end."}
          - id: asked
            type: condition
            if: replied
            then: [{id: thanks, type: sms, body: Thanks.}]
          - {type: delay, hours: 72}
          - {id: last, type: sms, body: The last one.}
    """
    new = """
        sequence: branches
        steps:
          - {id: first, type: sms, body: "Hello. STOP to end."}
          - {type: delay, hours: 72}
          - {id: last, type: sms, body: The last one.}
          - {id: thanks, type: sms, body: Thanks.}
    """
    enrollment, _ = await skipping.start(old)
    await skipping.arrives(enrollment, "last")
    await move(skipping, await skipping.publish(new), 2)
    assert await skipping.ended(enrollment) == ("completed", None)
    [record] = [step for step in await skipping.steps(enrollment) if step["node_id"] == "thanks"]
    assert (record["status"], record["result"].get("bypassed_at")) == ("success", None)


async def test_whoever_waits_for_the_end_goes_on_with_what_follows_now(skipping: Rig) -> None:
    """The end is nobody's step: the delay before it counts, and leads to the steps that were added."""
    enrollment, _ = await skipping.start(TEXTS.replace('      - {id: second, type: sms, body: "Hello again."}\n', ""))
    await skipping.arrives(enrollment, "end")
    await move(skipping, await skipping.publish(TEXTS), 2)
    assert (await skipping.enrollment(enrollment))["current_node"] == "second"
    await skipping.ended(enrollment)
    assert texts(skipping)[-1] == "Hello again."


# --- by map --------------------------------------------------------------------------------------------------


async def test_a_step_that_went_away_has_a_successor_by_the_map(skipping: Rig) -> None:
    """The old message is cancelled as `migrated`, the new one planned for the same time; counters are exact."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("id: second", "id: other").replace("again", "anew"))
    assert await stays(skipping, key, 2) == (Stays.GONE, "the other version has no step second")
    assert await version_of(skipping, enrollment) == 1
    [person] = (await move(skipping, key, 2, second="other")).people
    assert (person.stays, person.to, person.at) == (None, "other", before["next_run_at"])
    second, other = (await skipping.jobs(enrollment))[1:]
    assert {second["node_id"], other["node_id"]} == {"second", "other"}
    states = {job["node_id"]: (job["state"], job["cancel_reason"]) for job in (second, other)}
    assert states == {"second": ("cancelled", "migrated"), "other": ("pending", None)}
    fates = {step["node_id"]: (step["status"], step["result"]) for step in await skipping.steps(enrollment)}
    assert fates["second"] == ("skipped", {"migrated": "other"})
    await counts_are_exact(skipping)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping) == ["Hello. STOP to end.", "Hello anew."]
    await counts_are_exact(skipping)


async def test_a_move_can_be_taken_back(skipping: Rig) -> None:
    """To another step and back: the message that was given up is planned again, once."""
    enrollment, _ = await skipping.start(TEXTS)
    before = await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("id: second", "id: other"))
    await move(skipping, key, 2, second="other")
    await move(skipping, key, 1, other="second")
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["next_run_at"]) == ("second", before["next_run_at"])
    await counts_are_exact(skipping)
    assert await skipping.ended(enrollment) == ("completed", None)
    states = {job["node_id"]: job["state"] for job in await skipping.jobs(enrollment)}
    assert states == {"first": "sent", "second": "sent", "other": "cancelled"}
    await counts_are_exact(skipping)


async def test_a_map_that_names_no_step_is_refused(skipping: Rig) -> None:
    """A slip of the pen moves nobody."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    with pytest.raises(TouchlineError, match="no version of texts has a step 'secnd'"):
        await move(skipping, key, 2, secnd="second")
    with pytest.raises(TouchlineError, match="version 2 of texts has no step 'othr'"):
        await move(skipping, key, 2, second="othr")
    with pytest.raises(NotFound, match="texts has no version 3"):
        await move(skipping, key, 3)
    with pytest.raises(NotFound, match="no sequence 'none'"):
        await move(skipping, "none", 1)
    assert await version_of(skipping, enrollment) == 1


# --- nodes that wait by themselves ----------------------------------------------------------------------------

AWAITING = """
    sequence: awaiting
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - id: answer
        type: wait_for
        event: paid
        timeout: 3d
        then: [{id: thanks, type: sms, body: Thanks.}]
        else: [{id: late, type: sms, body: Late.}]
"""


@pytest.mark.parametrize(("new", "replaced"), [("answer", {}), ("reaction", {"answer": "reaction"})])
async def test_whoever_waits_for_an_event_goes_on_waiting(skipping: Rig, new: str, replaced: Mapping[str, str]) -> None:
    """For the new version's events, from when the wait began; a longer time-out ends so much later."""
    enrollment, contact = await skipping.start(AWAITING)
    before = await skipping.arrives(enrollment, "answer", gate="event")
    text = AWAITING.replace("timeout: 3d", "timeout: 5d").replace("event: paid", "event: signed")
    key = await skipping.publish(text.replace("id: answer", f"id: {new}"))
    await move(skipping, key, 2, **replaced)
    row = await skipping.enrollment(enrollment)
    assert (row["current_node"], row["gate"], row["next_run_at"]) == (new, "event", before["next_run_at"] + 2 * DAY)
    assert (await happen(skipping.engine, contact.external_id, "paid")).awaited == ()
    assert (await happen(skipping.engine, contact.external_id, "signed")).awaited == (enrollment,)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert texts(skipping)[-1] == "Thanks."


async def test_a_wait_for_an_event_times_out_at_its_new_time(skipping: Rig) -> None:
    """The record is what decides when the time is up."""
    enrollment, _ = await skipping.start(AWAITING)
    before = await skipping.arrives(enrollment, "answer", gate="event")
    await move(skipping, await skipping.publish(AWAITING.replace("timeout: 3d", "timeout: 1d")), 2)
    await skipping.ended(enrollment)
    assert about(before["next_run_at"] - 2 * DAY, (await skipping.job(enrollment, "late"))["sent_at"])


CALL = """
    sequence: calling
    steps:
      - {id: call, type: task, title: "Call {{ name }}", lapse: 3d, skipped: [{type: exit, reason: no call}]}
      - {id: thanks, type: sms, body: "Thanks. STOP to end."}
"""


async def test_a_task_stays_with_its_person(skipping: Rig) -> None:
    """As it was given; it lapses when the new version says."""
    enrollment, _ = await skipping.start(CALL)
    before = await skipping.arrives(enrollment, "call", gate="task")
    await move(skipping, await skipping.publish(CALL.replace("3d", "5d").replace("Call", "Ring")), 2)
    row = await skipping.enrollment(enrollment)
    assert (row["gate"], row["next_run_at"]) == ("task", before["next_run_at"] + 2 * DAY)
    assert await skipping.rows("SELECT title, state, lapses_at FROM tasks") == [
        {"title": "Call Ada Lovelace", "state": "open", "lapses_at": row["next_run_at"]}
    ]
    await move(skipping, "calling", 1)
    await move(skipping, await skipping.publish(CALL.replace(", lapse: 3d", "")), 3)
    row = await skipping.enrollment(enrollment)
    assert (row["gate"], row["next_run_at"]) == ("task", None)
    await tasks.close(skipping.engine, ids.step_id(enrollment, "call"), "completed")
    assert await skipping.ended(enrollment) == ("completed", None)


async def test_a_task_whose_step_went_away_is_withdrawn(skipping: Rig) -> None:
    """Its successor comes when the task would have lapsed; another task is given at once."""
    enrollment, _ = await skipping.start(CALL)
    before = await skipping.arrives(enrollment, "call", gate="task")
    key = await skipping.publish(CALL.replace("id: call", "id: ring"))
    await move(skipping, key, 2, call="ring")
    await skipping.arrives(enrollment, "ring", gate="task")
    states = await skipping.rows("SELECT node_id, state FROM tasks ORDER BY node_id")
    assert [tuple(row.values()) for row in states] == [("call", "cancelled"), ("ring", "open")]
    assert await stays(skipping, key, 1, ring="call") == (Stays.BEEN_THERE, "it has been at call already")
    await skipping.publish(CALL.replace("id: call", "id: other"))
    [person] = (await move(skipping, key, 3, ring="thanks")).people
    assert (person.to, person.gate) == ("thanks", None)
    assert about(before["next_run_at"], person.at)
    assert await skipping.rows("SELECT FROM tasks WHERE state = 'open'") == []


async def test_a_date_is_looked_up_again_when_its_step_was_changed(skipping: Rig) -> None:
    """Two days before the appointment became one: the wait is as long as the new version says."""
    text = """
        sequence: dates
        steps:
          - {id: until, type: delay, until: {days: 2, before: appointment}}
          - {id: soon, type: sms, body: "See you. STOP to end."}
    """
    at = (await skipping.now()) + 10 * DAY
    enrollment, _ = await skipping.start(text, attributes={"appointment": at.isoformat()})
    before = await skipping.arrives(enrollment, "until", gate="date")
    await move(skipping, await skipping.publish(text.replace("days: 2", "days: 1")), 2)

    async def later() -> None:
        row = await skipping.enrollment(enrollment)
        assert (row["gate"], row["next_run_at"]) == ("date", before["next_run_at"] + DAY)

    await assert_eventually(later)
    await skipping.ended(enrollment)
    assert about(at - DAY, (await skipping.job(enrollment, "soon"))["sent_at"])


# --- what stays ------------------------------------------------------------------------------------------------


async def test_a_message_in_doubt_stays(scripted: Rig, provider: ScriptedProvider) -> None:
    """Nobody knows whether it went out: a person decides first."""
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert await stays(scripted, key, 2) == (Stays.IN_DOUBT, "nobody knows whether first was sent")
    await control.assume_sent(scripted.engine, enrollment)
    assert (await move(scripted, key, 2)).moved


async def test_a_message_that_was_tried_stays(scripted: Rig, provider: ScriptedProvider) -> None:
    """Its text is frozen under its key: another one could be sent beside it."""
    provider.answers.append(TransientError("scripted", "busy"))
    enrollment, _ = await scripted.start(TEXTS)
    await scripted.arrives(enrollment, "first", gate="provider_retry")
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert await stays(scripted, key, 2) == (Stays.UNDER_WAY, "first is being sent, or was tried before")
    await scripted.ended(enrollment)
    assert await version_of(scripted, enrollment) == 1


async def test_a_message_under_way_stays_and_is_moved_by_the_next_run(
    scripted: Rig, provider: ScriptedProvider
) -> None:
    """Nobody waits for a hand-over; once it is settled the same command moves the enrollment."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(TEXTS)
    await slow.under_way.wait()
    key = await scripted.publish(TEXTS.replace("again", "anew"))
    assert (await stays(scripted, key, 2))[0] in (Stays.UNDER_WAY, Stays.NOT_RUNNING)
    slow.let_go.set()
    await scripted.arrives(enrollment, "second")
    assert (await move(scripted, key, 2)).moved
    await scripted.ended(enrollment)
    assert [message.content.body for message in provider.handed_over][-1] == "Hello anew."  # type: ignore[union-attr]


async def test_a_conversation_whose_first_email_never_went_out_is_not_continued(skipping: Rig) -> None:
    """`Re:` to nothing: whoever got another first step stays."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(
        """
        sequence: texts
        steps:
          - {id: first, type: email, subject: Hello, body: Hello.}
          - {id: wait, type: delay, hours: 72}
          - {id: second, type: email, thread: first, body: "Hello again."}
        """
    )
    why, detail = await stays(skipping, key, 2)
    assert (why, "first, whose conversation is continued" in detail) == (Stays.THREAD, True)


async def test_a_step_that_it_has_been_at_is_no_successor(skipping: Rig) -> None:
    """The map may not send anybody back: that would send a message twice."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    assert await stays(skipping, key, 2, second="first") == (
        Stays.BEEN_THERE,
        "it has been at first already",
    )
    assert await version_of(skipping, enrollment) == 1


async def test_whoever_has_ended_is_nobodys_business(skipping: Rig) -> None:
    """Neither moved nor named, whatever is published afterwards."""
    enrollment, contact = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    key = await skipping.publish(TEXTS.replace("again", "anew"))
    await skipping.reply(contact, enrollment_id=enrollment)
    assert (await move(skipping, key, 2)).people == []
    assert await version_of(skipping, enrollment) == 1


# --- with everything else ------------------------------------------------------------------------------------


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
    """Pause, mend, move, resume: nobody gets the old text, nobody is lost."""
    enrollment, _ = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    await control.pause_sequence(skipping.engine, "texts", "the offer is wrong")
    await skipping.skip(4 * DAY)
    await skipping.arrives(enrollment, "second", gate="sequence_paused")
    key = await skipping.publish(TEXTS.replace("again", "anew").replace("id: second", "id: other"))
    [person] = (await move(skipping, key, 2, second="other")).people
    assert person.gate == "sequence_paused"
    assert await control.resume_sequence(skipping.engine, "texts") == 1
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
