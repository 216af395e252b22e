"""The law on when people may be written to, as dated data: which rules apply, and which hours they leave.

The rules stand in law.yaml with their sources. All of those that apply hold at once, each by every clock that the
contact may live by. Nothing here is legal advice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal
from uuid import UUID

import yaml
from dateutil.easter import easter
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from domain.base import Frozen
from domain.messages import Channel
from domain.schedule import WEEKDAYS, Weekday
from scheduling.calendars import is_calendar, is_holiday
from scheduling.window import ALL_DAY, Spell
from scheduling.zones import is_zone

_FILE = "law.yaml"
_MIDNIGHT = time(0)


def _in_pairs(written: Any) -> Any:
    """`[10:00, 13:00, 14:00, 20:00]` as spells."""
    if not isinstance(written, Mapping):
        return written
    return {day: tuple(zip(times[::2], times[1::2], strict=True)) for day, times in written.items()}


def _ordered(hours: Mapping[Weekday, tuple[Spell, ...]]) -> Mapping[Weekday, tuple[Spell, ...]]:
    for day, spells in hours.items():
        ends = [_MIDNIGHT]
        for start, end in spells:
            if not ends[-1] <= start < end:
                raise ValueError(f"{day}: {start:%H:%M} to {end:%H:%M} is not after {ends[-1]:%H:%M}, or no span")
            ends.append(end)
    return hours


def _calendar(name: str) -> str:
    if not is_calendar(name):
        raise ValueError(f"there is no calendar {name!r}")
    return name


def _dated(rule: str) -> str:
    _added(rule, 2024)  # a leap year
    return rule


def _added(rule: str, year: int) -> date:
    """The date that a rule of `HolidaySet.plus` means in a year."""
    if rule == "election-day":
        first = date(year, 11, 1)
        return first + timedelta(days=-first.weekday() % 7 + 1)
    if rule.startswith("easter"):
        return easter(year) + timedelta(days=int(rule.removeprefix("easter")))
    return date.fromisoformat(f"{year}-{rule}")


def _clock(name: str) -> str:
    if name != "contact" and not is_zone(name):
        raise ValueError(f"there is no time zone {name!r}")
    return name


class Cap(Frozen):
    """At most `max` messages to one address within `hours`, rolling."""

    max: int = Field(ge=1)
    hours: int = Field(ge=1)
    per: Literal["subject", "sender"]
    """Of one sequence, or of the whole tenant."""
    exempt: tuple[Literal["ebr_18_months", "reply"], ...] = Field(default=(), alias="except")
    """What takes a message out of the count: a purchase within 18 months, an answer to the person's own message."""


class Effective(Frozen):
    """Local dates: `start` is in, `end` is out; None is open."""

    start: date | None = Field(alias="from")
    end: date | None = Field(alias="to")


class HolidaySet(Frozen):
    """The dates that a law calls holidays: a calendar, and what the law adds to it."""

    calendar: Annotated[str, AfterValidator(_calendar)]
    plus: tuple[Annotated[str, AfterValidator(_dated)], ...] = ()
    """`MM-DD`, `easter-2` (days from Easter Sunday) or `election-day` (the Tuesday after November's first Monday)."""
    source: str
    note: str = ""

    def has(self, day: date) -> bool:
        """Whether a local date is one of them."""
        return is_holiday(day, (self.calendar,)) or any(day == _added(rule, day.year) for rule in self.plus)


