"""When a message may go: the arithmetic on windows, zones and holidays. Pure functions.

Every datetime in and out is aware; what is computed comes back in UTC. What is allowed is what the wall clock
says in each zone: an instant is inside a window when the local time read off a clock there lies in
`[opens, closes)` of a day that the window admits. So an opening that daylight saving skips happens at the
first instant after the gap, and an hour that happens twice counts both times. Each local day is turned into
real-time spans, and the spans of several zones are intersected: the cost is in days, not minutes.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol, TypeVar
from uuid import UUID

from domain.errors import TouchlineError
from domain.schedule import WEEKDAYS, Window
from scheduling.calendars import is_holiday
from scheduling.zones import load_zone

HORIZON = timedelta(days=366)
"""How far ahead an opening is looked for: past a year there is none that a reader of the window would expect."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MIDNIGHT = clock_time(0)
_ALWAYS = Window()
"""Where there is no window, but dates that are closed."""

Span = tuple[datetime, datetime]
"""A half-open interval of real time, in UTC."""
Spell = tuple[clock_time, clock_time]
"""Hours of a local date, `[from, to)`; an end at or before the start is on the next date, so 00:00 ends this one."""
ALL_DAY: tuple[Spell, ...] = ((_MIDNIGHT, _MIDNIGHT),)


class Hours(Protocol):
    """Local hours that must be open besides the window: a rule of law, a contact's own wish."""

    @property
    def name(self) -> str:
        """What a reader knows it by."""

    def spells_on(self, day: date) -> tuple[Spell, ...]:
        """What is open on a local date, in order."""

    def zones(self, contact_zones: Sequence[str], tenant_zone: str) -> Sequence[str]:
        """The IANA names of the clocks by which it holds, at least one."""


OneHours = TypeVar("OneHours", bound=Hours)


class NoAllowedInstant(TouchlineError):
    """A window, further hours and a contact's zones leave no instant to send at."""

    def __init__(self, window: Window, zones: Sequence[str], horizon: datetime, also: Sequence[Hours] = ()) -> None:
        beside = f", together with {', '.join(hours.name for hours in also)}" if also else ""
        super().__init__(
            f"no allowed time before {horizon:%Y-%m-%d} in the window {window.opens:%H:%M}–{window.closes:%H:%M} "
            f"on {', '.join(window.days) or 'no day'}, by the clocks of {', '.join(zones)}{beside}",
            hint="Widen the window, take holidays out of it, or store the contact's own time zone.",
        )
        self.window = window
        self.zones = tuple(zones)
        self.horizon = horizon


def next_allowed(
    at: datetime,
    window: Window | None,
    *,
    contact_zones: Sequence[str],
    tenant_zone: str,
    closed: Set[date] = frozenset(),
    also: Sequence[Hours] = (),
    blocked: Sequence[Span] = (),
    spread_key: UUID | None = None,
) -> datetime:
    """The first instant from `at` on that lies inside the window in every zone that the contact may be in.

    `at` itself when it is allowed. Otherwise the next opening, moved later by the window's spread: by an amount
    that `spread_key` decides, the same on every call, never past the closing. On `closed` local dates nothing is
    allowed, with or without a window, nor outside the hours of each of `also`, nor within a span of `blocked`. Raises
    NoAllowedInstant when there is none within `HORIZON`, ValueError when `at` is naive.
    """
    start = utc(at)
    clocked = _clocked(window, closed, also, contact_zones, tenant_zone)
    if not clocked and not blocked:
        return at
    opening, closing = _first_common_span(start, clocked, blocked)
    if opening == start:
        return at
    if opening >= start + HORIZON:
        shown = window or _ALWAYS
        raise NoAllowedInstant(shown, _zones_of(shown, contact_zones, tenant_zone), start + HORIZON, also)
    spread = min(timedelta(minutes=window.spread_minutes if window else 0), closing - opening)
    return opening if spread_key is None else opening + _share(spread_key, spread)


def is_allowed(
    at: datetime,
    window: Window | None,
    *,
    contact_zones: Sequence[str],
    tenant_zone: str,
    closed: Set[date] = frozenset(),
    also: Sequence[Hours] = (),
    blocked: Sequence[Span] = (),
) -> bool:
    """Whether a message may be handed over at this very instant; raises ValueError when `at` is naive."""
    now = utc(at)
    return not any(start <= now < end for start, end in blocked) and all(
        _is_open(now, hours, zone)
        for hours, zones in _clocked(window, closed, also, contact_zones, tenant_zone)
        for zone in zones
    )


def closed_at(
    at: datetime, also: Sequence[OneHours], *, contact_zones: Sequence[str], tenant_zone: str
) -> tuple[OneHours, ...]:
    """Those of these hours that are closed at an instant, by any clock."""
    return tuple(
        hours
        for hours in also
        if not all(_is_open(utc(at), hours, zone) for zone in hours.zones(contact_zones, tenant_zone))
    )


def utc(at: datetime) -> datetime:
    """An instant in UTC; raises ValueError when `at` is naive."""
    if at.utcoffset() is None:
        raise ValueError(f"a time without a zone: {at.isoformat()}")
    return at.astimezone(UTC)


class _Spells(Protocol):
    def spells_on(self, day: date) -> tuple[Spell, ...]: ...


