"""Named cases of the delays, each worked out manually."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import TouchlineError
from domain.schedule import WEEKDAYS, Delay, Until, UntilDate, UntilField, UntilTime, UntilWeekday, Weekday, Window
from scheduling.delays import DelayEnd, delay_end, is_business_day, read_date
from scheduling.zones import load_zone

NY = "America/New_York"
FIELD = "attributes.appointment_at"
TWO_DAYS_BEFORE = UntilField(field=FIELD, direction="before", offset=Delay(days=2))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year to second


def after_delay(at: datetime, delay: Delay | Until, *, zone: str = NY, window: Window | None = None) -> datetime:
    end = delay_end(delay, at, zone=zone, window=window)
    assert end.verdict == "due"
    return end.at


def relative(entered: datetime, delay: UntilField, value: str | None, window: Window | None = None) -> DelayEnd:
    return delay_end(delay, entered, zone=NY, window=window, value=value)


def test_days_keep_the_wall_clock_over_a_clock_change() -> None:
    """One calendar day after 10:00 on the eve of the spring change is 10:00, 23 hours later."""
    at = utc(2026, 3, 7, 15)
    assert after_delay(at, Delay(days=1), zone=NY) == utc(2026, 3, 8, 14)
    assert after_delay(at, Delay(seconds=86_400), zone=NY) == utc(2026, 3, 8, 15)


def test_a_delay_into_the_gap_moves_forward_by_the_gap() -> None:
    """02:30 on the day of the change does not exist: it becomes 03:30."""
    assert after_delay(utc(2026, 3, 7, 7, 30), Delay(days=1), zone=NY) == utc(2026, 3, 8, 7, 30)


def test_a_delay_into_the_repeated_hour_means_its_first_time() -> None:
    """01:30 on 1 November happens twice: the first, daylight one counts, also from a second 01:30."""
    assert after_delay(utc(2026, 10, 31, 5, 30), Delay(days=1), zone=NY) == utc(2026, 11, 1, 5, 30)
    assert after_delay(utc(2026, 11, 1, 6, 30), Delay(days=1), zone=NY) == utc(2026, 11, 2, 6, 30)


def test_a_delay_of_seconds_alone_is_elapsed_time_in_the_second_of_two_equal_hours() -> None:
    """No calendar is involved when there are no days: ten seconds are ten seconds."""
    assert after_delay(utc(2026, 11, 1, 6, 30), Delay(seconds=10), zone=NY) == utc(2026, 11, 1, 6, 30, 10)


def test_days_come_before_seconds() -> None:
    """Days are counted on the calendar first, then the seconds run, over a clock change if need be."""
    at = utc(2026, 3, 7, 6)
    assert after_delay(at, Delay(days=1, seconds=7200), zone=NY) == utc(2026, 3, 8, 8)


def test_a_naive_start_of_a_delay_is_refused() -> None:
    """A time without a zone is an error."""
    with pytest.raises(ValueError, match="without a zone"):
        after_delay(datetime(2026, 6, 10, 12), Delay(days=1), zone="Etc/UTC")  # noqa: DTZ001 - that is the point


def test_business_days_skip_weekends_where_there_is_no_window() -> None:
    """Two business days after Friday 10:00 are Tuesday 10:00; one after Saturday is Monday."""
    assert after_delay(utc(2026, 6, 12, 14), Delay(business_days=2)) == utc(2026, 6, 16, 14)
    assert after_delay(utc(2026, 6, 13, 14), Delay(business_days=1)) == utc(2026, 6, 15, 14)


def test_business_days_are_the_windows_days_without_its_holidays() -> None:
    """Independence Day 2026 falls on a Saturday and is observed on Friday the 3rd: neither counts, Sunday does."""
    window = Window(days=("thu", "fri", "sat", "sun"), holidays=("US",))
    assert after_delay(utc(2026, 7, 2, 14), Delay(business_days=1), window=window) == utc(2026, 7, 5, 14)
    assert is_business_day(date(2026, 7, 5), window)
    assert not is_business_day(date(2026, 7, 3), window)


def test_business_days_keep_the_time_of_day_and_come_before_hours() -> None:
    """From Friday before the spring change to Monday after it the wall clock stays; hours run on from there."""
    assert after_delay(utc(2026, 3, 6, 15), Delay(business_days=1, seconds=3600)) == utc(2026, 3, 9, 15)


def test_a_window_without_a_business_day_is_an_error_and_no_endless_search() -> None:
    """No day of the window is ever admitted: the error says what to change."""
    with pytest.raises(TouchlineError, match="no business day"):
        after_delay(utc(2026, 1, 1), Delay(business_days=1), window=Window(days=()))


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        (utc(2026, 6, 10, 12, 59), utc(2026, 6, 10, 13)),
        (utc(2026, 6, 10, 13), utc(2026, 6, 10, 13)),
        (utc(2026, 6, 10, 13, 0, 1), utc(2026, 6, 11, 13)),
    ],
)
def test_until_a_time_of_day_is_the_next_time_that_the_clock_shows_it(entered: datetime, expected: datetime) -> None:
    """09:00 in New York is 13:00 UTC in June; at 09:00 sharp there is nothing to wait for."""
    assert after_delay(entered, UntilTime(at=time(9))) == expected


def test_until_a_time_in_the_spring_gap_is_the_first_instant_after_it() -> None:
    """02:30 does not exist on 8 March: 03:00 EDT, 07:00 UTC; once past it, the next day's 02:30."""
    assert after_delay(utc(2026, 3, 8, 5), UntilTime(at=time(2, 30))) == utc(2026, 3, 8, 7)
    assert after_delay(utc(2026, 3, 8, 7, 0, 1), UntilTime(at=time(2, 30))) == utc(2026, 3, 9, 6, 30)


