"""Named cases of the window and delay arithmetic, each worked out manually."""

from datetime import UTC, datetime, time, timedelta, timezone
from uuid import UUID, uuid5

import pytest

from domain.schedule import WEEKDAYS, Weekday, Window
from scheduling.window import NoAllowedInstant, is_allowed, next_allowed

BUSINESS = Window(days=WEEKDAYS[:5], opens=time(9), closes=time(17))
NIGHT = Window(days=("fri",), opens=time(22), closes=time(2))
KEY = UUID("0b9a3f52-1111-4222-8333-0123456789ab")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc] # year to second


def first(at: datetime, window: Window | None, *zones: str, tenant: str = "America/New_York") -> datetime:
    return next_allowed(at, window, contact_zones=zones, tenant_zone=tenant)


def test_no_window_means_at_once() -> None:
    """Without a window every instant is allowed."""
    at = utc(2026, 3, 8, 3, 33)
    assert first(at, None) == at
    assert is_allowed(at, None, contact_zones=(), tenant_zone="Etc/UTC")


def test_an_allowed_instant_is_returned_unchanged_even_with_a_spread() -> None:
    """What may go now goes now: jitter is for those who had to wait."""
    at = utc(2026, 6, 10, 14, 0, 7)
    window = BUSINESS.model_copy(update={"spread_minutes": 60})
    assert next_allowed(at, window, contact_zones=("America/New_York",), tenant_zone="Etc/UTC", spread_key=KEY) is at


def test_the_window_is_closed_at_its_closing_instant() -> None:
    """A window is half open: 17:00 sharp waits for the next morning."""
    assert first(utc(2026, 6, 10, 20, 59, 59), BUSINESS, "America/New_York") == utc(2026, 6, 10, 20, 59, 59)
    assert first(utc(2026, 6, 10, 21), BUSINESS, "America/New_York") == utc(2026, 6, 11, 13)


def test_the_offset_is_the_one_at_the_target_instant() -> None:
    """From Friday before the spring change to Monday after it, the opening is an hour earlier in UTC."""
    assert first(utc(2026, 3, 6, 23), BUSINESS, "America/New_York") == utc(2026, 3, 9, 13)
    assert first(utc(2026, 3, 5, 23), BUSINESS, "America/New_York") == utc(2026, 3, 6, 14)


def test_an_opening_in_the_spring_gap_happens_at_the_first_instant_after_it() -> None:
    """02:30 does not exist on 8 March 2026 in New York: the window opens at 03:00 EDT, 07:00 UTC."""
    window = Window(opens=time(2, 30), closes=time(9))
    assert first(utc(2026, 3, 8, 4), window, "America/New_York") == utc(2026, 3, 8, 7)


def test_a_window_that_lies_wholly_in_the_gap_does_not_open_that_day() -> None:
    """02:15–02:45 never shows on the clock on 8 March: the next is on the 9th, 06:15 UTC."""
    window = Window(opens=time(2, 15), closes=time(2, 45))
    assert first(utc(2026, 3, 8, 4), window, "America/New_York") == utc(2026, 3, 9, 6, 15)


def test_an_hour_that_happens_twice_is_open_both_times() -> None:
    """01:00–02:00 on 1 November 2026 in New York lasts two hours of real time, from 05:00 to 07:00 UTC."""
    window = Window(opens=time(1), closes=time(2))
    for minute in (0, 59, 60, 119):
        at = utc(2026, 11, 1, 5) + timedelta(minutes=minute)
        assert first(at, window, "America/New_York") == at
    assert first(utc(2026, 11, 1, 7), window, "America/New_York") == utc(2026, 11, 2, 6)


def test_an_edge_inside_the_repeated_hour_follows_the_clock() -> None:
    """With an opening at 01:30, the clock that falls back to 01:00 closes the window until 01:30 shows again."""
    window = Window(opens=time(1, 30), closes=time(5))
    assert first(utc(2026, 11, 1, 5), window, "America/New_York") == utc(2026, 11, 1, 5, 30)
    assert first(utc(2026, 11, 1, 6), window, "America/New_York") == utc(2026, 11, 1, 6, 30)


def test_kathmandu_counts_its_three_quarters_of_an_hour() -> None:
    """09:00 at +05:45 is 03:15 UTC."""
    assert first(utc(2026, 6, 10, 0), BUSINESS, "Asia/Kathmandu") == utc(2026, 6, 10, 3, 15)


