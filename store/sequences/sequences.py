"""Sequences and their immutable published versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from domain import ids
from domain.errors import NotFound
from domain.plan import Plan
from scheduling.itinerary import TenantTime
from scheduling.law import TenantLaw
from store.pool import load_queries

_sql = load_queries("sequences/sequences")


@dataclass(frozen=True)
class SequenceRow:
    """A sequence with its newest version."""

    id: UUID
    key: str
    name: str
    status: str
    paused_reason: str | None
    triggers: tuple[str, ...]
    version_id: UUID | None
    version: int | None


@dataclass(frozen=True)
class Published:
    """What publishing led to."""

    sequence_id: UUID
    version_id: UUID
    version: int
    changed: bool
    """False: the newest version already had this content."""


@dataclass(frozen=True)
class Version:
    """A published version: immutable, so it may be kept in memory for ever."""

    id: UUID
    sequence_id: UUID
    number: int
    plan: Plan
    contents: Mapping[str, Mapping[str, str]]
    """Templates by node id."""


@dataclass(frozen=True)
class NodeContent:
    """What one message node says, as authored."""

    node_id: str
    order_index: int
    channel: str
    templates: Mapping[str, str]


async def publish(
    tx: asyncpg.Connection,
    tenant_id: UUID,
    *,
    name: str,
    triggers: Sequence[str],
    plan: Plan,
    definition: Mapping[str, Any],
    content_hash: str,
    contents: Sequence[NodeContent],
) -> Published:
    """Add a version, unless the newest one has the same content; `name` is for a sequence that is new."""
    sequence_id = ids.sequence_id(tenant_id, plan.sequence)
    await _sql.lock_sequence(tx, id=sequence_id, key=plan.sequence, name=name, triggers=list(triggers))
    latest = await _sql.latest_version(tx, sequence_id=sequence_id)
    if latest is not None and latest["content_hash"] == content_hash:
        return Published(sequence_id, latest["id"], latest["version"], changed=False)
    number = latest["version"] + 1 if latest else 1
    version_id = ids.version_id(sequence_id, number)
    await _sql.insert_version(
        tx,
        id=version_id,
        sequence_id=sequence_id,
        version=number,
        content_hash=content_hash,
        definition=definition,
        plan=plan.model_dump(mode="json"),
    )
    for content in contents:
        await _sql.insert_content(
            tx,
            version_id=version_id,
            node_id=content.node_id,
            order_index=content.order_index,
            channel=content.channel,
            templates=content.templates,
        )
    await _sql.describe_sequence(tx, id=sequence_id, triggers=list(triggers))
    return Published(sequence_id, version_id, number, changed=True)


def _row(record: asyncpg.Record) -> SequenceRow:
    return SequenceRow(**{**record, "triggers": tuple(record["triggers"])})


async def find(tx: asyncpg.Connection, name: str) -> SequenceRow | None:
    """A sequence by the author's key, or else by its id."""
    if "\0" in name:  # PostgreSQL has no such text.
        return None
    record = await _sql.find_sequence(tx, key=name, id=ids.as_id(name))
    return _row(record) if record else None


async def named(tx: asyncpg.Connection, name: str) -> SequenceRow:
    """A sequence by key or id. Raises NotFound."""
    found = await find(tx, name)
    if found is None:
        raise no_such(name)
    return found


def no_such(name: str) -> NotFound:
    """What is said of a name that no sequence has."""
    return NotFound(
        f"no sequence {name!r}",
        hint="name it by its key or id; list the sequences to find it",
        command="sequences",
    )


async def list_all(tx: asyncpg.Connection) -> list[SequenceRow]:
    """Every sequence of the tenant."""
    return [_row(record) async for record in _sql.list_sequences(tx)]


async def set_status(tx: asyncpg.Connection, sequence_id: UUID, status: str, reason: str | None = None) -> None:
    """Pause with a reason, go on, or archive."""
    await _sql.set_status(tx, id=sequence_id, status=status, reason=reason)


async def hold_status(tx: asyncpg.Connection, sequence_id: UUID) -> str | None:
    """How a sequence stands, which nobody changes before the transaction ends."""
    status: str | None = await _sql.hold_status(tx, id=sequence_id)
    return status


async def hold(tx: asyncpg.Connection, name: str) -> SequenceRow | None:
    """A sequence by key or id, whose status nobody else changes before the transaction ends."""
    found = await find(tx, name)
    if found is None:
        return None
    # A statement of its own: what is read after the wait is what its last holder left.
    await _sql.hold_sequence(tx, id=found.id)
    record = await _sql.find_sequence(tx, key="", id=found.id)
    return _row(record) if record else None


async def numbered(tx: asyncpg.Connection, sequence_id: UUID, number: int) -> UUID | None:
    """The version of that number; None: there is none."""
    version_id: UUID | None = await _sql.numbered(tx, sequence_id=sequence_id, number=number)
    return version_id


async def read_version(tx: asyncpg.Connection, version_id: UUID) -> Version | None:
    """A version's plan and contents."""
    record = await _sql.read_version(tx, id=version_id)
    if record is None:
        return None
    return Version(
        id=record["id"],
        sequence_id=record["sequence_id"],
        number=record["version"],
        plan=Plan.model_validate(record["plan"]),
        contents=record["contents"] or {},
    )


async def home(tx: asyncpg.Connection) -> TenantTime:
    """The tenant's time zone, holidays and what it has decided about the law."""
    row = await _sql.home(tx)
    return TenantTime(row["timezone"], frozenset(row["holidays"]), TenantLaw.model_validate(row["law"]))
