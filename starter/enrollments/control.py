"""What operators do to enrollments and sequences. Each answers when it is recorded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import asyncpg
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from domain import ids
from domain.enrollment import Ending, EnrollmentState, EnrollmentStatus, Gate, by_hand
from domain.errors import Conflict, NotFound, NotReady
from starter.engine import Engine, unanswered
from starter.signals import deliver
from store import once
from store.enrollments import enrollments, ledger, signals
from store.enrollments.scope import Scope, read_scope
from store.enrollments.signals import OpenSignal
from workflows.enrollment import EnrollmentWorkflow

_BEFORE_PAUSING_ALONE = timedelta(seconds=8)
"""How long a worker is waited for before the database pauses by itself: both together are answered within 30 s."""
_UNLOCKED_WITHIN = timedelta(seconds=15)
_Command = UpdateMethodMultiParam[[EnrollmentWorkflow], EnrollmentState]

_PATIENCE = timedelta(seconds=20)
"""A hand-over that is under way is waited for; an HTTP request is answered within 30 s."""


async def pause(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Hold one enrollment; what is left of its wait is kept.

    Where no worker answers the database holds it, from its commit on; the workflow hears of it later.
    """
    try:
        return await _ask(engine, enrollment_id, EnrollmentWorkflow.pause, _BEFORE_PAUSING_ALONE)
    except NotReady as silence:
        with once.apart():
            return await _pause_alone(engine, enrollment_id, silence)


async def _pause_alone(engine: Engine, enrollment_id: UUID, silence: NotReady) -> EnrollmentState:
    now, request = engine.now(), once.request_id()
    event_id = ids.said_on(request, enrollment_id) if request else ids.new_id()
    async with _locked(engine, enrollment_id) as tx:
        scope = await read_scope(tx, enrollment_id)
        _must_live(enrollment_id, scope)
        assert scope is not None  # noqa: S101 - it lives
        if scope.status is EnrollmentStatus.PENDING:
            raise silence  # It has no workflow that could hear of it, and begins nothing before Temporal answers.
        words = []
        if scope.status is not EnrollmentStatus.PAUSED:
            await enrollments.pause(tx, enrollment_id, now)
            words = await signals.leave(tx, event_id, "pause", [enrollment_id], now=now)
        elif not await signals.was_left(tx, event_id, enrollment_id):
            raise Conflict(f"enrollment {enrollment_id}: it is paused already")
    await deliver(engine, event_id, words)
    return EnrollmentState(
        status=EnrollmentStatus.PAUSED, node_id=scope.current_node, gate=Gate.ENROLLMENT_PAUSED, remaining_seconds=None
    )


async def resume(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Let a paused enrollment go on."""
    with once.apart():
        async with engine.transaction() as tx:
            unheard = await signals.open_pauses(tx, enrollment_id)
        for word in unheard:
            await deliver(engine, word.event_id, [word])
    return await _ask(engine, enrollment_id, EnrollmentWorkflow.resume)


async def stop(engine: Engine, enrollment_id: UUID, reason: str) -> EnrollmentState:
    """End one enrollment for good, whether or not Temporal answers: its workflow hears of it as of a reply.

    A hand-over that is under way is let go, and named. Raises NotFound; Conflict for one that has ended; Unfit for a
    reason that only an event can give; NotReady where others keep its row for too long.
    """
    ending = Ending(status=EnrollmentStatus.STOPPED, reason=by_hand(reason))
    request = once.request_id()
    event_id = ids.said_on(request, enrollment_id) if request else ids.new_id()

    async def end() -> list[OpenSignal]:
        async with _locked(engine, enrollment_id) as tx:
            _must_live(enrollment_id, await read_scope(tx, enrollment_id))
            return await enrollments.end_by(tx, event_id, "reply", [enrollment_id], ending, now=engine.now())

    await deliver(engine, event_id, await engine.database.repeat(end))
    return EnrollmentState(status=ending.status, reason=ending.reason)


@asynccontextmanager
async def _locked(engine: Engine, enrollment_id: UUID) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that holds the enrollment. Raises NotReady when others hold it for too long."""
    try:
        async with (
            asyncio.timeout(_UNLOCKED_WITHIN.total_seconds()),
            engine.transaction(lock_enrollment=enrollment_id) as tx,
        ):
            yield tx
    except TimeoutError as error:
        raise NotReady(
            f"enrollment {enrollment_id} is busy at the moment; nothing was changed",
            hint="say it again in a moment",
        ) from error


async def send_now(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Cut the wait short (or send a message in doubt again); every other gate still holds."""
    return await _ask(engine, enrollment_id, EnrollmentWorkflow.send_now)


async def assume_sent(engine: Engine, enrollment_id: UUID) -> EnrollmentState:
    """Count a message in doubt as sent and go on; after the end it only settles the record."""
    with once.apart():
        async with engine.transaction() as tx:
            scope = await read_scope(tx, enrollment_id)
    if scope is None or scope.ending is None:
        return await _ask(engine, enrollment_id, EnrollmentWorkflow.assume_sent)
    return await engine.database.repeat(lambda: _assume_after_the_end(engine, enrollment_id, scope))


async def _assume_after_the_end(engine: Engine, enrollment_id: UUID, scope: Scope) -> EnrollmentState:
    async with engine.transaction(lock_enrollment=enrollment_id) as tx:
        visit = await ledger.in_doubt(tx, enrollment_id)
        if visit is None:
            raise _over(enrollment_id, scope)
        await ledger.settle_sent(tx, visit, None, sent_at=engine.now(), result={"assumed": True})
        return EnrollmentState(status=scope.status, reason=scope.reason or scope.error)


def _must_live(enrollment_id: UUID, scope: Scope | None) -> None:
    """Raises NotFound, or Conflict for an enrollment that has ended."""
    if scope is None:
        raise NotFound(f"no enrollment {enrollment_id}", hint="list the enrollments to find it", command="enrollments")
    if scope.ending is not None:
        raise _over(enrollment_id, scope)


def _over(enrollment_id: UUID, scope: Scope) -> Conflict:
    return Conflict(f"enrollment {enrollment_id} has ended already: {scope.reason or scope.error or scope.status}")


async def _ask(
    engine: Engine, enrollment_id: UUID, command: _Command, patience: timedelta | None = None
) -> EnrollmentState:
    """Say it to the workflow, which acts and records it; said again by the same request it answers as it did.

    Raises NotFound; Conflict (it is not in that state, or has ended); NotReady (no worker answers).
    """
    with once.apart():
        request = once.request_id()
        async with engine.transaction() as tx:
            scope = await read_scope(tx, enrollment_id)
        if request is None or scope is None:
            _must_live(enrollment_id, scope)
        handle = engine.runs.handle(enrollment_id)
        update = str(ids.said_on(request, enrollment_id)) if request else None
        try:
            # The time-out of a single call does not end the wait for a worker that took the command and died.
            async with asyncio.timeout((patience or _PATIENCE).total_seconds()):
                return await handle.execute_update(command, id=update)
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
                _must_live(enrollment_id, scope)
                raise Conflict(
                    f"enrollment {enrollment_id} has no running workflow",
                    hint="within a minute the reconciler starts it, or records how it ended",
                ) from error
            raise unanswered(error) from error
