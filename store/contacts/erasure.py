"""Contacts who are to be forgotten: everything that tells who they were goes, and whatever was counted stays."""

from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import EnrollmentStatus
from store.pool import load_queries

_sql = load_queries("contacts/erasure")


async def hold_enrollments(tx: asyncpg.Connection, contact_id: UUID) -> dict[UUID, EnrollmentStatus]:
    """All enrollments of a contact, locked. Comes before every other lock."""
    rows = _sql.hold_enrollments(tx, contact_id=contact_id)
    return {row["id"]: EnrollmentStatus(row["status"]) async for row in rows}


async def hold_messages(tx: asyncpg.Connection, contact_id: UUID) -> None:
    """Lock the contact's messages and automatic answers; before the contact, as whoever settles one of them does."""
    await _sql.hold_jobs(tx, contact_id=contact_id)
    await _sql.hold_notices(tx, contact_id=contact_id)


async def hold_contact(tx: asyncpg.Connection, contact_id: UUID) -> str | None:
    """The contact's external id; until the transaction ends nobody is enrolled. None: it was erased already."""
    external_id: str | None = await _sql.hold_contact(tx, contact_id=contact_id)
    return external_id


async def count_enrollments(tx: asyncpg.Connection, contact_id: UUID) -> int:
    """How many enrollments the contact has by now."""
    count: int = await _sql.count_enrollments(tx, contact_id=contact_id)
    return count


async def is_under_way(tx: asyncpg.Connection, contact_id: UUID) -> bool:
    """Whether a message of the contact is between its claim and its settlement."""
    return bool(await _sql.is_under_way(tx, contact_id=contact_id))


async def is_awaited(tx: asyncpg.Connection, contact_id: UUID) -> bool:
    """Does anything that came in of the contact wait for its effect? It would be recorded after the erasure."""
    return bool(await _sql.is_awaited(tx, contact_id=contact_id))


async def forget(tx: asyncpg.Connection, contact_id: UUID, external_id: str, now: datetime) -> None:
    """Forget a contact whose enrollments have ended and are locked; suppressions, the person's own wish, stay."""
    alias = f"erased-{contact_id}"
    await _sql.forget_jobs(tx, contact_id=contact_id)
    await _sql.forget_steps(tx, contact_id=contact_id)
    await _sql.forget_errors(tx, contact_id=contact_id)
    await _sql.forget_words(tx, contact_id=contact_id, external_id=external_id, alias=alias, now=now)
    await _sql.forget_contact(tx, contact_id=contact_id, alias=alias, now=now)
    await _sql.forget_log(tx, contact_id=contact_id)
