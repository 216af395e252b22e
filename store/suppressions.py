"""Addresses that may not be written to on a channel, by every sequence of the tenant, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain.messages import Channel
from store.pool import load_queries

_sql = load_queries("suppressions")

SuppressionReason = Literal["unsubscribed", "bounced", "complained", "manual"]


@dataclass(frozen=True)
class Suppression:
    """One reason for which an address is barred."""

    channel: Channel
    address: str
    reason: SuppressionReason
    at: datetime


async def suppress(
    tx: asyncpg.Connection,
    channel: Channel,
    address: str,
    reason: SuppressionReason,
    *,
    at: datetime,
    now: datetime,
    event_id: UUID | None = None,
) -> None:
    """Bar an address; `at` is when the cause happened. One barred for several reasons stays so until each is lifted."""
    await _sql.suppress(tx, channel=channel, address=address, reason=reason, event_id=event_id, at=at, now=now)


async def lift(
    tx: asyncpg.Connection, channel: Channel, address: str, *, at: datetime, now: datetime, event_id: UUID
) -> None:
    """Take every opt-out up to `at` back, also one that is heard of later; a bounce or a complaint stays."""
    await _sql.lift(tx, channel=channel, address=address, event_id=event_id, at=at, now=now)


async def is_opted_out(tx: asyncpg.Connection, channel: Channel, addresses: Sequence[str]) -> bool:
    """Whether one of the addresses is barred because somebody there asked for it."""
    return bool(await _sql.is_opted_out(tx, channel=channel, addresses=list(addresses)))


async def of_addresses(tx: asyncpg.Connection, addresses: Sequence[str]) -> list[Suppression]:
    """What bars these addresses now, on whichever channel."""
    return [
        Suppression(Channel(row["channel"]), row["address"], row["reason"], row["at"])
        async for row in _sql.of_addresses(tx, addresses=list(addresses))
    ]
