"""The `delay` step: for a duration, or until a moment."""

import re
from datetime import date, time
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Tag, model_validator

from domain.base import Frozen
from domain.fields import MAX_DELAY_DAYS, FieldName, Hour, StepRef, Whole
from domain.schedule import WEEKDAYS, DatePolicy, Delay, Until, UntilDate, UntilField, UntilTime, UntilWeekday

MAX_BUSINESS_DAYS = 260

_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = dict(zip((*WEEKDAYS, *_DAY_NAMES), (*WEEKDAYS, *WEEKDAYS), strict=True))
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _moment(value: Any) -> Any:
    """A time of day, a weekday or a date, each in its one form."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word in _WEEKDAYS:
        return _WEEKDAYS[word]
    if _TIME.fullmatch(word):
        return word.zfill(5)
    try:
        if _DATE.fullmatch(word):
            return date.fromisoformat(word).isoformat()
    except ValueError:
        pass
    raise ValueError(f"`{value[:40].strip()}` is no time of day, weekday or date")


class _Duration(Frozen):
    """Whole numbers of units, which add up."""

    seconds: Whole = 0
    minutes: Whole = 0
    hours: Whole = 0
    days: Whole = 0
    weeks: Whole = 0
    business_days: Whole = 0

    @property
    def delay(self) -> Delay:
        """Days and weeks keep the time of day across clock changes, the rest is counted on a stopwatch."""
        return Delay(
            days=self.days + 7 * self.weeks,
            business_days=self.business_days,
            seconds=self.seconds + 60 * self.minutes + 3600 * self.hours,
        )

    @model_validator(mode="after")
    def _not_too_long(self) -> Self:
        delay = self.delay
        if delay.days * 86400 + delay.seconds > MAX_DELAY_DAYS * 86400:
            raise ValueError(f"the delay is longer than {MAX_DELAY_DAYS} days")
        if delay.business_days > MAX_BUSINESS_DAYS:
            raise ValueError(f"the delay is longer than {MAX_BUSINESS_DAYS} business days")
        if delay.business_days and delay.days:
            raise ValueError("count either `business_days` or `days` and `weeks`")
        return self


class DateOf(_Duration):
    """A moment relative to a date that the contact carries."""

    before: FieldName | None = None
    after: FieldName | None = None
    on: FieldName | None = None

    @model_validator(mode="after")
    def _one_date(self) -> Self:
        if sum(field is not None for field in (self.before, self.after, self.on)) != 1:
            raise ValueError("a contact's date needs exactly one of before, after, on")
        if (self.delay == Delay()) == (self.on is None):
            raise ValueError("`before` and `after` need a duration such as `days: 2`, `on` takes none")
        return self


_Until = Annotated[
    Annotated[str, BeforeValidator(_moment, json_schema_input_type=str), Tag(":moment")]
    | Annotated[DateOf, Tag(":date")],
    Discriminator(lambda value: ":moment" if isinstance(value, str) else ":date"),
]


class DelayStep(_Duration):
    """A wait."""

    type: Literal["delay"]
    id: StepRef | None = None
    until: _Until | None = None
    at: Hour | None = None
    """The time of day of a weekday, a date or a contact's date."""
    if_missing: DatePolicy | None = None
    if_passed: DatePolicy | None = None

    @property
    def wait(self) -> Delay | Until:
        """What it compiles to."""
        at = None if self.at is None else time.fromisoformat(self.at)
        match self.until:
            case None:
                return self.delay
            case DateOf() as target:
                return UntilField(
                    field=target.before or target.after or target.on or "",
                    direction="before" if target.before else "after",
                    offset=target.delay,
                    at=at,
                    if_missing=self.if_missing or "stop",
                    if_passed=self.if_passed or "continue",
                )
            case moment if moment in _WEEKDAYS:
                return UntilWeekday(weekday=_WEEKDAYS[moment], at=at)
            case moment if ":" in moment:
                return UntilTime(at=time.fromisoformat(moment))
            case moment:
                passed = self.if_passed or "continue"
                return UntilDate(on=date.fromisoformat(moment), at=at or time(0), if_passed=passed)

    @property
    def may_skip(self) -> bool:
        """Whether a missing or past date passes over the step that follows."""
        return "skip" in (self.if_missing, self.if_passed)

    @model_validator(mode="before")
    @classmethod
    def _day_and_time(cls, data: Any) -> Any:
        """`until: monday 09:00` is `until: monday` at 09:00."""
        until = data.get("until") if isinstance(data, dict) else None
        day, space, at = until.strip().partition(" ") if isinstance(until, str) else ("", "", "")
        if space and "at" not in data and _TIME.fullmatch(at.strip()) and not _TIME.fullmatch(day):
            return {**data, "until": day, "at": at.strip()}
        return data

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.until is None:
            if self.delay == Delay():
                raise ValueError("the delay is 0")
        elif self.delay != Delay():
            raise ValueError("a delay lasts for a duration or `until` a moment, not both")
        relative = isinstance(self.until, DateOf)
        is_date = relative or (isinstance(self.until, str) and "-" in self.until)
        if self.at == "24:00":
            raise ValueError("`at` is a time of day before 24:00")
        if self.at is not None and not (is_date or self.until in WEEKDAYS):
            raise ValueError("`at` goes with `until` and a weekday or date")
        if self.at is not None and isinstance(self.until, DateOf) and self.until.delay.seconds:
            raise ValueError("`at` sets the time of day: count the delay in days")
        if self.if_missing is not None and not relative:
            raise ValueError("`if_missing` goes with `until` and a contact's date")
        if self.if_passed is not None and not is_date:
            raise ValueError("`if_passed` goes with `until` and a date")
        return self