def test_several_zones_allow_only_what_all_of_them_allow() -> None:
    """A 907 number may be in Adak or Anchorage: the opening is Adak's, the closing Anchorage's."""
    zones = ("America/Adak", "America/Anchorage")
    assert first(utc(2026, 7, 1, 12), BUSINESS, *zones) == utc(2026, 7, 1, 18)
    assert first(utc(2026, 7, 2, 0, 59), BUSINESS, *zones) == utc(2026, 7, 2, 0, 59)
    assert first(utc(2026, 7, 2, 1), BUSINESS, *zones) == utc(2026, 7, 2, 18)


def test_honolulu_and_adak_part_only_in_summer() -> None:
    """Adak keeps daylight saving and Honolulu does not, so the common opening moves by an hour in winter's favour."""
    zones = ("Pacific/Honolulu", "America/Adak")
    assert first(utc(2026, 1, 14, 12), BUSINESS, *zones) == utc(2026, 1, 14, 19)
    assert first(utc(2026, 7, 15, 12), BUSINESS, *zones) == utc(2026, 7, 15, 19)
    assert first(utc(2026, 7, 16, 2), BUSINESS, *zones) == utc(2026, 7, 16, 19)
    assert first(utc(2026, 1, 15, 2), BUSINESS, *zones) == utc(2026, 1, 15, 2)


def test_the_weekday_is_the_contacts_own() -> None:
    """Sunday 22:00 UTC is Monday 10:00 in Auckland, and Saturday 01:00 UTC is Friday evening in Los Angeles."""
    monday = Window(days=("mon",), opens=time(9), closes=time(17))
    friday = Window(days=("fri",), opens=time(9), closes=time(21))
    assert first(utc(2026, 6, 14, 22), monday, "Pacific/Auckland") == utc(2026, 6, 14, 22)
    assert first(utc(2026, 6, 13, 1), friday, "America/Los_Angeles") == utc(2026, 6, 13, 1)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (utc(2026, 6, 12, 12), utc(2026, 6, 12, 22)),
        (utc(2026, 6, 13, 1, 59), utc(2026, 6, 13, 1, 59)),
        (utc(2026, 6, 13, 2), utc(2026, 6, 19, 22)),
        (utc(2026, 6, 12, 1), utc(2026, 6, 12, 22)),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens(at: datetime, expected: datetime) -> None:
    """Friday 22:00–02:00 covers the first hours of Saturday, not those of Friday."""
    assert first(at, NIGHT, "Etc/UTC") == expected


def test_a_holiday_bars_the_window_that_opens_on_it_and_its_hours_after_midnight() -> None:
    """Friday 25 December 2026 is suppressed, so neither its evening nor the night after it is open."""
    window = NIGHT.model_copy(update={"days": WEEKDAYS, "holidays": ("US",)})
    assert first(utc(2026, 12, 25, 1), window, "Etc/UTC") == utc(2026, 12, 25, 1)
    assert first(utc(2026, 12, 25, 2), window, "Etc/UTC") == utc(2026, 12, 26, 22)


def test_an_observed_holiday_is_barred_too() -> None:
    """4 July 2026 is a Saturday: Friday the 3rd is off, and business resumes on Monday the 6th."""
    window = BUSINESS.model_copy(update={"holidays": ("US",)})
    assert first(utc(2026, 7, 3, 14), window, "America/New_York") == utc(2026, 7, 6, 13)


def test_midnight_to_midnight_is_the_whole_day() -> None:
    """00:00–00:00 admits every instant of its days, and nothing of others."""
    sunday = Window(days=("sun",))
    assert is_allowed(utc(2026, 6, 14, 4), sunday, contact_zones=("America/New_York",), tenant_zone="Etc/UTC")
    assert is_allowed(utc(2026, 6, 15, 3, 59), sunday, contact_zones=("America/New_York",), tenant_zone="Etc/UTC")
    assert first(utc(2026, 6, 15, 4), sunday, "America/New_York") == utc(2026, 6, 21, 4)


