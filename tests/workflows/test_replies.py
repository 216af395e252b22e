"""An answer ends what it should end, at once, and leaves everything else alone."""

from temporalio.api.enums.v1 import EventType

from domain.errors import TransientError
from domain.messages import Channel
from starter.enrollments import control
from tests.support.harness import DAY, Rig, ScriptedProvider, SlowAnswer

EMAILS = """
    sequence: emails
    steps:
      - {id: one, type: email, subject: "One", body: "First."}
      - {id: wait, type: delay, days: 3}
      - {id: two, type: email, thread: one, body: "Second."}
"""
TEXTS = """
    sequence: texts
    shared_addresses: allow
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: second, type: sms, body: "Hello again."}
"""


async def _activities(rig: Rig, enrollment: object) -> int:
    history = await rig.engine.runs.handle(enrollment).fetch_history()  # type: ignore[arg-type] # an enrollment's id
    return sum(event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED for event in history.events)


async def test_a_reply_during_a_wait_stops_at_once(skipping: Rig) -> None:
    """The workflow completes without another activity; the planned message is cancelled with the reason."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    received = await skipping.reply(contact, "Sounds good, call me.")
    assert (received.kind, received.step_number, received.stopped) == ("reply", 1, (enrollment,))
    assert await skipping.ended(enrollment) == ("stopped", "replied")
    assert await _activities(skipping, enrollment) == 1
    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["reason"], row["next_run_at"]) == ("stopped", "replied", None)
    job = await skipping.job(enrollment, "two")
    assert (job["state"], job["cancel_reason"]) == ("cancelled", "replied")
    assert len(skipping.outbox()) == 1


async def test_a_reply_is_recorded_on_the_step_that_it_answers(skipping: Rig) -> None:
    """Response, counters and conversation name the last message sent, counted from one."""
    key = await skipping.publish(TEXTS.replace("second, type: sms", "second, type: sms, on_failure: continue"))
    contact = await skipping.contact()
    [enrollment] = await skipping.enroll(key, contact)
    await skipping.arrives(enrollment, "second")
    await control.send_now(skipping.engine, enrollment)
    await skipping.ended(enrollment)
    received = await skipping.reply(contact, "Who is this?", channel=Channel.SMS)
    assert (received.node_id, received.step_number, received.stopped) == ("second", 3, ())
    [response] = await skipping.rows("SELECT * FROM responses")
    assert (response["node_id"], response["order_index"], response["step_number"]) == ("second", 2, 3)
    counted = await skipping.rows("SELECT node_id, responses FROM step_counters WHERE responses > 0")
    assert counted == [{"node_id": "second", "responses": 1}]
    talk = await skipping.rows("SELECT direction, body FROM messages WHERE contact_id = $1 ORDER BY at", contact.id)
    assert {row["body"] for row in talk if row["direction"] == "in"} == {"Who is this?"}


async def test_a_reply_during_a_hand_over_waits_for_nobody(scripted: Rig, provider: ScriptedProvider) -> None:
    """The message under way is named, and recorded as sent when it is over; it is none that was answered."""
    slow = SlowAnswer()
    provider.answers.append(slow)
    enrollment, contact = await scripted.start(EMAILS)
    await slow.under_way.wait()
    received = await scripted.reply(contact, enrollment_id=enrollment)
    assert (received.step_number, received.stopped) == (0, (enrollment,))
    row = await scripted.enrollment(enrollment)
    [job] = await scripted.jobs(enrollment)
    assert (row["status"], job["state"], job["overtaken_at"]) == ("stopped", "sending", row["ended_at"])
    slow.let_go.set()
    assert await scripted.ended(enrollment) == ("stopped", "replied")
    [job] = await scripted.jobs(enrollment)
    assert (job["state"], job["overtaken_at"]) == ("sent", row["ended_at"])
    assert (await scripted.enrollment(enrollment))["last_node"] == "one"
    assert len(provider.handed_over) == 1


async def test_a_reply_stops_a_message_that_is_being_retried(scripted: Rig, provider: ScriptedProvider) -> None:
    """A hand-over that failed for now is not tried again once the contact has answered."""
    provider.answers.append(TransientError("scripted", "busy", retry_after=DAY))
    enrollment, contact = await scripted.start(EMAILS)
    await scripted.arrives(enrollment, "one", gate="provider_retry")
    received = await scripted.reply(contact, enrollment_id=enrollment)
    assert (received.step_number, received.stopped) == (0, (enrollment,))
    assert await scripted.ended(enrollment) == ("stopped", "replied")
    assert len(provider.handed_over) == 1
    assert (await scripted.job(enrollment, "one"))["state"] == "cancelled"


async def test_a_reply_stops_what_is_paused(skipping: Rig) -> None:
    """A paused enrollment ends by a reply as a running one does."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    await control.pause(skipping.engine, enrollment)
    await skipping.reply(contact)
    assert await skipping.ended(enrollment) == ("stopped", "replied")


