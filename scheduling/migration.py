"""From a place in one version to the same place in another: which node, and when. A pure function of what was read.

The place is the node that is next, by its id. What is left of its wait is kept; where a delay on the way to it was
changed, the wait is as long as it would have been had the delay been so from its beginning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.enrollment import Gate, Upcoming
from domain.errors import TouchlineError
from domain.migration import OpenStep, Stays, lost_thread
from domain.plan import DelayNode, ExitNode, Node, Plan, TaskNode, WaitNode
from scheduling.itinerary import LocalTime, Stop, Wait, next_stop, stop_at
from scheduling.window import NoAllowedInstant

_GATES: dict[type[Node], Gate] = {WaitNode: Gate.EVENT, TaskNode: Gate.TASK, DelayNode: Gate.DATE}
"""What holds an enrollment at a node that waits by itself."""


@dataclass(frozen=True)
class Position:
    """Where an enrollment stands in its version. UTC."""

    next: Upcoming
    """By the workflow's account, where there is one."""
    paused: bool
    not_before: datetime | None
    """The contact is away until then."""
    waits: tuple[OpenStep, ...]
    """The delays on the way to what is next, in their order."""
    own: OpenStep | None
    """The record of what is next; an exit that nobody wrote has none."""
    message: str | None
    """The state of a message that was claimed and is not settled."""
    been: frozenset[str]
    """The nodes that are behind it in this lap."""
    mailed: frozenset[str]
    """The emails that went out."""


@dataclass(frozen=True)
class Move:
    """It can be moved."""

    stop: Stop
    """Where it stands then; without waits, those that are recorded stay as they are."""
    late: timedelta = timedelta()
    """How much longer the author's wait is."""


@dataclass(frozen=True)
class Stay:
    """It cannot."""

    why: Stays
    detail: str


@dataclass(frozen=True)
class Change:
    """From one plan to another."""

    old: Plan
    new: Plan
    replaced: Mapping[str, str]
    """Node of the old plan → node of the new one; all others keep their ids."""

    def successor(self, node_id: str) -> Node | None:
        """What takes a node's place."""
        return self.new.nodes.get(self.replaced.get(node_id, node_id))


def move(standing: Position, change: Change, where: LocalTime, now: datetime) -> Move | Stay:
    """Where an enrollment stands after the change, or why it stays."""
    step = standing.next.node_id
    if standing.message == "ambiguous":
        return Stay(Stays.IN_DOUBT, f"nobody knows whether {step} was sent")
    if standing.message is not None:
        return Stay(Stays.UNDER_WAY, f"{step} is being sent, or was tried before")
    if standing.own is not None and standing.own.answered:
        return Stay(Stays.ANSWERED, f"what {step} waited for has come")
    node = _target(standing, change)
    if node is None:
        wanted = change.replaced.get(step, step)
        return Stay(Stays.GONE, f"the other version has no step {wanted}")
    if node.id in standing.been:
        return Stay(Stays.BEEN_THERE, f"it has been at {node.id} already")
    if (root := lost_thread(change.new, node.id, standing.mailed)) is not None:
        return Stay(Stays.THREAD, f"{root}, whose conversation is continued after {node.id}, never went out")
    try:
        if standing.own is not None and standing.own.started_at is not None:
            return _inside(standing, standing.own, standing.own.started_at, node, change, where, now)
        return _before(standing, node, change, where, now)
    except (NoAllowedInstant, TouchlineError) as error:
        return Stay(Stays.UNSCHEDULABLE, str(error))


def _target(standing: Position, change: Change) -> Node | None:
    here = change.old.nodes[standing.next.node_id]
    unwritten = isinstance(here, ExitNode) and here.implicit and here.id not in change.replaced
    if unwritten and standing.waits:
        # Nobody's step is next: what counts is the delay that is being waited out, and what follows it now.
        delay = change.successor(standing.waits[-1].node_id)
        if isinstance(delay, DelayNode):
            return change.new.nodes[delay.next]
    return change.successor(here.id)


