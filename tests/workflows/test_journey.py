"""A sequence from its first message to its end, and what the records say then."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import EventType

from domain import ids
from domain.messages import EmailContent, TextContent
from tests.support.harness import DAY, HOUR, SLACK, Rig

REFERENCE = (Path(__file__).parent.parent / "cases" / "reference-journey.yaml").read_text(encoding="utf-8")
IN_SECONDS = REFERENCE.replace("days: 3", "seconds: 1").replace("days: 4", "seconds: 1")


def days_apart(days: int, earlier: timedelta) -> bool:
    """Calendar days: a clock change in between adds or takes an hour."""
    return days * DAY - HOUR <= earlier <= days * DAY + HOUR + SLACK


async def test_messages_go_when_the_author_said(skipping: Rig) -> None:
    """Three messages leave, three and four days apart, and then the enrollment is complete."""
    enrollment, contact = await skipping.start(REFERENCE)
    assert await skipping.ended(enrollment) == ("completed", None)
    one, two, three = [job["sent_at"] for job in await skipping.jobs(enrollment)]
    assert days_apart(3, two - one)
    assert days_apart(4, three - two)
    assert [entry.message.to for entry in skipping.outbox()] == [contact.email, contact.email, contact.phone]
    assert [entry.body for entry in skipping.outbox()] == [
        "First message for Ada Lovelace.",
        "Second message.",
        "Third message for Ada Lovelace. Reply STOP to opt out.",
    ]


async def test_a_finished_journey_left_a_complete_record(skipping: Rig) -> None:
    """Enrollment, steps, jobs, conversation and counters all tell the same story."""
    enrollment, contact = await skipping.start(REFERENCE)
    await skipping.ended(enrollment)

    row = await skipping.enrollment(enrollment)
    assert (row["status"], row["next_run_at"], row["current_node"], row["gate"]) == ("completed", None, None, None)
    assert (row["last_node"], row["last_order_index"]) == ("three", 4)
    assert row["enrolled_at"] <= row["started_at"] < row["ended_at"]

    steps = await skipping.steps(enrollment)
    assert [(s["node_id"], s["node_type"], s["status"]) for s in steps] == [
        ("one", "email", "success"),
        ("wait-one", "delay", "success"),
        ("two", "email", "success"),
        ("wait-two", "delay", "success"),
        ("three", "sms", "success"),
    ]
    assert all(s["started_at"] <= s["completed_at"] for s in steps)

    jobs = await skipping.jobs(enrollment)
    assert [(j["state"], j["attempts"], j["provider"], j["assumed"]) for j in jobs] == [
        ("sent", 1, "outbox", False)
    ] * 3
    log = await skipping.rows("SELECT * FROM messages WHERE enrollment_id = $1 ORDER BY at", enrollment)
    assert [(m["id"], m["direction"], m["order_index"]) for m in log] == [
        (j["id"], "out", j["order_index"]) for j in jobs
    ]
    assert {m["contact_id"] for m in log} == {contact.id}
    counters = await skipping.rows(
        "SELECT node_id, sum(sent)::int AS sent, sum(pending + failed + ambiguous + cancelled)::int AS others"
        " FROM step_counters GROUP BY node_id ORDER BY node_id"
    )
    assert counters == [{"node_id": n, "sent": 1, "others": 0} for n in ("one", "three", "two")]


async def test_a_threaded_email_continues_the_conversation(skipping: Rig) -> None:
    """The second mail names the first in In-Reply-To and References, under its derived Message-ID."""
    enrollment, _ = await skipping.start(REFERENCE)
    await skipping.ended(enrollment)
    first, second, third = [entry.message.content for entry in skipping.outbox()]
    assert isinstance(first, EmailContent)
    assert isinstance(second, EmailContent)
    assert isinstance(third, TextContent)
    assert first.message_id == ids.message_id(ids.job_id(enrollment, "one"), "localhost")
    assert (first.in_reply_to, first.references) == (None, ())
    assert (second.in_reply_to, second.references) == (first.message_id, (first.message_id,))
    assert second.subject.removeprefix("Re: ") == first.subject


async def test_a_delay_after_the_last_message_is_waited_for(skipping: Rig) -> None:
    """The enrollment is complete when its last wait is over, not before."""
    enrollment, _ = await skipping.start("""
        sequence: trailing
        steps:
          - {id: only, type: sms, body: "Hello. STOP to end."}
          - {id: rest, type: delay, hours: 36}
    """)
    assert await skipping.ended(enrollment) == ("completed", None)
    row = await skipping.enrollment(enrollment)
    only, rest = await skipping.steps(enrollment)
    assert row["ended_at"] - only["completed_at"] >= timedelta(hours=36)
    assert (rest["status"], rest["completed_at"]) == ("success", rest["due_at"])


async def test_an_exit_gives_its_reason(skipping: Rig) -> None:
    """An exit step ends the enrollment as complete with the author's reason, and is recorded as a step."""
    enrollment, _ = await skipping.start("""
        sequence: leaving
        steps:
          - {id: hello, type: sms, body: "Hello. STOP to end."}
          - {id: wait, type: delay, hours: 1}
          - {id: out, type: exit, reason: nurtured}
    """)
    assert await skipping.ended(enrollment) == ("completed", "nurtured")
    assert (await skipping.enrollment(enrollment))["reason"] == "nurtured"
    assert [(s["node_id"], s["status"]) for s in await skipping.steps(enrollment)] == [
        ("hello", "success"),
        ("wait", "success"),
        ("out", "success"),
    ]


