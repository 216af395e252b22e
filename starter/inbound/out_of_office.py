"""An out-of-office with a return date: nothing goes to the contact before that day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import asyncpg

from domain.enrollment import Gate, Upcoming
from scheduling.itinerary import stop_at
from scheduling.zones import load_zone
from store.enrollments import enrollments, signals
from store.enrollments.scope import Scope, read_scope
from store.sequences import sequences

LONGEST_ABSENCE = timedelta(days=180)
"""Who is away for longer has most likely named another year, which must not hold a contact for ever."""

_MOVABLE = (None, Gate.WINDOW, Gate.POSTPONED)
"""Whatever else holds a message back is looked at again before it goes, and then waits for the return as well."""


async def postpone(
    tx: asyncpg.Connection, event_id: UUID, enrollment_ids: Sequence[UUID], returns_on: date, now: datetime
) -> list[UUID]:
    """Hold live enrollments, locked by the caller, back until the contact's `returns_on` begins; answers which moved.

    The day begins in the contact's home zone. One that is over, or further off than LONGEST_ABSENCE, changes nothing.
    Word for the workflows is left under `event_id`.
    """
    moved: dict[UUID, Upcoming] = {}
    for enrollment_id in enrollment_ids:
        scope = await read_scope(tx, enrollment_id)
        if scope is None or scope.ending is not None:
            continue
        returns_at = datetime.combine(returns_on, time(), load_zone(scope.where.home_zone)).astimezone(UTC)
        if not now < returns_at <= now + LONGEST_ABSENCE:
            continue
        await enrollments.set_away(tx, enrollment_id, returns_at)
        if (upcoming := await _later(tx, scope, returns_at)) is not None:
            await enrollments.postpone(tx, enrollment_id, upcoming)
            moved[enrollment_id] = upcoming
    await signals.leave(tx, event_id, "postpone", list(moved), now=now, upcoming=moved)
    return list(moved)


async def _later(tx: asyncpg.Connection, scope: Scope, returns_at: datetime) -> Upcoming | None:
    """The next node after the return; None when it does not come before it anyway, or is held by something else."""
    due = scope.next_run_at
    if scope.current_node is None or due is None or due >= returns_at or scope.gate not in _MOVABLE:
        return None
    version = await sequences.read_version(tx, scope.version_id)
    if version is None:
        raise LookupError(f"no version {scope.version_id} in this tenant")
    node = version.plan.nodes[scope.current_node]
    return stop_at(version.plan, node, due, scope.where, not_before=returns_at, lap=scope.lap).upcoming
