"""Goals that an import of contacts has reached: whoever sleeps ends now, and not at the next wake-up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from domain import ids
from store import awaiting
from store.pool import Database
from store.signals import OpenSignal

_JUDGED_AT_ONCE = 500
_ENDED_AT_ONCE = 100
"""Enrollments that one transaction ends: it waits for all of them that are just being claimed or settled."""


async def reach(database: Database, tenant_id: UUID, external_ids: Sequence[str]) -> list[OpenSignal]:
    """End the live enrollments of these contacts whose goal holds now; answers what is to be told.

    Nothing is locked but what ends. Whoever is left because this breaks off is judged again before the next message.
    """
    async with database.transaction(tenant_id) as tx:
        aims = await awaiting.aiming(tx, external_ids)
        there: list[UUID] = []
        for begin in range(0, len(aims), _JUDGED_AT_ONCE):
            there += await awaiting.at_goal(tx, aims[begin : begin + _JUDGED_AT_ONCE], datetime.now(UTC))
    event_id, words = ids.new_id(), list[OpenSignal]()
    for begin in range(0, len(there), _ENDED_AT_ONCE):
        async with database.transaction(tenant_id) as tx:
            held = await awaiting.hold(tx, there[begin : begin + _ENDED_AT_ONCE])
            words += await awaiting.reach(tx, event_id, held, datetime.now(UTC))
    return words
