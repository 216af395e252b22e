"""Users: whom contacts are assigned to, and who is told and has tasks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain import ids
from store.pool import load_queries

_sql = load_queries("workspace/users")


@dataclass(frozen=True)
class User:
    """One user of a tenant."""

    id: UUID
    name: str
    """What sequences call them; never changes."""
    full_name: str | None
    email: str | None
    created_at: datetime


async def add(
    tx: asyncpg.Connection, name: str, full_name: str | None, email: str | None, now: datetime
) -> UUID | None:
    """A new user's id; None: the name is taken."""
    id_: UUID | None = await _sql.add_user(tx, id=ids.new_id(), name=name, full_name=full_name, email=email, now=now)
    return id_


async def listed(tx: asyncpg.Connection, *, after: str | None, limit: int) -> list[User]:
    """Users with a name above `after`, by name."""
    return [User(**row) async for row in _sql.list_users(tx, after=after, limit=limit)]


async def read(tx: asyncpg.Connection, id: UUID) -> User | None:
    """The user of that id."""
    row = await _sql.read_user(tx, id=id)
    return User(**row) if row else None


async def change(tx: asyncpg.Connection, id: UUID, full_name: str | None, email: str | None) -> bool:
    """Change what people read of them; False: there is none of that id."""
    return await _sql.change_user(tx, id=id, full_name=full_name, email=email) is not None


async def remove(tx: asyncpg.Connection, id: UUID) -> bool:
    """Take them off the list; what is theirs stays under their name. False: there is none of that id."""
    return await _sql.remove_user(tx, id=id) is not None
