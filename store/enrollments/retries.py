"""Enrollments that failed, and are retried at the step that failed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.enrollment import Ending, ending_of
from scheduling.itinerary import LocalTime, Stop
from store.enrollments import local_time, steps
from store.enrollments.enrollments import Held
from store.enrollments.steps import Course
from store.pool import load_queries

_sql = load_queries("enrollments/retries")


@dataclass(frozen=True)
class Failed:
    """How an enrollment ended, and what has happened since."""

    enrollment_id: UUID
    ending: Ending | None
    """None: it lives."""
    error: str | None
    """What failed it, whole."""
    sequence: str
    sequence_id: UUID
    version_id: UUID
    contact_id: UUID
    email: str | None
    phone: str | None
    is_test: bool
    where: LocalTime
    not_before: datetime | None
    """The contact is away until then (UTC)."""
    node_id: str | None
    """The step that failed; None: none of them did."""
    lap: int
    """In which it failed."""
    next_lap: int
    """Nothing was recorded in it yet."""
    round_lap: int
    """The first lap of the way through the plan on which it failed."""
    retries: int
    """How often it was taken up before."""
    other: UUID | None
    """The contact's live enrollment in the sequence."""
    channels: frozenset[str]
    """On which the version writes."""
    barred: tuple[str, ...]
    """Channels on which the contact may not be written to: that of the failed step, and what was suppressed since."""
    answered: tuple[str, ...]
    """Channels on which the contact was heard of since."""


async def read(tx: asyncpg.Connection, enrollment_id: UUID) -> Failed | None:
    """None when the tenant has no such enrollment."""
    row = await _sql.failed(tx, enrollment_id=enrollment_id)
    if row is None:
        return None
    return Failed(
        enrollment_id=enrollment_id,
        ending=ending_of(row["status"], row["reason"]),
        error=row["error"],
        sequence=row["sequence"],
        sequence_id=row["sequence_id"],
        version_id=row["version_id"],
        contact_id=row["contact_id"],
        email=row["email"],
        phone=row["phone"],
        is_test=row["is_test"],
        where=local_time.of_row(row, enrollment_id),
        not_before=row["not_before"],
        node_id=row["node_id"],
        lap=row["lap"] or 0,
        next_lap=row["next_lap"] or 0,
        round_lap=row["round_lap"],
        retries=row["retries"],
        other=row["other"],
        channels=frozenset(row["channels"] or ()),
        barred=tuple(row["barred"]),
        answered=tuple(row["answered"]),
    )


async def take_up(tx: asyncpg.Connection, failed: Failed, stop: Stop, now: datetime, held: Held) -> int:
    """Let it live again, at `stop`; answers which retry it is. The caller holds the enrollment's lock.

    Raises asyncpg.UniqueViolationError when the contact, or another one of an address in `held`, lives in the sequence.
    """
    number: int = await _sql.take_up(
        tx,
        enrollment_id=failed.enrollment_id,
        failed_node=failed.node_id,
        failed_lap=failed.lap,
        at=stop.at,
        gate=stop.gate,
        lap=stop.lap,
        round_lap=failed.round_lap,
        now=now,
        email=held.email,
        phone=held.phone,
    )
    await steps.record(tx, failed.sequence_id, [Course(failed.enrollment_id, failed.contact_id, stop)])
    return number