async def test_the_same_event_twice_has_one_effect(skipping: Rig) -> None:
    """A provider that reports an event again gets the first answer; nothing is stored twice."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    first = await skipping.reply(contact, provider_event_id="evt-1")
    again = await skipping.reply(contact, provider_event_id="evt-1")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.enrollment_id, again.node_id, again.step_number) == (enrollment, "one", 1)
    for table in ("events", "responses"):
        assert len(await skipping.rows(f"SELECT FROM {table}")) == 1
    assert len(await skipping.rows("SELECT FROM messages WHERE direction = 'in'")) == 1


async def test_stop_on_says_what_stops(skipping: Rig) -> None:
    """A sequence that stops on bounces alone goes on after a reply, which is recorded all the same."""
    enrollment, contact = await skipping.start(EMAILS.replace("steps:", "stop_on: [bounce]\n    steps:"))
    await skipping.arrives(enrollment, "two")
    received = await skipping.reply(contact)
    assert (received.step_number, received.stopped) == (1, ())
    assert await skipping.ended(enrollment) == ("completed", None)
    assert len(skipping.outbox()) == 2
    assert len(await skipping.rows("SELECT FROM responses")) == 1


async def test_an_opt_out_word_stops_and_suppresses(skipping: Rig) -> None:
    """STOP ends the enrollment as unsubscribed and suppresses the number on its channel."""
    enrollment, contact = await skipping.start(TEXTS)
    await skipping.arrives(enrollment, "second")
    received = await skipping.reply(contact, " Stop. ", channel=Channel.SMS)
    assert (received.kind, received.stopped) == ("opt_out", (enrollment,))
    assert await skipping.ended(enrollment) == ("stopped", "unsubscribed")
    [barred] = await skipping.rows("SELECT channel, address, reason, event_id FROM suppressions")
    assert barred == {
        "channel": "sms",
        "address": contact.phone,
        "reason": "unsubscribed",
        "event_id": received.event_id,
    }
    [response] = await skipping.rows("SELECT kind FROM responses")
    assert response["kind"] == "opt_out"


async def test_a_suppressed_address_is_skipped_and_that_is_recorded(skipping: Rig) -> None:
    """Another sequence leaves the suppressed channel out, says why, and goes on with the others."""
    first, contact = await skipping.start(TEXTS)
    await skipping.arrives(first, "second")
    await skipping.reply(contact, "STOP", channel=Channel.SMS)
    both = await skipping.publish("""
        sequence: both
        steps:
          - {id: text, type: sms, body: "Hello. STOP to end."}
          - {id: mail, type: email, subject: "Hello", body: "By mail."}
    """)
    [enrollment] = await skipping.enroll(both, contact)
    assert await skipping.ended(enrollment) == ("completed", None)
    text, mail = await skipping.jobs(enrollment)
    assert (text["state"], text["cancel_reason"], text["attempts"]) == ("cancelled", "suppressed", 0)
    assert mail["state"] == "sent"
    steps = await skipping.steps(enrollment)
    assert [(s["status"], s["result"].get("skipped")) for s in steps] == [("skipped", "suppressed"), ("success", None)]


async def test_an_opt_out_ends_every_sequence_of_the_contact(skipping: Rig) -> None:
    """It is an answer on any channel, so the contact's email sequence stops as well as the texts."""
    texts, contact = await skipping.start(TEXTS)
    [emails] = await skipping.enroll(await skipping.publish(EMAILS), contact)
    await skipping.arrives(texts, "second")
    await skipping.arrives(emails, "two")
    received = await skipping.reply(contact, "unsubscribe", channel=Channel.SMS)
    assert set(received.stopped) == {texts, emails}
    assert await skipping.ended(texts) == ("stopped", "unsubscribed")
    assert await skipping.ended(emails) == ("stopped", "unsubscribed")


