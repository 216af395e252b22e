"""Whom is a report about? Tokens and ids first, then the address: the one who was last written to there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from content.spellings import all_spellings
from domain import ids
from domain.events import InboundMessage, StatusReport
from store.pool import load_queries

_sql = load_queries("inbound/matching")

_MOST_QUOTED = 5
"""Messages to one address; who answers quotes the last ones."""

MatchedBy = Literal["named", "token", "provider_id", "message_id", "returned", "address", "contact"]


@dataclass(frozen=True)
class Match:
    """The message, the enrollment and the contact that a report is about, as far as they are known."""

    by: MatchedBy | None = None
    """How it was found: in the order of `MatchedBy`. `returned`: the last message to that address came back, under
    an id that is not ours. `contact`: an address of somebody who was not written to there."""
    contact_id: UUID | None = None
    enrollment_id: UUID | None = None
    job_id: UUID | None = None
    node_id: str | None = None
    """Of that message."""
    recipient: str | None = None
    """Where the message went, which is not always where the answer comes from."""
    unsettled: bool = False
    """It was claimed, and nobody has recorded so far that it went out."""
    sequence_id: UUID | None = None
    last_node: str | None = None
    """The step that an answer in this enrollment answers; None: nothing had been sent."""
    last_order_index: int | None = None
    last_lap: int | None = None

    @property
    def is_by_message(self) -> bool:
        """Whether it was found by what nobody knows but who has our message."""
        return self.by in ("token", "provider_id", "message_id", "returned")


async def texts_written(tx: asyncpg.Connection, message: InboundMessage) -> list[str]:
    """The texts that an inbound message may quote: of the messages that it names, and those last sent to its sender."""
    named = [*jobs_named(message.message_ids), *([message.job_id] if message.job_id else [])]
    rows = _sql.texts_written(tx, job_ids=named, channel=message.channel, address=message.sender, most=_MOST_QUOTED)
    return ["\n".join(filter(None, (row["subject"], row["body"]))) async for row in rows]


async def match(
    tx: asyncpg.Connection, report: StatusReport | InboundMessage, address: str | None, written_since: datetime
) -> Match:
    """One round trip. `address` is the contact's, normalised; `written_since` bounds the search by it (UTC).

    A status report by an address alone is believed only of a message that the reporting provider did not itself
    get from us with an id, and only while it is proven and names no message of its own, by its token or Message-ID:
    else it is about a message of somebody else's, and of ours it tells no more than whose address it is.
    """
    status = report if isinstance(report, StatusReport) else None
    row = await _sql.match(
        tx,
        enrollment_id=None if status else getattr(report, "enrollment_id", None),
        job_id=report.job_id,
        provider_message_id=status.provider_message_id if status else None,
        message_job_ids=jobs_named(report.message_ids),
        message_ids=[part for given in report.message_ids for part in spellings(given)],
        channel=report.channel,
        addresses=all_spellings([address] if address else []),
        of_another=status is not None and (bool(report.message_ids or report.job_id) or not status.proven),
        answers_anywhere=status is None,
        other_than=report.provider if status else None,
        written_since=written_since,
        returned_subject=status.returned_subject if status else None,
    )
    return Match(**row) if row else Match()


def horizon(now: datetime, days: int) -> datetime:
    """How far back an address is searched."""
    return now - timedelta(days=days)


def jobs_named(message_ids: Sequence[str]) -> list[UUID]:
    """Those of our messages that Message-IDs of ours name."""
    return [job for given in message_ids if (job := ids.job_of_message_id(given)) is not None]


def spellings(message_id: str) -> tuple[str, ...]:
    """Relays rename messages: their id may be stored with its brackets, without, or without its domain."""
    bare = message_id.strip("<>")
    return tuple(name for name in (message_id, bare, bare.partition("@")[0]) if name)
