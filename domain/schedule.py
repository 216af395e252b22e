"""When a message may go, as data: windows and delays. The arithmetic lives in `scheduling/`."""

from datetime import date, time
from typing import Literal

from pydantic import Field

from domain.base import Frozen

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Window(Frozen):
    """Local hours in which a message may be handed over: `[opens, closes)` on each of `days`.

    `closes` at or before `opens` crosses midnight and belongs to the day on which it opens;
    `closes == 00:00` is the end of the opening day. `opens == closes` never occurs, except
    00:00–00:00, which is the whole day. Times are wall-clock in `timezone`.
    """

    days: tuple[Weekday, ...] = WEEKDAYS
    opens: time = time(0, 0)
    closes: time = time(0, 0)
    timezone: str = "contact"
    """`contact`, `tenant` or an IANA name."""
    holidays: tuple[str, ...] = ()
    """Calendars whose days are closed: `US`, `US-FL`, `DE-BY` (country, subdivision)."""
    spread_minutes: int = Field(default=0, ge=0, le=24 * 60)
    """A message that had to wait for an opening goes up to this much later, evenly over contacts."""


class Delay(Frozen):
    """A wait for a duration: local days first (keeping the time of day), then elapsed seconds."""

    days: int = Field(default=0, ge=0)
    """Calendar days."""
    business_days: int = Field(default=0, ge=0)
    """Days that the sequence's window admits; Monday to Friday where there is no window."""
    seconds: int = Field(default=0, ge=0)


DatePolicy = Literal["continue", "stop", "skip"]
"""What a date does that is missing or has passed: go on at once, end the enrollment, or also pass over the step that
follows."""


class UntilTime(Frozen):
    """A wait until the contact's clock shows this time; none when it shows it now."""

    at: time


class UntilWeekday(Frozen):
    """A wait until the next such day at this time; without a time, for the day's beginning: none on the day itself."""

    weekday: Weekday
    at: time | None = None


class UntilDate(Frozen):
    """A wait until `at` on this date."""

    on: date
    at: time = time(0)
    if_passed: DatePolicy = "continue"


class UntilField(Frozen):
    """A wait relative to a date that the contact carries; it follows the date when that changes meanwhile."""

    field: str
    """By its canonical name, `attributes.appointment_at`."""
    direction: Literal["before", "after"]
    offset: Delay = Delay()
    at: time | None = None
    """Takes the place of the date's own time of day."""
    if_missing: DatePolicy = "stop"
    if_passed: DatePolicy = "continue"


Until = UntilTime | UntilWeekday | UntilDate | UntilField