def _before(standing: Position, node: Node, change: Change, where: LocalTime, now: datetime) -> Move:
    """On the way to a node: message or not, it has not been entered yet."""
    upcoming = standing.next
    # What else holds it back has its own time; the records know when the author's wait is over.
    told = {None: upcoming.at, Gate.WINDOW: upcoming.due, Gate.POSTPONED: upcoming.due}.get(upcoming.gate)
    recorded = standing.waits[-1].due_at if standing.waits else standing.own and standing.own.due_at
    waits, late = _waits(standing, node, change, where)
    due = (told or recorded or upcoming.at or now) + late
    stop = stop_at(change.new, node, due, where, waits=waits, not_before=standing.not_before, lap=upcoming.lap)
    if stop.at is not None and stop.at < now and not standing.paused:
        stop = replace(stop, at=now)
    return Move(_held(stop, upcoming, now), late)


def _waits(standing: Position, node: Node, change: Change, where: LocalTime) -> tuple[tuple[Wait, ...], timedelta]:
    """The delays that lead to `node` in the new plan, and how much later they end; none if they do not lead there."""
    if not standing.waits:
        return (), timedelta()
    first, last = standing.waits[0], standing.waits[-1]
    successor = change.successor(first.node_id)
    if first.started_at is None or last.due_at is None or successor is None:
        return (), timedelta()
    planned = _way(change.old, first.node_id, standing.next.node_id, first.started_at, where)
    now_planned = _way(change.new, successor.id, node.id, first.started_at, where)
    if not planned or not now_planned:
        return (), timedelta()
    # A pause has moved what was planned.
    moved = last.due_at - planned[-1].ends
    late = now_planned[-1].ends - planned[-1].ends
    return tuple(replace(wait, ends=wait.ends + moved) for wait in now_planned), late


def _way(plan: Plan, start: str, goal: str, at: datetime, where: LocalTime) -> tuple[Wait, ...]:
    if not isinstance(plan.nodes.get(start), DelayNode):
        return ()
    stop = next_stop(plan, start, at, where)
    return stop.waits if stop.node.id == goal else ()


def _inside(
    standing: Position,
    own: OpenStep,
    since: datetime,
    node: Node,
    change: Change,
    where: LocalTime,
    now: datetime,
) -> Move:
    """At a node that waits by itself, and was entered `since`."""
    upcoming, here = standing.next, change.old.nodes[standing.next.node_id]
    stop, late = Stop((), node, own.due_at, _GATES.get(type(node)), lap=upcoming.lap, since=since), timedelta()
    match here, node:
        case WaitNode(), WaitNode():
            late = timedelta(seconds=node.timeout_seconds - here.timeout_seconds)
            stop = replace(stop, at=(own.due_at or now) + late)
        case TaskNode(), TaskNode() if node.id == here.id:
            # Its text stays as it was given to the person.
            if here.lapse_seconds is not None and node.lapse_seconds is not None:
                late = timedelta(seconds=node.lapse_seconds - here.lapse_seconds)
                stop = replace(stop, at=(own.due_at or now) + late)
            else:
                lapses = None if node.lapse_seconds is None else since + timedelta(seconds=node.lapse_seconds)
                stop = replace(stop, at=lapses)
        case DelayNode(), DelayNode():
            # A date is looked up when it is looked at: at once, if it may be another one now.
            stop = replace(stop, at=own.due_at if node.delay == here.delay and own.due_at else now)
        case _:
            # Another step has taken its place: a task is given at once, others come when the wait would be over.
            due = own.due_at or now
            if isinstance(node, TaskNode):
                # Of a wait that a pause holds, nothing is left.
                due, late = now, min(since - due, timedelta())
            stop = stop_at(change.new, node, due, where, not_before=standing.not_before, lap=upcoming.lap)
    return Move(_held(stop, upcoming, now), late)


def _held(stop: Stop, upcoming: Upcoming, now: datetime) -> Stop:
    """A paused sequence still holds what is due."""
    if upcoming.gate is not Gate.SEQUENCE_PAUSED or stop.at is None or stop.at > now:
        return stop
    return replace(stop, at=upcoming.at, gate=upcoming.gate, due=upcoming.due)
