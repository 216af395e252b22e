"""Campaigns: groups of contacts, and how each came to be in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from store.keyset import LAST, Keyset
from store.pool import load_queries

_sql = load_queries("campaigns/campaigns")

AddedBy = Literal["action", "api", "cli"]


@dataclass(frozen=True)
class Campaign:
    """One campaign."""

    id: UUID
    key: str
    """What sequences and programs call it."""
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Member:
    """A contact in a campaign."""

    id: UUID
    """The contact's."""
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    added_by: AddedBy
    enrollment_id: UUID | None
    """The one whose action made the contact a member."""
    added_at: datetime


async def create(tx: asyncpg.Connection, key: str, name: str, description: str | None, now: datetime) -> UUID | None:
    """A new campaign's id; None: the key is taken."""
    id_: UUID | None = await _sql.create_campaign(
        tx, id=ids.new_id(), key=key, name=name, description=description, now=now
    )
    return id_


async def find(tx: asyncpg.Connection, name: str) -> Campaign | None:
    """A campaign by its key, or else by its id."""
    if "\0" in name:  # PostgreSQL has no such text.
        return None
    row = await _sql.find_campaign(tx, key=name, id=ids.as_id(name))
    return Campaign(**row) if row else None


async def listed(tx: asyncpg.Connection, *, after: str | None, limit: int) -> list[Campaign]:
    """Campaigns with a key above `after`, by key."""
    return [Campaign(**row) async for row in _sql.list_campaigns(tx, after=after or "", limit=limit)]


async def describe(tx: asyncpg.Connection, id: UUID, name: str, description: str | None, now: datetime) -> None:
    """Change what people read of it."""
    await _sql.describe_campaign(tx, id=id, name=name, description=description, now=now)


async def lock(tx: asyncpg.Connection, id: UUID) -> bool:
    """Let nobody be added and no batch begin before the transaction ends; False: it is gone."""
    return await _sql.lock_campaign(tx, id=id) is not None


async def delete(tx: asyncpg.Connection, id: UUID) -> None:
    """It and who is in it; its batches stay."""
    await _sql.delete_campaign(tx, id=id)


async def hold(tx: asyncpg.Connection, key: str) -> UUID | None:
    """The campaign of that key, which nobody deletes before the transaction ends."""
    id_: UUID | None = await _sql.hold_campaign(tx, key=key)
    return id_


async def named(tx: asyncpg.Connection, key: str, now: datetime) -> UUID:
    """A campaign's id by key, held until the transaction ends; made where there is none."""
    found = await hold(tx, key)
    if found is not None:
        return found
    made: UUID = await _sql.make_campaign(tx, id=ids.new_id(), key=key, now=now)
    return made


async def contacts_named(tx: asyncpg.Connection, names: Sequence[str]) -> dict[str, UUID]:
    """Contacts by what they were called: an external id, or else our own; unknown names are left out."""
    stored = [name for name in names if "\0" not in name]
    own = {name: id_ for name in stored if (id_ := ids.as_id(name)) is not None}
    rows = [row async for row in _sql.known_contacts(tx, names=stored, ids=list(own.values()))]
    by_external_id = {row["external_id"]: row["id"] for row in rows}
    there = {row["id"] for row in rows}
    found: dict[str, UUID] = {name: id_ for name, id_ in own.items() if id_ in there}
    return found | {name: by_external_id[name] for name in stored if name in by_external_id}


async def add(
    tx: asyncpg.Connection,
    id: UUID,
    contact_ids: Sequence[UUID],
    added_by: AddedBy,
    now: datetime,
    *,
    enrollment_id: UUID | None = None,
) -> int:
    """Make contacts members; answers how many were none before."""
    members = {"id": id, "contact_ids": list(contact_ids), "added_by": added_by, "enrollment_id": enrollment_id}
    return len([row async for row in _sql.add_members(tx, **members, now=now)])


async def remove(tx: asyncpg.Connection, id: UUID, contact_id: UUID) -> bool:
    """Whether the contact was a member."""
    return await _sql.remove_member(tx, id=id, contact_id=contact_id) is not None


async def count_members(tx: asyncpg.Connection, id: UUID) -> int:
    """How many are in it."""
    count: int = await _sql.count_members(tx, id=id)
    return count


async def members(tx: asyncpg.Connection, id: UUID, *, before: Keyset | None, limit: int) -> list[Member]:
    """The newest first; with `before`, those behind the member with this time and contact."""
    at, after = before or LAST
    return [Member(**row) async for row in _sql.list_members(tx, id=id, at=at, after=after, limit=limit)]
