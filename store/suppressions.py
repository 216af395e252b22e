"""Addresses that may not be written to on a channel, by every sequence of the tenant, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from content.spellings import all_spellings
from domain.base import Frozen
from domain.messages import Channel
from store.places import LAST, Place
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


class SuppressionRecord(Frozen):
    """An address that is or was barred, for one reason. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    channel: Channel
    address: str
    reason: SuppressionReason
    at: datetime
    """When its cause happened; of several, the latest."""
    lifted_at: datetime | None
    """When it was taken back last."""
    active: bool
    """Whether it bars the address now."""
    created_at: datetime


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
    row = {"channel": channel, "address": address, "reason": reason, "event_id": event_id, "at": at, "now": now}
    await _sql.suppress(tx, **row, spellings=all_spellings([address]))


async def lift(
    tx: asyncpg.Connection, channel: Channel, address: str, *, at: datetime, now: datetime, event_id: UUID
) -> None:
    """Take every opt-out up to `at` back, also one that is heard of later; a bounce or a complaint stays."""
    await _sql.lift(tx, channel=channel, spellings=all_spellings([address]), event_id=event_id, at=at, now=now)


async def is_opted_out(tx: asyncpg.Connection, channel: Channel, addresses: Sequence[str]) -> bool:
    """Whether one of the addresses is barred because somebody there asked for it."""
    return bool(await _sql.is_opted_out(tx, channel=channel, addresses=all_spellings(addresses)))


async def of_addresses(tx: asyncpg.Connection, addresses: Sequence[str]) -> list[Suppression]:
    """What bars these addresses now, on whichever channel."""
    return [
        Suppression(Channel(row["channel"]), row["address"], row["reason"], row["at"])
        async for row in _sql.of_addresses(tx, addresses=all_spellings(addresses))
    ]


async def page(
    tx: asyncpg.Connection,
    *,
    channel: Channel | None,
    reason: SuppressionReason | None,
    active: bool | None,
    before: Place | None,
    limit: int,
) -> list[SuppressionRecord]:
    """The newest first; with `before`, those behind the one with this time of creation and id."""
    at, behind = before or LAST
    which = {"channel": channel, "reason": reason, "active": active}
    rows = _sql.listed(tx, **which, before=at, behind=behind, limit=limit)
    return [SuppressionRecord(**row) async for row in rows]


async def records_of(tx: asyncpg.Connection, addresses: Sequence[str]) -> list[SuppressionRecord]:
    """What bars these addresses or did so once, on whichever channel, the newest first."""
    return [SuppressionRecord(**row) async for row in _sql.records_of(tx, addresses=all_spellings(addresses))]


async def hold(tx: asyncpg.Connection, id: UUID) -> SuppressionRecord | None:
    """One of them, which nobody changes before the transaction ends."""
    row = await _sql.record(tx, id=id)
    return SuppressionRecord(**row) if row else None


async def take_back(tx: asyncpg.Connection, one: SuppressionRecord, now: datetime) -> None:
    """It bars its address no more, however that is written, until its cause happens again."""
    named = {"channel": one.channel, "reason": one.reason}
    await _sql.take_back(tx, **named, spellings=all_spellings([one.address]), now=now)
