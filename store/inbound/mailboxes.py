"""How far a polled mailbox has been read."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.pool import load_queries

_sql = load_queries("inbound/mailboxes")


@dataclass(frozen=True)
class Checkpoint:
    """What comes up to here is committed, and need not be read again."""

    uid_validity: int
    last_uid: int
    polled_at: datetime
    """Everything that the mailbox had taken in until then has been read."""


async def read(tx: asyncpg.Connection, name: str) -> Checkpoint | None:
    """None: this mailbox has never been opened."""
    row = await _sql.read_mailbox(tx, name=name)
    return Checkpoint(**row) if row else None


async def save(tx: asyncpg.Connection, name: str, checkpoint: Checkpoint) -> None:
    """Go on from here the next time."""
    await _sql.save_mailbox(
        tx,
        name=name,
        uid_validity=checkpoint.uid_validity,
        last_uid=checkpoint.last_uid,
        polled_at=checkpoint.polled_at,
    )
