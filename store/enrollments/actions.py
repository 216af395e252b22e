"""What actions write: the contact's own fields, turns, campaigns, and what users are told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import Visit
from store.campaigns import campaigns
from store.keyset import FIRST, Keyset
from store.pool import load_queries

_sql = load_queries("enrollments/actions")


async def set_status(tx: asyncpg.Connection, contact_id: UUID, status: str, now: datetime) -> str | None:
    """Set the contact's status; answers what it was."""
    was: str | None = await _sql.set_status(tx, contact_id=contact_id, status=status, now=now)
    return was


async def retag(
    tx: asyncpg.Connection, contact_id: UUID, added: Sequence[str], removed: Sequence[str], now: datetime
) -> list[str]:
    """Remove tags, then add others; answers all that there are then."""
    names = {"added": list(added), "removed": list(removed)}
    tags: list[str] = await _sql.retag(tx, contact_id=contact_id, **names, now=now)
    return tags


async def qualify(tx: asyncpg.Connection, contact_id: UUID, now: datetime) -> datetime:
    """Qualified since when; the first time counts."""
    since: datetime = await _sql.qualify(tx, contact_id=contact_id, now=now)
    return since


async def assign(tx: asyncpg.Connection, contact_id: UUID, user: str, now: datetime) -> None:
    """Who looks after the contact."""
    await _sql.assign(tx, contact_id=contact_id, user_name=user, now=now)


async def take_turn(tx: asyncpg.Connection, contact_id: UUID, sequence_id: UUID, node_id: str) -> int:
    """The next number of a round robin, from 0; callers at the same moment wait for each other, never in a circle."""
    await _sql.hold_turns(tx, contact_id=contact_id, sequence_id=sequence_id)
    turn: int = await _sql.take_turn(tx, sequence_id=sequence_id, node_id=node_id)
    return turn


async def join_campaign(
    tx: asyncpg.Connection, contact_id: UUID, campaign: str, enrollment_id: UUID, now: datetime
) -> bool:
    """Whether the contact is a new member; the campaign is made where there is none of that key."""
    campaign_id = await campaigns.named(tx, campaign, now)
    return await campaigns.add(tx, campaign_id, [contact_id], "action", now, enrollment_id=enrollment_id) > 0


async def set_attributes(
    tx: asyncpg.Connection, contact_id: UUID, attributes: Mapping[str, str], now: datetime
) -> None:
    """Write further columns of the contact."""
    await _sql.set_attributes(tx, contact_id=contact_id, attributes=attributes, now=now)


async def notify(tx: asyncpg.Connection, visit: Visit, contact_id: UUID, user: str, body: str, now: datetime) -> None:
    """Leave something for a user to read."""
    about = {"contact_id": contact_id, "enrollment_id": visit.enrollment_id, "node_id": visit.node_id}
    await _sql.notify(tx, id=visit.step_id, user_name=user, body=body, **about, now=now)


@dataclass(frozen=True)
class Notification:
    """Something that a user should read."""

    id: UUID
    user: str
    body: str
    contact: str
    """External id."""
    sequence: str
    step: str
    created_at: datetime


async def notifications(
    tx: asyncpg.Connection, user: str | None, limit: int, *, behind: Keyset | None = None
) -> list[Notification]:
    """What is unread, oldest first; with `user` only theirs, with `behind` from that time and id on."""
    at, after = behind or FIRST
    found = _sql.notifications(tx, user_name=user, at=at, after=after, limit=limit)
    return [Notification(**row) async for row in found]


async def read_notification(tx: asyncpg.Connection, id: UUID, now: datetime) -> bool:
    """It was read; False: there is none of that id."""
    return await _sql.read_notification(tx, id=id, now=now) is not None
