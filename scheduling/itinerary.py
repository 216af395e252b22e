"""From one node to the next: which waits lie between, and when the next node may execute."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.enrollment import Gate, Upcoming
from domain.errors import TouchlineError
from domain.plan import DelayNode, ExitNode, MessageNode, Node, Plan
from domain.schedule import UntilField
from scheduling.delays import delay_end
from scheduling.window import next_allowed


@dataclass(frozen=True)
class Whereabouts:
    """What local time means for one enrollment."""

    contact_zones: tuple[str, ...]
    tenant_zone: str
    spread_key: UUID
    """The enrollment's id: spreads a burst at an opening over the contacts, the same way on every attempt."""

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
class Stop:
    """The next node that executes, and the waits before it. UTC."""

    waits: tuple[Wait, ...]
    node: MessageNode | ExitNode
    at: datetime
    gate: Gate | None
    due: datetime | None = None
    """When the waits are over, where the gate moves `at` beyond that."""

    @property
    def upcoming(self) -> Upcoming:
        """The same, as the workflow needs it."""
        return Upcoming(node_id=self.node.id, at=self.at, gate=self.gate, due=self.due)


def next_stop(
    plan: Plan, node_id: str, at: datetime, where: Whereabouts, *, not_before: datetime | None = None
) -> Stop:
    """Walk from `node_id` (included), entered at `at`, to the next node that executes, which a gate may hold back."""
    waits: list[Wait] = []
    node = plan.nodes[node_id]
    while isinstance(node, DelayNode):
        if isinstance(node.delay, UntilField):
            raise _cannot_run(node)
        ends = delay_end(node.delay, at, zone=where.home_zone, window=plan.settings.window).at
        waits.append(Wait(node=node, starts=at, ends=ends))
        at, node = ends, plan.nodes[node.next]
    return stop_at(plan, node, at, where, waits=tuple(waits), not_before=not_before)


def stop_at(
    plan: Plan,
    node: Node,
    due: datetime,
    where: Whereabouts,
    *,
    waits: tuple[Wait, ...] = (),
    not_before: datetime | None = None,
) -> Stop:
    """The stop at a node whose waits are over at `due`: moved past `not_before` (UTC), then into its window."""
    if not isinstance(node, MessageNode | ExitNode):
        raise _cannot_run(node)
    start = max(due, not_before) if not_before else due
    at = when_allowed(plan, node, start, where) if isinstance(node, MessageNode) else start
    if at <= due:
        return Stop(waits, node, due, None)
    return Stop(waits, node, at, Gate.POSTPONED if start > due else Gate.WINDOW, due=due)


def when_allowed(plan: Plan, node: MessageNode, at: datetime, where: Whereabouts, *, spread: bool = True) -> datetime:
    """The first instant, from `at` on, at which this message may be handed over."""
    return next_allowed(
        at,
        plan.window_of(node),
        contact_zones=where.contact_zones,
        tenant_zone=where.tenant_zone,
        spread_key=where.spread_key if spread else None,
    )


def _cannot_run(node: Node) -> TouchlineError:
    return TouchlineError(
        f"this release cannot run the step {node.id}, of kind {node.kind}", hint="Start workers of a newer release."
    )
