"""When a delay is over. Pure functions: aware datetimes in, UTC out.

Days are days of one zone's calendar. A time of day that daylight saving skips happens at the first instant after the
gap when it is waited for, and moves forward by the gap when it is what days were added to; one that happens twice
means the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Literal

from domain.errors import TouchlineError
from domain.schedule import WEEKDAYS, Delay, Until, UntilDate, UntilField, UntilTime, UntilWeekday, Window
from scheduling.calendars import is_holiday
from scheduling.window import change_between, utc
from scheduling.zones import load_zone

_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
"""A date outside these is a slip of the pen."""
_SEARCH_DAYS = 3 * 366
"""A window whose business days lie further apart than this has none that anybody would wait for."""


DateVerdict = Literal["due", "passed", "missing", "unreadable"]


@dataclass(frozen=True)
class DelayEnd:
    """When a delay is over. UTC."""

    at: datetime
    verdict: DateVerdict = "due"
    """`passed`: the date lay before the delay was entered; `missing`: the contact has none; `unreadable`: what it has
    there is no date in ISO 8601, and counts as missing. `at` is then the moment at which the delay was entered, and the
    delay's policy says what follows."""


def delay_end(
    delay: Delay | Until, entered: datetime, *, zone: str, window: Window | None, value: str | None = None
) -> DelayEnd:
    """When a delay that was entered at `entered` is over, by the calendar of `zone`.

    `window` is the sequence's: it says what a business day is. `value` is what the contact has in the delay's
    field. The answer depends on nothing else, so whoever waits asks again when the contact's date has changed.
    Raises ValueError when `entered` is naive, TouchlineError for a window without a business day.
    """
    start = utc(entered)
    match delay:
        case Delay():
            return DelayEnd(_shift(start, delay, 1, zone, window))
        case UntilTime(at=at):
            return DelayEnd(_first_at(start, at, _days_from(_local(start, zone).date(), _DAY), zone))
        case UntilWeekday():
            return DelayEnd(_until_weekday(start, delay, zone))
        case UntilDate(on=on, at=at):
            return _not_before(start, _instant(on, at, zone))
        case UntilField():
            anchor = read_date(value, zone)
            if anchor is None:
                return DelayEnd(start, "unreadable" if (value or "").strip() else "missing")
            return _not_before(start, _relative(anchor, delay, zone, window))


def is_business_day(day: date, window: Window | None) -> bool:
    """Whether a local date counts: one of the window's days and none of its holidays; without a window, Mon to Fri."""
    if window is None:
        return day.weekday() < 5
    return WEEKDAYS[day.weekday()] in window.days and not is_holiday(day, window.holidays)


def read_date(value: str | None, zone: str) -> datetime | None:
    """The instant that a contact's text names, in ISO 8601; without a zone it is meant by the clock of `zone`.

    A date without a time is its beginning. None for anything that is no date.
    """
    try:
        written = datetime.fromisoformat((value or "").strip())
    except ValueError:
        return None
    if not _FIRST_YEAR <= written.year <= _LAST_YEAR:
        return None
    if written.tzinfo is not None:
        return written.astimezone(UTC)
    return _instant(written.date(), written.time(), zone)


def _not_before(start: datetime, at: datetime) -> DelayEnd:
    return DelayEnd(start, "passed") if at < start else DelayEnd(at)


def _until_weekday(start: datetime, delay: UntilWeekday, zone: str) -> datetime:
    today = _local(start, zone).date()
    if delay.at is None and WEEKDAYS[today.weekday()] == delay.weekday:
        return start
    ahead = (WEEKDAYS.index(delay.weekday) - today.weekday()) % 7
    days = _days_from(today + ahead * _DAY, 7 * _DAY)
    return _first_at(start, delay.at or clock_time(0), days, zone)


def _relative(anchor: datetime, delay: UntilField, zone: str, window: Window | None) -> datetime:
    direction = -1 if delay.direction == "before" else 1
    days = delay.offset.model_copy(update={"seconds": 0})
    at = _shift(anchor, days, direction, zone, window)
    if delay.at is not None:
        at = _instant(_local(at, zone).date(), delay.at, zone)
    return at + direction * timedelta(seconds=delay.offset.seconds)


def _shift(start: datetime, delay: Delay, direction: int, zone: str, window: Window | None) -> datetime:
    """Days by the calendar, which keep the wall clock, then elapsed seconds."""
    if delay.days or delay.business_days:
        local = _local(start, zone)
        day = local.date() + direction * delay.days * _DAY
        day = _business_day(day, delay.business_days, direction, window)
        # fold=0 is the offset before a change, in a gap as in an overlap: forward by the gap, and the first of two.
        start = datetime.combine(day, local.time(), local.tzinfo).replace(fold=0).astimezone(UTC)
    return start + direction * timedelta(seconds=delay.seconds)


def _business_day(day: date, count: int, direction: int, window: Window | None) -> date:
    """The `count`-th business day after (or before) a date."""
    empty = 0
    while count:
        day += direction * _DAY
        business = is_business_day(day, window)
        count -= business
        empty = 0 if business else empty + 1
        if empty > _SEARCH_DAYS:
            raise TouchlineError(
                "the window holds no business day", hint="Take holidays out of it, or count in `days`."
            )
    return day


def _days_from(first: date, step: timedelta) -> Iterator[date]:
    while True:
        yield first
        first += step


def _first_at(start: datetime, at: clock_time, days: Iterator[date], zone: str) -> datetime:
    """The first of these days' instants that does not lie before `start`."""
    return next(instant for day in days if (instant := _instant(day, at, zone)) >= start)


def _instant(day: date, at: clock_time, zone: str) -> datetime:
    """When the clock first shows this time on this day, or has just jumped over it."""
    wall = datetime.combine(day, at, load_zone(zone)).replace(fold=0)
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    # In a gap the offset before the change gives the later instant: the change itself lies between the two.
    return change_between(second, first, zone) if second < first else first


def _local(at: datetime, zone: str) -> datetime:
    return at.astimezone(load_zone(zone))