async def test_an_exit_right_after_a_message_is_a_step_too(skipping: Rig) -> None:
    """An author's exit without a wait before it is recorded like one with a wait."""
    enrollment, _ = await skipping.start("""
        sequence: short
        steps:
          - {id: hello, type: sms, body: "Hello. STOP to end."}
          - {id: out, type: exit, reason: told}
    """)
    assert await skipping.ended(enrollment) == ("completed", "told")
    assert [(s["node_id"], s["status"]) for s in await skipping.steps(enrollment)] == [
        ("hello", "success"),
        ("out", "success"),
    ]


async def test_a_sequence_may_be_one_wait(skipping: Rig) -> None:
    """A delay alone is a sequence: it is waited for, recorded, and nothing is sent."""
    enrollment, _ = await skipping.start("{sequence: pause-only, steps: [{id: wait, type: delay, days: 2}]}")
    assert await skipping.ended(enrollment) == ("completed", None)
    [wait] = await skipping.steps(enrollment)
    assert wait["status"] == "success"
    assert days_apart(2, wait["completed_at"] - wait["started_at"])
    assert skipping.outbox() == []


async def test_delays_in_a_row_add_up_and_follow_each_other(skipping: Rig) -> None:
    """Each of two delays is recorded with its own span: the second begins when the first is over."""
    enrollment, _ = await skipping.start("""
        sequence: two-waits
        steps:
          - {id: hello, type: sms, body: "Hello. STOP to end."}
          - {id: long, type: delay, hours: 30}
          - {id: short, type: delay, hours: 5}
          - {id: again, type: sms, body: "Hello again."}
    """)
    await skipping.ended(enrollment)
    hello, long, short, again = await skipping.steps(enrollment)
    assert [s["status"] for s in (hello, long, short, again)] == ["success"] * 4
    assert long["completed_at"] - long["started_at"] == timedelta(hours=30)
    assert short["started_at"] == long["completed_at"]
    assert short["completed_at"] - short["started_at"] == timedelta(hours=5)
    assert short["completed_at"] <= again["started_at"] <= again["completed_at"]


async def test_a_message_costs_one_activity_and_one_timer(skipping: Rig) -> None:
    """The reference journey's history: three activities, two timers, nothing else, at most 34 events."""
    enrollment, _ = await skipping.start(REFERENCE)
    await skipping.ended(enrollment)
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    assert kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 3
    assert kinds[EventType.EVENT_TYPE_TIMER_STARTED] == 2
    assert kinds[EventType.EVENT_TYPE_MARKER_RECORDED] == 0
    assert len(history.events) <= 34


async def test_a_run_names_no_person_to_temporal(on_dev_server: Rig) -> None:
    """Nothing that Temporal stores, in plain text or in payloads, holds a name or an address."""
    enrollment, contact = await on_dev_server.start(IN_SECONDS)
    await on_dev_server.ended(enrollment)
    history = await on_dev_server.engine.runs.handle(enrollment).fetch_history()
    stored = b"".join(event.SerializeToString() for event in history.events)
    assert str(enrollment).encode() in stored
    for personal in (contact.name, contact.email, contact.phone):
        assert personal is not None
        assert personal.encode() not in stored
