"""When the author of an out-of-office is back: dates in its wording, in five languages, relative to its own date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import dateparser

from content.inbound_mail.wording import WORDINGS, Wording, folded
from content.inbound_mail.wording.base import phrases
from content.inbound_mail.wording.english import ENGLISH

_FARTHEST = timedelta(days=180)
_REGARDED = 3_000
_MOST_DATES = 20
_NEAR = 100
"""Characters around a date that may speak of it."""

_LANGUAGES = ["en", "de", "es", "fr", "pt"]
_WEEKDAYS = {folded(day): number for wording in WORDINGS for number, day in enumerate(wording.weekdays.split())}
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)})(?:-feira)?"
_TOMORROW = "|".join(phrases(wording.tomorrow) for wording in WORDINGS)
_MONTHS = {
    folded(name): number
    for wording in WORDINGS
    for number, names in enumerate(wording.months.split(), 1)
    for name in names.split("|")
}
"""Names of months in languages in which `dateparser` is not asked."""
_ARTICLE = r"(?:(?:the|den|dem|der|el|le|la|o|dia|di|de|il|giorno|op|dnia) ){0,2}"
_SHORT_WEEKDAY = (
    "(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|seg|qua|qui|sex)"
)
"""Before a date, where nothing hangs on it."""
_SHORT_MONTH = (
    "(?:jan|feb|mar|mrt|maj|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[csz]|ene|abr|ago|gen|giu|lug|ott|dic|fev|avr)"
)
"""Behind "3-6": two days, not a day of a month."""
_MONTH = r"[^\W\d_]{3,12}\b\.?"
_ORDINAL = r"(?:st|nd|rd|th|er|o|a|\.)?"
_DATE = re.compile(
    rf"\b(?:(?:{_WEEKDAY}|{_SHORT_WEEKDAY})\.?,? ?{_ARTICLE})?(?:"
    r"(?P<iso>\d{4}([-/.])\d{1,2}\2\d{1,2})(?!\d)"
    r"|(?P<one>\d{1,2})(?P<mark>[./-])(?P<two>\d{1,2})(?:(?P=mark)(?P<numeric_year>\d{4}|\d{2})|\.)?(?!\d)"
    rf"(?! ?{_SHORT_MONTH})"
    rf"|(?P<month_first>{_MONTH}) ?(?:the )?(?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?(?! ?\d?:)\b"
    r"(?:,? (?P<year_third>\d{4}))?"
    rf"|(?P<day_first>\d{{1,2}}){_ORDINAL}[ -]?(?:of |de |do |d')?(?P<month_second>{_MONTH})"
    r"(?:(?:,? (?:de |del |of )?|-)(?P<year>\d{4}))?"
    r")"
    rf"|\b(?P<weekday>{_WEEKDAY})(?: (?:morning|morgen|manana|matin|manha|fruh))?\b"
    rf"|\b(?P<tomorrow>{_TOMORROW})\b"
    r"|(?:(?P<year_first>\d{4}) ?年 ?)?(?P<month_number>\d{1,2}) ?月 ?"
    r"(?P<day_number>\d{1,2}) ?[日号號](?:\([^)]{1,4}\))?"
)
_CLOCK = r"""(?x:
    (?:(?:at|um|a\ las|a|as)\ )?
    (?:
        \d{1,2}(?::\d\d|h\d{0,2})?(?:\ ?(?:am|pm|uhr|h))?|noon|midnight|close\ of\ business|cob|eod
        |end\ of\ (?:the\ )?day
    )
    [,\ ]+(?:(?:on|am|of)\ )?
)"""
_SMALL_WORDS = r"""(?x:
    [\s,:(]*
    (?:(?:and\ including|including|inclusive|einschliesslich|inkl\.?|zum|zu|on|am|el|le|la|the|o|dia|de|next|this
        |proximo|kommenden|nachsten|and|e)[\s,:]+)*
)"""
_LINK = re.compile(
    r"(?:through|until|till|thru|to|and|bis(?: zum| einschliesslich)?|und|hasta|al|a|y|jusqu'au|au|et|ate|ao|e|-)+"
)
_RANGE_DAY = re.compile(rf"\b(?P<from>\d{{1,2}}){_ORDINAL} ?(?P<link>{_LINK.pattern}) ?{_ARTICLE}(?:{_WEEKDAY},? )?$")
_RANGE_END = re.compile(
    r"\s?(?:-|to|through|thru|until|till)\s?(?P<day>\d{1,2})(?:st|nd|rd|th)?\b(?!\s?(?:[ap]m|:|[a-z]{3,}))"
)
_SENTENCE_END = re.compile(r"[.!?;¶](?=\s|$)|¶")


@dataclass(frozen=True)
class _Found:
    """A date where it stands, in each reading that is possible."""

    begin: int
    end: int
    readings: frozenset[date]
    is_range: bool = False


_UNTIL = {
    wording: re.compile(rf"{wording.edge}{phrases(wording.until)}{wording.edge}{_SMALL_WORDS}(?:{_CLOCK})?$")
    for wording in WORDINGS
}
"""What stands right before the last day of an absence."""


def returns_on(subject: str, text: str, written: date) -> date | None:
    """The first day on which the author is back, by what an out-of-office written on `written` says.

    "Until 5 March" and "1 to 5 March" mean the day after: whoever means the 5th itself is reached a day late, not
    while away. "Back on 8 March" and "not before 8 March" mean that day, and win over an "until". None when nothing
    is said, when the dates disagree or can be read in two ways, or when the day is past or more than 180 days ahead.
    """
    for said in (folded(text[:_REGARDED]), folded(subject)):
        back, until = _days(said, written, _day_first(said))
        for days, wait in ((back, 0), (until, 1)):
            if len(days) == 1:
                day = next(iter(days)) + timedelta(days=wait)
                return day if written <= day <= written + _FARTHEST else None
            if days:
                return None
    return None


def _days(said: str, written: date, day_first: bool) -> tuple[set[date], set[date]]:
    """The days of return, and the last days of absence, that the text names."""
    back: set[date] = set()
    until: set[date] = set()
    dates = list(_dates(said, written, day_first))
    for number, found in enumerate(dates):
        begin = dates[number - 1].end if number else 0
        end = dates[number + 1].begin if number + 1 < len(dates) else len(said)
        before = _SENTENCE_END.split(said[max(begin, found.begin - _NEAR) : found.begin])[-1]
        stop = _SENTENCE_END.search(said, found.end, end)
        # What stands between two dates of a sentence belongs to the second one.
        last = stop is not None or number + 1 == len(dates)
        after = said[found.end : min(stop.start() if stop else end, found.end + _NEAR)] if last else ""
        linked = number > 0 and _LINK.fullmatch(_between(said, dates[number - 1], found))
        behind = any(wording.ends_behind.match(after) for wording in WORDINGS)
        if found.is_range or linked or behind or any(_is_until(wording, before) for wording in WORDINGS):
            until |= found.readings
        elif any(wording.says_back.search(before) or wording.says_back.search(after) for wording in WORDINGS):
            back |= found.readings
    return back, until


def _day_first(said: str) -> bool:
    """Whether `5/3` is the fifth of March: in each of the languages but English."""
    speaking = [
        w for w in WORDINGS if w.is_absent.search(said) or w.says_back.search(said) or w.says_until.search(said)
    ]
    return bool(speaking) and ENGLISH not in speaking


def _is_until(wording: Wording, before: str) -> bool:
    """Whether these words lead to a last day of absence; "not back until" leads to one of return."""
    if not _UNTIL[wording].search(before):
        return False
    return not (wording.says_not_yet.search(before) and wording.says_back.search(before))


def _between(said: str, one: _Found, other: _Found) -> str:
    between = said[one.end : other.begin].strip(" ,()")
    return re.sub(rf"\s?(?:{_WEEKDAY},?|the|den|el|le|o|dia)$", "", between)


def _dates(said: str, written: date, day_first: bool) -> Iterator[_Found]:
    position = count = 0
    while count < _MOST_DATES and (match := _DATE.search(said, position)):
        position = match.end()
        readings = _readings(match, written, day_first)
        if not readings:
            # Perhaps another date begins within: "office 8 march".
            position = match.start() + max(1, len(match[0].split()[0]))
            continue
        count += 1
        is_range = bool(_RANGE_DAY.search(said[max(0, match.start() - 40) : match.start()]))
        if match["month_first"] and not match["year_third"] and (to := _RANGE_END.match(said, match.end())):
            # "March 1 - 5": the second day is of the same month.
            month = {day.month for day in readings}
            readings = frozenset(r for m in month for r in _of_year(int(to["day"]), m, None, written))
            position, is_range = to.end(), True
        yield _Found(match.start(), position, readings, is_range)


def _readings(match: re.Match[str], written: date, day_first: bool) -> frozenset[date]:
    """The days that these words can mean."""
    if match["weekday"]:
        ahead = (_WEEKDAYS[match["weekday"].removesuffix("-feira")] - written.weekday() - 1) % 7 + 1
        return frozenset({written + timedelta(days=ahead)})
    if match["tomorrow"]:
        return frozenset({written + timedelta(days=1)})
    if match["iso"]:
        year, month, day = map(int, re.split(r"[-/.]", match["iso"]))
        return frozenset(_of_year(day, month, year, written))
    if match["month_number"]:
        said = int(match["year_first"]) if match["year_first"] else None
        return frozenset(_of_year(int(match["day_number"]), int(match["month_number"]), said, written))
    if match["one"]:
        return _numeric(match, written, day_first)
    named = _month((match["month_first"] or match["month_second"]).rstrip("."))
    if named is None:
        return frozenset()
    year_said = match["year_third"] or match["year"]
    day = int(match["day_second"] or match["day_first"])
    return frozenset(_of_year(day, named, int(year_said) if year_said else None, written))


def _numeric(match: re.Match[str], written: date, day_first: bool) -> frozenset[date]:
    """English is written with the month first and with the day first: both stand, unless only one is likely."""
    one, two = int(match["one"]), int(match["two"])
    year = int(match["numeric_year"]) if match["numeric_year"] else None
    if year is not None and year < 100:
        year += 2000
    orders = [(one, two)] if day_first or match["mark"] == "." else [(one, two), (two, one)]
    read = {day for d, m in orders for day in _of_year(d, m, year, written)}
    likely = {day for day in read if written <= day <= written + _FARTHEST}
    return frozenset(likely or read)


def _of_year(day: int, month: int, year: int | None, written: date) -> list[date]:
    """The day in that year; without one, this year's, or next year's where this year's is long past."""
    try:
        if year is not None:
            return [date(year, month, day)]
        this = date(written.year, month, day)
        return [date(written.year + 1, month, day) if this < written - _FARTHEST else this]
    except ValueError:
        return []


@lru_cache(maxsize=512)
def _month(word: str) -> int | None:
    """The number of a month by its name, whole or short, in any of the languages."""
    if (number := _MONTHS.get(word)) is not None:
        return number
    read = dateparser.parse(
        f"1 {word} 2000",
        languages=_LANGUAGES,
        settings={"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"], "DATE_ORDER": "DMY"},
    )
    return read.month if read and (read.year, read.day) == (2000, 1) else None
