"""Who is signed in to the console: a session is known by what a browser's cookie holds, kept as a hash."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import asyncpg

from domain import ids
from store.pool import Database, load_queries
from store.workspace.api_keys import Owner, Scope

_sql = load_queries("workspace/sessions")

LINK_LASTS = timedelta(minutes=10)
IDLE = timedelta(hours=12)
"""A session that is not used for so long ends."""
LONGEST = timedelta(days=7)
"""Whoever works on signs in anew: a stolen cookie is good for no longer."""
EVERYTHING: frozenset[Scope] = frozenset({"read", "write", "admin"})

_SESSION, _LINK = "ts_", "once_"
_SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every call shall write."""


def is_session(credential: str) -> bool:
    """Whether it has the form of a session, and so is no key of the API."""
    return credential.startswith(_SESSION)


async def make_link(tx: asyncpg.Connection, tenant_id: UUID, scopes: Collection[Scope], now: datetime) -> str:
    """What signs in once within LINK_LASTS, in the one text that it will ever be shown in."""
    token = _token(_LINK, tenant_id)
    await _sql.forget_sign_in_links(tx, now=now)
    await _sql.add_sign_in_link(
        tx, tenant_id=tenant_id, hash=_hash(token), scopes=sorted(scopes), expires_at=now + LINK_LASTS
    )
    return token


async def begin_by_link(database: Database, token: str, now: datetime) -> str | None:
    """A new session for the link, which is used up by it; None: it is no valid link, or was used before."""
    tenant_id = _tenant(_LINK, token)
    if tenant_id is None:
        return None
    async with database.transaction(tenant_id) as tx:
        scopes = await _sql.use_sign_in_link(tx, hash=_hash(token), now=now)
        return None if scopes is None else await _begin(tx, tenant_id, scopes, None, now)


async def begin_by_key(database: Database, owner: Owner, now: datetime) -> str:
    """A new session that may do what the key may, and ends with it."""
    async with database.transaction(owner.tenant_id) as tx:
        return await _begin(tx, owner.tenant_id, owner.scopes, owner.key_id, now)


async def owner_of(database: Database, token: str, now: datetime) -> Owner | None:
    """For whom the session speaks, and a note that it was used; None when it has ended or never was."""
    tenant_id = _tenant(_SESSION, token)
    if tenant_id is None:
        return None
    async with database.transaction(tenant_id) as tx:
        row = await _sql.read_session(tx, hash=_hash(token), now=now)
        if row is None:
            return None
        if now - row["seen_at"] > _SEEN_EVERY:
            expires_at = min(now + IDLE, row["created_at"] + LONGEST)
            await _sql.session_was_seen(tx, id=row["id"], now=now, expires_at=expires_at)
    return Owner(tenant_id=tenant_id, key_id=row["id"], scopes=frozenset(row["scopes"]))


async def end(database: Database, token: str) -> None:
    """From the commit on it opens nothing; one that has ended already stays so."""
    tenant_id = _tenant(_SESSION, token)
    if tenant_id is not None:
        async with database.transaction(tenant_id) as tx:
            await _sql.end_session(tx, hash=_hash(token))


async def _begin(
    tx: asyncpg.Connection, tenant_id: UUID, scopes: Collection[str], key_id: UUID | None, now: datetime
) -> str:
    token = _token(_SESSION, tenant_id)
    await _sql.forget_sessions(tx, now=now)
    await _sql.add_session(
        tx,
        tenant_id=tenant_id,
        id=ids.new_id(),
        hash=_hash(token),
        scopes=sorted(scopes),
        key_id=key_id,
        now=now,
        expires_at=now + IDLE,
    )
    return token


def _token(kind: str, tenant_id: UUID) -> str:
    # Names its tenant, so that it is looked up among that tenant's rows alone, as everything else is.
    return f"{kind}{tenant_id.hex}_{secrets.token_urlsafe(32)}"


def _tenant(kind: str, token: str) -> UUID | None:
    named = token.removeprefix(kind).partition("_")[0]
    try:
        return UUID(named) if token.startswith(kind) and len(named) == 32 else None
    except ValueError:
        return None


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
