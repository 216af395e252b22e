"""How a sequence does: exact counts of its messages and enrollments at the moment of asking."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic import ConfigDict, computed_field

from domain.base import Frozen
from store.pool import load_queries

_sql = load_queries("analytics/analytics")


class Counts(Frozen):
    """What became of messages. Each message counts once in a column, however often it was opened or clicked."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    sent: int
    pending: int
    """In the ledger and not settled: waiting, or being handed over."""
    failed: int
    """Never handed over."""
    ambiguous: int
    """Nobody knows whether they were sent."""
    cancelled: int
    responses: int
    """Replies and opt-outs in words; one message may have several."""
    answered: int
    """Messages with one or more of them."""
    delivered: int
    undelivered: int
    """Handed over, and reported later as never to arrive for a reason other than the address."""
    opened: int
    """By a person, as far as anybody can tell."""
    machine_opened: int
    """By a scanner or a prefetching proxy."""
    clicked: int
    machine_clicked: int
    bounced: int
    """Refused by the address, for good or this time."""
    complained: int
    unsubscribed: int
    """By a link, through the provider, or in words."""

    @computed_field  # type: ignore[prop-decorator] # as pydantic's own documentation has it
    @property
    def response_rate(self) -> float | None:
        """Share of the messages sent that were answered; null while none was sent."""
        return round(self.answered / self.sent, 4) if self.sent else None


class Step(Frozen):
    """One message step of a sequence."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    step: str
    type: str
    """Its channel."""
    number: int
    """As people count: 1 is the first step of the sequence, delays included."""
    last_version: int
    """The newest version that has this step."""


class StepStats(Counts, Step):
    """What became of one step's messages, over all versions."""


class TimeToReply(Frozen):
    """How long answers took, from the message that each of them answers; of the newest of them."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    answers: int
    """How many were measured; at most 10,000."""
    median_s: float | None
    """Seconds; null while there is none."""
    p90_s: float | None


async def step_stats(tx: asyncpg.Connection, sequence_id: UUID) -> list[StepStats]:
    """In the order of the steps; steps that newer versions dropped keep their counts. One snapshot."""
    return [StepStats(**row) async for row in _sql.step_stats(tx, sequence_id=sequence_id)]


def total(steps: Iterable[Counts]) -> Counts:
    """All steps together."""
    listed = list(steps)
    return Counts(**{name: sum(getattr(step, name) for step in listed) for name in Counts.model_fields})


async def time_to_reply(tx: asyncpg.Connection, sequence_id: UUID) -> TimeToReply:
    """The first answer of each message, on the newest answers of the sequence."""
    return TimeToReply(**await _sql.time_to_reply(tx, sequence_id=sequence_id))


async def overdue(tx: asyncpg.Connection, sequence_id: UUID, before: datetime) -> int:
    """Enrollments of the sequence that were due before then and have not moved; 0 in health."""
    number: int = await _sql.overdue(tx, sequence_id=sequence_id, before=before)
    return number
