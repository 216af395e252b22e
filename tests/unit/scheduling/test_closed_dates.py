"""Dates on which nothing goes, whatever the window says."""

from datetime import UTC, date, datetime, time

import pytest

from domain.schedule import Window
from scheduling.window import NoAllowedInstant, is_allowed, next_allowed

CHRISTMAS_EVE = date(2026, 12, 24)
CLOSED = frozenset({CHRISTMAS_EVE})
NEW_YORK = ("America/New_York",)
DAYTIME = Window(opens=time(9), closes=time(17))
NIGHT = Window(opens=time(22), closes=time(2))


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "window", "expected"),
    [
        # Without a window: at the local midnight that ends the day (New York is five hours behind).
        (utc(24, 12), None, utc(25, 5)),
        (utc(24, 4, 59), None, utc(24, 4, 59)),
        (utc(24, 5), None, utc(25, 5)),
        (utc(24, 15), DAYTIME, utc(25, 14)),
        (utc(23, 23), DAYTIME, utc(25, 14)),
        # A window over midnight ends where the closed day begins, and does not reach out of one.
        (utc(24, 4, 30), NIGHT, utc(24, 4, 30)),
        (utc(24, 5, 30), NIGHT, utc(26, 3)),
        (utc(25, 6), NIGHT, utc(26, 3)),
    ],
)
def test_the_first_instant_lies_on_no_closed_date(at: datetime, window: Window | None, expected: datetime) -> None:
    """By the contact's clock, and `is_allowed` says the same."""
    found = next_allowed(at, window, contact_zones=NEW_YORK, tenant_zone="Etc/UTC", closed=CLOSED)
    assert found == expected
    assert is_allowed(at, window, contact_zones=NEW_YORK, tenant_zone="Etc/UTC", closed=CLOSED) == (found == at)
    assert is_allowed(found, window, contact_zones=NEW_YORK, tenant_zone="Etc/UTC", closed=CLOSED)


def test_a_date_is_closed_in_every_zone_that_the_contact_may_be_in() -> None:
    """It begins where it begins first and ends where it ends last; a contact without a zone has the tenant's."""
    zones = ("America/New_York", "America/Los_Angeles")
    start = utc(24, 5)
    assert next_allowed(start, None, contact_zones=zones, tenant_zone="Etc/UTC", closed=CLOSED) == utc(25, 8)
    assert next_allowed(start, None, contact_zones=(), tenant_zone="Etc/UTC", closed=CLOSED) == utc(25, 0)


def test_a_year_of_closed_dates_is_an_error() -> None:
    """As it is with a window that never opens."""
    year = frozenset(date.fromordinal(CHRISTMAS_EVE.toordinal() + n) for n in range(-1, 400))
    with pytest.raises(NoAllowedInstant):
        next_allowed(utc(24, 12), None, contact_zones=NEW_YORK, tenant_zone="Etc/UTC", closed=year)
