"""When a message may go, as data: windows and delays. The arithmetic lives in `scheduling/`."""

from datetime import time
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
    """Calendars whose days are barred: `US`, `US-FL`, `DE-BY` (country, subdivision)."""
    spread_minutes: int = Field(default=0, ge=0, le=24 * 60)
    """A message that had to wait for an opening goes up to this much later, evenly over contacts."""


class Delay(Frozen):
    """A wait: `days` are calendar days in the contact's zone, `seconds` are elapsed time after them."""

    days: int = Field(default=0, ge=0)
    seconds: int = Field(default=0, ge=0)
