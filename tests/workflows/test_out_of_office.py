"""A contact who is away until a day gets nothing before it begins where the contact is."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from uuid import UUID

import pytest
from rich.console import Console
from temporalio.api.enums.v1 import EventType

from cli.commands import enrollment_text
from domain.contact import Contact
from domain.errors import AmbiguousError
from scheduling.zones import load_zone
from starter.enrollments import control
from starter.enrollments.record import record_of
from starter.inbound.out_of_office import LONGEST_ABSENCE
from store.enrollments import enrollments, record
from store.last_look import Clearance, LastLooks
from tests.support.harness import DAY, HOUR, Rig, ScriptedProvider, about
from tests.support.helpers import assert_eventually
from tests.support.reports import away, be_away
from workflows.enrollment import EnrollmentWorkflow

PHOENIX = load_zone("America/Phoenix")
"""Where no clock is ever changed: a day has 24 hours."""
NINE = time(9)
TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, days: 2}
      - {id: second, type: sms, body: "Hello again.", window: {from: "09:00", to: "17:00"}}
      - {id: rest, type: delay, days: 2}
      - {id: third, type: sms, body: "And again."}
"""
AT_ANY_HOUR = TEXTS.replace(', window: {from: "09:00", to: "17:00"}', "")


async def noon(rig: Rig) -> Callable[[int], date]:
    """Begin at noon in Phoenix, so that no day ends under a test; answers how days are counted from there."""
    today = (await rig.until_noon(PHOENIX.key)).date()
    return lambda days: today + days * DAY


async def waiting(rig: Rig, text: str = TEXTS) -> UUID:
    """An enrollment in Phoenix, before its second message."""
    return (await waiting_contact(rig, text))[0]


async def waiting_contact(rig: Rig, text: str = TEXTS) -> tuple[UUID, Contact]:
    enrollment, contact = await rig.start(text, zones=(PHOENIX.key,))

    async def there() -> bool:
        # Held by its window as well, or not.
        return bool((await rig.enrollment(enrollment))["current_node"] == "second")

    await assert_eventually(there)
    return enrollment, contact


def at_nine(day: date) -> datetime:
    return datetime.combine(day, NINE, PHOENIX)


async def sent_at(rig: Rig, enrollment: UUID, node_id: str) -> datetime:
    at: datetime = (await rig.job(enrollment, node_id))["sent_at"]
    return at


# --- held back until the contact is back ---------------------------------------------------------------------------


