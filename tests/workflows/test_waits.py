"""Steps that wait for an event, those of one's own among them."""

from typing import Any
from uuid import UUID

import pytest

from domain import ids
from domain.errors import NotFound, TouchlineError
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.contacts.events import record_event
from starter.enrollments import control
from starter.inbound.receive import receive
from store.inbound.reception import Received
from tests.support.harness import DAY, HOUR, Rig, about

AWAITING = """
    sequence: awaiting
    {settings}
    steps:
      - {{id: first, type: email, subject: Hello, body: Hello.}}
      - id: answer
        type: wait_for
        event: {events}
        timeout: 2d
        then: [{{id: thanks, type: email, subject: Thanks, body: Thanks.}}]
        else: [{{id: again, type: email, subject: Again, body: Again.}}]
"""


def awaiting(events: str = "reply", settings: str = "") -> str:
    return AWAITING.format(events=events, settings=settings)


async def report(rig: Rig, enrollment: UUID, what: EventType, node: str = "first", **fields: Any) -> Received:
    return await receive(
        rig.engine,
        StatusReport(
            channel=Channel.EMAIL,
            provider="test",
            provider_event_id=f"{what}-{node}-{enrollment}",
            at=await rig.now(),
            type=what,
            job_id=ids.job_id(enrollment, node),
            **fields,
        ),
    )


async def fates(rig: Rig, enrollment: UUID) -> dict[str, str]:
    return {step["node_id"]: step["status"] for step in await rig.steps(enrollment)}


async def test_a_time_out_takes_the_other_branch(skipping: Rig) -> None:
    """Nobody answered for two days: `else`, and what was not taken is skipped."""
    enrollment, _ = await skipping.start(awaiting())
    row = await skipping.arrives(enrollment, "answer", gate="event")
    assert about(await skipping.now() + 2 * DAY, row["next_run_at"])
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await fates(skipping, enrollment) == {
        "first": "success",
        "answer": "success",
        "thanks": "skipped",
        "again": "success",
    }


async def test_an_awaited_answer_is_a_branch(skipping: Rig) -> None:
    """A reply that a step waits for takes `then` at once and ends nothing, although replies stop the sequence."""
    enrollment, contact = await skipping.start(awaiting())
    await skipping.arrives(enrollment, "answer", gate="event")
    received = await skipping.reply(contact)
    assert received.stopped == ()
    assert await skipping.ended(enrollment) == ("completed", None)
    found = await fates(skipping, enrollment)
    assert (found["thanks"], found["again"]) == ("success", "skipped")
    first, thanks = [job for job in await skipping.jobs(enrollment) if job["state"] == "sent"]
    assert thanks["sent_at"] - first["sent_at"] < HOUR


async def test_an_opt_out_stops_also_who_waits_for_an_answer(skipping: Rig) -> None:
    """It is no branch: the enrollment ends and the address is suppressed."""
    enrollment, contact = await skipping.start(awaiting("[reply, unsubscribed]"))
    await skipping.arrives(enrollment, "answer", gate="event")
    received = await skipping.reply(contact, "STOP")
    assert received.stopped == (enrollment,)
    assert await skipping.ended(enrollment) == ("stopped", "unsubscribed")
    assert await skipping.rows("SELECT reason FROM suppressions") == [{"reason": "unsubscribed"}]


async def test_an_answer_before_the_step_is_a_stop(skipping: Rig) -> None:
    """Only what happens while the step waits is awaited."""
    text = awaiting().replace("- id: answer", "- {id: pause, type: delay, days: 1}\n      - id: answer")
    enrollment, contact = await skipping.start(text)
    await skipping.arrives(enrollment, "answer")
    await skipping.reply(contact)
    assert await skipping.ended(enrollment) == ("stopped", "replied")


@pytest.mark.parametrize("what", [EventType.OPENED, EventType.CLICKED, EventType.BOUNCED])
async def test_what_happens_to_a_message_may_be_awaited(skipping: Rig, what: EventType) -> None:
    """Opened, clicked and bounced lead on at once; an awaited bounce suppresses the address and is a branch."""
    enrollment, _ = await skipping.start(awaiting(what))
    await skipping.arrives(enrollment, "answer", gate="event")
    assert (await report(skipping, enrollment, what)).stopped == ()
    assert await skipping.ended(enrollment) == ("completed", None)
    found = await fates(skipping, enrollment)
    assert found["again"] == "skipped"
    assert found["thanks"] == ("skipped" if what is EventType.BOUNCED else "success")


BOUNCED = """
    sequence: bounced
    stop_on: [reply]
    steps:
      - {id: mail, type: email, subject: Hi, body: Hi.}
      - {id: wait, type: delay, days: 1}
      - {id: dead, type: condition, if: {event: bounced, step: mail, since: 2d}, then: [{type: exit, reason: dead}]}
"""


