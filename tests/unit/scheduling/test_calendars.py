"""Holiday calendars by name."""

from datetime import date

import pytest

from scheduling.calendars import is_calendar, is_holiday


@pytest.mark.parametrize("name", ["US", "US-FL", "US-LA", "DE-BY", "GB-SCT"])
def test_countries_and_subdivisions_are_calendars(name: str) -> None:
    """ISO codes, alone or with a subdivision."""
    assert is_calendar(name)


@pytest.mark.parametrize("name", ["", "-", "US-", "US-ZZ", "us", "US-fl", "USA-FL", "Florida", "US-FL-1"])
def test_anything_else_is_no_calendar(name: str) -> None:
    """Other spellings are refused, not guessed."""
    assert not is_calendar(name)


def test_a_state_has_days_that_the_country_has_not() -> None:
    """The day after Thanksgiving is off in Florida, not in the whole country."""
    assert is_holiday(date(2026, 11, 27), ("US-FL",))
    assert not is_holiday(date(2026, 11, 27), ("US",))
    assert is_holiday(date(2026, 11, 27), ("US", "US-FL"))


def test_observed_days_count_also_over_a_new_year() -> None:
    """1 January 2028 is a Saturday: it is kept on Friday, 31 December 2027."""
    assert is_holiday(date(2027, 12, 31), ("US",))


def test_no_calendar_has_no_holidays() -> None:
    """Without calendars no day is suppressed."""
    assert not is_holiday(date(2026, 12, 25), ())