@pytest.mark.parametrize(
    ("timezone_of_window", "contact_zones", "expected"),
    [
        ("contact", ("Asia/Tokyo",), utc(2026, 6, 10, 0)),
        ("contact", (), utc(2026, 6, 10, 13)),
        ("tenant", ("Asia/Tokyo",), utc(2026, 6, 10, 13)),
        ("Europe/Paris", ("Asia/Tokyo",), utc(2026, 6, 10, 7)),
    ],
)
def test_the_window_names_whose_clock_counts(
    timezone_of_window: str, contact_zones: tuple[str, ...], expected: datetime
) -> None:
    """The contact's zones, or the tenant's when there are none or the window says so, or a fixed zone."""
    window = BUSINESS.model_copy(update={"timezone": timezone_of_window})
    at = utc(2026, 6, 9, 23)
    assert next_allowed(at, window, contact_zones=contact_zones, tenant_zone="America/New_York") == expected


def test_windows_that_never_meet_raise_with_their_evidence() -> None:
    """09:00–10:00 in Tokyo and in New York never coincide: the error names window, zones and horizon."""
    window = Window(opens=time(9), closes=time(10))
    at = utc(2026, 6, 10)
    with pytest.raises(NoAllowedInstant, match=r"09:00–10:00.*Asia/Tokyo, America/New_York") as raised:
        first(at, window, "Asia/Tokyo", "America/New_York")
    assert raised.value.window == window
    assert raised.value.zones == ("Asia/Tokyo", "America/New_York")
    assert raised.value.horizon == at + timedelta(days=366)


def test_a_window_without_days_raises() -> None:
    """No day, no instant: the search ends."""
    with pytest.raises(NoAllowedInstant, match="no day"):
        first(utc(2026, 6, 10), Window(days=()), "Etc/UTC")


def test_another_offset_names_the_same_instant() -> None:
    """An aware time in any zone is judged as the instant it is, also in its own repeated hour."""
    at = datetime(2026, 6, 10, 16, 0, tzinfo=timezone(timedelta(hours=2)))
    assert first(at, BUSINESS, "America/New_York") is at


@pytest.mark.parametrize(
    "call", [first, lambda at, window: is_allowed(at, window, contact_zones=(), tenant_zone="UTC")]
)
def test_a_naive_time_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    """A time without a zone is an error, with and without a window."""
    for window in (None, BUSINESS):
        with pytest.raises(ValueError, match="without a zone"):
            call(datetime(2026, 6, 10, 12), window)  # noqa: DTZ001 - that is the point


def spread_of(key: UUID, minutes: int, window: Window = BUSINESS) -> timedelta:
    opening = utc(2026, 6, 10, 13)
    at = next_allowed(
        utc(2026, 6, 10, 3),
        window.model_copy(update={"spread_minutes": minutes}),
        contact_zones=("America/New_York",),
        tenant_zone="Etc/UTC",
        spread_key=key,
    )
    return at - opening


def test_jitter_is_stable_and_even_over_contacts() -> None:
    """One key always waits the same; a thousand keys fill each tenth of the spread about evenly."""
    keys = [uuid5(KEY, str(n)) for n in range(1000)]
    waits = [spread_of(key, 60) for key in keys]
    assert waits == [spread_of(key, 60) for key in keys]
    tenths = [int(wait / timedelta(minutes=6)) for wait in waits]
    assert all(60 <= tenths.count(n) <= 140 for n in range(10))
    assert set(tenths) == set(range(10))


def test_jitter_stays_inside_a_window_shorter_than_the_spread() -> None:
    """With ten minutes of window and a day of spread, everybody still goes inside the ten minutes."""
    short = BUSINESS.model_copy(update={"closes": time(9, 10)})
    waits = [spread_of(uuid5(KEY, str(n)), 1440, short) for n in range(300)]
    assert timedelta() <= min(waits) < timedelta(minutes=1)
    assert timedelta(minutes=9) < max(waits) < timedelta(minutes=10)


@pytest.mark.parametrize("day", WEEKDAYS)
def test_every_weekday_finds_its_own(day: Weekday) -> None:
    """Each weekday's window opens on that weekday, less than eight days ahead."""
    found = first(utc(2026, 6, 10, 12), Window(days=(day,), opens=time(9), closes=time(10)), "Etc/UTC")
    assert WEEKDAYS[found.weekday()] == day
    assert found < utc(2026, 6, 18, 12)
