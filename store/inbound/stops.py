"""What a report ends: hold whoever may be concerned, then do to each what its sequence's `stop_on` says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from content.spellings import all_spellings
from domain.enrollment import LIVE, Ending, EnrollmentStatus
from domain.messages import Channel
from store.enrollments import enrollments
from store.enrollments.signals import OpenSignal, Signal
from store.pool import load_queries

_sql = load_queries("inbound/stops")


@dataclass(frozen=True)
class Held:
    """An enrollment under our lock: none of its messages is claimed or settled until we commit."""

    id: UUID
    contact_id: UUID
    status: EnrollmentStatus
    reason: str | None
    ended_by_at: datetime | None
    stop_on: frozenset[str]
    awaits: frozenset[str]
    """The events that the node waits for at which it is."""
    goal: object
    """As the plan has it; None: the sequence has none."""
    uses_channel: bool
    more_after: UUID | None = None
    """The place behind which there are more others at the address; None: these are all."""

    def goes_on(self, contact_id: UUID | None) -> bool:
        """Whether it is the contact's, lives, and uses the channel."""
        return self.status in LIVE and self.contact_id == contact_id and self.uses_channel


MOST_OTHERS = 100
"""Others at an address whose enrollments one transaction ends: a placeholder may be the number of thousands."""


def more_after(held: Sequence[Held]) -> UUID | None:
    """The place behind which there may be more others; None: these are all."""
    return next((one.more_after for one in held), None)


@dataclass(frozen=True)
class StopRule:
    """What a report does to enrollments."""

    events: frozenset[str]
    """Any of these in `stop_on` ends an enrollment."""
    reason: str
    everywhere: bool = False
    """Ends what uses other channels as well: somebody has answered."""
    shared: bool = False
    """Ends what others at the same address get on this channel: the address is suppressed."""
    always: bool = False
    """Whatever `stop_on` says."""

    def matches(self, enrollment: Held, contact_id: UUID | None) -> bool:
        """Whether it ends this one; `contact_id`: whose report it is."""
        return (self.always or bool(self.events & enrollment.stop_on)) and self.concerns(enrollment, contact_id)

    def concerns(self, enrollment: Held, contact_id: UUID | None) -> bool:
        """Whether it is about this one, whatever its sequence makes of that."""
        if enrollment.contact_id != contact_id:
            return self.shared and enrollment.uses_channel
        return enrollment.uses_channel or (self.everywhere and "own_channel" not in enrollment.stop_on)


ANSWER = StopRule(frozenset({"reply"}), "replied", everywhere=True)
LEFT = StopRule(frozenset(), "left", always=True)
"""Whoever no longer works there is not reached there; the address is not suppressed, their successor may have it."""
OPT_OUT = StopRule(frozenset({"unsubscribe", "reply"}), "unsubscribed", everywhere=True, shared=True)
"""An opt-out in words is an answer as well."""


@dataclass(frozen=True)
class Rest:
    """What a report has not ended yet: more enrollments of others at an address that is suppressed."""

    channel: Channel
    addresses: tuple[str, ...]
    contact_id: UUID | None
    """Whose report it is; theirs are done."""
    events: tuple[str, ...]
    reason: str
    after: UUID
    """The place behind which they are."""


def left_over(
    held: Sequence[Held], rule: StopRule, channel: Channel, addresses: Sequence[str], contact_id: UUID | None
) -> Rest | None:
    """What a rule that holds for everybody at an address leaves to further transactions; None: nothing."""
    after = more_after(held)
    if not rule.shared or after is None:
        return None
    return Rest(channel, tuple(addresses), contact_id, tuple(sorted(rule.events)), rule.reason, after)


@dataclass(frozen=True)
class Stopped:
    """What a report has done."""

    ended: tuple[UUID, ...] = ()
    told: tuple[OpenSignal, ...] = ()
    """Word for the workflows."""


async def hold(
    tx: asyncpg.Connection,
    channel: Channel,
    addresses: Sequence[str],
    contact_id: UUID | None,
    *,
    at: datetime,
    after: UUID | None = None,
) -> list[Held]:
    """Lock what the contact and whoever else is reached at these addresses have: from here on nothing is claimed.

    Waits for claims and settlements that are under way, and for no hand-over. Comes before every lock but these:
    whoever delivers takes them first too.
    With the live ones come those that were ended by something reported to have happened after `at` (UTC). Of others
    there come those of at most MOST_OTHERS contacts, in the order of these, behind `after`.
    """
    rows = _sql.hold(
        tx,
        channel=channel,
        addresses=all_spellings(addresses),
        contact_id=contact_id,
        at=at,
        after=after,
        most=MOST_OTHERS,
    )
    return [_held(row) async for row in rows]


def _held(row: asyncpg.Record) -> Held:
    plan = row["plan"]
    return Held(
        row["id"],
        row["contact_id"],
        EnrollmentStatus(row["status"]),
        row["reason"],
        row["ended_by_at"],
        frozenset(plan["stop_on"]),
        frozenset(plan["awaits"]),
        plan["goal"],
        row["uses_channel"],
        row["more_after"],
    )


async def hold_if_free(tx: asyncpg.Connection, enrollment_id: UUID) -> bool | None:
    """Lock one without waiting: whether it has ended; None: somebody else holds it."""
    ended: bool | None = await _sql.hold_if_free(tx, enrollment_id=enrollment_id)
    return ended


async def apply(
    tx: asyncpg.Connection,
    event_id: UUID,
    held: Sequence[Held],
    rule: StopRule,
    contact_id: UUID | None,
    *,
    at: datetime,
    now: datetime,
) -> Stopped:
    """End what the rule ends, and leave word for the workflows.

    Reports come in any order: of those that would have ended an enrollment, the one that happened first names the
    reason, also where a later one was heard before it.
    """
    hit = [e for e in held if rule.matches(e, contact_id)]
    # Of two that happened at one time the reason that is first in the alphabet counts, whichever is heard first.
    overtaken = [e.id for e in hit if e.ended_by_at and (e.ended_by_at, e.reason or "") > (at, rule.reason)]
    if overtaken:
        await _sql.correct_reason(tx, ids=overtaken, reason=rule.reason, at=at)
    to_end = [e.id for e in hit if e.status in LIVE]
    if not to_end:
        return Stopped()
    ending = Ending(status=EnrollmentStatus.STOPPED, reason=rule.reason)
    signal: Signal = "suppress" if rule.shared else "reply"
    told = await enrollments.end_by(tx, event_id, signal, to_end, ending, now=now, ended_by_at=at)
    return Stopped(tuple(to_end), tuple(told))


async def go_on(
    tx: asyncpg.Connection, event_id: UUID, rest: Rest, *, at: datetime, now: datetime
) -> tuple[Stopped, Rest | None]:
    """End the next of those that a report has left over; answers what is left after that."""
    held = await hold(tx, rest.channel, rest.addresses, None, at=at, after=rest.after)
    others = [one for one in held if one.contact_id != rest.contact_id]
    rule = StopRule(frozenset(rest.events), rest.reason, shared=True)
    struck = await apply(tx, event_id, others, rule, rest.contact_id, at=at, now=now)
    after = more_after(held)
    return struck, None if after is None else replace(rest, after=after)
