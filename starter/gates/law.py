"""What the law says about somebody at a moment, and what a tenant decides about it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from pydantic import ConfigDict

from content.addresses import normal_phone
from content.countries import region_of
from domain import ids
from domain.base import Frozen
from domain.errors import NotFound, Unfit
from domain.messages import Channel
from scheduling.area_codes import subdivisions
from scheduling.law import Block, Rule, TenantLaw, law
from scheduling.regions import regions_of_phone
from scheduling.window import NoAllowedInstant, Spell, closed_at, next_allowed
from scheduling.zones import load_zone, zones_of_phone
from starter.engine import Engine
from store.contacts import records
from store.enrollments.local_time import regions_of
from store.gates import law as store
from store.gates.law import LawDecision
from store.sequences import sequences

_MOST_WORDS = 500
_NAMES = "name a rule as the list of the law does"


class RuleNow(Frozen):
    """One rule for one person at one moment."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    rule: str
    jurisdiction: str
    enforced: bool
    open: bool
    """Whether it lets a message go at the moment, by every clock that the person may live by."""
    hours: list[str]
    """The hours of the person's date, `08:00–20:00`; none: the day is closed."""
    clocks: list[str]
    """IANA names of the clocks by which it holds."""
    source: str
    certainty: str
    note: str


class LawNow(Frozen):
    """What the law says about marketing by one channel to one person at one moment."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    at: datetime
    channel: Channel
    regions: list[str]
    """ISO 3166 codes of where the person may be, stored and of the number; empty: unknown, so nothing applies."""
    zones: list[str]
    """IANA names of the clocks that the person may live by."""
    rules: list[RuleNow]
    blocks: list[Block]
    """Those that hold at the moment."""
    next_allowed: datetime | None
    """The first instant from `at` on that all of it allows (UTC); null: there is none within a year."""


async def at_moment(
    engine: Engine, *, contact: str | None, number: str | None, channel: Channel, at: datetime | None
) -> LawNow:
    """What applies to a contact, or to whoever has a number, and why; `at` (aware) is now where it is left out.

    Raises NotFound for an unknown contact, Unfit for what is no number or a time without a zone.
    """
    moment = engine.now() if at is None else at
    if moment.utcoffset() is None:
        raise Unfit("at: the time has no zone", hint="write it as 2026-12-24T21:30-05:00")
    async with engine.transaction() as tx:
        decided = await store.read(tx)
        home = await sequences.home(tx)
        if contact is not None:
            found = await records.named(tx, contact)
            regions, zones = regions_of(found.attributes, found.phone), found.zones
        elif number is not None:
            try:
                e164 = normal_phone(number, engine.default_region)
            except ValueError as error:
                raise Unfit(f"number: {error}", hint="give a phone number with its country code") from error
            regions, zones = regions_of_phone(e164), zones_of_phone(e164)
        else:
            raise Unfit("neither a contact nor a number is named", hint="name one of them")
    return _judged(decided, regions, zones or (home.zone,), channel, moment)


def _judged(decided: TenantLaw, regions: Sequence[str], zones: Sequence[str], channel: Channel, at: datetime) -> LawNow:
    known = [rule for rule in law().values() if channel in rule.channels and rule.jurisdiction in regions]
    enforced = decided.rules(channel, regions)
    blocks = decided.blocked(channel, regions)
    shut = closed_at(at, known, contact_zones=zones, tenant_zone=zones[0])
    try:
        later = next_allowed(
            at,
            None,
            contact_zones=zones,
            tenant_zone=zones[0],
            also=enforced,
            blocked=[(block.starts, block.ends) for block in blocks],
        )
    except NoAllowedInstant:
        later = None
    return LawNow(
        at=at,
        channel=channel,
        regions=list(regions),
        zones=list(zones),
        rules=[_now(rule, zones, at, enforced=rule in enforced, open=rule not in shut) for rule in known],
        blocks=[block for block in blocks if block.starts <= at < block.ends],
        next_allowed=later,
    )


def _now(rule: Rule, zones: Sequence[str], at: datetime, *, enforced: bool, open: bool) -> RuleNow:
    clocks = rule.zones(zones, zones[0])
    return RuleNow(
        rule=rule.id,
        jurisdiction=rule.jurisdiction,
        enforced=enforced,
        open=open,
        hours=[_spelled(spell) for spell in rule.spells_on(at.astimezone(load_zone(clocks[0])).date())],
        clocks=list(clocks),
        source=rule.source,
        certainty=rule.certainty,
        note=rule.note,
    )


def _spelled(spell: Spell) -> str:
    start, end = spell
    return f"{start:%H:%M}–{'24:00' if end == time(0) else f'{end:%H:%M}'}"


class RuleState(Frozen):
    """A rule as it ships, and whether it is enforced for the tenant."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    rule: str
    jurisdiction: str
    channels: list[str]
    enforced: bool
    shipped: bool
    """Whether it is enforced where the tenant has decided nothing."""
    effective_from: date | None
    effective_to: date | None
    """The first local date on which it no longer holds."""
    source: str
    certainty: str
    note: str


