"""Take a failed enrollment up again, at the step that failed.

The new attempt has a lap of its own: another record, another message, another Message-ID; the failed ones stay. To
Temporal it is another run under the enrollment's workflow id, which is why two can never be open at once. The run that
failed must be over before the row lives again; from then on whoever finds the row `pending` may start the next run:
we do, and after a crash in between the reconciler.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from temporalio.client import WorkflowFailureError
from temporalio.service import RPCError

from activities.enrollments import held_by
from domain.enrollment import EnrollmentInput, EnrollmentState, EnrollmentStatus
from domain.errors import Conflict, NotFound, NotReady
from scheduling.itinerary import Stop, stop_at
from scheduling.window import NoAllowedInstant
from starter.engine import Engine, unanswered
from starter.signals import taken_in_time
from store import once
from store.enrollments import enrollments, retries
from store.enrollments.enrollments import NOBODYS
from store.enrollments.retries import Failed
from store.sequences import sequences
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_PATIENCE = timedelta(seconds=10)
"""What the failed run needs to end is one workflow task."""


async def retry(engine: Engine, enrollment_id: UUID, step: str | None = None) -> EnrollmentState:
    """Let a failed enrollment go on from the step that failed; nothing that was sent is sent again.

    `step`: only if that is the one. Raises NotFound; Conflict, where it did not fail there or must not go on; NotReady,
    when Temporal does not answer or a channel has no provider. Then nothing was changed.
    """
    async with engine.transaction() as tx:
        seen = _may_be_retried(await retries.read(tx, enrollment_id), enrollment_id, step)
    await _is_over(engine, enrollment_id)
    now = engine.now()
    failed, version, stop, number = await engine.database.repeat(
        lambda: _take_up(engine, enrollment_id, step, seen, now)
    )
    log.info("retried", enrollment=str(enrollment_id), step=failed.node_id, number=number)
    started = await _start(engine, failed, version, stop, number)
    return EnrollmentState(
        status=EnrollmentStatus.RUNNING if started else EnrollmentStatus.PENDING,
        node_id=stop.node.id,
        at=stop.at,
        gate=stop.gate,
    )


async def _take_up(
    engine: Engine, enrollment_id: UUID, step: str | None, seen: Failed, now: datetime
) -> tuple[Failed, Version, Stop, int]:
    async with engine.transaction(lock_enrollment=enrollment_id) as tx:
        failed = _may_be_retried(await retries.read(tx, enrollment_id), enrollment_id, step)
        if failed.retries != seen.retries:
            raise Conflict(f"enrollment {enrollment_id} was taken up again meanwhile, and failed once more")
        # Whoever archives the sequence meanwhile waits for us, and finds this one alive.
        if await sequences.hold_status(tx, failed.sequence_id) == "archived":
            raise Conflict(
                f"sequence {failed.sequence!r} is archived: nobody begins anything in it",
                hint="make the sequence active again first",
                command=f"resume --sequence {failed.sequence}",
            )
        version = await sequences.read_version(tx, failed.version_id)
        if version is None:
            raise NotFound(f"the version that enrollment {enrollment_id} is on is missing")
        engine.providers.must_carry(version.plan)
        _must_want_it(failed, version)
        stop = _stop(engine, failed, version)
        try:
            held = NOBODYS if failed.is_test else held_by(version.plan, failed.email, failed.phone)
            return failed, version, stop, await retries.take_up(tx, failed, stop, now, held)
        except asyncpg.UniqueViolationError as error:
            raise Conflict(
                f"the contact is live in {failed.sequence!r} again, by another enrollment, or somebody who shares its"
                " address is"
            ) from error


def _may_be_retried(found: Failed | None, enrollment_id: UUID, step: str | None) -> Failed:
    """Raises NotFound or Conflict."""
    if found is None:
        raise NotFound(f"no enrollment {enrollment_id}", hint="list the enrollments to find it", command="enrollments")
    if found.ending is None:
        raise Conflict(f"enrollment {enrollment_id} is live: nothing of it is to be retried")
    if found.ending.status is not EnrollmentStatus.FAILED:
        how = f"{found.ending.status}" + (f": {found.ending.reason}" if found.ending.reason else "")
        raise Conflict(f"enrollment {enrollment_id} did not fail, it ended {how}")
    if found.node_id is None:
        raise Conflict(f"enrollment {enrollment_id} failed at no step of its own: {found.error}")
    if step is not None and step != found.node_id:
        raise Conflict(
            f"enrollment {enrollment_id} did not fail at {step!r}", hint=f"it failed at {found.node_id!r}: retry that"
        )
    if found.other is not None:
        raise Conflict(f"the contact is live in {found.sequence!r} again, by enrollment {found.other}")
    if found.barred:
        raise Conflict(f"the contact's address is suppressed on {', '.join(found.barred)}")
    return found


def _must_want_it(failed: Failed, version: Version) -> None:
    """An answer that came after the failure would have stopped a live enrollment. Raises Conflict."""
    stop_on = version.plan.settings.stop_on
    heard = set(failed.answered) & failed.channels if "own_channel" in stop_on else failed.answered
    if heard and "reply" in stop_on:
        raise Conflict("the contact has answered since it failed, and an answer stops this sequence")


def _stop(engine: Engine, failed: Failed, version: Version) -> Stop:
    node = version.plan.nodes[failed.node_id or ""]
    try:
        return stop_at(
            version.plan, node, engine.now(), failed.where, not_before=failed.not_before, lap=failed.next_lap
        )
    except NoAllowedInstant as error:
        raise Conflict(f"no allowed time exists for {node.id}: {error}") from error


async def _is_over(engine: Engine, enrollment_id: UUID) -> None:
    """Wait for the end of the run that failed. Raises NotReady."""
    try:
        if await engine.runs.status(enrollment_id) != "running":
            return
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            await engine.runs.handle(enrollment_id).result()
    except WorkflowFailureError:
        return
    except TimeoutError as error:
        raise NotReady(
            f"the run of enrollment {enrollment_id} that failed is not over yet; nothing was changed",
            hint="say it again when a worker runs",
            command="up",
        ) from error
    except RPCError as error:
        raise unanswered(error) from error


async def _start(engine: Engine, failed: Failed, version: Version, stop: Stop, number: int) -> bool:
    """What cannot be started now, or waits for its commit, starts behind it, or is started by the reconciler."""
    if once.later(partial(_start, engine, failed, version, stop, number)):
        return False
    start = EnrollmentInput(
        tenant_id=engine.tenant_id,
        enrollment_id=failed.enrollment_id,
        plan=version.plan,
        next=stop.upcoming,
        retries=number,
    )
    call = engine.runs.start(start, failed.contact_id, version.number)
    if not await taken_in_time(call, "start_failed", enrollment=str(failed.enrollment_id)):
        return False
    await engine.database.repeat(lambda: _mark_started(engine, failed.enrollment_id))
    return True


async def _mark_started(engine: Engine, enrollment_id: UUID) -> None:
    async with engine.transaction() as tx:
        await enrollments.mark_started(tx, [enrollment_id], engine.now())
