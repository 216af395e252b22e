"""Batches: all contacts of a campaign on their way into a sequence, and how far they have come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from domain import ids
from domain.contact import Contact
from domain.enrollment import Gate, Upcoming
from store.contacts.contacts import contact_of
from store.keyset import FIRST, LAST, Keyset
from store.pool import load_queries

_sql = load_queries("campaigns/batches")

BatchStatus = Literal["pending", "running", "completed", "cancelled", "failed"]
LIVE: frozenset[BatchStatus] = frozenset({"pending", "running"})
RefusalReason = Literal["live", "once_only", "shared_address", "unschedulable", "error"]
"""In the sequence already · was in it, and it says `reenroll: never` · somebody else of its
address is in it · no allowed time exists · our fault."""


@dataclass(frozen=True)
class Batch:
    """How a batch stands."""

    id: UUID
    campaign_id: UUID | None
    """None: it was deleted since."""
    campaign: str
    sequence: str
    version: int
    status: BatchStatus
    total: int
    """Members of the campaign when the batch was asked for."""
    enrolled: int
    skipped: int
    failed: int
    held: str | None
    """Why it waits, if it does."""
    error: str | None
    """Why it failed."""
    created_at: datetime
    moved_at: datetime
    """When it last got on."""
    ended_at: datetime | None


@dataclass(frozen=True)
class Work:
    """What whoever works on a batch needs to know of it."""

    campaign_id: UUID | None
    campaign: str
    sequence_id: UUID
    version_id: UUID
    status: BatchStatus
    inserted_to: UUID | None
    """Contacts up to this one are dealt with …"""
    started_to: UUID | None
    """… and the workflows of those up to this one are started."""
    created_at: datetime


@dataclass(frozen=True)
class Refusal:
    """A contact that a batch does not enroll."""

    contact_id: UUID
    reason: RefusalReason
    detail: str | None = None


@dataclass(frozen=True)
class Refused:
    """A contact that a batch did not enroll, and why, for people to read."""

    id: UUID
    """The contact's."""
    external_id: str
    name: str | None
    reason: RefusalReason
    detail: str | None


@dataclass(frozen=True)
class Unstarted:
    """An enrollment without a workflow."""

    id: UUID
    contact_id: UUID
    next: Upcoming


class AtRest(NamedTuple):
    """A batch that does not get on."""

    id: UUID
    status: BatchStatus


async def open_batch(
    tx: asyncpg.Connection, batch_id: UUID, *, campaign_id: UUID, sequence_id: UUID, version_id: UUID, now: datetime
) -> UUID:
    """Record a batch, unless one of this campaign and sequence is under way; answers the id of whichever it is."""
    names = {"campaign_id": campaign_id, "sequence_id": sequence_id}
    while True:
        opened: UUID | None = await _sql.open_batch(tx, id=batch_id, version_id=version_id, **names, now=now)
        opened = opened or await _sql.live_batch(tx, **names)
        if opened is not None:  # Otherwise the other one has ended in between.
            return opened


async def any_live(tx: asyncpg.Connection, campaign_id: UUID) -> bool:
    """Whether a batch of this campaign is under way."""
    return bool(await _sql.any_live(tx, campaign_id=campaign_id))


async def read(tx: asyncpg.Connection, batch_id: UUID) -> Batch | None:
    """One batch; None when the tenant has none of that id."""
    row = await _sql.read_batch(tx, id=batch_id)
    return Batch(**row) if row else None


async def listed(tx: asyncpg.Connection, campaign_id: UUID | None, *, before: Keyset | None, limit: int) -> list[Batch]:
    """Those of a campaign (None: of all), the newest first, behind the one with this time and id."""
    at, after = before or LAST
    rows = _sql.list_batches(tx, campaign_id=campaign_id, at=at, after=after, limit=limit)
    return [Batch(**row) async for row in rows]


async def between(tx: asyncpg.Connection, low: UUID, high: UUID) -> list[UUID]:
    """Batches with an id from `low` to `high`, two at most: enough to tell one from several."""
    return [row["id"] async for row in _sql.between(tx, low=low, high=high)]


