"""What operators do to an enrollment, and its regular end: each recorded in one transaction."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import Clock
from activities.enrollments import Enroller
from activities.version_cache import Versions
from activities.wake_up import arrive
from domain.enrollment import (
    EndInput,
    ExecuteInput,
    Gate,
    ResumeInput,
    StepResult,
    Upcoming,
    Visit,
)
from domain.plan import Plan
from scheduling.itinerary import stop_at
from store.enrollments import enrollments, ledger, steps
from store.enrollments.scope import Scope, read_scope
from store.pool import Database

log = structlog.get_logger(__name__)


_ANSWERED = (Gate.EVENT, Gate.TASK)
"""Whatever the contact or a person does is noted on the step."""


class Lifecycle:
    """The activities, with what they need from outside."""

    def __init__(self, database: Database, versions: Versions, must_carry: Callable[[Plan], None]) -> None:
        self._database = database
        self._versions = versions
        self._must_carry = must_carry

    @activity.defn
    async def pause_enrollment(self, order: ExecuteInput) -> StepResult:
        """Hold the enrollment; answers its ending instead when it has ended meanwhile."""
        return await self._database.repeat(lambda: self._pause(order))

    async def _pause(self, order: ExecuteInput) -> StepResult:
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            scope = await _scope(tx, order)
            if scope.ending is not None:
                return StepResult(verdict="ended", ended=scope.ending)
            await enrollments.pause(tx, order.enrollment_id, Clock().now())
        held = Upcoming(node_id=order.node_id, at=None, gate=Gate.ENROLLMENT_PAUSED, lap=order.lap)
        return StepResult(verdict="deferred", next=held)

    @activity.defn
    async def resume_enrollment(self, order: ResumeInput) -> StepResult:
        """Start what was left of the wait again, moved into the window."""
        return await self._database.repeat(lambda: self._resume(order))

    async def _resume(self, order: ResumeInput) -> StepResult:
        now = Clock().now()
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            scope = await _scope(tx, order)
            if scope.ending is not None:
                return StepResult(verdict="ended", ended=scope.ending)
            upcoming, late = order.next, timedelta()
            visit = Visit(order.enrollment_id, upcoming.node_id, upcoming.lap)
            if upcoming.gate is Gate.DATE or (upcoming.gate in _ANSWERED and await steps.is_answered(tx, visit)):
                # A date does not wait for us; and what was waited for may have come during the pause.
                upcoming = upcoming.model_copy(update={"at": now})
            elif upcoming.gate in _ANSWERED:
                if order.remaining_seconds is not None:
                    upcoming = upcoming.model_copy(update={"at": now + timedelta(seconds=order.remaining_seconds)})
            elif order.remaining_seconds is not None:
                due = now + timedelta(seconds=order.remaining_seconds)
                plan = (await self._versions.get(tx, scope.version_id)).plan
                node = plan.nodes[upcoming.node_id]
                upcoming = stop_at(plan, node, due, scope.where, not_before=scope.not_before, lap=upcoming.lap).upcoming
                if upcoming.gate is None and order.next.gate not in (Gate.WINDOW, Gate.POSTPONED):
                    upcoming = upcoming.model_copy(update={"gate": order.next.gate})
                late = due - order.next.wait_ends if order.next.wait_ends else timedelta()
            elif await ledger.is_heard_of(tx, visit):
                # It came to light during the pause what became of the message in doubt.
                upcoming = Upcoming(node_id=upcoming.node_id, at=now, lap=upcoming.lap)
            await enrollments.resume(tx, order.enrollment_id, upcoming, late=late)
        return StepResult(verdict="deferred", next=upcoming)

    @activity.defn
    async def end_enrollment(self, order: EndInput) -> StepResult:
        """Stop or cancel; an ending that came first stays."""
        return await self._database.repeat(lambda: self._end(order))

    async def _end(self, order: EndInput) -> StepResult:
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
        return await self._database.repeat(lambda: self._complete(order))

    async def _complete(self, order: ExecuteInput) -> StepResult:
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            return await arrive(tx, order, Enroller(order.tenant_id, self._versions, self._must_carry), Clock())


async def _scope(tx: asyncpg.Connection, order: ExecuteInput | ResumeInput | EndInput) -> Scope:
    scope = await read_scope(tx, order.enrollment_id)
    if scope is None:
        raise ApplicationError(f"no enrollment {order.enrollment_id}", non_retryable=True)
    return scope