async def test_what_is_next_waits_for_the_day_of_return(skipping: Rig) -> None:
    """The row, the job and the step say so at once, and the message goes when its window opens on that day."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    assert await away(skipping, enrollment, in_days(10))
    row = await skipping.arrives(enrollment, "second", gate="postponed")
    job = await skipping.job(enrollment, "second")
    [step] = [s for s in await skipping.steps(enrollment) if s["node_id"] == "second"]
    due = {row["next_run_at"], job["due_at"], job["held_until"], step["due_at"]}
    assert due == {at_nine(in_days(10))}
    assert row["not_before"] == datetime.combine(in_days(10), time(), PHOENIX)
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(at_nine(in_days(10)), await sent_at(skipping, enrollment, "second"))
    assert about(at_nine(in_days(12)), await sent_at(skipping, enrollment, "third"))


async def test_a_return_at_the_weekend_waits_for_the_window_s_monday(skipping: Rig) -> None:
    """Back on a Saturday, in a sequence that writes on working days: the message goes on Monday."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping, TEXTS.replace("window: {", "window: {days: mon-fri, "))
    saturday = next(day for day in map(in_days, range(7, 14)) if day.weekday() == 5)
    assert await away(skipping, enrollment, saturday)
    await skipping.ended(enrollment)
    assert about(at_nine(saturday + 2 * DAY), await sent_at(skipping, enrollment, "second"))


async def test_being_postponed_costs_no_activity(skipping: Rig) -> None:
    """The workflow takes the new time from the signal: three messages, three activities."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    await away(skipping, enrollment, in_days(10))
    await skipping.ended(enrollment)
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = [event.event_type for event in history.events]
    assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) == 3


async def test_an_absence_holds_although_nobody_told_the_workflow(skipping: Rig) -> None:
    """With Temporal down the author's time comes first: the message is judged, and held by what the row says."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    await be_away(skipping, enrollment, in_days(10))
    assert await skipping.ended(enrollment) == ("completed", None)
    assert about(at_nine(in_days(10)), await sent_at(skipping, enrollment, "second"))


async def test_an_absence_holds_later_steps_as_well(scripted: Rig, provider: ScriptedProvider) -> None:
    """A message in doubt is no message to come: it is settled, and the one after it waits for the return."""
    in_days = await noon(scripted)
    provider.answers.append(AmbiguousError("scripted", "the connection died"))
    enrollment, _ = await scripted.start(TEXTS, zones=(PHOENIX.key,))
    await scripted.arrives(enrollment, "first", gate="ambiguous")
    assert not await away(scripted, enrollment, in_days(10))
    await control.assume_sent(scripted.engine, enrollment)
    row = await scripted.arrives(enrollment, "second", gate="postponed")
    assert row["next_run_at"] == at_nine(in_days(10))


async def test_an_exit_waits_for_the_return(skipping: Rig) -> None:
    """Whoever is away may still answer: the sequence is not over before."""
    in_days = await noon(skipping)
    text = AT_ANY_HOUR.replace('{id: third, type: sms, body: "And again."}', "{id: out, type: exit, reason: nurtured}")
    enrollment = await waiting(skipping, text)
    await control.send_now(skipping.engine, enrollment)
    await skipping.arrives(enrollment, "out")
    await be_away(skipping, enrollment, in_days(10))
    assert await skipping.ended(enrollment) == ("completed", "nurtured")
    ended_at = (await skipping.enrollment(enrollment))["ended_at"]
    assert about(datetime.combine(in_days(10), time(), PHOENIX), ended_at)


async def test_an_absence_that_commits_after_the_claim_holds_the_hand_over(
    scripted: Rig, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look finds it: nothing is handed over before the return."""
    in_days = await noon(scripted)
    look = LastLooks.at_message
    returns_at = datetime.combine(in_days(10), time(), PHOENIX)

    async def absent_meanwhile(looks: LastLooks, tenant_id: UUID, job_id: UUID, attempt: object) -> Clearance | None:
        async with scripted.engine.database.transaction(tenant_id) as tx:
            [row] = await tx.fetch("SELECT enrollment_id FROM message_jobs WHERE id = $1", job_id)
            await enrollments.set_away(tx, row["enrollment_id"], returns_at)
        return await look(looks, tenant_id, job_id, attempt)

    monkeypatch.setattr(LastLooks, "at_message", absent_meanwhile)
    enrollment, _ = await scripted.start(AT_ANY_HOUR, zones=(PHOENIX.key,))
    row = await scripted.arrives(enrollment, "first", gate="postponed")
    assert row["next_run_at"] == returns_at
    assert (await scripted.job(enrollment, "first"))["state"] == "pending"
    assert provider.handed_over == []


async def test_the_longest_absence_counts(skipping: Rig) -> None:
    """Of two answers the later day of return holds, whichever comes first."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    assert await away(skipping, enrollment, in_days(10))
    assert not await away(skipping, enrollment, in_days(8))
    assert await away(skipping, enrollment, in_days(14))
    await skipping.ended(enrollment)
    assert about(at_nine(in_days(14)), await sent_at(skipping, enrollment, "second"))


async def test_a_day_that_is_over_or_far_off_changes_nothing(skipping: Rig) -> None:
    """A past day of return, one before the author's time, and a misread year: what is next goes when it was to go."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    before = await skipping.enrollment(enrollment)
    for day in (in_days(-30), in_days(0), in_days(LONGEST_ABSENCE.days + 2)):
        assert not await away(skipping, enrollment, day)
        assert await skipping.enrollment(enrollment) == before
    assert not await away(skipping, enrollment, in_days(1))
    assert (await skipping.enrollment(enrollment))["next_run_at"] == before["next_run_at"]


# --- what people do meanwhile --------------------------------------------------------------------------------------


async def test_send_now_overrides_an_absence(skipping: Rig) -> None:
    """The operator knows better than an automatic answer: this message goes, and the next one as its author says."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping, AT_ANY_HOUR)
    await away(skipping, enrollment, in_days(10))
    state = await control.send_now(skipping.engine, enrollment)
    assert (state.node_id, state.gate) == ("third", None)
    row = await skipping.enrollment(enrollment)
    assert row["not_before"] is None
    assert about(await skipping.now() + 2 * DAY, row["next_run_at"])


async def test_a_reply_stops_what_an_absence_holds_back(skipping: Rig) -> None:
    """A person's answer counts at once, also before the day of return."""
    in_days = await noon(skipping)
    enrollment, contact = await waiting_contact(skipping)
    await away(skipping, enrollment, in_days(10))
    await skipping.reply(contact, enrollment_id=enrollment)
    assert await skipping.ended(enrollment) == ("stopped", "replied")
    assert (await skipping.job(enrollment, "second"))["state"] == "cancelled"


async def test_an_absence_that_is_heard_of_during_a_pause_holds_after_it(skipping: Rig) -> None:
    """A paused enrollment stays paused; resumed, it waits for the return."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    await control.pause(skipping.engine, enrollment)
    assert not await away(skipping, enrollment, in_days(10))
    assert (await skipping.enrollment(enrollment))["gate"] == "enrollment_paused"
    state = await control.resume(skipping.engine, enrollment)
    assert (state.gate, state.at) == ("postponed", at_nine(in_days(10)).astimezone(UTC))


async def test_a_pause_keeps_the_author_s_wait_not_the_absence(skipping: Rig) -> None:
    """Paused while postponed and resumed after the return: what was left of the delay is waited for."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping, AT_ANY_HOUR)
    await away(skipping, enrollment, in_days(10))
    state = await control.pause(skipping.engine, enrollment)
    assert state.remaining_seconds is not None
    assert about(2 * DAY, timedelta(seconds=state.remaining_seconds))
    await skipping.skip(11 * DAY)
    state = await control.resume(skipping.engine, enrollment)
    assert state.gate is None
    assert about(await skipping.now() + 2 * DAY, state.at)


async def test_send_now_overrides_an_absence_for_good(skipping: Rig) -> None:
    """Hurried outside its hours, the message goes when they begin, not when the contact is back."""
    in_days = await noon(skipping)
    opens = ((await skipping.now()).hour + 3) % 24
    hours = f'window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00", timezone: UTC}}'
    enrollment = await waiting(skipping, TEXTS.replace('window: {from: "09:00", to: "17:00"}', hours))
    await away(skipping, enrollment, in_days(10))
    state = await control.send_now(skipping.engine, enrollment)
    assert (state.node_id, state.gate) == ("second", "window")
    assert state.at is not None
    assert state.at - await skipping.now() < 4 * HOUR
    await skipping.ended(enrollment)
    assert about(state.at, await sent_at(skipping, enrollment, "second"))


async def test_word_that_comes_late_holds_nothing_else(skipping: Rig) -> None:
    """A postponement of a message that has gone meanwhile leaves the one after it alone."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping, AT_ANY_HOUR)
    [late] = await be_away(skipping, enrollment, in_days(10))
    before = await control.send_now(skipping.engine, enrollment)
    assert before.node_id == "third"
    await skipping.engine.runs.tell(late)
    assert await skipping.engine.runs.handle(enrollment).query(EnrollmentWorkflow.state) == before


# --- what is said of it --------------------------------------------------------------------------------------------


async def test_show_says_until_when_the_contact_is_away(skipping: Rig) -> None:
    """The day of return and the time of the next message, both where the contact is."""
    in_days = await noon(skipping)
    enrollment = await waiting(skipping)
    await away(skipping, enrollment, in_days(10))
    async with skipping.engine.transaction() as tx:
        report = await record.read_enrollment(tx, enrollment)
    assert report is not None
    said = StringIO()
    Console(file=said, width=300).print(*enrollment_text.text(report), sep="\n")
    day = f"{in_days(10):%a %d %b}"
    expected = f"held back: the contact is away until {day}, next at {day} 09:00 in America/Phoenix"
    assert expected in said.getvalue()
    upcoming = record_of(report).next
    assert upcoming is not None
    assert upcoming.away_until == day
    [seen] = await skipping.rows("SELECT current_state FROM sequence_progress_monitor")
    assert seen["current_state"] == "held back by postponed before second"
