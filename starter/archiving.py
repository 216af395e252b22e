"""Archive a sequence: nobody is enrolled any more; those who are in it finish, or are stopped, as told."""

from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.service import RPCError

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from domain.errors import NotFound, NotReady
from starter.engine import Engine
from starter.telling import say
from store import enrollments, sequences, signals
from workflows.enrollment import EnrollmentWorkflow

_BATCH = 100
"""Enrollments that one transaction stops: it waits for the hand-overs of all of them that are under way."""


@dataclass(frozen=True)
class Archived:
    """What became of the people in it."""

    stopped: int
    finishing: int
    """Live enrollments that go on to their end."""
    woken: int
    """Of these, those that the paused sequence had held back."""


async def archive(engine: Engine, key: str, *, stop: bool, reason: str = "archived") -> Archived:
    """Archive a sequence, whatever it was before; safe to repeat, also to stop later those who were to finish.

    Whoever is stopped gets nothing more from the moment at which their transaction commits, whatever Temporal does.
    """
    async with engine.database.transaction(engine.tenant_id) as tx:
        sequence = await sequences.find(tx, key)
        if sequence is None:
            raise NotFound(f"no sequence {key!r}", hint="./touchline sequences lists them")
        # Waits for those who are being enrolled at this moment, so that they are stopped as well.
        await sequences.set_status(tx, sequence.id, "archived")
        held = [] if stop else await enrollments.held_by_sequence(tx, sequence.id)
    for enrollment_id in held:
        try:
            await engine.runs.handle(enrollment_id).signal(EnrollmentWorkflow.nudge)
        except RPCError as error:
            # The hourly look at a held sequence is the net under this one.
            raise NotReady(f"Temporal did not answer: {error.message}") from error
    stopped = 0
    while stop:
        now, event_id = datetime.now(UTC), ids.new_id()
        ending = Ending(status=EnrollmentStatus.STOPPED, reason=reason)
        async with engine.database.transaction(engine.tenant_id) as tx:
            batch = await enrollments.lock_live(tx, sequence.id, _BATCH)
            ended = sorted(await enrollments.end(tx, batch, ending, now=now))
            words = await signals.leave(tx, event_id, "reply", ended, now=now, endings=dict.fromkeys(ended, ending))
        if not batch:
            break
        stopped += len(ended)
        await say(engine, event_id, words)
    async with engine.database.transaction(engine.tenant_id) as tx:
        finishing = await enrollments.count_live(tx, sequence.id)
    return Archived(stopped, finishing, len(held))
