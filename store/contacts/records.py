"""Contacts as people and programs see them: one by one, and in lists."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from domain.errors import NotFound
from store.contacts import contacts
from store.keyset import LAST, Keyset
from store.pool import load_queries

_sql = load_queries("contacts/records")

_FETCHED_AT_ONCE = 500
_NAMED = 20
"""Contacts that an error names."""


class ContactRecord(Frozen):
    """A contact with all that is known. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    external_id: str
    """What the tenant's own system calls the contact."""
    name: str | None
    email: str | None
    phone: str | None
    """E.164."""
    company: str | None
    timezone: str | None
    """IANA name, as it was given."""
    zones: tuple[str, ...]
    """Every zone that the contact may be in: the given one, or those of the phone number."""
    tags: tuple[str, ...]
    triggers: tuple[str, ...]
    attributes: dict[str, str]
    status: str | None
    qualified_at: datetime | None
    """When a sequence first marked the contact as qualified."""
    assigned_to: str | None
    """The user who looks after the contact."""
    created_at: datetime
    updated_at: datetime


def unknown(names: Sequence[str], instead: str = "") -> NotFound:
    """The error that names contacts which do not exist, the first few of them; `instead`: what came of it."""
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return NotFound(
        f"no contact {', '.join(map(repr, names[:_NAMED]))}{more}{f'; {instead}' if instead else ''}",
        hint="name contacts by their external ids, or by our ids; a file of contacts brings new ones in",
        command="contacts import FILE.csv",
    )


async def named(tx: asyncpg.Connection, name: str) -> ContactRecord:
    """The contact of that external id, or else of that id of ours. Raises NotFound."""
    found = await find(tx, name)
    if found is None:
        raise unknown([name])
    return found


async def find(tx: asyncpg.Connection, name: str) -> ContactRecord | None:
    """The contact of that external id, or else of that id of ours."""
    if "\0" in name:  # PostgreSQL has no such text.
        return None
    row = await _sql.find(tx, external_id=name, id=ids.as_id(name))
    return ContactRecord(**row) if row else None


async def hold(tx: asyncpg.Connection, id: UUID) -> ContactRecord | None:
    """The contact, which nobody changes before the transaction ends; None: it was erased."""
    row = await _sql.hold(tx, id=id)
    return ContactRecord(**row) if row else None


async def insert(tx: asyncpg.Connection, record: ContactRecord) -> bool:
    """Whether the external id was free."""
    return await _sql.insert(tx, **_stored(record), external_id=record.external_id, now=record.created_at) is not None


async def update(tx: asyncpg.Connection, record: ContactRecord) -> None:
    """Write all that can be changed of a contact."""
    await _sql.update(tx, **_stored(record), now=record.updated_at)


def _stored(record: ContactRecord) -> dict[str, Any]:
    lists = {name: list(getattr(record, name)) for name in ("zones", "tags", "triggers")}
    plain = record.model_dump(exclude={*lists, "external_id", "qualified_at", "created_at", "updated_at"})
    return {**plain, **lists}


async def page(
    tx: asyncpg.Connection,
    *,
    search: str | None,
    tag: str | None,
    status: str | None,
    before: Keyset | None,
    limit: int,
) -> list[ContactRecord]:
    """The newest first; with `before`, those behind the contact with this time of creation and id.

    Raises ContentError when the search finds too many.
    """
    at, behind = before or LAST
    part: dict[str, Any] = {"at": at, "behind": behind, "limit": limit}
    if search is not None:
        found = await contacts.matching(tx, search)
        rows = _sql.of_ids(tx, ids=found, tag=tag, status=status, **part)
    elif tag is not None:
        rows = _sql.of_tag(tx, tag=tag, status=status, **part)
    elif status is not None:
        rows = _sql.of_status(tx, status=status, **part)
    else:
        rows = _sql.listed(tx, **part)
    return [ContactRecord(**row) async for row in rows]


async def every(tx: asyncpg.Connection) -> AsyncIterator[asyncpg.Record]:
    """All that a contact file holds, the oldest contact first, by a cursor on the server: as it was at one moment.

    The first one also has every name that an attribute of any contact has, as `names`.
    """
    async for row in tx.cursor(_sql.every.sql, prefetch=_FETCHED_AT_ONCE):
        yield row
