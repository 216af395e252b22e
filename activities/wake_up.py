"""A wake-up at a node that is no message: execute it, and go on to the next that waits or is handed over."""

from datetime import datetime

import asyncpg
from temporalio.exceptions import ApplicationError

from activities.clock import Clock
from activities.enrollments import Enroller
from activities.gates import HOLDS, SEQUENCE_RECHECK
from activities.walk import Walk
from domain.enrollment import EnrollmentStatus, ExecuteInput, Gate, StepResult, Upcoming
from domain.plan import ConditionNode, ExitNode, Node
from store.enrollments import enrollments, steps
from store.enrollments.scope import Scope, read_scope


async def arrive(tx: asyncpg.Connection, order: ExecuteInput, desk: Enroller, clock: Clock) -> StepResult:
    """Under the enrollment's lock. Safe to repeat: what an earlier attempt has done is the answer."""
    scope = await read_scope(tx, order.enrollment_id)
    if scope is None:
        raise ApplicationError(f"no enrollment {order.enrollment_id}", non_retryable=True)
    if scope.ending is not None:
        return StepResult(verdict="ended", ended=scope.ending)
    if (scope.current_node, scope.lap) != (order.node_id, order.lap):
        return StepResult(verdict="deferred", next=scope.next)
    now = clock.now()
    version = await desk.versions.get(tx, scope.version_id)
    node = version.plan.nodes[order.node_id]
    hurried = order.instruction == "send_now"
    if (held := _held(scope, order, now, is_exit=isinstance(node, ExitNode), hurried=hurried)) is not None:
        if held.gate is Gate.POSTPONED:
            await enrollments.postpone(tx, order.enrollment_id, held)
        elif held.gate is Gate.SEQUENCE_PAUSED:
            await enrollments.hold(tx, order.enrollment_id, held)
        return StepResult(verdict="deferred", next=held)
    if hurried and scope.not_before is not None:
        # The operator knows better than an automatic answer.
        await enrollments.clear_away(tx, order.enrollment_id)
    waited_until = await steps.end_waits(tx, order.visit, now)
    walk = Walk(
        tx,
        order.visit,
        contact_id=scope.contact_id,
        version=version,
        where=scope.where,
        desk=desk,
        now=now,
        not_before=None if hurried else scope.not_before,
        hurried=hurried,
        as_of=None if hurried else _reached_at(scope, node, waited_until),
    )
    return await walk.go_on(node.id, now)


def _reached_at(scope: Scope, node: Node, waited_until: datetime | None) -> datetime | None:
    """When a decision was due that a window has deferred; None: now."""
    if scope.gate is not Gate.WINDOW or not isinstance(node, ConditionNode) or waited_until is None:
        return None
    return max(waited_until, scope.not_before or waited_until)


def _held(scope: Scope, order: ExecuteInput, now: datetime, *, is_exit: bool, hurried: bool) -> Upcoming | None:
    """What holds it back; None: nothing."""

    def held(gate: Gate, until: datetime | None) -> Upcoming:
        return Upcoming(node_id=order.node_id, at=until, gate=gate, due=now, lap=order.lap)

    if scope.status is EnrollmentStatus.PAUSED:
        return held(Gate.ENROLLMENT_PAUSED, None)
    if scope.sequence_status in HOLDS and not is_exit:
        # Everybody stays where they are; whoever has come to the end has nothing to wait for.
        return held(Gate.SEQUENCE_PAUSED, now + SEQUENCE_RECHECK)
    if scope.not_before is not None and scope.not_before > now and not hurried:
        # Whoever is away may still answer.
        return held(Gate.POSTPONED, scope.not_before)
    return None
