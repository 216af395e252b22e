"""An enrollment moves to another version, in one transaction under its lock."""

from dataclasses import replace
from datetime import datetime

import asyncpg
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import Clock, heartbeats
from activities.version_cache import Versions
from domain.migration import MoveOrder, MoveResult, Stays
from scheduling.migration import Change, Stay, move
from store.enrollments import moves
from store.enrollments.moves import Candidate
from store.pool import Database

log = structlog.get_logger(__name__)


class Migrations:
    """The activity, with what it needs from outside."""

    def __init__(self, database: Database, versions: Versions) -> None:
        self._database = database
        self._versions = versions

    @activity.defn
    async def migrate_enrollment(self, order: MoveOrder) -> MoveResult:
        """Move it, or say why it stays. Safe to repeat: a move that was made gets the answer that it got."""
        with heartbeats():
            result = await self._database.repeat(lambda: self._once(order))
        log.info("migrated" if result.next else "not_migrated", enrollment=str(order.enrollment_id), why=result.stays)
        return result

    async def _once(self, order: MoveOrder) -> MoveResult:
        async with self._database.transaction(order.tenant_id, lock_enrollment=order.enrollment_id) as tx:
            if (made := await moves.answer(tx, order.move_id)) is not None:
                return made
            found = await moves.hold(tx, order.enrollment_id)
            if found is None:
                raise ApplicationError(f"no enrollment {order.enrollment_id}", non_retryable=True)
            return await self._move(tx, order, found, Clock().now())

    async def _move(self, tx: asyncpg.Connection, order: MoveOrder, found: Candidate, now: datetime) -> MoveResult:
        if found.standing is None:
            return MoveResult(ended=found.ending)
        recorded = found.standing.next
        if (recorded.node_id, recorded.lap) != (order.next.node_id, order.next.lap):
            return MoveResult(stays=Stays.UNDER_WAY, detail="its record and its workflow disagree about what is next")
        if found.version_id == order.version_id:
            return MoveResult(next=order.next)
        old = await self._versions.get(tx, found.version_id)
        new = await self._versions.get(tx, order.version_id)
        # The workflow knows when the author's wait is over, also of one that is paused.
        standing = replace(found.standing, next=order.next)
        outcome = move(standing, Change(old.plan, new.plan, order.replaced), found.where, now)
        if isinstance(outcome, Stay):
            return MoveResult(stays=outcome.why, detail=outcome.detail)
        result = MoveResult(next=outcome.stop.upcoming, late_seconds=outcome.late.total_seconds())
        await moves.record(tx, order, found, outcome.stop, result, now)
        return result
