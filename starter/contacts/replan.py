"""Whoever waits by a contact's clock is planned anew when that clock is another one: later, or earlier."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from domain import ids
from domain.enrollment import Upcoming
from domain.plan import ConditionNode, DelayNode, Outgoing
from domain.schedule import Delay
from scheduling.itinerary import Stop, next_stop, put_off, stop_at
from scheduling.window import NoAllowedInstant
from starter.engine import Engine
from store.enrollments import clock_waits, enrollments, signals
from store.enrollments.scope import Scope, read_scope
from store.enrollments.signals import OpenSignal
from store.sequences import sequences
from store.sequences.sequences import Version

log = structlog.get_logger(__name__)

_AT_ONCE = 100
"""Enrollments that one transaction holds: it waits for all of them that are just being claimed or settled."""


async def replan(engine: Engine, contact_ids: Sequence[UUID]) -> list[OpenSignal]:
    """Plan what these contacts' live enrollments wait for anew, by the clocks that they have now; answers what to tell.

    Only those hear of it whose next time is another one. Nothing is locked but enrollments that wait, a few at a time.
    Whoever is left because this breaks off is judged by the new clock before the next message all the same.
    """
    if not contact_ids:
        return []
    async with engine.transaction() as tx:
        waiting = await clock_waits.waiting(tx, contact_ids)
    event_id, words = ids.new_id(), list[OpenSignal]()
    for begin in range(0, len(waiting), _AT_ONCE):
        some = waiting[begin : begin + _AT_ONCE]
        words += await engine.database.repeat(partial(_replan, engine, event_id, some))
    return words


async def _replan(engine: Engine, event_id: UUID, enrollment_ids: Sequence[UUID]) -> list[OpenSignal]:
    now = engine.now()
    versions: dict[UUID, Version | None] = {}
    moved: dict[UUID, Upcoming] = {}
    async with engine.transaction() as tx:
        for enrollment_id in await clock_waits.hold(tx, enrollment_ids):
            scope = await read_scope(tx, enrollment_id)
            if scope is None or scope.current_node is None:
                continue
            if scope.version_id not in versions:
                versions[scope.version_id] = await _read(tx, scope.version_id)
            version = versions[scope.version_id]
            stop = await _anew(tx, enrollment_id, scope, version, now) if version else None
            if stop is not None and (stop.at, stop.gate) != (scope.next_run_at, scope.gate):
                upcoming = stop.upcoming.model_copy(update={"anew": True})
                await enrollments.postpone(tx, enrollment_id, upcoming)
                moved[enrollment_id] = upcoming
        return await signals.leave(tx, event_id, "postpone", list(moved), now=now, upcoming=moved)


async def _read(tx: asyncpg.Connection, version_id: UUID) -> Version | None:
    """None: no plan that can be read, so its enrollments stay as they are, and the change of the contact stands."""
    try:
        return await sequences.read_version(tx, version_id)
    except ValidationError:
        log.exception("not_replanned", version=str(version_id))
        return None


async def _anew(
    tx: asyncpg.Connection, enrollment_id: UUID, scope: Scope, version: Version, now: datetime
) -> Stop | None:
    """Where it stands by the clock of now; None: as planned. A wait that an author counts in time ends as planned."""
    plan, node = version.plan, version.plan.nodes[scope.current_node or ""]
    if not isinstance(node, Outgoing | ConditionNode):
        return None
    where, due = scope.where, now
    try:
        for wait in await clock_waits.open_waits(tx, enrollment_id, scope.lap):
            delay = plan.nodes.get(wait.node_id)
            entered = wait.started_at or due
            if isinstance(delay, DelayNode) and not isinstance(delay.delay, Delay) and wait.due_at > now:
                # Until a time of day, or a date: by the contact's clock.
                stop = next_stop(plan, delay.id, entered, where, not_before=scope.not_before, lap=scope.lap)
                return stop if stop.node.id == node.id else None
            due = max(wait.due_at, now)
        stop = stop_at(plan, node, due, where, not_before=scope.not_before, lap=scope.lap)
        if isinstance(node, ConditionNode):
            stop = put_off(plan, node, stop, where) if stop.gate is None else stop
    except NoAllowedInstant:
        return None  # it is said when the time has come
    return None if stop.at is not None and stop.at <= now and (scope.next_run_at or now) <= now else stop