@dataclass(frozen=True)
class _WindowHours:
    """An author's window without the dates that a tenant has closed."""

    window: Window
    closed: Set[date]

    def spells_on(self, day: date) -> tuple[Spell, ...]:
        """A holiday of a calendar closes the window that opens on it, a `closed` date every hour of its own."""
        window = self.window
        if (
            day in self.closed
            or WEEKDAYS[day.weekday()] not in window.days
            or (window.holidays and is_holiday(day, window.holidays))
        ):
            return ()
        crosses = window.closes < window.opens
        return ((window.opens, _MIDNIGHT if crosses and day + _DAY in self.closed else window.closes),)


_Clocked = tuple[_Spells, Sequence[str]]
"""Hours, and the clocks by which they hold."""


def _clocked(
    window: Window | None,
    closed: Set[date],
    also: Sequence[Hours],
    contact_zones: Sequence[str],
    tenant_zone: str,
) -> list[_Clocked]:
    clocked: list[_Clocked] = [(hours, hours.zones(contact_zones, tenant_zone)) for hours in also]
    if window is not None or closed:
        shown = window or _ALWAYS
        clocked.insert(0, (_WindowHours(shown, closed), _zones_of(shown, contact_zones, tenant_zone)))
    return clocked


def _zones_of(window: Window, contact_zones: Sequence[str], tenant_zone: str) -> Sequence[str]:
    if window.timezone == "contact":
        return contact_zones or (tenant_zone,)
    return (tenant_zone if window.timezone == "tenant" else window.timezone,)


def _share(key: UUID, span: timedelta) -> timedelta:
    """A part of `[0, span)` that the key decides, even over keys, in whole seconds."""
    fraction = int.from_bytes(blake2b(key.bytes, digest_size=8).digest(), "big")
    return timedelta(seconds=(span // _SECOND) * fraction >> 64)


def _first_common_span(start: datetime, clocked: Sequence[_Clocked], blocked: Sequence[Span]) -> Span:
    """The first span from `start` on that is open by every clock, cut off at `start`; past HORIZON if there is none."""
    horizon = start + HORIZON
    cursor = start
    while cursor < horizon:
        spans = [_first_span(cursor, hours, zone, horizon) for hours, zones in clocked for zone in zones]
        opening = max((cursor, *(span[0] for span in spans)))
        passed = [end for begin, end in blocked if begin <= opening < end]
        if passed:
            cursor = max(passed)
        elif opening < horizon and all(opening < span[1] for span in spans):
            ends = [span[1] for span in spans] + [begin for begin, _ in blocked if begin > opening]
            return opening, min((horizon, *ends))
        else:
            cursor = opening
    return cursor, cursor


def _first_span(cursor: datetime, hours: _Spells, zone: str, horizon: datetime) -> Span:
    """One zone's first span that ends after `cursor`; one that begins at `horizon` when there is none before."""
    last = horizon.date() + _DAY
    day = _local_date(cursor, zone) - _DAY
    while day <= last:
        for span in _spans_on(day, hours, zone):
            if cursor < span[1]:
                return span
        day += _DAY
    return horizon, horizon


def _local_date(at: datetime, zone: str) -> date:
    return at.astimezone(load_zone(zone)).date()


def _is_open(at: datetime, hours: _Spells, zone: str) -> bool:
    today = _local_date(at, zone)
    # Yesterday's hours may reach past midnight.
    return any(start <= at < end for day in (today, today - _DAY) for start, end in _spans_on(day, hours, zone))


def _spans_on(day: date, hours: _Spells, zone: str) -> Iterator[Span]:
    """The real-time spans of the hours that open on this local date."""
    for opens, closes in hours.spells_on(day):
        yield from _open_spans(zone, day, opens, closes)


@lru_cache(maxsize=16_384)
def _open_spans(zone: str, day: date, opens: clock_time, closes: clock_time) -> tuple[Span, ...]:
    """All instants at which the clock in `zone` reads `[opens, closes)` of `day`, as spans in order.

    More than one only when the clock is set back across an edge of the window.
    """
    first = datetime.combine(day, opens, UTC)
    last = datetime.combine(day if opens < closes else day + _DAY, closes, UTC)
    # `first` and `last` are wall-clock times dressed as UTC: subtracting an offset makes them instants.
    # No zone is further than a day from UTC, so one offset change at most lies in between.
    before, after = first - _DAY, last + _DAY
    early, late = _offset(before, zone), _offset(after, zone)
    if early == late:
        return ((first - early, last - early),)
    change = change_between(before, after, zone)
    pieces = [
        (first - early, min(last - early, change)),
        (max(first - late, change), last - late),
    ]
    pieces = [(start, end) for start, end in pieces if start < end]
    if len(pieces) == 2 and pieces[0][1] == pieces[1][0]:
        pieces = [(pieces[0][0], pieces[1][1])]
    return tuple(pieces)


def _offset(at: datetime, zone: str) -> timedelta:
    return at.astimezone(load_zone(zone)).replace(tzinfo=UTC) - at


def change_between(low: datetime, high: datetime, zone: str) -> datetime:
    """The instant in `(low, high]` at which the zone's offset changes, by halving, to the second."""
    offset = _offset(low, zone)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if _offset(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high
