"""The working copies of sequences: what an author changes before it is published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from domain import ids
from store.pool import load_queries

_sql = load_queries("sequences/drafts")


@dataclass(frozen=True)
class Summary:
    """A sequence as a list shows it."""

    id: UUID
    key: str
    name: str
    description: str | None
    status: str
    paused_reason: str | None
    triggers: tuple[str, ...]
    """Those of the newest version."""
    created_at: datetime
    updated_at: datetime
    """When the working copy was changed last."""
    version: int | None
    """The newest one; None: it was never published."""
    published_at: datetime | None
    unpublished_changes: bool
    """Whether the working copy was changed since the newest version."""


@dataclass(frozen=True)
class Sheet(Summary):
    """A sequence with its working copy."""

    revision: UUID
    """Drawn anew by each change of the working copy."""
    definition: Mapping[str, Any]
    """As the author left it, right or wrong; its key is always there."""


@dataclass(frozen=True)
class VersionSummary:
    """A published version as a list shows it."""

    version: int
    content_hash: str
    """SHA-256 (hex) of what it means."""
    published_at: datetime


@dataclass(frozen=True)
class VersionSheet(VersionSummary):
    """A published version with what it says."""

    definition: Mapping[str, Any]


async def create(tx: asyncpg.Connection, tenant_id: UUID, key: str, definition: Mapping[str, Any]) -> UUID | None:
    """A sequence that nobody is enrolled in yet, and its id; None: the key is taken."""
    label = _label(key, definition)
    sequence_id: UUID | None = await _sql.add_sequence(tx, id=ids.sequence_id(tenant_id, key), key=key, **label)
    if sequence_id is not None:
        await _sql.add_draft(tx, sequence_id=sequence_id, definition=definition)
    return sequence_id


async def find(tx: asyncpg.Connection, name: str) -> Sheet | None:
    """A sequence by the author's key, or else by its id."""
    if "\0" in name:  # PostgreSQL has no such text.
        return None
    return await _read(tx, key=name, id=ids.as_id(name))


async def hold(tx: asyncpg.Connection, name: str) -> Sheet | None:
    """A working copy by key or id, which nobody else changes, publishes or deletes before the transaction ends."""
    if "\0" in name:
        return None
    # A statement of its own: what is read after the wait is what its last holder left.
    sequence_id: UUID | None = await _sql.hold_draft(tx, key=name, id=ids.as_id(name))
    return await _read(tx, key="", id=sequence_id) if sequence_id else None


async def page(
    tx: asyncpg.Connection, *, status: str | None, search: str | None, after: str | None, limit: int
) -> list[Summary]:
    """Sequences by key, those behind the key `after`; `search` is part of a name or key, in any case."""
    rows = _sql.page(tx, status=status, search=search, after=after, limit=limit)
    return [Summary(**{**row, "triggers": tuple(row["triggers"])}) async for row in rows]


async def change(tx: asyncpg.Connection, sheet: Sheet, definition: Mapping[str, Any]) -> UUID:
    """Put another definition in the place of the working copy, which the caller holds; answers its revision."""
    if definition == sheet.definition:
        return sheet.revision
    revision: UUID = await _sql.change_draft(tx, sequence_id=sheet.id, definition=definition)
    await _sql.name_sequence(tx, id=sheet.id, **_label(sheet.key, definition))
    return revision


async def follow(tx: asyncpg.Connection, sequence_id: UUID, key: str, definition: Mapping[str, Any]) -> None:
    """The working copy becomes what was just published."""
    await _sql.follow(tx, sequence_id=sequence_id, revision=ids.new_id(), definition=definition)
    await _sql.name_sequence(tx, id=sequence_id, **_label(key, definition))


async def mark_published(tx: asyncpg.Connection, sequence_id: UUID) -> None:
    """The newest version says what the working copy says."""
    await _sql.published(tx, sequence_id=sequence_id)


async def delete(tx: asyncpg.Connection, sequence_id: UUID) -> bool:
    """Delete a sequence that was never published; False: it was."""
    return await _sql.delete_unpublished(tx, id=sequence_id) is not None


async def versions(
    tx: asyncpg.Connection, sequence_id: UUID, *, before: int | None, limit: int
) -> list[VersionSummary]:
    """The published versions, the newest first, those older than `before`."""
    rows = _sql.versions(tx, sequence_id=sequence_id, before=before, limit=limit)
    return [VersionSummary(**row) async for row in rows]


async def version(tx: asyncpg.Connection, sequence_id: UUID, number: int) -> VersionSheet | None:
    """One published version; None: there is none of that number."""
    record = await _sql.version(tx, sequence_id=sequence_id, version=number)
    return VersionSheet(**record) if record else None


async def _read(tx: asyncpg.Connection, *, key: str, id: UUID | None) -> Sheet | None:
    record = await _sql.find_sheet(tx, key=key, id=id)
    return Sheet(**{**record, "triggers": tuple(record["triggers"])}) if record else None


def _label(key: str, definition: Mapping[str, Any]) -> dict[str, str | None]:
    """What people call it, whatever a working copy holds there."""
    name, description = definition.get("name"), definition.get("description")
    return {
        "name": name if isinstance(name, str) and name.strip() else key,
        "description": description if isinstance(description, str) and description.strip() else None,
    }
