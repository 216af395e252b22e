"""What operators do to an enrollment, and its regular end: each recorded in one transaction."""

from datetime import timedelta

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import Clock
from activities.versions import Versions
from domain.enrollment import (
    Ending,
    EndInput,
    EnrollmentStatus,
    ExecuteInput,
    Gate,
    ResumeInput,
    StepResult,
    Upcoming,
)
from domain.plan import DelayNode, ExitNode
from scheduling.itinerary import Whereabouts, stop_at
from store import enrollments, ledger
from store.enrollments import Scope
from store.pool import Database

log = structlog.get_logger(__name__)


class Lifecycle:
    """The activities, with what they need from outside."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @activity.defn
    async def pause_enrollment(self, order: ExecuteInput) -> StepResult:
        """Hold the enrollment; answers its ending instead when it has ended meanwhile."""
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            scope = await _scope(tx, order)
            if scope.ending is not None:
                return StepResult(verdict="ended", ended=scope.ending)
            await enrollments.pause(tx, order.enrollment_id, Clock().now())
        return StepResult(
            verdict="deferred", next=Upcoming(node_id=order.node_id, at=None, gate=Gate.ENROLLMENT_PAUSED)
        )

    @activity.defn
    async def resume_enrollment(self, order: ResumeInput) -> StepResult:
        """Start what was left of the wait again, moved into the window."""
        now = Clock().now()
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            scope = await _scope(tx, order)
            if scope.ending is not None:
                return StepResult(verdict="ended", ended=scope.ending)
            upcoming, late = order.next, timedelta()
            if order.remaining_seconds is not None:
                due = now + timedelta(seconds=order.remaining_seconds)
                plan = (await self._versions.get(tx, scope.version_id)).plan
                node = plan.nodes[upcoming.node_id]
                if isinstance(node, DelayNode):
                    raise ApplicationError(f"node {node.id} does not execute", non_retryable=True)
                where = Whereabouts(scope.zones, scope.tenant_zone, order.enrollment_id)
                upcoming = stop_at(plan, node, due, where, not_before=scope.not_before).upcoming
                if upcoming.gate is None and order.next.gate not in (Gate.WINDOW, Gate.POSTPONED):
                    upcoming = upcoming.model_copy(update={"gate": order.next.gate})
                late = due - order.next.wait_ends if order.next.wait_ends else timedelta()
            elif await ledger.is_heard_of(tx, order.enrollment_id, upcoming.node_id):
                # It came to light during the pause what became of the message in doubt.
                upcoming = Upcoming(node_id=upcoming.node_id, at=now)
            await enrollments.resume(tx, order.enrollment_id, upcoming, late=late)
        return StepResult(verdict="deferred", next=upcoming)

    @activity.defn
    async def end_enrollment(self, order: EndInput) -> StepResult:
        """Stop or cancel; an ending that came first stays."""
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            await enrollments.end(tx, [order.enrollment_id], order.ending, now=Clock().now())
            scope = await _scope(tx, order)
        if scope.ending is None:
            raise ApplicationError(f"enrollment {order.enrollment_id} did not end", non_retryable=True)
        log.info("ended", enrollment=str(order.enrollment_id), status=scope.status, reason=scope.reason)
        return StepResult(verdict="ended", ended=scope.ending)

    @activity.defn
    async def finish(self, order: ExecuteInput) -> StepResult:
        """An exit was reached after a wait: the enrollment is complete."""
        now = Clock().now()
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            scope = await _scope(tx, order)
            if scope.ending is not None:
                return StepResult(verdict="ended", ended=scope.ending)
            node = (await self._versions.get(tx, scope.version_id)).plan.nodes[order.node_id]
            if not isinstance(node, ExitNode):
                raise ApplicationError(f"node {order.node_id} is no exit", non_retryable=True)
            if scope.not_before is not None and order.instruction != "send_now" and scope.not_before > now:
                # Whoever is away may still answer.
                upcoming = Upcoming(node_id=node.id, at=scope.not_before, gate=Gate.POSTPONED, due=now)
                await enrollments.postpone(tx, order.enrollment_id, upcoming)
                return StepResult(verdict="deferred", next=upcoming)
            ending = Ending(status=EnrollmentStatus.COMPLETED, reason=node.reason)
            await enrollments.complete_path(tx, order.enrollment_id, now)
            await enrollments.end(tx, [order.enrollment_id], ending, now=now)
        return StepResult(verdict="ended", ended=ending)


async def _scope(tx: asyncpg.Connection, order: ExecuteInput | ResumeInput | EndInput) -> Scope:
    scope = await enrollments.read_scope(tx, order.enrollment_id)
    if scope is None:
        raise ApplicationError(f"no enrollment {order.enrollment_id}", non_retryable=True)
    return scope
