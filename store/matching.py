"""Whom is a report about? Tokens and ids first, then the address: the one who was last written to there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import InboundMessage, StatusReport
from domain.messages import Channel, JobState
from store.pool import load_queries

_sql = load_queries("matching")

MatchedBy = Literal["named", "token", "provider_id", "message_id", "address", "contact"]


@dataclass(frozen=True)
class Match:
    """The message, the enrollment and the contact that a report is about, as far as they are known."""

    by: MatchedBy | None = None
    """How it was found: in the order of `MatchedBy`. `contact`: an address of somebody who was not written to."""
    contact_id: UUID | None = None
    enrollment_id: UUID | None = None
    job_id: UUID | None = None
    recipient: str | None = None
    """Where the message went, which is not always where the answer comes from."""
    in_doubt: bool = False
    """Nobody knew so far whether the message arrived."""


async def match(
    tx: asyncpg.Connection, report: StatusReport | InboundMessage, address: str | None, written_since: datetime
) -> Match:
    """One round trip. `address` is the contact's, normalised; `written_since` bounds the search by it (UTC).

    A status report by an address alone is believed only of a message that the reporting provider did not itself
    get from us with an id, and only while it names no Message-ID: else it is about a message of somebody else's.
    """
    status = report if isinstance(report, StatusReport) else None
    row = await _sql.match(
        tx,
        enrollment_id=None if status else getattr(report, "enrollment_id", None),
        job_id=report.job_id,
        provider_message_id=status.provider_message_id if status else None,
        message_job_ids=_jobs_named(report.message_ids),
        message_ids=[part for given in report.message_ids for part in _spellings(given)],
        channel=report.channel,
        address=None if status and report.message_ids else address,
        other_than=report.provider if status else None,
        written_since=written_since,
    )
    return Match(**row) if row else Match()


async def lock_live(
    tx: asyncpg.Connection, channel: Channel, addresses: Sequence[str], contact_id: UUID | None
) -> list[UUID]:
    """Hold every live enrollment of whoever is reached there: from here on, none of their messages is handed over."""
    rows = _sql.lock_live(tx, channel=channel, addresses=list(addresses), contact_id=contact_id)
    return [row["id"] async for row in rows]


@dataclass(frozen=True)
class LastStep:
    """The step that an answer in an enrollment answers."""

    sequence_id: UUID
    contact_id: UUID
    node_id: str | None
    """None: nothing had been sent."""
    order_index: int | None


async def last_step(tx: asyncpg.Connection, enrollment_id: UUID, named_job_id: UUID | None) -> LastStep | None:
    """The last step that was sent, or the one in doubt after it; `named_job_id`: the answer itself names this one."""
    row = await _sql.last_step(tx, enrollment_id=enrollment_id, named_job_id=named_job_id)
    return LastStep(**row) if row else None


@dataclass(frozen=True)
class Outbound:
    """How a message job stands, for what is reported about it."""

    enrollment_id: UUID
    node_id: str
    state: JobState
    provider: str | None
    recipient: str | None
    ended: bool
    """Its enrollment has ended."""


async def outbound(tx: asyncpg.Connection, job_id: UUID) -> Outbound:
    """Read it and hold it, so that what is about to be settled is."""
    row = await _sql.outbound(tx, job_id=job_id)
    return Outbound(**{**row, "state": JobState(row["state"])})


def horizon(now: datetime, days: int) -> datetime:
    """How far back an address is searched."""
    return now - timedelta(days=days)


def _jobs_named(message_ids: Sequence[str]) -> list[UUID]:
    return [job for given in message_ids if (job := ids.job_of_message_id(given)) is not None]


def _spellings(message_id: str) -> tuple[str, str, str]:
    """Relays rename messages: their id may be stored with its brackets, without, or without its domain."""
    bare = message_id.strip("<>")
    return message_id, bare, bare.partition("@")[0]