@pytest.mark.parametrize(("permanent", "reason"), [(True, "dead"), (False, None)])
async def test_an_address_that_is_dead_bounced_and_one_that_refused_once_did_not(
    skipping: Rig, permanent: bool, reason: str | None
) -> None:
    """A full mailbox takes the next message: `bounced` means what `stop_on: bounce` means."""
    enrollment, _ = await skipping.start(BOUNCED)
    await skipping.arrives(enrollment, "dead")
    await report(skipping, enrollment, EventType.BOUNCED, "mail", permanent=permanent)
    assert await skipping.ended(enrollment) == ("completed", reason)


async def test_the_third_soft_bounce_in_a_row_is_a_bounce(skipping: Rig) -> None:
    """Then the address is suppressed as by a hard one, and the condition holds."""
    contact = await skipping.contact()
    reasons = []
    for n in range(3):
        # Years pass between two enrollments here, and a report is dated by the wall clock.
        text = BOUNCED.replace("sequence: bounced", f"sequence: bounced-{n}").replace(", since: 2d", "")
        key = await skipping.publish(text)
        [enrollment] = await skipping.enroll(key, contact)
        await skipping.arrives(enrollment, "dead")
        await report(skipping, enrollment, EventType.BOUNCED, "mail", permanent=False)
        reasons.append((await skipping.ended(enrollment))[1])
    assert reasons == [None, None, "dead"]


async def test_a_machine_that_opens_mail_is_not_awaited(skipping: Rig) -> None:
    """A scanner's opening is nobody's."""
    enrollment, _ = await skipping.start(awaiting("opened"))
    await skipping.arrives(enrollment, "answer", gate="event")
    await report(skipping, enrollment, EventType.OPENED, machine=True)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["again"] == "success"


async def test_ones_own_event_is_awaited_once_under_its_key(skipping: Rig) -> None:
    """Posted by name; the same key again changes nothing; what nobody waits for is kept."""
    enrollment, contact = await skipping.start(awaiting("[paid, reply]"))
    await skipping.arrives(enrollment, "answer", gate="event")
    unheard = await record_event(skipping.engine, contact.external_id, "visited")
    assert (unheard.awaited, unheard.duplicate) == ((), False)
    heard = await record_event(skipping.engine, contact.external_id, "paid", "invoice-7")
    assert heard.awaited == (enrollment,)
    again = await record_event(skipping.engine, contact.external_id, "paid", "invoice-7")
    assert (again.duplicate, again.awaited) == (True, ())
    assert await skipping.ended(enrollment) == ("completed", None)
    [step] = [s for s in await skipping.steps(enrollment) if s["node_id"] == "answer"]
    assert (step["result"]["branch"], step["result"]["event"]) == ("then", "paid")
    assert len(await skipping.rows("SELECT FROM contact_events")) == 2


async def test_ones_own_event_needs_a_contact_and_a_name_of_its_own(skipping: Rig) -> None:
    """Unknown contacts, names that are ours and names that are none are refused."""
    contact = await skipping.contact()
    with pytest.raises(NotFound):
        await record_event(skipping.engine, "nobody", "paid")
    for name in ("reply", "replied", "opened", "two words", ""):
        with pytest.raises(TouchlineError):
            await record_event(skipping.engine, contact.external_id, name)


async def test_an_event_during_a_pause_is_taken_after_it(skipping: Rig) -> None:
    """It is noted at once; the branch is taken when the enrollment goes on, without waiting for the time-out."""
    enrollment, contact = await skipping.start(awaiting())
    await skipping.arrives(enrollment, "answer", gate="event")
    await control.pause(skipping.engine, enrollment)
    await skipping.reply(contact)
    await skipping.skip(HOUR)
    assert (await skipping.enrollment(enrollment))["status"] == "paused"
    await control.resume(skipping.engine, enrollment)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["thanks"] == "success"


async def test_a_pause_keeps_what_is_left_of_the_time_out(skipping: Rig) -> None:
    """Two days of waiting are two days without the pause."""
    enrollment, _ = await skipping.start(awaiting())
    await skipping.arrives(enrollment, "answer", gate="event")
    await skipping.skip(DAY)
    await control.pause(skipping.engine, enrollment)
    await skipping.skip(5 * DAY)
    state = await control.resume(skipping.engine, enrollment)
    assert about(await skipping.now() + DAY, state.at)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["again"] == "success"


async def test_send_now_ends_the_wait(skipping: Rig) -> None:
    """As if the time were out."""
    enrollment, _ = await skipping.start(awaiting())
    await skipping.arrives(enrollment, "answer", gate="event")
    await control.send_now(skipping.engine, enrollment)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await fates(skipping, enrollment))["again"] == "success"
