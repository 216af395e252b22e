"""Dates as people write them, read in a declared order or told to be unreadable: never guessed at."""

import re
from datetime import date, datetime, time
from typing import Literal

DateOrder = Literal["mdy", "dmy", "ymd"]

_CLOCK = r"(?:[ T,]+(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
_NUMBERS = re.compile(r"(?P<a>\d{1,4})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<c>\d{1,4})\.?" + _CLOCK)
_MONTH = r"(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|ene|abr|ago|dic|févr|avr|juin|juil|août|déc)"
_NAMED = re.compile(
    rf"\d{{1,2}}(?:st|nd|rd|th|\.|er|º)?[ -](?:de )?{_MONTH}\w*\.?[ ,-]+(?:de )?\d{{2,4}}.{{0,15}}"
    rf"|{_MONTH}\w*\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}.{{0,15}}",
    re.IGNORECASE,
)
ISO_SHAPE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
"""What means to be ISO 8601, also where the calendar has no such day."""
_PIVOT = 69
"""A year of two digits below it is of this century (POSIX)."""


class NoDate(ValueError):
    """It is written like a date, and is none in the declared order."""


def is_iso(text: str) -> bool:
    """Whether conditions and delays read it as a date."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def looks_like_a_date(text: str) -> bool:
    """Whether people would take it for a date that no condition and no delay can read."""
    if is_iso(text) or ISO_SHAPE.fullmatch(text):
        return False
    if match := _NUMBERS.fullmatch(text):
        # 1.2.3 is a version, and 12-34-56 a number of some kind.
        return len(match["a"]) == 4 or len(match["c"]) == 4 or (len(match["c"]) == 2 and match["sep"] == "/")
    return bool(_NAMED.fullmatch(text))


def in_iso(text: str, order: DateOrder) -> str | None:
    """The date in ISO 8601; None for a text that is not written as numbers between points, strokes or dashes.

    Raises NoDate, where it is written so and the order makes no date of it.
    """
    match = _NUMBERS.fullmatch(text)
    if match is None or is_iso(text) or not looks_like_a_date(text):
        return None
    parts = dict(zip(order if len(match["a"]) < 4 else "ymd", (match["a"], match["b"], match["c"]), strict=True))
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if year < _PIVOT else 1900
    elif len(parts["y"]) != 4:
        raise NoDate
    try:
        day = date(year, int(parts["m"]), int(parts["d"]))
        return day.isoformat() if match["h"] is None else datetime.combine(day, _clock(match)).isoformat()
    except ValueError:
        raise NoDate from None


def _clock(match: re.Match[str]) -> time:
    hour = int(match["h"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise NoDate
        hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
    return time(hour, int(match["mi"]), int(match["s"] or 0))
