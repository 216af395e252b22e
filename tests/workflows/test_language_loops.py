"""Loops and turns: no worker runs hot on them, and none waits for another in a circle."""

import asyncio
import time

from temporalio.api.enums.v1 import EventType as Recorded

from activities import waiting
from activities.waiting import Left, Moment
from authoring.check import check
from domain import ids
from domain.contact import Contact
from domain.enrollment import Visit
from domain.plan import WaitNode
from scheduling.itinerary import LocalTime
from starter.contacts.events import record_event
from store.enrollments import actions
from tests.support.harness import Rig
from tests.support.helpers import assert_eventually

SPINNING = """
    sequence: spinning
    steps:
      - {id: ask, type: condition, if: replied, then: [{id: out, type: exit}]}
      - {id: arms, type: split, variants: [{id: a}, {id: b}]}
      - {id: note, type: action, action: tag_lead, add: [round]}
      - {id: again, type: goto, step: ask, times: 1000}
      - {id: bye, type: sms, body: Bye.}
"""


async def test_a_loop_without_a_wait_is_walked_in_few_short_activities(on_dev_server: Rig) -> None:
    """A thousand rounds of four nodes: a hundred nodes to an activity, each far from its time-out, none repeated."""
    enrollment, _ = await on_dev_server.start(SPINNING)
    began = time.process_time()
    assert await on_dev_server.ended(enrollment) == ("completed", None)
    assert time.process_time() - began < 30
    [row] = await on_dev_server.rows("SELECT count(*) AS rounds FROM enrollment_steps WHERE node_id = 'note'")
    assert row["rounds"] == 1001
    events = (await on_dev_server.engine.runs.handle(enrollment).fetch_history()).events
    scheduled = [e for e in events if e.event_type == Recorded.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    started = [
        e.activity_task_started_event_attributes
        for e in events
        if e.event_type == Recorded.EVENT_TYPE_ACTIVITY_TASK_STARTED
    ]
    # One that went on for longer than a hundred nodes would leave fewer to the others.
    assert 40 <= len(scheduled) <= 45
    assert {one.attempt for one in started} == {1}
    assert not [e for e in events if e.event_type == Recorded.EVENT_TYPE_MARKER_RECORDED]


TURNS = """
    sequence: {key}
    steps:
      - {{id: first, type: action, action: assign_to_user, round_robin: [ana, ben, cy]}}
      - {{id: second, type: action, action: assign_to_user, round_robin: [ana, ben]}}
      - {{id: other, type: action, action: enroll, sequence: {other}}}
      - {{id: again, type: goto, step: {back}, times: 30}}
      - {{id: bye, type: sms, body: Bye.}}
"""


async def test_turns_taken_in_loops_and_in_two_sequences_at_once_never_block_each_other(on_dev_server: Rig) -> None:
    """Two sequences that enroll into each other, the same contacts in both, in loops longer than one walk goes."""
    rig = on_dev_server
    keys = {"left": ("right", "first"), "right": ("left", "second")}
    for key, (other, back) in keys.items():
        await rig.publish(TURNS.format(key=key, other=other, back=back))
    people = [await rig.contact() for _ in range(5)]
    lists = await asyncio.gather(*(rig.enroll(key, *people) for key in keys))
    await asyncio.gather(*(rig.ended(one) for enrolled in lists for one in enrolled))

    async def nobody_lives() -> bool:
        return await rig.rows("SELECT FROM enrollments WHERE ended_at IS NULL") == []

    await assert_eventually(nobody_lives, timeout_s=180)
    counted = await rig.rows(
        "SELECT s.node_id, e.sequence_id, count(*) AS visits FROM enrollment_steps s JOIN enrollments e"
        " ON e.id = s.enrollment_id WHERE s.node_id IN ('first', 'second') AND s.status = 'success'"
        " GROUP BY 1, 2"
    )
    taken = await rig.rows("SELECT node_id, sequence_id, taken AS visits FROM assignment_turns")
    assert {tuple(row.values()) for row in counted} == {tuple(row.values()) for row in taken}
    for row in await rig.rows("SELECT id FROM enrollments"):
        events = (await rig.engine.runs.handle(row["id"]).fetch_history()).events
        assert max(e.activity_task_started_event_attributes.attempt for e in events) == 1


async def test_turns_taken_in_opposite_orders_are_taken_one_after_the_other(on_dev_server: Rig) -> None:
    """A walk that begins within a loop comes to its turns in another order; the second one waits for all of them."""
    rig = on_dev_server
    sequence = ids.sequence_id(
        rig.engine.tenant_id, await rig.publish(TURNS.format(key="left", other="x", back="first"))
    )
    one, other = [await rig.contact() for _ in range(2)]
    has_one = asyncio.Event()

    async def take(contact: Contact, first: str, second: str) -> list[int]:
        async with rig.engine.transaction() as tx:
            turns = [await actions.take_turn(tx, contact.id, sequence, first)]
            if contact is one:
                has_one.set()
                # The other one, at its first turn.
                await rig.somebody_waits()
            return [*turns, await actions.take_turn(tx, contact.id, sequence, second)]

    async def take_after() -> list[int]:
        await has_one.wait()
        return await take(other, "second", "first")

    taken = await asyncio.gather(take(one, "first", "second"), take_after())
    assert list(taken) == [[0, 0], [1, 1]]


WAITING = """
    sequence: waiting
    steps:
      - {id: wait, type: wait_for, event: tick, timeout: 1d}
      - {id: bye, type: sms, body: Bye.}
"""


async def test_an_event_that_comes_while_its_wait_is_decided_upon_comes_too_late(on_dev_server: Rig) -> None:
    """It waits for the decision, and is not taken for one that was awaited."""
    rig = on_dev_server
    enrollment, contact = await rig.start(WAITING)
    await rig.arrives(enrollment, "wait", gate="event")
    plan = check(WAITING).plan
    assert plan is not None
    node, visit = plan.nodes["wait"], Visit(enrollment, "wait")
    assert isinstance(node, WaitNode)
    where = LocalTime(contact.zones, "Etc/UTC", enrollment)
    async with rig.engine.transaction(lock_enrollment=enrollment) as tx:
        decided = await waiting.for_event(tx, node, visit, Moment(await rig.now(), where, hurried=True))
        assert decided == Left(node.otherwise, {"branch": "else"})
        event = asyncio.create_task(record_event(rig.engine, contact.external_id, "tick"))
        await rig.somebody_waits()
        assert not event.done()
        await tx.execute(
            "UPDATE enrollment_steps SET status = 'success', completed_at = now() WHERE id = $1", visit.step_id
        )
    assert (await event).awaited == ()
