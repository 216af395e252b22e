"""A paused sequence holds everybody at every kind of node; an archived one lets them finish, or stops them."""

import asyncio
import dataclasses
from uuid import UUID

import pytest

from domain import ids
from domain.errors import Conflict, NotFound
from starter.contacts.events import record_event
from starter.engine import Engine, TemporalAddress, connect_temporal
from starter.enrollments import control, tasks
from starter.runs import Runs
from starter.sequences import status
from starter.sequences.archive import archive
from tests.support.harness import DAY, HOUR, Rig, ScriptedProvider, SlowAnswer, about

BEFORE = """
    sequence: held
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
"""
LAST = """
      - {id: last, type: sms, body: The last one.}
"""
NODES = {
    "message": "{id: here, type: sms, body: Here.}",
    "webhook": '{id: here, type: webhook, url: "https://example.com/"}',
    "condition": "{id: here, type: condition, if: not_replied, then: [{id: then, type: sms, body: Then.}]}",
    "split": "{id: here, type: split, variants: [{id: a}, {id: b}]}",
    "action": "{id: here, type: action, action: update_status, status: told}",
    "wait_for": "{id: here, type: wait_for, event: paid, timeout: 1d}",
    "task": "{id: here, type: task, title: Call, lapse: 1d}",
    "goto": "{id: here, type: goto, step: wait, times: 1}",
    "until": "{id: here, type: delay, until: {days: 1, after: signed}}",
}


async def outcome(rig: Rig, enrollment: UUID, node: str) -> str:
    [row] = await rig.rows("SELECT status FROM enrollment_steps WHERE id = $1", ids.step_id(enrollment, node))
    return str(row["status"])


@pytest.mark.parametrize("kind", NODES)
async def test_a_paused_sequence_holds_whoever_comes_to_a_node(skipping: Rig, kind: str) -> None:
    """Nothing is decided, done, begun or sent; when the sequence goes on, everybody does."""
    signed = (await skipping.now()).isoformat()
    text = BEFORE + f"      - {NODES[kind]}" + LAST
    enrollment, _ = await skipping.start(text, attributes={"signed": signed})
    await skipping.arrives(enrollment, "here")
    await status.pause_sequence(skipping.engine, "held", "the offer is wrong")
    # Not to a full hour: whoever is held looks again then, and the test server loses what is said meanwhile.
    await skipping.skip(3 * DAY + 2.5 * HOUR)
    await skipping.arrives(enrollment, "here", gate="sequence_paused")
    assert await outcome(skipping, enrollment, "here") == "pending"
    assert len(skipping.outbox()) == 1
    assert await skipping.rows("SELECT FROM contacts WHERE status IS NOT NULL") == []
    assert await skipping.rows("SELECT FROM tasks") == []
    assert await status.resume_sequence(skipping.engine, "held") == 1
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await outcome(skipping, enrollment, "here") == "success"
    assert skipping.outbox()[-1].message.content.body == "The last one."  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["wait_for", "task"])
async def test_what_is_waited_for_may_come_while_the_sequence_is_paused(skipping: Rig, kind: str) -> None:
    """It is noted at once and acted on when the sequence goes on."""
    text = BEFORE + f"      - {NODES[kind]}" + LAST
    enrollment, contact = await skipping.start(text.replace("hours: 72", "seconds: 1"))
    await skipping.arrives(enrollment, "here", gate="event" if kind == "wait_for" else "task")
    await status.pause_sequence(skipping.engine, "held", "the offer is wrong")
    if kind == "wait_for":
        await record_event(skipping.engine, contact.external_id, "paid")
    else:
        await tasks.close(skipping.engine, ids.step_id(enrollment, "here"), "completed")
    await skipping.arrives(enrollment, "here", gate="sequence_paused")
    await skipping.skip(DAY + HOUR / 2)
    assert len(skipping.outbox()) == 1
    await status.resume_sequence(skipping.engine, "held")
    assert await skipping.ended(enrollment) == ("completed", None)
    [record] = [step for step in await skipping.steps(enrollment) if step["node_id"] == "here"]
    assert record["result"].get("branch", record["result"].get("outcome")) in ("then", "completed")


# --- archiving ---------------------------------------------------------------------------------------------


