"""Counts of steps, arms and enrollments are rows that are only added; here they are folded together."""

import asyncpg

from store.pool import load_queries

_sql = load_queries("analytics/counters")


async def fold(tx: asyncpg.Connection) -> int:
    """Make one row of all that count the same; answers how many went. None go while somebody else is folding."""
    if not await _sql.take_turn(tx):
        return 0
    steps: int = await _sql.fold_steps(tx)
    arms: int = await _sql.fold_arms(tx)
    enrollments: int = await _sql.fold_enrollments(tx)
    return steps + arms + enrollments
