"""Contacts as somebody's own system sees them: by name, and in which sequences they live."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from domain.contact import Contact
from store.contacts import contact_of
from store.pool import load_queries

_sql = load_queries("leads")


@dataclass(frozen=True)
class Live:
    """A live enrollment."""

    id: UUID
    contact_id: UUID
    sequence: str
    """Its key."""


async def contacts_of(tx: asyncpg.Connection, contact_ids: Sequence[UUID]) -> list[Contact]:
    """Those that exist, by id."""
    return [contact_of(row) async for row in _sql.contacts_of(tx, ids=list(contact_ids))]


async def live_of(tx: asyncpg.Connection, contact_ids: Sequence[UUID], sequence_id: UUID | None = None) -> list[Live]:
    """Where contacts live, the oldest first; in one sequence alone, if it is named."""
    return [Live(**row) async for row in _sql.live_of(tx, contact_ids=list(contact_ids), sequence_id=sequence_id)]
