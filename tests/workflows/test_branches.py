"""Conditions, splits, gotos and exits: which way an enrollment takes, and the record of every node's fate."""

import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.api.enums.v1 import EventType as Recorded

from domain import ids
from domain.enrollment import ExecuteInput
from domain.events import EventType, StatusReport
from domain.messages import Channel
from starter.inbound.receive import receive
from tests.support.harness import DAY, HOUR, Rig
from tests.support.helpers import assert_eventually

COLD = (Path(__file__).parent.parent / "cases" / "cold-outreach.yaml").read_text(encoding="utf-8")
OUTREACH = re.sub(r"(?s)window:.*?(?=stop_on)", "", COLD)
"""The same at any hour, for tests that step in at one of its waits."""


async def fates(rig: Rig, enrollment: UUID) -> dict[str, str]:
    """What the records say of each node, in the order of the sequence."""
    return {step["node_id"]: step["status"] for step in await rig.steps(enrollment)}


async def result(rig: Rig, enrollment: UUID, node: str, lap: int = 0) -> dict[str, Any]:
    [row] = await rig.rows("SELECT result FROM enrollment_steps WHERE id = $1", ids.step_id(enrollment, node, lap))
    found: dict[str, Any] = row["result"]
    return found


async def opened(rig: Rig, enrollment: UUID, node: str, **fields: Any) -> None:
    """A report that the message was opened, by a person unless `machine` says otherwise."""
    report = StatusReport(
        channel=Channel.EMAIL,
        provider="test",
        provider_event_id=f"opened-{node}-{enrollment}",
        at=await rig.now(),
        type=EventType.OPENED,
        job_id=ids.job_id(enrollment, node),
        **fields,
    )
    await receive(rig.engine, report)


async def test_cold_outreach_to_nobody_in_particular_ends_with_the_last_email(skipping: Rig) -> None:
    """Without an answer and an opening: follow-up, breakup, and the contact is marked unresponsive."""
    enrollment, contact = await skipping.start(COLD, company="Analytical Engines")
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await fates(skipping, enrollment) == {
        "intro": "success",
        "wait-intro": "success",
        "answered": "success",
        "won": "skipped",
        "follow-up": "success",
        "wait-follow-up": "success",
        "interest": "success",
        "interested": "skipped",
        "breakup": "success",
        "mark": "success",
    }
    assert await result(skipping, enrollment, "answered") == {"branch": "else"}
    assert await result(skipping, enrollment, "won") == {"bypassed_at": "answered"}
    [row] = await skipping.rows("SELECT status FROM contacts WHERE id = $1", contact.id)
    assert row["status"] == "unresponsive"


async def test_cold_outreach_to_who_opens_a_mail_asks_for_more(skipping: Rig) -> None:
    """Whoever opened the follow-up gets the other third email."""
    enrollment, _ = await skipping.start(OUTREACH, company="Analytical Engines")
    await skipping.arrives(enrollment, "answered")
    await skipping.skip(3 * DAY + 2 * HOUR)
    await skipping.arrives(enrollment, "interest")
    await opened(skipping, enrollment, "follow-up")
    assert await skipping.ended(enrollment) == ("completed", None)
    found = await fates(skipping, enrollment)
    assert (found["interested"], found["breakup"], found["mark"]) == ("success", "skipped", "success")


async def test_cold_outreach_to_who_answers_is_won(skipping: Rig) -> None:
    """Where answers do not stop the sequence, an answer to the intro leads out of it as qualified."""
    text = OUTREACH.replace("stop_on: [reply, unsubscribe, bounce]", "stop_on: [unsubscribe, bounce]")
    enrollment, contact = await skipping.start(text, company="Analytical Engines")
    await skipping.arrives(enrollment, "answered")
    await skipping.reply(contact, enrollment_id=enrollment)
    assert await skipping.ended(enrollment) == ("completed", "qualified")
    found = await fates(skipping, enrollment)
    assert {node for node, fate in found.items() if fate == "success"} == {"intro", "wait-intro", "answered", "won"}
    assert {node for node, fate in found.items() if fate == "skipped"} == {
        *("follow-up", "wait-follow-up", "interest", "interested", "breakup", "mark")
    }


async def test_cold_outreach_to_who_answers_stops(skipping: Rig) -> None:
    """As it is written, an answer ends the sequence at once."""
    enrollment, contact = await skipping.start(OUTREACH, company="Analytical Engines")
    await skipping.arrives(enrollment, "answered")
    await skipping.reply(contact)
    assert await skipping.ended(enrollment) == ("stopped", "replied")