async def test_an_opt_out_holds_for_everybody_at_the_number(skipping: Rig) -> None:
    """Who shares the phone gets no texts either; their email sequence goes on."""
    shared = {"phone": "+12125550111"}
    texts = await skipping.publish(TEXTS)
    emails = await skipping.publish(EMAILS)
    ada, bob, eve = [await skipping.contact(name=name, **shared) for name in ("Ada", "Bob", "Eve")]
    bobs, adas = await skipping.enroll(texts, bob, ada)
    [eves] = await skipping.enroll(emails, eve)
    for enrollment in (adas, bobs):
        await skipping.arrives(enrollment, "second")
    await skipping.arrives(eves, "two")
    received = await skipping.reply(ada, "STOP", channel=Channel.SMS)
    assert set(received.stopped) == {adas, bobs}
    assert await skipping.ended(adas) == ("stopped", "unsubscribed")
    assert await skipping.ended(bobs) == ("stopped", "unsubscribed")
    assert await skipping.ended(eves) == ("completed", None)


async def test_a_reply_stops_nobody_else(skipping: Rig) -> None:
    """An ordinary answer from a shared number is the last addressee's; another contact's sequence goes on."""
    texts = await skipping.publish(TEXTS)
    other = await skipping.publish(TEXTS.replace("sequence: texts", "sequence: others"))
    ada, bob = [await skipping.contact(name=name, phone="+12125550112") for name in ("Ada", "Bob")]
    [adas] = await skipping.enroll(texts, ada)
    await skipping.arrives(adas, "second")
    [bobs] = await skipping.enroll(other, bob)
    await skipping.arrives(bobs, "second")
    received = await skipping.reply(ada, "Yes?", channel=Channel.SMS)
    assert (received.contact_id, received.stopped) == (bob.id, (bobs,))
    assert await skipping.ended(adas) == ("completed", None)


async def test_a_stranger_is_recorded_and_stops_nobody(skipping: Rig) -> None:
    """A message from an unknown address is kept in the log, without a contact."""
    enrollment, _ = await skipping.start(EMAILS)
    await skipping.arrives(enrollment, "two")
    stranger = (await skipping.contact()).model_copy(update={"email": "nobody.known@example.com"})
    received = await skipping.reply(stranger, "Hello?")
    assert (received.contact_id, received.enrollment_id, received.stopped) == (None, None, ())
    [row] = await skipping.rows("SELECT contact_id, address FROM messages WHERE direction = 'in'")
    assert row == {"contact_id": None, "address": "nobody.known@example.com"}


async def test_an_answer_after_the_end_is_attributed_and_changes_no_status(skipping: Rig) -> None:
    """An enrollment that is complete stays complete; the response still counts for its last step."""
    enrollment, contact = await skipping.start(EMAILS)
    await skipping.ended(enrollment)
    await skipping.skip(DAY)
    received = await skipping.reply(contact)
    assert (received.enrollment_id, received.node_id, received.stopped) == (enrollment, "two", ())
    assert (await skipping.enrollment(enrollment))["status"] == "completed"
