"""Messages go inside the contact's local hours: over clock changes, weekends, holidays and doubtful zones."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import holidays
from temporalio.api.enums.v1 import EventType

from domain.enrollment import ExecuteInput, StepResult
from scheduling.zones import load_zone
from tests.support.harness import DAY, Rig, about

NEW_YORK = load_zone("America/New_York")
PHOENIX = load_zone("America/Phoenix")
"""Where no clock is ever changed, so that each hour is there every day."""

BUSINESS_HOURS = 'window: {days: mon-fri, from: "09:00", to: "17:00"}'
FOR_A_YEAR = "\n".join(
    ["sequence: year", BUSINESS_HOURS, "steps:", '  - {id: m0, type: sms, body: "Hello. STOP to end."}']
    + [
        f'  - {{id: w{n}, type: delay, weeks: 5}}\n  - {{id: m{n}, type: sms, body: "Hello {n}."}}'
        for n in range(1, 10)
    ]
)
"""Ten messages over 45 weeks: wherever clocks change, they change in between."""


async def _sent_at(rig: Rig, enrollment: UUID) -> list[datetime]:
    return [job["sent_at"] for job in await rig.jobs(enrollment)]


async def test_no_message_leaves_outside_local_business_hours(skipping: Rig) -> None:
    """Over 45 weeks, clock changes inside, each message leaves Monday to Friday, nine to five, where the contact is."""
    everywhere = {
        ("America/New_York",): True,
        ("America/Los_Angeles",): True,
        ("Europe/Berlin",): True,
        ("Australia/Lord_Howe",): True,
        ("America/Phoenix",): False,
        ("Asia/Kolkata",): False,
        # A number of either zone: both clocks must agree.
        ("America/New_York", "Pacific/Honolulu"): True,
    }
    key = await skipping.publish(FOR_A_YEAR)
    people = [await skipping.contact(zones=zones) for zones in everywhere]
    enrollments = await skipping.enroll(key, *people)
    for enrollment, (zones, clocks_change) in zip(enrollments, everywhere.items(), strict=True):
        assert await skipping.ended(enrollment) == ("completed", None)
        sent = await _sent_at(skipping, enrollment)
        assert len(sent) == 10
        for at in sent:
            for zone in zones:
                local = at.astimezone(load_zone(zone))
                assert local.weekday() < 5, local
                assert 9 <= local.hour < 17, local
        offsets = {at.astimezone(load_zone(zones[0])).utcoffset() for at in sent}
        assert len(offsets) == (2 if clocks_change else 1), "the test must span a clock change"


async def test_calendar_delays_keep_the_time_of_day(skipping: Rig) -> None:
    """Without a window, five weeks later is the same local time, also when the clocks have changed."""
    await skipping.until_noon("America/New_York")
    enrollment, _ = await skipping.start(FOR_A_YEAR.replace(BUSINESS_HOURS, ""))
    await skipping.ended(enrollment)
    local = [at.astimezone(NEW_YORK).replace(tzinfo=None) for at in await _sent_at(skipping, enrollment)]
    assert all(about(35 * DAY, later - earlier) for earlier, later in pairwise(local))


def _landing(days: int, window: str) -> str:
    """A sequence whose second message is due so many days from now."""
    return f"""
        sequence: landing
        steps:
          - {{id: now, type: sms, body: "Hello. STOP to end."}}
          - {{id: wait, type: delay, days: {days}}}
          - {{id: then, type: sms, body: "Hello again.", {window}}}
    """


async def _lands(rig: Rig, text: str) -> tuple[datetime, datetime]:
    """When the wait was over, and when the message went: local in New York."""
    enrollment, _ = await rig.start(text)
    await rig.arrives(enrollment, "then", gate="window")
    await rig.ended(enrollment)
    _, wait, then = await rig.steps(enrollment)
    return wait["completed_at"].astimezone(NEW_YORK), then["completed_at"].astimezone(NEW_YORK)


async def test_what_falls_on_a_saturday_goes_on_monday(skipping: Rig) -> None:
    """A message due at the weekend waits for Monday's opening, held by the gate `window`."""
    today = (await skipping.until_noon("America/New_York")).date()
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    due, sent = await _lands(skipping, _landing((saturday - today).days, BUSINESS_HOURS))
    assert due.date() == saturday
    assert sent.date() == saturday + 2 * DAY
    assert about(datetime.combine(sent.date(), time(9), NEW_YORK), sent)


async def test_what_falls_on_a_holiday_goes_on_the_next_working_day(skipping: Rig) -> None:
    """A message due on a holiday of the window's calendar waits for the opening of the next day that is none."""
    today = (await skipping.until_noon("America/New_York")).date()
    calendar = holidays.country_holidays("US", years=[today.year, today.year + 1])
    holiday = min(day for day in calendar if day > today)
    window = 'window: {from: "09:00", to: "17:00", holidays: US}'
    due, sent = await _lands(skipping, _landing((holiday - today).days, window))
    assert due.date() == holiday
    working_day = next(holiday + n * DAY for n in range(1, 10) if holiday + n * DAY not in calendar)
    assert sent.date() == working_day
    assert about(datetime.combine(working_day, time(9), NEW_YORK), sent)


async def test_a_start_outside_the_hours_costs_no_activity(skipping: Rig) -> None:
    """The first opening is computed before the workflow starts: until then the history holds a timer alone."""
    opens = (datetime.now(PHOENIX).hour + 5) % 24
    text = f"""
        sequence: hours
        window: {{from: "{opens:02}:00", to: "{(opens + 1) % 24:02}:00"}}
        steps: [{{id: only, type: sms, body: "Hello. STOP to end."}}]
    """
    enrollment, _ = await skipping.start(text, zones=(PHOENIX.key,))
    row = await skipping.arrives(enrollment, "only", gate="window")
    assert row["next_run_at"].astimezone(PHOENIX).hour == opens
    await skipping.ended(enrollment)
    assert about(row["next_run_at"], (await skipping.job(enrollment, "only"))["sent_at"])
    history = await skipping.engine.runs.handle(enrollment).fetch_history()
    kinds = [event.event_type for event in history.events]
    assert kinds.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1
    assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) == 1


async def test_the_hours_are_checked_again_at_the_moment_of_sending(skipping: Rig) -> None:
    """A delivery that comes too late in the day (no worker was up) is held until the next opening."""
    enrollment, _ = await skipping.start(f"""
        sequence: late
        {BUSINESS_HOURS.replace("days: mon-fri, ", "")}
        steps:
          - {{id: wait, type: delay, days: 20}}
          - {{id: only, type: sms, body: "Hello. STOP to end."}}
    """)
    evening = datetime.combine(datetime.now(NEW_YORK).date() + 21 * DAY, time(17), NEW_YORK)
    order = ExecuteInput(tenant_id=skipping.engine.tenant_id, enrollment_id=enrollment, node_id="only")
    result = StepResult.model_validate(await skipping.by_itself(skipping.deliveries().deliver, order, at=evening))
    assert result.next is not None
    assert (result.verdict, result.next.gate) == ("deferred", "window")
    assert result.next.at == datetime.combine(evening.date() + DAY, time(9), NEW_YORK)
    assert (await skipping.enrollment(enrollment))["next_run_at"] == result.next.at
    assert skipping.outbox() == []
