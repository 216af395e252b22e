"""What waits for an event: a `wait_for` step until it happens, a `goal` until it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog
from pydantic import TypeAdapter, ValidationError

from domain.condition import Condition, own_events
from domain.enrollment import GOAL, LIVE
from domain.facts import evaluate
from store.enrollments import enrollments, facts, signals
from store.enrollments.signals import OpenSignal
from store.inbound.stops import Held
from store.pool import load_queries

log = structlog.get_logger(__name__)

_sql = load_queries("inbound/waits")
_condition: TypeAdapter[Condition] = TypeAdapter(Condition)


@dataclass(frozen=True)
class ExitGoal:
    """An enrollment that ends once its goal holds."""

    enrollment_id: UUID
    goal: Condition


async def goals_of(tx: asyncpg.Connection, contact_id: UUID | None, *, by_field: bool = False) -> list[ExitGoal]:
    """Lock the contact's live enrollments that have a goal; `by_field`: one that a change of the contact can reach.

    Comes before every lock but those of enrollments.
    """
    if contact_id is None:
        return []
    return _goals([row async for row in _sql.goals_of(tx, contact_id=contact_id, by_field=by_field)])


async def goals_of_imported(tx: asyncpg.Connection, external_ids: Sequence[str]) -> list[ExitGoal]:
    """The live enrollments, not locked, of contacts that an import names, whose goal the import can have reached."""
    return _goals([row async for row in _sql.goals_of_imported(tx, external_ids=list(external_ids))])


async def hold(tx: asyncpg.Connection, enrollment_ids: Sequence[UUID]) -> list[ExitGoal]:
    """Lock these enrollments; answers those that live and have a goal."""
    rows = _sql.hold_goals(tx, ids=list(enrollment_ids))
    return _goals([row async for row in rows if row["goal"] is not None])


def _goals(rows: Sequence[asyncpg.Record]) -> list[ExitGoal]:
    return [aim for row in rows if (aim := _goal(row["id"], row["goal"])) is not None]


def _goal(enrollment_id: UUID, goal: object) -> ExitGoal | None:
    """None: it cannot be judged. What somebody reports is recorded, whatever is wrong with a sequence."""
    try:
        return ExitGoal(enrollment_id, _condition.validate_python(goal))
    except ValidationError as error:
        log.error("goal_unreadable", enrollment_id=str(enrollment_id), error=str(error))
        return None


def goals_among(held: Sequence[Held], contact_id: UUID | None) -> list[ExitGoal]:
    """Those of the contact's among what is held already that live and have a goal."""
    own = [one for one in held if one.goal is not None and one.contact_id == contact_id and one.status in LIVE]
    return [aim for one in own if (aim := _goal(one.id, one.goal)) is not None]


async def end_at_goal(
    tx: asyncpg.Connection, event_id: UUID, aims: Sequence[ExitGoal], now: datetime
) -> list[OpenSignal]:
    """End those, under our lock, whose goal holds now that what happened is recorded, and leave word for them."""
    return await enrollments.end_by(tx, event_id, "reply", await at_goal(tx, aims, now), GOAL, now=now)


async def at_goal(tx: asyncpg.Connection, aims: Sequence[ExitGoal], now: datetime) -> list[UUID]:
    """Those whose goal holds."""
    if not aims:
        return []
    known = await facts.read_each(tx, [aim.enrollment_id for aim in aims], events=own_events(aim.goal for aim in aims))
    return [aim.enrollment_id for aim in aims if evaluate(aim.goal, known[aim.enrollment_id].facts, now)]


async def note_event(
    tx: asyncpg.Connection, event_id: UUID, enrollment_ids: Sequence[UUID], events: Sequence[str], now: datetime
) -> list[OpenSignal]:
    """Note on each wait for one of these events that it has happened, and leave word; the first one counts.

    Takes no lock but that of the wait's own record, so it may be called with other rows held.
    """
    if not enrollment_ids:
        return []
    met = [row["id"] async for row in _sql.note_event(tx, ids=list(enrollment_ids), events=list(events), now=now)]
    return await signals.leave(tx, event_id, "nudge", met, now=now)


async def record_custom(
    tx: asyncpg.Connection, event_id: UUID, contact_id: UUID, name: str, key: str, at: datetime, now: datetime
) -> bool:
    """Keep an event that the tenant's own system reports; False: it is known."""
    row = {"id": event_id, "contact_id": contact_id, "name": name, "key": key, "at": at, "now": now}
    return await _sql.record_custom(tx, **row) is not None


async def live_of(tx: asyncpg.Connection, contact_id: UUID) -> list[UUID]:
    """The contact's live enrollments."""
    return [row["id"] async for row in _sql.live_of_contact(tx, contact_id=contact_id)]
