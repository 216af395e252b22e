"""When a message may go: the arithmetic on windows, zones and holidays. Pure functions.

Every datetime in and out is aware; what is computed comes back in UTC. What is allowed is what the wall clock
says in each zone: an instant is inside a window when the local time read off a clock there lies in
`[opens, closes)` of a day that the window admits. So an opening that daylight saving skips happens at the
first instant after the gap, and an hour that happens twice counts both times. Each local day is turned into
real-time spans, and the spans of several zones are intersected: the cost is in days, not minutes.
"""

from collections.abc import Sequence, Set
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import lru_cache
from hashlib import blake2b
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


class NoAllowedInstant(TouchlineError):
    """A window and a contact's zones leave no instant to send at."""

    def __init__(self, window: Window, zones: Sequence[str], horizon: datetime) -> None:
        super().__init__(
            f"no allowed time before {horizon:%Y-%m-%d} in the window {window.opens:%H:%M}–{window.closes:%H:%M} "
            f"on {', '.join(window.days) or 'no day'}, by the clocks of {', '.join(zones)}",
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
    spread_key: UUID | None = None,
) -> datetime:
    """The first instant from `at` on that lies inside the window in every zone that the contact may be in.

    `at` itself when it is allowed. Otherwise the next opening, moved later by the window's spread: by an amount
    that `spread_key` decides, the same on every call, never past the closing. On `closed` local dates nothing is
    allowed, with or without a window. Raises NoAllowedInstant when there is none within `HORIZON`, ValueError when
    `at` is naive.
    """
    start = utc(at)
    if window is None:
        if not closed:
            return at
        window = _ALWAYS
    zones = _zones_of(window, contact_zones, tenant_zone)
    opening, closing = _first_common_span(start, window, zones, closed)
    if opening == start:
        return at
    spread = min(timedelta(minutes=window.spread_minutes), closing - opening)
    return opening if spread_key is None else opening + _share(spread_key, spread)


def is_allowed(
    at: datetime,
    window: Window | None,
    *,
    contact_zones: Sequence[str],
    tenant_zone: str,
    closed: Set[date] = frozenset(),
) -> bool:
    """Whether a message may be handed over at this very instant; raises ValueError when `at` is naive."""
    now = utc(at)
    if window is None:
        if not closed:
            return True
        window = _ALWAYS
    return all(_is_open(now, window, zone, closed) for zone in _zones_of(window, contact_zones, tenant_zone))


def utc(at: datetime) -> datetime:
    """The same instant in UTC; raises ValueError when `at` is naive."""
    if at.utcoffset() is None:
        raise ValueError(f"a time without a zone: {at.isoformat()}")
    return at.astimezone(UTC)


def _zones_of(window: Window, contact_zones: Sequence[str], tenant_zone: str) -> Sequence[str]:
    if window.timezone == "contact":
        return contact_zones or (tenant_zone,)
    return (tenant_zone if window.timezone == "tenant" else window.timezone,)


def _share(key: UUID, span: timedelta) -> timedelta:
    """A part of `[0, span)` that the key decides, even over keys, in whole seconds."""
    fraction = int.from_bytes(blake2b(key.bytes, digest_size=8).digest(), "big")
    return timedelta(seconds=(span // _SECOND) * fraction >> 64)


def _first_common_span(start: datetime, window: Window, zones: Sequence[str], closed: Set[date]) -> Span:
    """The first span from `start` on that is open in every zone, cut off at `start`."""
    horizon = start + HORIZON
    cursor = start
    while cursor < horizon:
        spans = [_first_span(cursor, window, zone, horizon, closed) for zone in zones]
        opening = max(cursor, *(span[0] for span in spans))
        if opening < horizon and all(opening < span[1] for span in spans):
            return opening, min(span[1] for span in spans)
        cursor = opening
    raise NoAllowedInstant(window, zones, horizon)


def _first_span(cursor: datetime, window: Window, zone: str, horizon: datetime, closed: Set[date]) -> Span:
    """One zone's first span that ends after `cursor`; one that begins at `horizon` when there is none before."""
    last = horizon.date() + _DAY
    day = _local_date(cursor, zone) - _DAY
    while day <= last:
        for span in _spans_on(day, window, zone, closed):
            if cursor < span[1]:
                return span
        day += _DAY
    return horizon, horizon


def _local_date(at: datetime, zone: str) -> date:
    return at.astimezone(load_zone(zone)).date()


def _is_open(at: datetime, window: Window, zone: str, closed: Set[date]) -> bool:
    today = _local_date(at, zone)
    # Yesterday's window may reach past midnight.
    return any(
        start <= at < end for day in (today, today - _DAY) for start, end in _spans_on(day, window, zone, closed)
    )


def _spans_on(day: date, window: Window, zone: str, closed: Set[date]) -> tuple[Span, ...]:
    """The real-time spans of the window that opens on this local date; none when the date is barred.

    A holiday of a calendar bars the window that opens on it, a `closed` date every hour of its own.
    """
    if (
        day in closed
        or WEEKDAYS[day.weekday()] not in window.days
        or (window.holidays and is_holiday(day, window.holidays))
    ):
        return ()
    crosses = window.closes < window.opens
    closes = _MIDNIGHT if crosses and day + _DAY in closed else window.closes
    return _open_spans(zone, day, window.opens, closes)


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
