"""What operators do to enrollments and sequences. Each answers when it is recorded."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from domain.enrollment import BEFELL, EnrollmentState, StopRequest
from domain.errors import Conflict, NotFound, NotReady, Unfit
from starter import standing
from starter.engine import Engine, unanswered
from store import enrollments, ledger
from workflows.enrollment import EnrollmentWorkflow

_PATIENCE = timedelta(seconds=20)
"""A hand-over that is under way is waited for; an HTTP request is answered within 30 s."""


async def pause(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Hold one enrollment; what is left of its wait is kept."""
    handle = await _handle(engine, enrollment_id)
    return await _answer(enrollment_id, handle.execute_update(EnrollmentWorkflow.pause))


async def resume(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Let a paused enrollment go on."""
    handle = await _handle(engine, enrollment_id)
    return await _answer(enrollment_id, handle.execute_update(EnrollmentWorkflow.resume))


async def stop(engine: Engine, enrollment_id: UUID, reason: str) -> EnrollmentState:
    """End one enrollment for good. Raises Unfit for a reason that only an event can give."""
    request = StopRequest(reason=by_hand(reason))
    handle = await _handle(engine, enrollment_id)
    return await _answer(enrollment_id, handle.execute_update(EnrollmentWorkflow.stop, request))


def by_hand(reason: str) -> str:
    """The reason as it is; raises Unfit for one that would be counted as what a contact did."""
    if reason in BEFELL:
        raise Unfit(
            f"reason: `{reason}` is what Touchline hears itself", hint="say it differently, such as `called us`"
        )
    return reason


async def send_now(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Cut the wait short (or send a message in doubt again); every other gate still holds."""
    handle = await _handle(engine, enrollment_id)
    return await _answer(enrollment_id, handle.execute_update(EnrollmentWorkflow.send_now))


async def assume_sent(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Count a message in doubt as sent and go on; after the end it only settles the record."""
    async with engine.database.transaction(engine.tenant_id, lock_enrollment=enrollment_id) as tx:
        scope = await enrollments.read_scope(tx, enrollment_id)
        if scope is not None and scope.ending is not None:
            visit = await ledger.in_doubt(tx, enrollment_id)
            if visit is not None:
                now = datetime.now(UTC)
                await ledger.settle_sent(tx, visit, None, sent_at=now, result={"assumed": True})
                return EnrollmentState(status=scope.status, reason=scope.reason or scope.error)
    handle = await _handle(engine, enrollment_id)
    return await _answer(enrollment_id, handle.execute_update(EnrollmentWorkflow.assume_sent))


async def _handle(engine: Engine, enrollment_id: UUID) -> WorkflowHandle[EnrollmentWorkflow, Any]:
    """Raises NotFound, or Conflict for an enrollment that has ended."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        scope = await enrollments.read_scope(tx, enrollment_id)
    if scope is None:
        raise NotFound(f"no enrollment {enrollment_id}", hint="list the enrollments to find it", command="enrollments")
    if scope.ending is not None:
        raise Conflict(f"enrollment {enrollment_id} has ended already: {scope.reason or scope.error or scope.status}")
    return engine.runs.handle(enrollment_id)


async def _answer(enrollment_id: UUID, update: Awaitable[EnrollmentState]) -> EnrollmentState:
    """Raises Conflict (it is not in that state, or has just ended) or NotReady (no worker answers)."""
    try:
        # The time-out of a single call does not end the wait for a worker that took the command and died.
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            return await update
    except WorkflowUpdateFailedError as error:
        raise Conflict(f"enrollment {enrollment_id}: {error.cause}") from error
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise NotReady(
            f"no worker answered for enrollment {enrollment_id}; nothing is known to have changed",
            hint="say it again when a worker runs",
            command="up",
        ) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Conflict(
                f"enrollment {enrollment_id} has no running workflow",
                hint="within a minute the reconciler starts it, or records how it ended",
            ) from error
        raise unanswered(error) from error


async def pause_sequence(engine: Engine, key: str, reason: str) -> None:
    """Hold every enrollment of a sequence before its next message; loses nobody."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        await standing.pause(tx, await standing.hold(tx, key), reason)


async def resume_sequence(engine: Engine, key: str) -> int:
    """Let a sequence go on, and wake the enrollments that it held; answers how many."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        held = await standing.resume(tx, await standing.hold(tx, key))
    await standing.wake(engine, held)
    return len(held)
