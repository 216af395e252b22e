"""Zones by name and by number, from the locked zone files."""

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import TouchlineError
from scheduling.zones import candidate_zones, is_zone, load_zone, zones_of_phone


def test_zone_files_are_the_locked_ones() -> None:
    """The machine's own zone files are never read, however new or old they are."""
    assert zoneinfo.TZPATH == ()
    # Since 2026 the law of British Columbia keeps daylight time for good: a 2025 file has -8 here.
    assert datetime(2026, 12, 1, tzinfo=UTC).astimezone(load_zone("America/Vancouver")).utcoffset() == timedelta(
        hours=-7
    )


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Katmandu", "Etc/UTC", "UTC"])
def test_iana_names_are_zones(name: str) -> None:
    """Names of the zone data, old spellings included, load."""
    assert is_zone(name)
    assert load_zone(name).key == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "america/new_york", "EST5EDT4", "../UTC", "/etc/passwd", "America", "+01:00"]
)
def test_anything_else_is_no_zone(name: str) -> None:
    """Unknown names, paths and offsets are refused with a hint."""
    assert not is_zone(name)
    with pytest.raises(TouchlineError, match="no time zone") as raised:
        load_zone(name)
    assert raised.value.hint == "Use an IANA name such as America/New_York."


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+12125550100", ("America/New_York",)),
        ("+12085550100", ("America/Boise", "America/Los_Angeles")),
        ("+19075550100", ("America/Adak", "America/Anchorage")),
        ("+9779812345678", ("Asia/Katmandu",)),
    ],
)
def test_a_number_gives_every_zone_it_may_ring_in(number: str, zones: tuple[str, ...]) -> None:
    """An area code that spans a zone border gives several zones."""
    assert zones_of_phone(number) == zones


@pytest.mark.parametrize("number", ["+18005550100", "+99912345678", "", "nonsense", "2125550100"])
def test_a_number_that_could_be_anywhere_gives_none(number: str) -> None:
    """Toll-free, unassigned and malformed numbers say nothing."""
    assert zones_of_phone(number) == ()


def test_a_stored_zone_beats_the_number() -> None:
    """What the tenant stored counts, then the number, then nothing."""
    assert candidate_zones("Pacific/Honolulu", "+12125550100") == ("Pacific/Honolulu",)
    assert candidate_zones(None, "+12125550100") == ("America/New_York",)
    assert candidate_zones("", "+12125550100") == ("America/New_York",)
    assert candidate_zones(None, None) == ()
