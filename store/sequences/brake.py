"""The brake: a sequence whose last messages mostly failed is paused, by whoever settles the one that is too many.

Costs nothing where messages arrive: only a failure, or the report of one, looks at those before it. Comes last in a
transaction, since it waits for nobody and nobody must wait for more behind it.
"""

from uuid import UUID

import asyncpg
import structlog

from domain.brake import Brake
from domain.messages import Channel
from domain.plan import Settings
from store.pool import load_queries

log = structlog.get_logger(__name__)

_sql = load_queries("sequences/brake")

_LONGEST = 300
"""Characters of a provider's words that the reason quotes."""


async def after_failure(tx: asyncpg.Connection, sequence_id: UUID, channel: Channel, brake: Brake | None) -> bool:
    """Pause the sequence if too many of its last messages on this channel did not arrive; None: it has no brake.

    Answers whether it was paused just now.
    """
    if brake is None:
        return False
    tally = await _sql.tally(tx, sequence_id=sequence_id, channel=channel, of=brake.of)
    if tally is None or not brake.holds(tally["settled"], tally["lost"]):
        return False
    reason = (
        f"paused by itself: {tally['lost']} of the last {tally['settled']} messages by {channel} failed,"
        f" mostly '{_brief(tally['said'])}'"
    )
    key = await _sql.pause(tx, sequence_id=sequence_id, reason=reason, judged_after=tally["judged_after"])
    if key is None:
        return False
    log.error("sequence_paused", sequence=key, error=reason)
    return True


async def after_report(tx: asyncpg.Connection, job_id: UUID) -> bool:
    """Pull the brake, where it is due, after a message was reported as not to arrive; answers whether it was."""
    row = await _sql.brake_of(tx, job_id=job_id)
    if row is None:
        return False
    settings = Settings.model_validate(row["settings"])
    return await after_failure(tx, row["sequence_id"], Channel(row["channel"]), settings.brake)


async def after_refusal_of_us(tx: asyncpg.Connection, job_id: UUID, said: str) -> bool:
    """Pause the sequence of a message that was refused for what we are; answers whether it was paused just now.

    Of one that was settled before somebody last took the sequence up, nothing new is said. Test runs pause nothing.
    """
    reason = f"paused by itself, messages are refused for what the sender is: '{_brief(said)}'"
    key = await _sql.pause_of(tx, job_id=job_id, reason=reason)
    if key is None:
        return False
    log.error("sequence_paused", sequence=key, error=reason)
    return True


def _brief(said: str) -> str:
    words = " ".join(said.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
