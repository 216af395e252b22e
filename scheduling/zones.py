"""Which clocks a contact may live by: IANA zones, stored or derived from a phone number."""

import zoneinfo
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import timezone as phone_zones

from domain.errors import TouchlineError

# zoneinfo prefers the system's zone files, which may be a year old and then wrong for zones that changed their
# law since (Vancouver, Morocco). With no search path it reads the locked tzdata wheel, on every machine the same.
zoneinfo.reset_tzpath(())
ZoneInfo.clear_cache()

ZONES = frozenset(zoneinfo.available_timezones())
_TOO_MANY_ZONES = 8
"""A number that may be in more zones than this (toll-free, satellite) says nothing about where it rings."""


def is_zone(name: str) -> bool:
    """Whether this is an IANA zone name that the locked tzdata knows, written exactly."""
    return name in ZONES


@cache
def load_zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; raises TouchlineError for any other name."""
    if not is_zone(name):
        raise TouchlineError(f"there is no time zone {name!r}", hint="Use an IANA name such as America/New_York.")
    return ZoneInfo(name)


@lru_cache(maxsize=16_384)
def zones_of_phone(e164: str) -> tuple[str, ...]:
    """Every zone in which a number in E.164 may ring; empty when that is unknown or could be anywhere."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ()
    zones = tuple(filter(is_zone, phone_zones.time_zones_for_number(number)))
    return zones if len(zones) <= _TOO_MANY_ZONES else ()


def candidate_zones(stored: str | None, phone: str | None) -> tuple[str, ...]:
    """The stored zone, which beats everything derived; else those of the phone number; empty when neither says."""
    if stored:
        return (stored,)
    return zones_of_phone(phone) if phone else ()
