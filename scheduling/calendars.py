"""Public holidays by country and subdivision, observed days included."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=1)
def _supported() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


def is_calendar(name: str) -> bool:
    """Whether `name` is a calendar that we have: `US`, `US-FL`, `DE-BY` (ISO 3166 codes, written exactly)."""
    country, dash, subdivision = name.partition("-")
    subdivisions = _supported().get(country)
    return subdivisions is not None and (not dash or subdivision in subdivisions)


@lru_cache(maxsize=4_096)
def _days(calendar: str, year: int) -> frozenset[date]:
    """One calendar's holidays of one year; kept, because building them costs a thousand times a look-up."""
    country, _, subdivision = calendar.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))


def is_holiday(day: date, calendars: Iterable[str]) -> bool:
    """Whether a local date is a holiday of any of these calendars, each one that `is_calendar` accepts."""
    return any(day in _days(calendar, day.year) for calendar in calendars)
