"""Keys of the API: made once, shown once, kept as a hash."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.errors import Conflict, NotFound
from store.keyset import FIRST, Keyset
from store.pool import Database, load_queries

_sql = load_queries("workspace/api_keys")

Scope = Literal["read", "write", "admin"]
"""What a key is good for; none includes another."""

_PREFIX = "tl_"
"""Lets people and scanners for leaked secrets see what it is."""
_USES_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every call shall write."""


@dataclass(frozen=True)
class ApiKey:
    """What is known of a key; the key itself is nowhere."""

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


@dataclass(frozen=True)
class Owner:
    """For whom a key speaks."""

    tenant_id: UUID
    key_id: UUID
    scopes: frozenset[str]


async def create(tx: asyncpg.Connection, tenant_id: UUID, name: str, scopes: set[Scope], now: datetime) -> str:
    """A new key, in the one text that it will ever be shown in. Raises Conflict when the name was ever given."""
    key = _PREFIX + secrets.token_urlsafe(32)
    try:
        await _sql.add_api_key(
            tx, tenant_id=tenant_id, id=ids.new_id(), name=name, hash=_hash(key), scopes=sorted(scopes), now=now
        )
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"there is, or was, a key named {name!r}", hint="take another name") from error
    return key


async def listed(tx: asyncpg.Connection, *, behind: Keyset | None = None, limit: int | None = None) -> list[ApiKey]:
    """The tenant's keys, oldest first, revoked ones among them; with `behind`, those made after that time and id."""
    at, after = behind or FIRST
    return [_key(row) async for row in _sql.list_api_keys(tx, at=at, after=after, limit=limit)]


async def read(tx: asyncpg.Connection, name: str) -> ApiKey | None:
    """The key of that name."""
    row = await _sql.read_api_key(tx, name=name)
    return _key(row) if row else None


async def revoke(tx: asyncpg.Connection, key: str | UUID, now: datetime) -> None:
    """By name or id: from the commit on it opens nothing. Raises NotFound when there is none to revoke."""
    named = {"name": None, "id": key} if isinstance(key, UUID) else {"name": key, "id": None}
    if await _sql.revoke_api_key(tx, **named, now=now) is None:
        raise NotFound(f"there is no valid key {str(key)!r}", hint="list the keys to find it", command="keys list")


async def revoked_of(tx: asyncpg.Connection, key_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Which of these keys and sessions open nothing any more."""
    return {row["id"] async for row in _sql.revoked_of(tx, ids=list(key_ids), now=now)} if key_ids else set()


async def owner_of(database: Database, key: str, now: datetime) -> Owner | None:
    """For whom the key speaks, and a note that it was used; None when it is not valid."""
    row = await database.api_key_owner(_hash(key))
    if row is None:
        return None
    if row["last_used_at"] is None or now - row["last_used_at"] > _USES_EVERY:
        async with database.transaction(row["tenant_id"]) as tx:
            await _sql.api_key_was_used(tx, id=row["id"], now=now)
    return Owner(tenant_id=row["tenant_id"], key_id=row["id"], scopes=frozenset(row["scopes"]))


def _key(row: asyncpg.Record) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()