def test_until_a_time_that_happens_twice_means_its_first_time() -> None:
    """01:30 on 1 November is 05:30 UTC; between the two, the next is tomorrow's."""
    assert after_delay(utc(2026, 11, 1, 5), UntilTime(at=time(1, 30))) == utc(2026, 11, 1, 5, 30)
    assert after_delay(utc(2026, 11, 1, 5, 45), UntilTime(at=time(1, 30))) == utc(2026, 11, 2, 6, 30)


def test_until_a_weekday_is_the_days_beginning_and_nothing_on_the_day_itself() -> None:
    """Wednesday waits for Monday 00:00 local; on Monday at noon it is Monday already."""
    assert after_delay(utc(2026, 6, 10, 14), UntilWeekday(weekday="mon")) == utc(2026, 6, 15, 4)
    assert after_delay(utc(2026, 6, 15, 16), UntilWeekday(weekday="mon")) == utc(2026, 6, 15, 16)


def test_until_a_weekday_with_a_time_takes_today_only_while_the_time_lies_ahead() -> None:
    """Monday 08:00 waits an hour for Monday 09:00, Monday 10:00 a week."""
    monday = UntilWeekday(weekday="mon", at=time(9))
    assert after_delay(utc(2026, 6, 15, 12), monday) == utc(2026, 6, 15, 13)
    assert after_delay(utc(2026, 6, 15, 14), monday) == utc(2026, 6, 22, 13)


def test_until_a_date_is_its_beginning_or_its_time_by_the_contacts_clock() -> None:
    """24 December in New York begins at 05:00 UTC."""
    assert after_delay(utc(2026, 6, 1), UntilDate(on=date(2026, 12, 24))) == utc(2026, 12, 24, 5)
    assert after_delay(utc(2026, 6, 1), UntilDate(on=date(2026, 12, 24), at=time(9))) == utc(2026, 12, 24, 14)


def test_a_date_that_has_passed_is_told_with_the_moment_of_entering() -> None:
    """The policy decides what follows; the instant itself has not passed yet."""
    day = UntilDate(on=date(2026, 6, 1))
    assert delay_end(day, utc(2026, 6, 1, 4), zone=NY, window=None) == DelayEnd(utc(2026, 6, 1, 4))
    assert delay_end(day, utc(2026, 6, 1, 4, 1), zone=NY, window=None) == DelayEnd(utc(2026, 6, 1, 4, 1), "passed")


