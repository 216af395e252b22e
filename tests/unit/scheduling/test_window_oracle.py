"""The window arithmetic against an oracle that steps through real time, minute by minute, and reads clocks."""

from array import array
from datetime import UTC, datetime, time, timedelta
from functools import cache, lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.schedule import WEEKDAYS, Window
from scheduling.window import NoAllowedInstant, is_allowed, next_allowed

ZONES = (
    "America/Adak",
    "America/Anchorage",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Santiago",
    "America/St_Johns",
    "America/Vancouver",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
)
CALENDARS = {"US": holidays.country_holidays("US"), "US-FL": holidays.country_holidays("US", subdiv="FL")}
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY_MINUTES = 1440
ORACLE_DAYS = 9


def minute_of(at: datetime) -> int:
    return (at - EPOCH) // MINUTE


@lru_cache(maxsize=4000)
def clock_readings(zone: str, utc_day: int) -> "array[int]":
    """What the clock reads in each minute of one UTC day: the local date's ordinal × 1440 + minute of the day."""
    clock = ZoneInfo(zone)
    first = EPOCH + timedelta(days=utc_day)
    local = (datetime.fromtimestamp(first.timestamp() + 60 * n, clock) for n in range(DAY_MINUTES))
    return array("q", (t.toordinal() * DAY_MINUTES + t.hour * 60 + t.minute for t in local))


def open_by_the_clock(minute: int, window: Window, zone: str) -> bool:
    utc_day, n = divmod(minute, DAY_MINUTES)
    ordinal, of_day = divmod(clock_readings(zone, utc_day)[n], DAY_MINUTES)
    opens = window.opens.hour * 60 + window.opens.minute
    closes = window.closes.hour * 60 + window.closes.minute
    if opens < closes:
        return opens <= of_day < closes and admits(ordinal, window)
    return (of_day >= opens and admits(ordinal, window)) or (of_day < closes and admits(ordinal - 1, window))


@lru_cache(maxsize=4000)
def admits(ordinal: int, window: Window) -> bool:
    day = datetime.fromordinal(ordinal).date()
    return WEEKDAYS[day.weekday()] in window.days and not any(day in CALENDARS[name] for name in window.holidays)


def oracle(at: datetime, window: Window, zones: tuple[str, ...]) -> datetime | None:
    """The first allowed minute within a few days."""
    for minute in range(minute_of(at), minute_of(at) + ORACLE_DAYS * DAY_MINUTES):
        if all(open_by_the_clock(minute, window, zone) for zone in zones):
            return EPOCH + minute * MINUTE
    return None


@cache
def clock_changes() -> tuple[datetime, ...]:
    """The hours in the two years in which some zone's offset changes."""
    found = []
    for zone in ZONES:
        clock = ZoneInfo(zone)
        offset = BEGIN.astimezone(clock).utcoffset()
        for hour in range(int((END - BEGIN) / timedelta(hours=1))):
            at = BEGIN + timedelta(hours=hour)
            if (now := at.astimezone(clock).utcoffset()) != offset:
                found.append(at)
                offset = now
    return tuple(found)


any_minute = st.integers(0, (END - BEGIN) // MINUTE - 1).map(lambda n: BEGIN + n * MINUTE)
near_a_change = st.builds(
    lambda at, minutes: at + minutes * MINUTE,
    st.deferred(lambda: st.sampled_from(clock_changes())),
    st.integers(-36 * 60, 12 * 60),
)
clock_times = st.one_of(
    st.builds(time, st.integers(0, 23), st.sampled_from((0, 30))),
    # The hours that clock changes skip and repeat.
    st.builds(time, st.sampled_from((0, 1, 2, 3, 23)), st.sampled_from((0, 1, 15, 30, 45, 59))),
    st.just(time(0, 0)),
)
windows = st.builds(
    Window,
    days=st.one_of(
        st.just(WEEKDAYS),
        st.just(WEEKDAYS[:5]),
        st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple),
    ),
    opens=clock_times,
    closes=clock_times,
    holidays=st.sampled_from(((), (), ("US",), ("US-FL",), ("US", "US-FL"))),
    spread_minutes=st.sampled_from((0, 1, 45, 1440)),
).filter(lambda w: w.opens != w.closes or w.opens == time(0, 0))
zone_sets = st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple)
instants = st.one_of(any_minute, near_a_change)

bounded = settings(max_examples=400, derandomize=True)


@bounded
@given(at=instants, window=windows, zones=zone_sets)
def test_next_allowed_is_the_first_minute_that_every_clock_admits(
    at: datetime, window: Window, zones: tuple[str, ...]
) -> None:
    """The first allowed instant is the one that stepping through the minutes finds."""
    expected = oracle(at, window, zones)
    try:
        found = next_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC")
    except NoAllowedInstant:
        assert expected is None
        return
    if expected is None:
        assert found >= at + timedelta(days=ORACLE_DAYS)
    else:
        assert found == expected


@bounded
@given(at=instants, window=windows, zones=zone_sets)
def test_is_allowed_is_what_every_clock_says(at: datetime, window: Window, zones: tuple[str, ...]) -> None:
    """An instant is allowed exactly when the clock of every zone reads a time inside the window."""
    expected = all(open_by_the_clock(minute_of(at), window, zone) for zone in zones)
    assert is_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC") is expected


@bounded
@given(at=instants, window=windows, zones=zone_sets, key=st.uuids())
def test_a_spread_instant_is_allowed_and_not_before_the_opening(
    at: datetime, window: Window, zones: tuple[str, ...], key: UUID
) -> None:
    """Jitter never leaves the window, never exceeds the spread and never touches what may go at once."""
    try:
        opening = next_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC")
    except NoAllowedInstant:
        return
    spread = next_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC", spread_key=key)
    assert all(open_by_the_clock(minute_of(spread), window, zone) for zone in zones)
    assert timedelta() <= spread - opening <= timedelta(minutes=window.spread_minutes)
    if opening == at:
        assert spread == at


@pytest.mark.parametrize("zone", ZONES)
def test_around_each_clock_change_every_quarter_of_an_hour_agrees(zone: str) -> None:
    """Two days around every change of every clock, allowed and oracle agree, at the edges of the odd hours."""
    windows_here = [
        Window(opens=time(2, 15), closes=time(2, 45)),
        Window(opens=time(1, 30), closes=time(9, 0), days=("sat", "sun")),
        Window(opens=time(22, 0), closes=time(1, 30), days=("sat",)),
        Window(days=("sat",)),
    ]
    clock = ZoneInfo(zone)
    own = [
        c for c in clock_changes() if c.astimezone(clock).utcoffset() != (c - 90 * MINUTE).astimezone(clock).utcoffset()
    ]
    for change in own or [BEGIN]:
        for quarter in range(-96, 97):
            at = change + quarter * 15 * MINUTE
            for window in windows_here:
                expected = open_by_the_clock(minute_of(at), window, zone)
                assert is_allowed(at, window, contact_zones=(zone,), tenant_zone="Etc/UTC") is expected, (at, window)
