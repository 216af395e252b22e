"""What was done by the API to enrollments, sequences and the workspace, and by whom."""

from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from store.keyset import LAST, Keyset
from store.pool import load_queries

_sql = load_queries("workspace/commands")


class Command(Frozen):
    """One thing that was done. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    at: datetime
    by_key: str | None
    """Name of the key, also of a session that was begun by one; null: by the link that signs in."""
    by_session: bool
    """Whether it was done in the console."""
    command: str
    """Method and route: `POST /enrollments/{id}/pause`."""
    subject: str | None
    """What the route names: an enrollment's id, a sequence's key or id; null: the workspace as a whole."""


async def record(
    tx: asyncpg.Connection, tenant_id: UUID, *, owner: UUID, command: str, subject: str | None, now: datetime
) -> None:
    """Write down that the owner of a key or session has done it."""
    await _sql.record(tx, tenant_id=tenant_id, id=ids.new_id(), now=now, owner=owner, command=command, subject=subject)


async def page(tx: asyncpg.Connection, *, subject: str | None, before: Keyset | None, limit: int) -> list[Command]:
    """The newest first, from behind that place (`at` and id) on."""
    at, last = before or LAST
    rows = _sql.page(tx, subject=subject, before_at=at, before_id=last, limit=limit)
    return [Command(**row) async for row in rows]
