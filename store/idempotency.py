"""The first answers to requests that may be made again: taken, kept, forgotten."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from store.pool import load_queries

_sql = load_queries("idempotency")


@dataclass(frozen=True)
class Attempt:
    """One carrying out of a request; only it may keep its answer."""

    key: str
    id: UUID


@dataclass(frozen=True)
class Known:
    """What is kept of a key that was used before."""

    fingerprint: bytes
    """Of the request that used it."""
    held_until: datetime | None
    """An attempt is under way, and counts as dead from then on; None: it is answered."""
    status: int | None
    answer: bytes | None
    """As the caller's side has encrypted it; None with a status: it was too long to be kept."""


async def begin(
    tx: asyncpg.Connection, attempt: Attempt, fingerprint: bytes, *, now: datetime, held_until: datetime
) -> bool:
    """Take the key for this attempt; False: it is taken (see `known`)."""
    taken = await _sql.begin(
        tx, key=attempt.key, attempt=attempt.id, fingerprint=fingerprint, now=now, held_until=held_until
    )
    return taken is not None


async def known(tx: asyncpg.Connection, key: str) -> Known | None:
    """What became of the request that used the key; None: it was given up or forgotten meanwhile."""
    row = await _sql.known(tx, key=key)
    return Known(**row) if row else None


async def hold(tx: asyncpg.Connection, attempt: Attempt, until: datetime) -> None:
    """Keep the key for an attempt that takes longer."""
    await _sql.hold(tx, key=attempt.key, attempt=attempt.id, held_until=until)


async def keep(tx: asyncpg.Connection, attempt: Attempt, status: int, answer: bytes | None) -> bool:
    """What the same request is answered from now on; False: this attempt counts as dead, and another has taken over."""
    return await _sql.keep(tx, key=attempt.key, attempt=attempt.id, status=status, answer=answer) is not None


async def give_up(tx: asyncpg.Connection, attempt: Attempt) -> None:
    """The attempt came to nothing that should be answered again."""
    await _sql.give_up(tx, key=attempt.key, attempt=attempt.id)


async def forget(tx: asyncpg.Connection, before: datetime) -> None:
    """Drop what began before then."""
    await _sql.forget(tx, before=before)
