"""Goals: what ends an enrollment wherever it stands; and conditions on events of one's own."""

from pathlib import Path

import pytest

from domain.events import EventType
from starter import signals
from starter.contacts import imports
from starter.contacts.contacts import Changes, change
from starter.contacts.csv_file import Reading
from starter.contacts.events import record_event
from starter.contacts.imports import import_csv
from starter.enrollments import control
from tests.support.harness import Rig
from tests.workflows.test_reconciler import sweep, while_temporal_is_down
from tests.workflows.test_waits import awaiting, fates, report

GOAL = """
    sequence: aiming
    stop_on: [unsubscribe, bounce]
    goal: {goal}
    steps:
      - {{id: first, type: email, subject: Hello, body: Hello.}}
      - {{id: wait, type: delay, days: 3}}
      - {{id: second, type: email, subject: Again, body: Again.}}
"""


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Temporal on a stalled machine is not one that is away."""
    monkeypatch.setattr(signals, "_WITHIN_S", 30.0)


async def test_a_goal_is_judged_by_the_event_that_reaches_it(skipping: Rig) -> None:
    """A click ends the enrollment in the transaction that records it."""
    enrollment, _ = await skipping.start(GOAL.format(goal="clicked"))
    await skipping.arrives(enrollment, "second")
    assert (await report(skipping, enrollment, EventType.OPENED)).stopped == ()
    received = await report(skipping, enrollment, EventType.CLICKED)
    assert received.stopped == (enrollment,)
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "goal")
    assert await skipping.ended(enrollment) == ("stopped", "goal")


async def test_an_answer_that_is_the_goal_ends_as_the_goal(skipping: Rig) -> None:
    """Also where answers stop the sequence, and while a step waits for one."""
    text = GOAL.format(goal="replied").replace("stop_on: [unsubscribe, bounce]", "")
    enrollment, contact = await skipping.start(text)
    await skipping.arrives(enrollment, "second")
    assert (await skipping.reply(contact)).stopped == (enrollment,)
    assert await skipping.ended(enrollment) == ("stopped", "goal")


async def test_an_opt_out_is_no_goal(skipping: Rig) -> None:
    """Whoever says stop has not been won."""
    enrollment, contact = await skipping.start(GOAL.format(goal="replied"))
    await skipping.arrives(enrollment, "second")
    await skipping.reply(contact, "unsubscribe")
    assert await skipping.ended(enrollment) == ("stopped", "unsubscribed")


async def test_a_goal_is_judged_at_every_wake_up(skipping: Rig) -> None:
    """What changed without an event is found before the next message goes."""
    enrollment, contact = await skipping.start(GOAL.format(goal="{field: plan, eq: gold}"))
    await skipping.arrives(enrollment, "second")
    await skipping.execute('UPDATE contacts SET attributes = \'{"plan": "gold"}\' WHERE id = $1', contact.id)
    assert await skipping.ended(enrollment) == ("stopped", "goal")
    assert len(skipping.outbox()) == 1
    assert [(job["state"], job["cancel_reason"]) for job in await skipping.jobs(enrollment)][1:] == [
        ("cancelled", "goal")
    ]


async def test_a_goal_that_an_action_reaches_ends_it_there(skipping: Rig) -> None:
    """Nothing that follows the action is done: nobody gets a task for somebody who has been won."""
    enrollment, _ = await skipping.start("""
        sequence: winning
        goal: {field: status, eq: customer}
        steps:
          - {id: hello, type: sms, body: Hello.}
          - {id: won, type: action, action: update_status, status: customer}
          - {id: tagged, type: action, action: tag_lead, add: [late]}
          - {id: call, type: task, title: Call}
    """)
    assert await skipping.ended(enrollment) == ("stopped", "goal")
    assert len(skipping.outbox()) == 1
    assert await skipping.rows("SELECT FROM tasks") == []
    [contact] = await skipping.rows("SELECT status, tags FROM contacts")
    assert (contact["status"], contact["tags"]) == ("customer", [])


async def test_a_goal_that_holds_from_the_beginning_sends_nothing(skipping: Rig) -> None:
    """Whoever is there already is not written to."""
    enrollment, _ = await skipping.start(GOAL.format(goal="{field: tags, contains: won}"), tags=("won",))
    assert await skipping.ended(enrollment) == ("stopped", "goal")
    assert skipping.outbox() == []


async def test_ones_own_event_reaches_a_wait_of_one_and_the_goal_of_another(skipping: Rig) -> None:
    """Every live enrollment of the contact hears of it."""
    contact = await skipping.contact(tags=("won",))
    waiting = await skipping.publish(awaiting("paid"))
    [one] = await skipping.enroll(waiting, contact)
    await skipping.arrives(one, "answer", gate="event")
    other = await skipping.publish(GOAL.format(goal="{field: status, eq: paying}"))
    [two] = await skipping.enroll(other, contact)
    await skipping.arrives(two, "second")
    await skipping.execute("UPDATE contacts SET status = 'paying'")
    happened = await record_event(skipping.engine, contact.external_id, "paid")
    assert (happened.awaited, happened.stopped) == ((one,), (two,))
    assert await skipping.ended(two) == ("stopped", "goal")
    assert await skipping.ended(one) == ("completed", None)


async def test_ones_own_event_ends_an_enrollment_that_sleeps_towards_it(skipping: Rig) -> None:
    """In the transaction that records it; under the same key once, and no other name does it."""
    enrollment, contact = await skipping.start(GOAL.format(goal="{any: [{event: purchase}, {event: call.booked}]}"))
    await skipping.arrives(enrollment, "second")
    assert (await record_event(skipping.engine, contact.external_id, "purchased")).stopped == ()
    happened = await record_event(skipping.engine, contact.external_id, "purchase", "order-1")
    assert (happened.stopped, happened.awaited) == ((enrollment,), ())
    assert await skipping.ended(enrollment) == ("stopped", "goal")
    again = await record_event(skipping.engine, contact.external_id, "purchase", "order-1")
    assert (again.duplicate, again.stopped) == (True, ())
    assert [entry.subject for entry in skipping.outbox()] == ["Hello"]
    [word] = await skipping.rows("SELECT signal, signalled_at IS NOT NULL AS heard FROM enrollment_signals")
    assert word == {"signal": "reply", "heard": True}


async def test_a_goal_ends_whoever_waits_for_an_event_or_is_paused(skipping: Rig) -> None:
    """Wherever it stands; an event that is awaited and the goal as well is the goal."""
    text = awaiting("purchase", "goal: {event: purchase}")
    waiting, one = await skipping.start(text)
    paused, two = await skipping.start(text.replace("sequence: awaiting", "sequence: pausing"))
    for enrollment in (waiting, paused):
        await skipping.arrives(enrollment, "answer", gate="event")
    await control.pause(skipping.engine, paused)
    for enrollment, contact in ((waiting, one), (paused, two)):
        happened = await record_event(skipping.engine, contact.external_id, "purchase")
        assert (happened.stopped, happened.awaited) == ((enrollment,), ())
    for enrollment in (waiting, paused):
        assert await skipping.ended(enrollment) == ("stopped", "goal")
    assert len(skipping.outbox()) == 2


async def test_what_happened_before_the_enrollment_is_not_its_goal(skipping: Rig) -> None:
    """A purchase of last year must not end what asks for the next one; nor is a branch taken by it."""
    key = await skipping.publish(
        """
        sequence: again
        goal: {event: purchase}
        steps:
          - {id: first, type: sms, body: Hello.}
          - {id: wait, type: delay, days: 1}
          - id: asked
            type: condition
            if: {any: [{event: visit, since: 3d}, {event: purchase}]}
            then: [{id: seen, type: sms, body: We saw you.}]
            else: [{id: unseen, type: sms, body: Come and see.}]
        """
    )
    contact = await skipping.contact()
    for name in ("purchase", "visit"):
        await record_event(skipping.engine, contact.external_id, name)
    [enrollment] = await skipping.enroll(key, contact)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["unseen"] == "success"


async def test_a_goal_that_was_not_signalled_is_delivered(on_dev_server: Rig) -> None:
    """The enrollment has ended although Temporal was down; the next sweep tells its workflow, once."""
    rig = on_dev_server
    enrollment, contact = await rig.start(GOAL.format(goal="{event: purchase}"))
    await rig.arrives(enrollment, "second")
    happened = await record_event(while_temporal_is_down(rig).engine, contact.external_id, "purchase")
    assert happened.stopped == (enrollment,)
    row = await rig.enrollment(enrollment)
    assert (row["status"], row["reason"]) == ("stopped", "goal")
    await rig.execute("UPDATE enrollment_signals SET created_at = created_at - interval '1 minute'")
    assert (await sweep(rig)).signalled == 1
    assert await rig.ended(enrollment) == ("stopped", "goal")
    assert (await sweep(rig)).signalled == 0


async def test_a_change_of_the_contact_ends_whoever_sleeps_towards_it(skipping: Rig) -> None:
    """At once and not at the next wake-up, paused or not; a change that is not the goal wakes nobody."""
    text = GOAL.format(goal="{all: [{field: status, eq: customer}, {field: plan, exists: true}]}")
    asleep, contact = await skipping.start(text)
    [paused] = await skipping.enroll(await skipping.publish(text.replace("aiming", "also-aiming")), contact)
    for enrollment in (asleep, paused):
        await skipping.arrives(enrollment, "second")
    await control.pause(skipping.engine, paused)
    await change(skipping.engine, contact.external_id, Changes(status="customer"))
    assert await skipping.rows("SELECT FROM enrollment_signals") == []
    await change(skipping.engine, contact.external_id, Changes(attributes={"plan": "pro"}))
    for enrollment in (asleep, paused):
        row = await skipping.enrollment(enrollment)
        assert (row["status"], row["reason"]) == ("stopped", "goal")
        assert await skipping.ended(enrollment) == ("stopped", "goal")
    assert len(skipping.outbox()) == 2


async def test_an_import_wakes_those_alone_whose_goal_it_reaches(
    skipping: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it names: in chunks, and without a word to anybody whose sequence has no goal, or another one."""
    monkeypatch.setattr(imports, "_JUDGED_AT_ONCE", 4)
    monkeypatch.setattr(imports, "_ENDED_AT_ONCE", 2)
    people = [await skipping.contact() for _ in range(11)]
    aimed = await skipping.enroll(await skipping.publish(GOAL.format(goal="{field: plan, eq: gold}")), *people)
    plain = GOAL.replace("goal: {goal}", "").replace("{{", "{").replace("}}", "}").replace("aiming", "plain")
    others = [
        *await skipping.enroll(await skipping.publish(plain), *people),
        *await skipping.enroll(
            await skipping.publish(GOAL.format(goal="clicked").replace("aiming", "clicking")), *people
        ),
    ]
    for enrollment in (*aimed, *others):
        await skipping.arrives(enrollment, "second")
    file = tmp_path / "plans.csv"
    lines = [f"{c.external_id},{c.email},{'gold' if n < 7 else 'silver'}" for n, c in enumerate(people)]
    file.write_text("\n".join(["external_id,email,plan", *lines]))
    engine = skipping.engine
    imported = await import_csv(engine, file, Reading(default_region="US"))
    assert imported.updated == 11
    ended = await skipping.rows("SELECT id, reason FROM enrollments WHERE ended_at IS NOT NULL")
    assert {(row["id"], row["reason"]) for row in ended} == {(enrollment, "goal") for enrollment in aimed[:7]}
    words = await skipping.rows(
        "SELECT enrollment_id, signal, signalled_at IS NOT NULL AS heard FROM enrollment_signals"
    )
    assert {(w["enrollment_id"], w["signal"], w["heard"]) for w in words} == {(e, "reply", True) for e in aimed[:7]}
    assert await skipping.ended(aimed[0]) == ("stopped", "goal")


async def test_a_condition_asks_about_ones_own_event(skipping: Rig) -> None:
    """Posted at any time since the enrollment began, whether anything waited for it or not."""
    text = """
        sequence: asking
        steps:
          - {id: first, type: sms, body: Hello.}
          - {id: wait, type: delay, days: 1}
          - {id: asked, type: condition, if: {event: visit}, then: [{id: seen, type: sms, body: We saw you.}]}
    """
    enrollment, contact = await skipping.start(text)
    await skipping.arrives(enrollment, "asked")
    assert (await record_event(skipping.engine, contact.external_id, "visit")).stopped == ()
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["seen"] == "success"
