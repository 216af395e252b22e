"""Time zones as spreadsheets and other systems write them, and the IANA zone that each means."""

import re
from functools import cache

from tzlocal.windows_tz import win_tz

from scheduling.zones import ZONES

_ABBREVIATIONS = {
    **dict.fromkeys(("EST", "EDT", "ET", "EST5EDT", "EASTERN"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT", "CT", "CST6CDT", "CENTRAL"), "America/Chicago"),
    **dict.fromkeys(("MST", "MDT", "MT", "MST7MDT", "MOUNTAIN"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT", "PT", "PST8PDT", "PACIFIC"), "America/Los_Angeles"),
    **dict.fromkeys(("AKST", "AKDT"), "America/Anchorage"),
    **dict.fromkeys(("HST", "HAST"), "Pacific/Honolulu"),
    **dict.fromkeys(("BST",), "Europe/London"),
    **dict.fromkeys(("WET", "WEST"), "Europe/Lisbon"),
    **dict.fromkeys(("CET", "CEST", "MEZ", "MESZ", "MET"), "Europe/Berlin"),
    **dict.fromkeys(("EET", "EEST"), "Europe/Athens"),
    **dict.fromkeys(("MSK",), "Europe/Moscow"),
    **dict.fromkeys(("AEST", "AEDT"), "Australia/Sydney"),
    **dict.fromkeys(("ACST", "ACDT"), "Australia/Adelaide"),
    **dict.fromkeys(("AWST",), "Australia/Perth"),
    **dict.fromkeys(("NZST", "NZDT"), "Pacific/Auckland"),
    **dict.fromkeys(("JST",), "Asia/Tokyo"),
    **dict.fromkeys(("KST",), "Asia/Seoul"),
    **dict.fromkeys(("SGT",), "Asia/Singapore"),
    **dict.fromkeys(("NST", "NDT"), "America/St_Johns"),
}
"""People write the winter's abbreviation all year, so each means its zone with the summer time; IANA's own `EST`, `MST`
and `HST` are offsets without one. Not here: those of several countries, such as IST and AST."""

_RAILS = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "eastern time": "America/New_York",
    "central time": "America/Chicago",
    "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "atlantic time (canada)": "America/Halifax",
    "arizona": "America/Phoenix",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
}
"""What Windows shows, and Ruby on Rails stores, for the zones of North America."""

_OFFSET_BEFORE = re.compile(r"^\((?:UTC|GMT)\s*(?:[+-]\d{1,2}:?\d{0,2})?\)\s*", re.IGNORECASE)


def zone_meant(written: str) -> str | None:
    """The IANA zone that a text names, in whatever case and with spaces for underscores; None for any other text."""
    text = " ".join(_OFFSET_BEFORE.sub("", written.strip()).split())
    if text.upper() in _ABBREVIATIONS:
        return _ABBREVIATIONS[text.upper()]
    return _known().get(text.lower()) or _known().get(text.lower().replace(" ", "_"))


@cache
def _known() -> dict[str, str]:
    """By the name in lower case. Windows' names are CLDR's table, which tzlocal keeps."""
    return {
        **{name.lower(): zone for name, zone in win_tz.items() if zone in ZONES},
        **_RAILS,
        **{zone.lower(): zone for zone in ZONES},
    }