async def test_an_archived_sequence_lets_them_finish_and_takes_nobody_in(skipping: Rig) -> None:
    """Neither manually nor by a step of another sequence, until it is taken back."""
    enrollment, _ = await skipping.start(BEFORE + LAST)
    before = await skipping.arrives(enrollment, "last")
    done = await archive(skipping.engine, "held", stop=False)
    assert (done.stopped, done.finishing, done.woken) == (0, 1, 0)
    with pytest.raises(Conflict, match="is archived"):
        await skipping.enroll("held", await skipping.contact())
    other, _ = await skipping.start(
        "sequence: other\nsteps: [{id: in, type: action, action: enroll, sequence: held}, {type: exit}]"
    )
    await skipping.ended(other)
    [step] = await skipping.rows("SELECT result FROM enrollment_steps WHERE id = $1", ids.step_id(other, "in"))
    assert step["result"] == {"sequence": "held", "refused": "it is archived"}
    await skipping.ended(enrollment)
    assert about(before["next_run_at"], (await skipping.job(enrollment, "last"))["sent_at"])
    assert (await archive(skipping.engine, "held", stop=False)).finishing == 0
    await status.resume_sequence(skipping.engine, "held")
    await skipping.enroll("held", await skipping.contact())


async def test_whoever_a_pause_held_finishes_when_it_is_archived(skipping: Rig) -> None:
    """Archiving ends the pause for those who are in it."""
    enrollment, _ = await skipping.start(BEFORE + LAST)
    await skipping.arrives(enrollment, "last")
    await status.pause_sequence(skipping.engine, "held", "the offer is wrong")
    await skipping.skip(72.5 * HOUR)
    await skipping.arrives(enrollment, "last", gate="sequence_paused")
    assert (await archive(skipping.engine, "held", stop=False)).woken == 1
    with pytest.raises(Conflict, match="those who are in it finish"):
        await status.pause_sequence(skipping.engine, "held", "again")
    now = await skipping.now()
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(now, (await skipping.job(enrollment, "last"))["sent_at"])


async def test_archiving_stops_everybody_when_told(skipping: Rig) -> None:
    """Whoever waits and whoever is paused, and also those who were first to finish; others are left alone."""
    key = await skipping.publish(BEFORE + LAST)
    enrollments = await skipping.enroll(key, *[await skipping.contact() for _ in range(3)])
    elsewhere, _ = await skipping.start((BEFORE + LAST).replace("sequence: held", "sequence: elsewhere"))
    for enrollment in (*enrollments, elsewhere):
        await skipping.arrives(enrollment, "last")
    await control.pause(skipping.engine, enrollments[0])
    await archive(skipping.engine, key, stop=False)
    done = await archive(skipping.engine, key, stop=True)
    assert (done.stopped, done.finishing) == (3, 0)
    for enrollment in enrollments:
        assert await skipping.ended(enrollment) == ("stopped", "archived")
        assert (await skipping.job(enrollment, "last"))["cancel_reason"] == "archived"
    assert await skipping.ended(elsewhere) == ("completed", None)
    assert (await archive(skipping.engine, key, stop=True)).stopped == 0
    with pytest.raises(NotFound, match="no sequence"):
        await archive(skipping.engine, "none", stop=True)


async def test_archiving_lets_a_hand_over_go_and_stops_at_once(scripted: Rig, provider: ScriptedProvider) -> None:
    """What is under way is named, and recorded as sent when it is over; nothing comes after it."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, _ = await scripted.start(BEFORE + LAST)
    await slow.under_way.wait()
    assert (await archive(scripted.engine, "held", stop=True)).stopped == 1
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["overtaken_at"] is not None) == ("sending", True)
    slow.let_go.set()
    assert await scripted.ended(enrollment) == ("stopped", "archived")
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["overtaken_at"] is not None) == ("sent", True)
    assert [message.content.body for message in provider.handed_over] == ["Hello. STOP to end."]  # type: ignore[union-attr]


async def without_temporal(engine: Engine) -> Engine:
    client = await connect_temporal(TemporalAddress("127.0.0.1:1"), lazy=True)
    return dataclasses.replace(engine, runs=Runs(client, engine.runs.task_queue))


async def test_archiving_stops_everybody_also_without_temporal(skipping: Rig) -> None:
    """The database decides; the workflows hear of it later."""
    enrollment, _ = await skipping.start(BEFORE + LAST)
    await skipping.arrives(enrollment, "last")
    done = await archive(await without_temporal(skipping.engine), "held", stop=True)
    assert done.stopped == 1
    [left] = await skipping.rows("SELECT signal, signalled_at FROM enrollment_signals")
    assert left == {"signal": "reply", "signalled_at": None}
    assert await skipping.ended(enrollment) == ("stopped", "archived")
    assert len(skipping.outbox()) == 1


async def test_nobody_slips_in_while_a_sequence_is_archived(skipping: Rig) -> None:
    """Enrolling at the same moment: whoever got in is stopped, everybody else is refused."""
    key = await skipping.publish(BEFORE + LAST)
    people = [await skipping.contact() for _ in range(8)]
    calls = [skipping.enroll(key, one) for one in people]
    enrolled = asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0.05)
    await archive(skipping.engine, key, stop=True)
    for result in await enrolled:
        assert isinstance(result, Conflict | list), result
    assert await skipping.rows("SELECT FROM enrollments WHERE ended_at IS NULL") == []
