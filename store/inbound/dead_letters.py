"""What proven senders reported and nobody could read: kept as it came, with the reason."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg

from domain import ids
from domain.errors import NotFound
from store.pool import load_queries

_sql = load_queries("inbound/dead_letters")

_LONGEST_REASON = 2000


@dataclass(frozen=True)
class DeadLetter:
    """One of them, without what was sent."""

    id: UUID
    source: str
    """The path that was called."""
    reason: str
    content_type: str
    bytes: int
    received_at: datetime


async def keep(
    tx: asyncpg.Connection,
    tenant_id: UUID,
    *,
    source: str,
    reason: str,
    content_type: str,
    body: bytes,
    now: datetime,
) -> UUID:
    """Keep it; the same body that came to the same place is kept once. Answers its id."""
    id_ = ids.dead_letter_id(tenant_id, source, sha256(body).hexdigest())
    await _sql.keep_dead_letter(
        tx,
        tenant_id=tenant_id,
        id=id_,
        source=storable(source),
        reason=storable(reason)[:_LONGEST_REASON],
        content_type=storable(content_type),
        body=body,
        now=now,
    )
    return id_


async def listed(tx: asyncpg.Connection, limit: int) -> list[DeadLetter]:
    """The newest first."""
    return [DeadLetter(**row) async for row in _sql.list_dead_letters(tx, limit=limit)]


async def read(tx: asyncpg.Connection, id_: UUID) -> tuple[DeadLetter, bytes]:
    """One of them with what was sent. Raises NotFound."""
    row = await _sql.read_dead_letter(tx, id=id_)
    if row is None:
        raise NotFound(
            f"there is no dead letter {id_}", hint="list the dead letters to find it", command="dead-letters"
        )
    fields = dict(row)
    body: bytes = fields.pop("body")
    return DeadLetter(**fields), body


def storable(text: str) -> str:
    """PostgreSQL keeps no NUL and no half of a surrogate pair; a reason may quote either."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