async def reasons(tx: asyncpg.Connection, batch_id: UUID) -> dict[RefusalReason, int]:
    """How many contacts were not enrolled for each reason that there was."""
    return {row["reason"]: row["contacts"] async for row in _sql.reasons(tx, id=batch_id)}


async def refused(
    tx: asyncpg.Connection, batch_id: UUID, reason: RefusalReason | None, *, after: UUID | None, limit: int
) -> list[Refused]:
    """Whom it did not enroll, by contact id; with `reason` only for that one."""
    rows = _sql.list_refusals(tx, id=batch_id, reason=reason, after=after or FIRST[1], limit=limit)
    return [Refused(**row) async for row in rows]


async def work_of(tx: asyncpg.Connection, batch_id: UUID) -> Work | None:
    """How far it has come; None when the tenant has none of that id."""
    row = await _sql.work_of(tx, id=batch_id)
    return Work(**row) if row else None


async def page(tx: asyncpg.Connection, work: Work, after: UUID | None, limit: int) -> list[Contact]:
    """Members as of when the batch was asked for, with an id above `after`, by id."""
    rows = _sql.page(tx, campaign_id=work.campaign_id, asked_at=work.created_at, after=after or FIRST[1], limit=limit)
    return [contact_of(row) async for row in rows]


async def move_on(
    tx: asyncpg.Connection,
    batch_id: UUID,
    *,
    after: UUID | None,
    to: UUID,
    enrolled: int,
    refusals: Sequence[Refusal],
    now: datetime,
) -> bool:
    """Record that the contacts behind `after` up to `to` are dealt with; False: the batch is not at `after`."""
    failed = sum(one.reason == "error" for one in refusals)
    if refusals:
        await _sql.refuse(
            tx,
            id=batch_id,
            contact_ids=[one.contact_id for one in refusals],
            reasons=[one.reason for one in refusals],
            details=[one.detail for one in refusals],
        )
    moved = await _sql.move_on(
        tx,
        id=batch_id,
        after=after,
        to=to,
        enrolled=enrolled,
        skipped=len(refusals) - failed,
        failed=failed,
        now=now,
    )
    return moved is not None


async def mark_started(tx: asyncpg.Connection, batch_id: UUID, to: UUID) -> None:
    """The workflows of contacts up to this one exist."""
    await _sql.mark_started(tx, id=batch_id, to=to)


async def unstarted(tx: asyncpg.Connection, batch_id: UUID, work: Work) -> list[Unstarted]:
    """Enrollments of the pages that were dealt with last and not seen to be started."""
    if work.inserted_to is None or work.inserted_to == work.started_to:
        return []
    span = {"after": work.started_to or FIRST[1], "to": work.inserted_to}
    rows = _sql.members_between(tx, campaign_id=work.campaign_id, asked_at=work.created_at, **span)
    enrollments = [ids.enrolled_in(batch_id, row["contact_id"]) async for row in rows]
    return [
        Unstarted(
            row["id"],
            row["contact_id"],
            Upcoming(
                node_id=row["current_node"],
                at=row["next_run_at"],
                gate=Gate(row["gate"]) if row["gate"] else None,
                lap=row["lap"],
            ),
        )
        async for row in _sql.unstarted(tx, ids=enrollments)
    ]


async def hold(tx: asyncpg.Connection, batch_id: UUID, why: str, now: datetime) -> None:
    """It waits, and why."""
    await _sql.hold(tx, id=batch_id, why=why, now=now)


async def end(
    tx: asyncpg.Connection, batch_id: UUID, status: BatchStatus, now: datetime, *, error: str | None = None
) -> bool:
    """It has ended; False: it had before."""
    return await _sql.end(tx, id=batch_id, status=status, error=error, now=now) is not None


async def at_rest(
    tx: asyncpg.Connection, *, pending_before: datetime, running_before: datetime, limit: int, but: Sequence[UUID]
) -> list[AtRest]:
    """Batches that were to begin, or last got on, before then; without those in `but`."""
    rows = _sql.at_rest(tx, pending_before=pending_before, running_before=running_before, limit=limit, but=but)
    return [AtRest(**row) async for row in rows]