class Rule(Frozen):
    """One rule of law or of practice on the hours of messages that solicit."""

    id: str
    jurisdiction: str
    """ISO 3166: `US`, `US-FL`, `CA`."""
    channels: tuple[Channel | Literal["voice"], ...]
    """`voice` is told for completeness; no message goes by it."""
    hours: Annotated[Mapping[Weekday, tuple[Spell, ...]], BeforeValidator(_in_pairs), AfterValidator(_ordered)]
    """By weekday; one that is missing is closed."""
    clock: Annotated[str, AfterValidator(_clock)]
    """`contact`: every zone that the contact may be in; else one IANA zone."""
    holidays: HolidaySet | None = None
    """Their dates are closed."""
    cap: Cap | None
    unless: tuple[Literal["consent", "ebr", "reply", "b2b"], ...]
    """What takes a message out of the rule: consent, an existing business relationship, an answer, business."""
    located_by: tuple[Literal["address", "area_code"], ...]
    effective: Effective
    source: str
    certainty: Literal["statute", "likely", "secondary", "practice", "unverified"]
    default: Literal["enforce", "offer"]
    """`offer`: off until a tenant switches it on."""
    note: str

    @property
    def name(self) -> str:
        """What a reader knows it by."""
        return self.id

    def in_force(self, day: date) -> bool:
        """Whether the rule holds on this local date."""
        start, end = self.effective.start, self.effective.end
        return (start is None or start <= day) and (end is None or day < end)

    def spells_on(self, day: date) -> tuple[Spell, ...]:
        """The hours of a local date that the rule leaves, in order; all of them where it is not in force."""
        if not self.in_force(day):
            return ALL_DAY
        if self.holidays is not None and self.holidays.has(day):
            return ()
        return self.hours.get(WEEKDAYS[day.weekday()], ())

    def zones(self, contact_zones: Sequence[str], tenant_zone: str) -> tuple[str, ...]:
        """The clocks by which it holds."""
        if self.clock != "contact":
            return (self.clock,)
        return tuple(contact_zones) or (tenant_zone,)


class _File(Frozen):
    format: Literal[1]
    looked_up: date
    holiday_sets: Mapping[str, HolidaySet]
    rules: tuple[Rule, ...]


@cache
def law() -> Mapping[str, Rule]:
    """The rules that ship, by id, in the order of law.yaml; read once. Raises ValueError for a file that is wrong."""
    return parse(files(__package__).joinpath(_FILE).read_text("utf-8"))


def parse(text: str) -> Mapping[str, Rule]:
    """The rules of a text in the form of law.yaml, by id; raises ValueError that names the place."""
    # Keys with x_ hold what others are anchored to.
    written = {key: value for key, value in yaml.safe_load(text).items() if not key.startswith("x_")}
    for rule in written["rules"]:
        if (name := rule.get("holidays")) is not None:
            if name not in written["holiday_sets"]:
                raise ValueError(f"{rule['id']}: there is no set of holidays {name!r}")
            rule["holidays"] = written["holiday_sets"][name]
    by_id: dict[str, Rule] = {}
    for rule in _File.model_validate(written).rules:
        if rule.id in by_id:
            raise ValueError(f"two rules are called {rule.id!r}")
        by_id[rule.id] = rule
    return by_id


class Block(Frozen):
    """A time in which somebody's region is not written to: an emergency order, a day of mourning."""

    id: UUID
    jurisdiction: str
    """ISO 3166: `US`, `US-LA`."""
    channels: tuple[Channel, ...]
    starts: AwareDatetime
    ends: AwareDatetime
    source: str
    """Who has ordered it, and where that can be read."""


class TenantLaw(Frozen):
    """What a tenant has decided about the law's hours."""

    switched: Mapping[str, bool] = Field(default_factory=dict)
    """Rules by id that are enforced (True) or not, against how they ship."""
    blocks: tuple[Block, ...] = ()

    def rules(self, channel: Channel, regions: Collection[str]) -> tuple[Rule, ...]:
        """The rules that are enforced for a message on this channel to somebody in all of these regions."""
        return applicable(channel, regions, switched=self.switched) if regions else ()

    def blocked(self, channel: Channel, regions: Collection[str]) -> tuple[Block, ...]:
        """The blocks that concern such a message."""
        return tuple(block for block in self.blocks if channel in block.channels and block.jurisdiction in regions)


AS_SHIPPED = TenantLaw()


def applicable(
    channel: Channel,
    regions: Collection[str],
    *,
    switched: Mapping[str, bool] = {},
    rules: Iterable[Rule] | None = None,
) -> tuple[Rule, ...]:
    """The rules for a message on this channel to somebody in all of these regions, in force or not, in order.

    `switched` has the rules that the tenant has turned on or off by id; the others do as they were shipped.
    """
    return tuple(
        rule
        for rule in (law().values() if rules is None else rules)
        if channel in rule.channels
        and rule.jurisdiction in regions
        and switched.get(rule.id, rule.default == "enforce")
    )
