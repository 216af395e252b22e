"""Moving a live enrollment to another version: what is asked, what decides, and what is answered."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.base import Frozen
from domain.enrollment import Ending, EnrollmentState, Upcoming
from domain.plan import MessageNode, Plan, ways_out


class Stays(StrEnum):
    """Why an enrollment cannot be moved."""

    GONE = "gone"
    """Its step is not in the other version, and nothing says what takes its place."""
    UNDER_WAY = "under_way"
    """Its message is being handed over, or was tried and its text is frozen."""
    IN_DOUBT = "in_doubt"
    """Nobody knows whether its message was sent."""
    ANSWERED = "answered"
    """What it waited for has come; it is about to go on."""
    BEEN_THERE = "been_there"
    """It has been at the other version's step: that would happen twice."""
    THREAD = "thread"
    """A conversation would be continued whose first email never went out."""
    UNSCHEDULABLE = "unschedulable"
    """The other version allows its message at no time."""
    ENDED = "ended"
    """It ended meanwhile."""
    NOT_RUNNING = "not_running"
    """It has no running workflow (yet)."""


class OpenStep(Frozen):
    """The record of a node that is waited at or for. UTC."""

    node_id: str
    is_delay: bool
    started_at: datetime | None
    due_at: datetime | None
    answered: bool
    """What it waits for has come."""


class MoveRequest(Frozen):
    """Argument of the `migrate` update."""

    version_id: UUID
    plan: Plan
    """That version's."""
    replaced: Mapping[str, str] = {}
    """Step of the version that it is on → step of the other; all others keep their ids."""


class MoveOrder(Frozen):
    """Record a move."""

    tenant_id: UUID
    enrollment_id: UUID
    move_id: UUID
    """Stays from attempt to attempt."""
    version_id: UUID
    replaced: Mapping[str, str]
    next: Upcoming
    """What the workflow waits for, or would if it were not paused."""


class MoveResult(Frozen):
    """What became of a move: exactly one of `next`, `ended` and `stays`."""

    next: Upcoming | None = None
    late_seconds: float = 0.0
    """How much longer the author's wait is than it was."""
    ended: Ending | None = None
    stays: Stays | None = None
    detail: str = ""


class Moved(Frozen):
    """Answer of the `migrate` update."""

    state: EnrollmentState
    stays: Stays | None = None
    """None: it is on the other version now."""
    detail: str = ""


def lost_thread(plan: Plan, node_id: str, mailed: frozenset[str]) -> str | None:
    """The first email of a conversation that is continued from `node_id` on without it; None: there is none."""
    roots = {node.thread for node in plan.nodes.values() if isinstance(node, MessageNode) and node.thread}
    for root in sorted(roots - mailed):
        reached, waiting = {root}, [node_id]
        while waiting:
            found = waiting.pop()
            if found in reached:
                continue
            reached.add(found)
            node = plan.nodes[found]
            if isinstance(node, MessageNode) and node.thread == root:
                return root
            waiting += ways_out(node)
    return None