async def rules(engine: Engine) -> tuple[list[RuleState], TenantLaw]:
    """All rules, and what the tenant has decided: which are enforced, and where nobody is written to for a time."""
    async with engine.transaction() as tx:
        decided = await store.read(tx)
    shown = [
        RuleState(
            rule=rule.id,
            jurisdiction=rule.jurisdiction,
            channels=list(rule.channels),
            enforced=decided.switched.get(rule.id, rule.default == "enforce"),
            shipped=rule.default == "enforce",
            effective_from=rule.effective.start,
            effective_to=rule.effective.end,
            source=rule.source,
            certainty=rule.certainty,
            note=rule.note,
        )
        for rule in law().values()
    ]
    return shown, decided


async def switch(engine: Engine, rule: str, *, enforced: bool, reason: str, decided_by: str) -> LawDecision:
    """Enforce a rule or do not, from the next look at each message on; raises NotFound, or Unfit without a reason."""
    if rule not in law():
        raise NotFound(f"there is no rule {rule[:60]!r}", hint=_NAMES)
    said = _said(reason)
    async with engine.transaction() as tx:
        return await store.switch(tx, rule, enforced, reason=said, decided_by=decided_by, now=engine.now())


async def block(
    engine: Engine,
    jurisdiction: str,
    *,
    starts: datetime,
    ends: datetime,
    channels: Sequence[Channel],
    source: str,
    decided_by: str,
) -> LawDecision:
    """Write to nobody there from `starts` to `ends` (both aware), from the next look at each message on.

    Raises Unfit for a region that no number can have, for times without a zone or in the wrong order, and for a time
    that is over.
    """
    now = engine.now()
    if not _is_region(jurisdiction):
        raise Unfit(
            f"jurisdiction: there is no region {jurisdiction[:20]!r}", hint="write it as US, US-LA or FR (ISO 3166)"
        )
    if starts.utcoffset() is None or ends.utcoffset() is None:
        raise Unfit("starts, ends: a time has no zone", hint="write it as 2026-08-30T00:00-05:00")
    if not starts < ends:
        raise Unfit("ends: it is not after `starts`", hint="exchange the two")
    if ends <= now:
        raise Unfit("ends: it is over already", hint="give a time that is to come")
    if not channels:
        raise Unfit("channels: none is named", hint="name sms, whatsapp or email")
    new = Block(
        id=ids.new_id(),
        jurisdiction=jurisdiction,
        channels=tuple(dict.fromkeys(channels)),
        starts=starts.astimezone(UTC),
        ends=ends.astimezone(UTC),
        source=_said(source),
    )
    async with engine.transaction() as tx:
        return await store.block(tx, new, decided_by=decided_by, now=now)


async def withdraw(engine: Engine, block_id: UUID, *, reason: str, decided_by: str) -> LawDecision:
    """Take a block back; raises NotFound where none of that id holds."""
    said = _said(reason)
    async with engine.transaction() as tx:
        made = await store.withdraw(tx, block_id, reason=said, decided_by=decided_by, now=engine.now())
    if made is None:
        raise NotFound("there is no such block, or it is over", hint="list the law to see those that hold")
    return made


async def decisions(engine: Engine, limit: int) -> list[LawDecision]:
    """What the tenant has decided, the newest first."""
    async with engine.transaction() as tx:
        return await store.decisions(tx, limit)


def _said(reason: str) -> str:
    text = " ".join(reason.split())
    if not text:
        raise Unfit("reason: it is empty, and whoever asks later needs it", hint="say why, or who has ordered it")
    return text[:_MOST_WORDS]


def _is_region(code: str) -> bool:
    country, dash, _ = code.partition("-")
    return code in subdivisions(country).values() if dash else region_of(code) == code
