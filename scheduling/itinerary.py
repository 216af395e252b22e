"""From one node to the next: which waits lie between, and when the next node may execute."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.enrollment import Gate, StepStatus, Upcoming
from domain.plan import ConditionNode, DelayNode, MessageNode, Node, Outgoing, Plan
from domain.reachability import messages_after
from domain.schedule import UntilField
from scheduling.delays import delay_end
from scheduling.law import AS_SHIPPED, Block, Rule, TenantLaw
from scheduling.window import NoAllowedInstant, closed_at, is_allowed, next_allowed

_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class TenantTime:
    """What local time means for a tenant."""

    zone: str
    """IANA name."""
    holidays: frozenset[date] = frozenset()
    """Its own: nobody is written to on these."""
    law: TenantLaw = AS_SHIPPED


@dataclass(frozen=True)
class LocalTime:
    """What local time means for one enrollment."""

    contact_zones: tuple[str, ...]
    tenant_zone: str
    spread_key: UUID
    """The enrollment's id: spreads a burst at an opening over the contacts, the same way on every attempt."""
    holidays: frozenset[date] = frozenset()
    """The tenant's own: nobody is written to on these."""
    regions: tuple[str, ...] = ()
    """Where the contact may be in law: ISO 3166 codes of countries and states; empty: unknown."""
    law: TenantLaw = AS_SHIPPED

    @property
    def home_zone(self) -> str:
        """The one zone in which calendar days are counted."""
        return self.contact_zones[0] if self.contact_zones else self.tenant_zone


@dataclass(frozen=True)
class Wait:
    """One delay on the way, as it will be recorded. UTC."""

    node: DelayNode
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Passed:
    """One node that was executed on the way, as it will be recorded. UTC."""

    node: Node
    lap: int
    at: datetime
    result: Mapping[str, Any]
    status: StepStatus = StepStatus.SUCCESS


@dataclass(frozen=True)
class Stop:
    """The next node that executes, and the waits before it. UTC."""

    waits: tuple[Wait, ...]
    node: Node
    at: datetime | None
    """None: until somebody acts (see `gate`)."""
    gate: Gate | None
    due: datetime | None = None
    """When the waits are over, where the gate moves `at` beyond that."""
    lap: int = 0
    since: datetime | None = None
    """Set where the node itself is what waits: from then on."""

    @property
    def upcoming(self) -> Upcoming:
        """The stop as the workflow waits for it."""
        return Upcoming(node_id=self.node.id, at=self.at, gate=self.gate, due=self.due, lap=self.lap)


def next_stop(
    plan: Plan, node_id: str, at: datetime, where: LocalTime, *, not_before: datetime | None = None, lap: int = 0
) -> Stop:
    """Walk from `node_id` (included), entered at `at`, to the next node that executes, which a gate may hold back.

    Only delays are passed, and of those only what the calendar alone decides.
    """
    waits: list[Wait] = []
    node = plan.nodes[node_id]
    while isinstance(node, DelayNode) and not isinstance(node.delay, UntilField):
        end = delay_end(node.delay, at, zone=where.home_zone, window=plan.settings.window)
        if end.verdict != "due":
            break
        waits.append(Wait(node=node, starts=at, ends=end.at))
        at, node = end.at, plan.nodes[node.next]
    stop = stop_at(plan, node, at, where, waits=tuple(waits), not_before=not_before, lap=lap)
    if waits and isinstance(node, ConditionNode) and stop.gate is None:
        return put_off(plan, node, stop, where)
    return stop


def put_off(plan: Plan, node: ConditionNode, stop: Stop, where: LocalTime) -> Stop:
    """A decision that only messages hang on is made when one of them may go, by what had happened when it was due.

    One wake-up does for both, and the answer is the same.
    """
    due = stop.at
    messages = messages_after(plan, node)
    if due is None or not messages:
        return stop
    try:
        at, first = min(((when_allowed(plan, one, due, where), one) for one in messages), key=lambda pair: pair[0])
    except NoAllowedInstant:
        # It may be about a message that is not chosen.
        return stop
    if at <= due:
        return stop
    gate = Gate.LAW if laws_that_hold(plan, first, due, where) else Gate.WINDOW
    return replace(stop, at=at, gate=gate, due=due)


