"""Inbound messages that a person should read; those that may be opt-outs bar their address until somebody decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain import ids
from domain.base import Frozen
from domain.errors import Conflict, NotFound
from domain.messages import Channel
from store.gates import suppressions
from store.inbound import stops
from store.inbound.stops import OPT_OUT, Stopped
from store.pool import load_queries

_sql = load_queries("inbound/reviews")

Decision = Literal["opt_out", "no_opt_out", "overdue"]
"""`overdue`: nobody decided in the tenant's time, and it counts as an opt-out."""
FIRST = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
"""The place before all."""


class Review(Frozen):
    """One of them. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    """The message's."""
    reason: str
    """`doubtful_opt_out`: it may mean stop; it counted as a reply (an automatic one as none).
    `left`: the contact no longer works there. `ticket`: a person may have answered through a ticket system."""
    detail: str
    """The words that raised the doubt, or what is to be done."""
    holds: bool
    """Nothing is sent to the address on the channel until somebody decides."""
    at: datetime
    channel: str
    address: str
    """The sender's."""
    subject: str | None
    body: str
    contact: str | None
    """External id; None: nobody we know."""
    contact_name: str | None
    sequence: str | None
    enrollment_id: UUID | None
    step: str | None
    """The step that it answers."""
    step_number: int | None
    created_at: datetime
    counts_from: datetime | None
    """When it counts as an opt-out unless somebody decides before; None: never."""


@dataclass(frozen=True)
class Decided:
    """What a decision has done."""

    decision: Decision
    struck: Stopped
    new: bool
    """False: the same had been decided before, and nothing was done."""


async def still_open(tx: asyncpg.Connection, limit: int, after: tuple[datetime, UUID] = FIRST) -> list[Review]:
    """Those that nobody has decided, the oldest first; `after`: behind the one created then, with this id."""
    return [Review(**row) async for row in _sql.list_open(tx, limit=limit, after=after[0], behind=after[1])]


async def open_between(tx: asyncpg.Connection, low: UUID, high: UUID) -> list[UUID]:
    """At most two ids of the range."""
    return [row["message_id"] async for row in _sql.open_between(tx, low=low, high=high)]


async def overdue(tx: asyncpg.Connection, now: datetime, limit: int, but: Sequence[UUID]) -> list[UUID]:
    """Those whose time is over, without those in `but`."""
    return [row["message_id"] async for row in _sql.overdue(tx, now=now, limit=limit, but=but)]


async def holds(tx: asyncpg.Connection, channel: Channel, address: str) -> bool:
    """Whether a message that nobody has decided suppresses this address."""
    return bool(await _sql.holds(tx, channel=channel, address=address))


async def decide(tx: asyncpg.Connection, message_id: UUID, decision: Decision, now: datetime) -> Decided:
    """An opt-out counts from when it was written; what is none lifts the hold unless another message keeps it.

    The workflows that it ends are to be told. Raises NotFound, or Conflict where the other was decided.
    """
    found = await _sql.read(tx, message_id=message_id)
    if found is None:
        raise NotFound(f"no review {message_id}", hint="list the reviews to find it")
    channel, at, addresses = Channel(found["channel"]), found["at"], found["addresses"]
    held = await stops.hold(tx, channel, addresses, found["contact_id"], at=at)
    if await _sql.decide(tx, message_id=message_id, decision=decision, now=now) is None:
        before = (await _sql.read(tx, message_id=message_id))["decision"]
        if before == decision:
            return Decided(decision, Stopped(), new=False)
        raise Conflict(
            f"this message was decided already: {_SAID[before]}",
            hint="bar the address by hand, or lift what bars it, if that was wrong",
        )
    struck = Stopped()
    if decision != "no_opt_out":
        for address in addresses:
            await suppressions.suppress(tx, channel, address, "unsubscribed", at=at, now=now, event_id=message_id)
        if found["answered_job_id"] is not None:
            await _sql.mark_unsubscribed(tx, job_id=found["answered_job_id"], at=at)
        struck = await stops.apply(tx, ids.decision_id(message_id), held, OPT_OUT, found["contact_id"], at=at, now=now)
    free = [address for address in addresses if not await holds(tx, channel, address)]
    await suppressions.release(tx, channel, free, now)
    return Decided(decision, struck, new=True)


_SAID: dict[str | None, str] = {
    "opt_out": "an opt-out",
    "no_opt_out": "no opt-out",
    "overdue": "an opt-out, since nobody had decided in time",
    None: "it was taken off the list",
}
