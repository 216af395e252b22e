"""A window as an author writes it; `domain.schedule.Window` is what it compiles to."""

from datetime import time
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from domain.base import Frozen
from domain.fields import Duration, Hour, Label, OneOrMore, duration_seconds
from domain.schedule import WEEKDAYS, Weekday, Window


def _weekdays(value: Any) -> Any:
    """`mon-fri`, `mon,wed`, `fri-mon`, `all` or a list of these, in the order of the week."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return value
    days: set[str] = set()
    for item in value:
        first, dash, last = str(item).lower().partition("-")
        first, last = first.strip(), last.strip()
        if first == "all" and not dash:
            days.update(WEEKDAYS)
        elif first in WEEKDAYS and (last if dash else first) in WEEKDAYS:
            start, stop = WEEKDAYS.index(first), WEEKDAYS.index(last if dash else first)
            days.update(WEEKDAYS[(start + n) % 7] for n in range((stop - start) % 7 + 1))
        else:
            raise ValueError(f"`{str(item)[:40].strip()}` is not a day")
    return tuple(day for day in WEEKDAYS if day in days)


def _minutes(hour: str) -> int:
    return int(hour[:2]) * 60 + int(hour[3:])


class WindowSpec(Frozen):
    """Local hours in which messages may go, as written."""

    days: Annotated[tuple[Weekday, ...], BeforeValidator(_weekdays, json_schema_input_type=str | list[str])] = WEEKDAYS
    from_: Annotated[Hour, Field(alias="from")] = "00:00"
    to: Hour = "24:00"
    timezone: Label = "contact"
    holidays: OneOrMore[Label] = ()
    spread: Duration = "0s"

    @property
    def spread_minutes(self) -> int:
        """How far openings are spread over contacts."""
        return duration_seconds(self.spread) // 60

    @property
    def window(self) -> Window:
        """What it compiles to."""
        return Window(
            days=self.days,
            opens=time.fromisoformat(self.from_),
            closes=time(0) if self.to == "24:00" else time.fromisoformat(self.to),
            timezone=self.timezone,
            holidays=self.holidays,
            spread_minutes=self.spread_minutes,
        )

    @model_validator(mode="after")
    def _some_hour(self) -> Self:
        if not self.days:
            raise ValueError("the window holds no day")
        if self.from_ == "24:00" or self.from_ == self.to:
            raise ValueError(f"the window holds no hour: it is open from {self.from_} to {self.to}")
        if duration_seconds(self.spread) % 60:
            raise ValueError(f"`spread` is counted in whole minutes, not {self.spread}")
        if self.spread_minutes >= (_minutes(self.to) - _minutes(self.from_) - 1) % 1440 + 1:
            raise ValueError(f"`spread` ({self.spread}) is as long as the window or longer")
        return self