@pytest.mark.parametrize(
    ("delay", "value", "expected"),
    [
        (
            TWO_DAYS_BEFORE,
            "2026-06-20T15:30",
            utc(2026, 6, 18, 19, 30),
        ),
        (
            TWO_DAYS_BEFORE,
            "2026-06-20 15:30",
            utc(2026, 6, 18, 19, 30),
        ),
        (
            TWO_DAYS_BEFORE,
            "2026-06-20T15:30Z",
            utc(2026, 6, 18, 15, 30),
        ),
        (TWO_DAYS_BEFORE, "2026-06-20", utc(2026, 6, 18, 4)),
        (
            UntilField(field=FIELD, direction="before", offset=Delay(days=2), at=time(9)),
            "2026-06-20T15:30",
            utc(2026, 6, 18, 13),
        ),
        (
            UntilField(field=FIELD, direction="after", offset=Delay(seconds=3600)),
            "2026-06-20T15:30",
            utc(2026, 6, 20, 20, 30),
        ),
        (UntilField(field=FIELD, direction="after"), "2026-06-20T15:30", utc(2026, 6, 20, 19, 30)),
        (
            UntilField(field=FIELD, direction="before", offset=Delay(business_days=1)),
            "2026-06-22T15:30",
            utc(2026, 6, 19, 19, 30),
        ),
    ],
)
def test_a_contacts_date_is_reckoned_from(delay: UntilField, value: str, expected: datetime) -> None:
    """Days before and after it keep its time of day, which `at` replaces; without a zone it is local."""
    assert relative(utc(2026, 6, 1), delay, value) == DelayEnd(expected)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        *((value, "missing") for value in (None, "", " ")),
        *((value, "unreadable") for value in ("soon", "31/12/2026", "2026-13-01", "0001-01-01", "9999-12-31")),
    ],
)
def test_a_date_that_cannot_be_read_is_not_guessed_at(
    value: str | None, verdict: Literal["missing", "unreadable"]
) -> None:
    """A guess would send a reminder on a wrong day; and there is a difference between no date and an unreadable one."""
    entered = utc(2026, 6, 1)
    assert relative(entered, TWO_DAYS_BEFORE, value) == DelayEnd(entered, verdict)


def test_a_date_that_changes_while_waiting_moves_the_end() -> None:
    """The answer depends on the date alone: asked again it is the new one, also when it has passed by then."""
    entered = utc(2026, 6, 1)
    assert relative(entered, TWO_DAYS_BEFORE, "2026-06-20").at == utc(2026, 6, 18, 4)
    assert relative(entered, TWO_DAYS_BEFORE, "2026-06-10").at == utc(2026, 6, 8, 4)
    assert relative(entered, TWO_DAYS_BEFORE, "2026-06-02").verdict == "passed"


_INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_ZONES = st.sampled_from([NY, "Europe/Berlin", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Kathmandu", "Etc/UTC"])


@settings(max_examples=300)
@given(_INSTANTS, st.times(), st.sampled_from([None, *WEEKDAYS]), _ZONES)
def test_what_is_waited_for_comes_soon_and_shows_on_the_clock(
    entered: datetime, at: time, weekday: Weekday | None, zone: str
) -> None:
    """Never before it was entered, within a day (a week) and its clock change, and the clock shows it or jumped it."""
    at = at.replace(microsecond=0)
    delay = UntilTime(at=at) if weekday is None else UntilWeekday(weekday=weekday, at=at)
    end = after_delay(entered, delay, zone=zone)
    assert timedelta() <= end - entered <= timedelta(days=9 if weekday else 2, hours=2)
    read = read_date(end.isoformat(), zone)
    assert read == end
    local = end.astimezone(load_zone(zone))
    before = (end - timedelta(seconds=1)).astimezone(load_zone(zone))
    assert local.time() == at.replace(fold=0) or before.time() < at < local.time() or before.date() < local.date()
    assert weekday is None or WEEKDAYS[local.weekday()] == weekday or local.date() - before.date() > timedelta(days=1)


@settings(max_examples=300)
@given(_INSTANTS, st.integers(1, 30), _ZONES)
def test_business_days_land_on_business_days_and_count_each(entered: datetime, count: int, zone: str) -> None:
    """As many business days lie after the start, up to and with the end, as were asked for."""
    first = entered.astimezone(load_zone(zone)).date()
    last = after_delay(entered, Delay(business_days=count), zone=zone).astimezone(load_zone(zone)).date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(is_business_day(day, None) for day in days) == count
    assert is_business_day(last, None)
