"""How a sequence stands: it is paused, goes on and is archived by moves that make sense, each under its row's lock."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import Conflict, NotReady
from starter.engine import Engine
from store import enrollments, sequences
from store.sequences import SequenceRow
from workflows.enrollment import EnrollmentWorkflow


async def hold(tx: asyncpg.Connection, name: str) -> SequenceRow:
    """A sequence by key or id, which nobody else moves before the transaction ends. Raises NotFound."""
    found = await sequences.hold(tx, name)
    if found is None:
        raise sequences.no_such(name)
    return found


async def pause(tx: asyncpg.Connection, sequence: SequenceRow, reason: str) -> None:
    """Hold everybody before their next message. Raises Conflict."""
    _must_be_published(sequence)
    if sequence.status == "paused":
        raise Conflict(f"sequence {sequence.key!r} is paused already: {sequence.paused_reason}")
    if sequence.status == "archived":
        raise Conflict(
            f"sequence {sequence.key!r} is archived: those who are in it finish",
            hint="archive it once more and stop them, or make it active again first",
            command=f"archive {sequence.key} --stop",
        )
    await sequences.set_status(tx, sequence.id, "paused", reason)


async def resume(tx: asyncpg.Connection, sequence: SequenceRow) -> list[UUID]:
    """Let it go on; answers the enrollments that it held, to be woken after the commit. Raises Conflict."""
    _must_be_published(sequence)
    if sequence.status == "active":
        raise Conflict(f"sequence {sequence.key!r} is not paused")
    await sequences.set_status(tx, sequence.id, "active")
    return await enrollments.held_by_sequence(tx, sequence.id)


async def archive(tx: asyncpg.Connection, sequence: SequenceRow) -> list[UUID]:
    """Enroll nobody any more, whatever it was before; answers the enrollments that it held. Raises Conflict."""
    _must_be_published(sequence)
    # The row's lock waits for those who are being enrolled at this moment, so that they are stopped as well.
    await sequences.set_status(tx, sequence.id, "archived")
    return await enrollments.held_by_sequence(tx, sequence.id)


async def wake(engine: Engine, held: Iterable[UUID]) -> None:
    """Tell enrollments that their sequence holds them no more. Raises NotReady when Temporal does not answer."""
    for enrollment_id in held:
        try:
            await engine.runs.handle(enrollment_id).signal(EnrollmentWorkflow.nudge)
        except RPCError as error:
            # The hourly look at a held sequence is the net under this one.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise NotReady(f"Temporal did not answer: {error.message}") from error


def _must_be_published(sequence: SequenceRow) -> None:
    if sequence.version is None:
        raise Conflict(f"sequence {sequence.key!r} is a draft: it was never published", hint="publish it, or delete it")
