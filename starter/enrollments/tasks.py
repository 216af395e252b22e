"""Tasks are done or skipped by people; the workflow that waits is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import Conflict, NotFound
from starter.engine import Engine
from starter.signals import deliver
from store.enrollments import tasks
from store.enrollments.signals import OpenSignal

Outcome = Literal["completed", "skipped"]


async def close(engine: Engine, task_id: UUID, outcome: Outcome) -> None:
    """Record what a person says; the enrollment goes on by that branch, also when Temporal is down at the moment.

    Raises NotFound, or Conflict for a task that is not open any more.
    """
    now = engine.now()
    async with engine.transaction() as tx:
        enrollment_id = await tasks.enrollment_of(tx, task_id)
    if enrollment_id is None:
        raise NotFound(f"no task {task_id}", hint="list the tasks to find it", command="tasks")
    words = await engine.database.repeat(lambda: _close(engine, task_id, enrollment_id, outcome, now))
    await deliver(engine, task_id, words)


async def _close(
    engine: Engine, task_id: UUID, enrollment_id: UUID, outcome: Outcome, now: datetime
) -> Sequence[OpenSignal]:
    async with engine.transaction(lock_enrollment=enrollment_id) as tx:
        if await tasks.close(tx, task_id, outcome, now) is None:
            raise Conflict(
                f"task {task_id} is not open any more", hint="list the tasks to find those that are", command="tasks"
            )
        return await tasks.tell(tx, task_id, enrollment_id, now)
