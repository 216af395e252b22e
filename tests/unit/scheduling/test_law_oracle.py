"""The hours of the law against an oracle that knows every minute of three years: all rules, all edges."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.schedule import WEEKDAYS, Window
from scheduling.law import Rule, law
from scheduling.window import NoAllowedInstant, is_allowed, next_allowed

BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUARTER = 15
"""Minutes; no offset changes within a quarter of an hour."""
FIRST_DAY = date(2024, 12, 30)
DAYS = 1100
WRITTEN = yaml.safe_load(files("scheduling").joinpath("law.yaml").read_text("utf-8"))
ADDED = {
    "easter-2": {date(2025, 4, 18), date(2026, 4, 3), date(2027, 3, 26)},
    "election-day": {date(2025, 11, 4), date(2026, 11, 3), date(2027, 11, 2)},
}
"""As almanacs print them."""
ZONES = ("America/New_York", "America/Chicago", "America/Phoenix", "America/Los_Angeles", "Pacific/Honolulu")
ZONE_OF = {"FR": "Europe/Paris", "GB": "Europe/London", "DE": "Europe/Berlin", "AU": "Australia/Lord_Howe"}


@cache
def local_minutes(zone: str) -> Any:
    """What the clock reads in each minute: minutes since the beginning of FIRST_DAY."""
    clock = ZoneInfo(zone)
    origin = datetime.combine(FIRST_DAY, time(0))
    quarters = np.array(
        [
            ((BEGIN + n * QUARTER * MINUTE).astimezone(clock).replace(tzinfo=None) - origin) // MINUTE
            for n in range((END - BEGIN) // MINUTE // QUARTER)
        ]
    )
    return (quarters[:, None] + np.arange(QUARTER)).ravel()


def holidays_of(name: str | None) -> set[date]:
    if name is None:
        return set()
    written = WRITTEN["holiday_sets"][name]
    country, _, subdivision = written["calendar"].partition("-")
    found = set(holidays.country_holidays(country, subdiv=subdivision or None, years=range(2024, 2029)))
    for rule in written["plus"]:
        found |= ADDED.get(rule) or {date.fromisoformat(f"{year}-{rule}") for year in range(2024, 2029)}
    return found


def table_of(spells: dict[date, Sequence[tuple[str, str]]]) -> Any:
    """Open or not, by local minute since the beginning of FIRST_DAY."""
    table = np.zeros(DAYS * 1440, dtype=bool)
    for n in range(DAYS):
        for start, end in spells[FIRST_DAY + timedelta(days=n)]:
            opens, closes = (int(at[:2]) * 60 + int(at[3:]) for at in (start, end))
            table[n * 1440 + opens : n * 1440 + closes] = True
    return table


@cache
def table_of_rule(name: str) -> Any:
    rule = next(rule for rule in WRITTEN["rules"] if rule["id"] == name)
    closed = holidays_of(rule.get("holidays"))
    spells: dict[date, Sequence[tuple[str, str]]] = {}
    for n in range(DAYS):
        day = FIRST_DAY + timedelta(days=n)
        start, end = rule["effective"]["from"], rule["effective"]["to"]
        if (start is not None and day < start) or (end is not None and day >= end):
            spells[day] = [("00:00", "24:00")]
        elif day in closed:
            spells[day] = []
        else:
            times = rule["hours"].get(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()], [])
            spells[day] = list(zip(times[::2], times[1::2], strict=True))
    return table_of(spells)


@cache
def table_of_window(window: Window) -> Any:
    opens, closes = f"{window.opens:%H:%M}", f"{window.closes:%H:%M}"
    days = (FIRST_DAY + timedelta(days=n) for n in range(DAYS))
    return table_of({day: [(opens, closes)] if WEEKDAYS[day.weekday()] in window.days else [] for day in days})


def open_minutes(rules: Sequence[str], window: Window | None, zones: Sequence[str]) -> Any:
    """Open or not, in each minute of real time from BEGIN on."""
    found = np.ones((END - BEGIN) // MINUTE, dtype=bool)
    for name in rules:
        clock = next(rule["clock"] for rule in WRITTEN["rules"] if rule["id"] == name)
        for zone in zones if clock == "contact" else (clock,):
            found &= table_of_rule(name)[local_minutes(zone)]
    if window is not None:
        for zone in zones:
            found &= table_of_window(window)[local_minutes(zone)]
    return found


def assert_agrees(rules: Sequence[str], window: Window | None, zones: tuple[str, ...]) -> None:
    """At each edge of three years, a minute before it and at it; and where nothing changes, somewhere in between."""
    also = tuple(map(law().__getitem__, rules))
    expected = open_minutes(rules, window, zones)
    opened = np.flatnonzero(expected)
    edges = np.flatnonzero(np.diff(expected)) + 1
    inside = (edges[:-1] + edges[1:]) // 2
    for minute in sorted({0, *(edges - 1), *edges, *inside}):
        at = BEGIN + int(minute) * MINUTE
        said = is_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC", also=also)
        assert said == expected[minute], f"{rules} {window} {zones}: {at}"
        later = np.searchsorted(opened, minute)
        if later == len(opened):
            continue
        found = next_allowed(at, window, contact_zones=zones, tenant_zone="Etc/UTC", also=also, spread_key=UUID(int=7))
        assert found == BEGIN + int(opened[later]) * MINUTE, f"{rules} {window} {zones}: from {at}"


@pytest.mark.parametrize("rule", law().values(), ids=lambda rule: rule.id)
def test_each_rule_opens_and_closes_to_the_minute_for_three_years(rule: Rule) -> None:
    """Dates on which a rule begins or ends, holidays and changes of clocks included."""
    assert_agrees([rule.id], None, (ZONE_OF.get(rule.jurisdiction, "America/Chicago"),))


def test_both_sides_of_each_date_on_which_a_rule_begins_or_ends() -> None:
    """The oracle above sees these days; here they are named, so that a rule without effect is not taken for right."""
    minutes = {name: open_minutes([name], None, ("America/New_York",)) for name in law()}

    def opens(rule: str, *at: int) -> bool:
        local = datetime(*at, tzinfo=ZoneInfo("America/New_York"))  # type: ignore[misc,arg-type]
        return bool(minutes[rule][(local - BEGIN) // MINUTE])

    assert opens("us-tx", 2025, 8, 31, 7)
    assert not opens("us-tx", 2025, 9, 1, 7)
    assert opens("us-or", 2025, 12, 31, 23)
    assert not opens("us-or", 2026, 1, 1, 23)
    assert opens("us-pa-2026", 2026, 10, 17, 8)
    assert not opens("us-pa-2026", 2026, 10, 18, 12)
    assert opens("us-pa-2019", 2026, 10, 18, 23)
    assert not opens("fr-texts-until-2026", 2026, 2, 28, 22)
    assert opens("fr-texts-2026", 2026, 2, 28, 22)
    assert not opens("fr-texts-2026", 2026, 3, 1, 21, 45)
    assert not opens("us-ms", 2026, 1, 5, 8), "the phone is in New York, the rule's clock in Chicago"
    assert opens("us-ms", 2026, 1, 5, 9)


windows = st.builds(
    lambda days, opens, hours: Window(days=days, opens=time(opens), closes=time(opens + hours)),
    st.sampled_from((WEEKDAYS, WEEKDAYS[:5], ("sun",), ("sat", "mon"))),
    st.integers(0, 20),
    st.integers(1, 3),
)


@settings(max_examples=25, deadline=None)
@given(
    rules=st.lists(st.sampled_from(sorted(law())), min_size=2, max_size=4, unique=True),
    window=st.none() | windows,
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True).map(tuple),
)
def test_rules_window_and_clocks_hold_together(rules: list[str], window: Window | None, zones: tuple[str, ...]) -> None:
    """What is left is what all of them leave."""
    assert_agrees(rules, window, zones)


def test_hours_that_leave_nothing_are_named() -> None:
    """A Sunday that the author wants and the law suppresses."""
    with pytest.raises(NoAllowedInstant, match=r"on sun.*together with us-ri"):
        next_allowed(
            BEGIN, Window(days=("sun",)), contact_zones=ZONES[:1], tenant_zone="Etc/UTC", also=(law()["us-ri"],)
        )