async def test_what_lies_between_two_messages_costs_nothing(skipping: Rig) -> None:
    """Cold outreach's longest way: three activities and its two waits, the decisions included."""
    enrollment, _ = await skipping.start(OUTREACH, company="Analytical Engines")
    await skipping.ended(enrollment)
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    assert kinds[Recorded.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 3
    assert kinds[Recorded.EVENT_TYPE_TIMER_STARTED] == 2
    assert kinds[Recorded.EVENT_TYPE_MARKER_RECORDED] == 0


@pytest.mark.parametrize(
    ("condition", "branch"),
    [
        ("always", "then"),
        ("replied", "else"),
        ("not_opened", "then"),
        ("{event: opened, step: first}", "else"),
        ("{field: plan, eq: gold}", "then"),
        ("{field: tags, contains: vip}", "then"),
        ("{field: seats, gt: 10}", "then"),
        ("{field: nothing, exists: false}", "then"),
        ("{all: [always, {not: {field: plan, eq: gold}}]}", "else"),
    ],
)
async def test_a_condition_is_judged_by_what_the_database_holds(skipping: Rig, condition: str, branch: str) -> None:
    """Fields, tags and events of the contact decide at the moment at which the step is reached."""
    enrollment, _ = await skipping.start(
        f"""
        sequence: one-question
        steps:
          - {{id: first, type: email, subject: Hello, body: Hello.}}
          - {{id: question, type: condition, if: {condition}}}
          - {{id: last, type: exit}}
        """,
        tags=("new", "vip"),
        attributes={"plan": "Gold", "seats": "12"},
    )
    assert await skipping.ended(enrollment) == ("completed", None)
    assert (await result(skipping, enrollment, "question"))["branch"] == branch


async def test_a_first_condition_decides_before_anything_is_sent(skipping: Rig) -> None:
    """A sequence may begin with a condition; the message that follows goes in the same activity."""
    enrollment, _ = await skipping.start("""
        sequence: early
        steps:
          - id: question
            type: condition
            if: {field: email, exists: true}
            then: [{id: hello, type: email, subject: Hi, body: Hi}]
            else: [{id: text, type: sms, body: "Hi. STOP to end."}]
    """)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert await fates(skipping, enrollment) == {"question": "success", "hello": "success", "text": "skipped"}
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = Counter(event.event_type for event in history.events)
    assert kinds[Recorded.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 1


async def test_a_decision_waits_with_its_paused_sequence(skipping: Rig) -> None:
    """A paused sequence holds everybody where they are, also before a condition."""
    enrollment, _ = await skipping.start(WAITING)
    await skipping.arrives(enrollment, "question")
    await skipping.execute("UPDATE sequences SET status = 'paused', paused_reason = 'test'")
    await skipping.skip(25.5 * HOUR)
    await skipping.arrives(enrollment, "question", gate="sequence_paused")
    await skipping.execute("UPDATE sequences SET status = 'active', paused_reason = NULL")
    assert await skipping.ended(enrollment) == ("completed", None)


WAITING = """
    sequence: waiting
    steps:
      - {id: first, type: email, subject: Hello, body: Hello.}
      - {id: wait, type: delay, days: 1}
      - {id: question, type: condition, if: replied, then: [{id: yes, type: exit}]}
      - {id: second, type: email, subject: Hello, body: Hello again.}
"""


async def test_a_repeated_wake_up_finds_what_the_first_has_done(skipping: Rig) -> None:
    """An attempt that died after its decision is repeated without deciding again."""
    enrollment, _ = await skipping.start(WAITING)
    await skipping.arrives(enrollment, "question")
    assert await skipping.ended(enrollment) == ("completed", None)
    before = await skipping.steps(enrollment)
    order = ExecuteInput(tenant_id=skipping.engine.tenant_id, enrollment_id=enrollment, node_id="question")
    again = await skipping.by_itself(skipping.deliveries().deliver, order)
    assert again.ended.status == "completed"
    assert await skipping.steps(enrollment) == before


SPLIT = """
    sequence: ab
    steps:
      - id: test
        type: split
        variants:
          - {id: a, weight: 1, steps: [{id: mail-a, type: email, subject: A, body: A}]}
          - {id: b, weight: 1, steps: [{id: mail-b, type: email, subject: B, body: B}]}
      - {id: rest, type: delay, days: 1}
"""


async def test_a_split_sends_each_contact_down_one_arm(skipping: Rig) -> None:
    """The arm is recorded, the other arm's steps are skipped, and a second enrollment takes the same arm."""
    key = await skipping.publish(SPLIT)
    people = [await skipping.contact() for _ in range(6)]
    enrollments = await skipping.enroll(key, *people)
    taken = []
    for enrollment in enrollments:
        assert await skipping.ended(enrollment) == ("completed", None)
        arm = (await result(skipping, enrollment, "test"))["arm"]
        other = {"a": "b", "b": "a"}[arm]
        assert await fates(skipping, enrollment) == {
            "test": "success",
            f"mail-{arm}": "success",
            f"mail-{other}": "skipped",
            "rest": "success",
        }
        taken.append(arm)
    again = await skipping.enroll(key, *people)
    assert [(await skipping.ended(e)) and (await result(skipping, e, "test"))["arm"] for e in again] == taken


async def test_each_arm_counts_what_followed_from_it(skipping: Rig) -> None:
    """Entered, opened and answered once per enrollment, however often; what came before the split counts for no arm."""
    text = SPLIT.replace("steps:", "steps:\n      - {id: before, type: email, subject: First, body: First.}", 1)
    key = await skipping.publish(text)
    people = [await skipping.contact() for _ in range(4)]
    enrollments = await skipping.enroll(key, *people)
    arms = {}
    for enrollment in enrollments:
        await skipping.arrives(enrollment, "end")
        arms[enrollment] = (await result(skipping, enrollment, "test"))["arm"]
    first, second = enrollments[:2]
    await opened(skipping, first, f"mail-{arms[first]}")
    await opened(skipping, second, "before")
    await skipping.reply(people[0])
    await skipping.reply(people[0], "And another thing.")
    counted = await skipping.rows(
        "SELECT arm, sum(entered)::int AS entered, sum(opened)::int AS opened, sum(answered)::int AS answered"
        " FROM arm_counters GROUP BY arm ORDER BY arm"
    )
    taken = list(arms.values())
    assert counted == [
        {
            "arm": arm,
            "entered": taken.count(arm),
            "opened": int(arms[first] == arm),
            "answered": int(arms[first] == arm),
        }
        for arm in sorted(set(taken))
    ]


LOOP = """
    sequence: nurture
    steps:
      - {id: mail, type: email, subject: News, body: News.}
      - {id: wait, type: delay, days: 7}
      - {id: again, type: goto, step: mail, times: 2}
      - {id: bye, type: email, subject: Bye, body: Bye.}
"""


async def test_a_goto_leads_back_as_often_as_it_says(skipping: Rig) -> None:
    """Each lap has its own records, message and Message-ID; after the last one the way goes on."""
    enrollment, _ = await skipping.start(LOOP)
    assert await skipping.ended(enrollment) == ("completed", None)
    mails = [entry.message for entry in skipping.outbox()]
    assert [mail.content.subject for mail in mails] == ["News", "News", "News", "Bye"]  # type: ignore[union-attr]
    assert [mail.job_id for mail in mails] == [
        *(ids.job_id(enrollment, "mail", lap) for lap in range(3)),
        ids.job_id(enrollment, "bye", 2),
    ]
    assert len({mail.content.message_id for mail in mails}) == 4  # type: ignore[union-attr]
    rows = await skipping.rows(
        "SELECT node_id, lap, status, result ->> 'way' AS way FROM enrollment_steps ORDER BY lap, order_index"
    )
    assert [(row["node_id"], row["lap"], row["way"]) for row in rows] == [
        *(("mail", 0, None), ("wait", 0, None), ("again", 0, "back")),
        *(("mail", 1, None), ("wait", 1, None), ("again", 1, "back")),
        *(("mail", 2, None), ("wait", 2, None), ("again", 2, "on")),
        ("bye", 2, None),
    ]
    assert {row["status"] for row in rows} == {"success"}


async def test_an_answer_in_a_later_lap_answers_the_message_of_that_lap(skipping: Rig) -> None:
    """The response marks the message that was sent last, not the one of the first lap."""
    enrollment, contact = await skipping.start(LOOP)
    await skipping.arrives(enrollment, "again")
    await skipping.skip(7 * DAY + 2 * HOUR)

    async def in_the_second_lap() -> None:
        row = await skipping.enrollment(enrollment)
        assert (row["current_node"], row["lap"]) == ("again", 1)

    await assert_eventually(in_the_second_lap)
    await skipping.reply(contact, enrollment_id=enrollment)
    assert await skipping.ended(enrollment) == ("stopped", "replied")
    answered = await skipping.rows("SELECT lap FROM message_jobs WHERE answered_at IS NOT NULL")
    assert [row["lap"] for row in answered] == [1]


async def test_a_loop_without_waits_is_walked_through(skipping: Rig) -> None:
    """More nodes than one transaction executes are executed in several."""
    enrollment, _ = await skipping.start("""
        sequence: spin
        steps:
          - {id: question, type: condition, if: replied, then: [{id: out, type: exit}]}
          - {id: again, type: goto, step: question, times: 120}
          - {id: bye, type: email, subject: Bye, body: Bye.}
    """)
    assert await skipping.ended(enrollment) == ("completed", None)
    [row] = await skipping.rows("SELECT count(*) AS n FROM enrollment_steps WHERE node_id = 'question'")
    assert row["n"] == 121
    assert (await fates(skipping, enrollment))["out"] == "skipped"