def stop_at(
    plan: Plan,
    node: Node,
    due: datetime,
    where: LocalTime,
    *,
    waits: tuple[Wait, ...] = (),
    not_before: datetime | None = None,
    lap: int = 0,
) -> Stop:
    """The stop at a node whose waits are over at `due`: moved past `not_before` (UTC), then into its window."""
    start = max(due, not_before) if not_before else due
    at = when_allowed(plan, node, start, where) if isinstance(node, Outgoing) else start
    if at <= due:
        return Stop(waits, node, due, None, lap=lap)
    if start > due:
        gate = Gate.POSTPONED
    elif isinstance(node, Outgoing) and laws_that_hold(plan, node, due, where):
        gate = Gate.LAW
    else:
        gate = Gate.WINDOW
    return Stop(waits, node, at, gate, due=due, lap=lap)


def when_allowed(plan: Plan, node: Outgoing, at: datetime, where: LocalTime, *, spread: bool = True) -> datetime:
    """The first instant, from `at` on, at which this message may be handed over."""
    rules, blocks = _law_for(plan, node, where)
    return next_allowed(
        at,
        plan.window_of(node),
        contact_zones=where.contact_zones,
        tenant_zone=where.tenant_zone,
        closed=_closed(node, where),
        also=rules,
        blocked=[(block.starts, block.ends) for block in blocks],
        spread_key=where.spread_key if spread else None,
    )


def may_go(plan: Plan, node: Outgoing, now: datetime, where: LocalTime) -> bool:
    """Whether this message may be handed over at this very instant."""
    rules, blocks = _law_for(plan, node, where)
    return is_allowed(
        now,
        plan.window_of(node),
        contact_zones=where.contact_zones,
        tenant_zone=where.tenant_zone,
        closed=_closed(node, where),
        also=rules,
        blocked=[(block.starts, block.ends) for block in blocks],
    )


def laws_that_hold(plan: Plan, node: Outgoing, at: datetime, where: LocalTime) -> tuple[Rule | Block, ...]:
    """The rules and blocks that keep a message back at the first instant, from `at` on, that its window admits."""
    rules, blocks = _law_for(plan, node, where)
    if not rules and not blocks:
        return ()
    opening = next_allowed(
        at,
        plan.window_of(node),
        contact_zones=where.contact_zones,
        tenant_zone=where.tenant_zone,
        closed=_closed(node, where),
    )
    shut = closed_at(opening, rules, contact_zones=where.contact_zones, tenant_zone=where.tenant_zone)
    return (*shut, *(block for block in blocks if block.starts <= opening < block.ends))


def laws_until(plan: Plan, node: Outgoing, at: datetime, where: LocalTime) -> tuple[Rule | Block, ...]:
    """The rules and blocks that are closed up to an instant (aware) at which a message may go."""
    rules, blocks = _law_for(plan, node, where)
    before = at - _MOMENT
    shut = closed_at(before, rules, contact_zones=where.contact_zones, tenant_zone=where.tenant_zone)
    return (*shut, *(block for block in blocks if block.starts <= before < block.ends))


def _law_for(plan: Plan, node: Outgoing, where: LocalTime) -> tuple[tuple[Rule, ...], tuple[Block, ...]]:
    """What the law says of a message: nothing of one that does not solicit, or that goes to a system."""
    if plan.settings.purpose == "service" or not isinstance(node, MessageNode):
        return (), ()
    return where.law.rules(node.channel, where.regions), where.law.blocked(node.channel, where.regions)


def _closed(node: Outgoing, where: LocalTime) -> frozenset[date]:
    """Systems keep no holidays."""
    return where.holidays if isinstance(node, MessageNode) else frozenset()
