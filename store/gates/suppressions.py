"""Addresses and contacts that may not be written to on a channel, by every sequence of the tenant, and why."""

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
from store.keyset import LAST, Keyset
from store.pool import load_queries

_sql = load_queries("gates/suppressions")

SuppressionReason = Literal["unsubscribed", "bounced", "complained", "manual", "suspected"]
"""`suspected`: a message from there may be an opt-out, or says who has left, and nobody has decided yet."""


@dataclass(frozen=True)
class Suppression:
    """One reason for which an address is suppressed."""

    channel: Channel
    address: str
    reason: SuppressionReason
    at: datetime


class SuppressionRecord(Frozen):
    """An address, or a contact at whichever address, that is or was suppressed, for one reason. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    channel: Channel
    address: str | None
    """null: it is the contact's own wish, and suppresses whichever address the contact has."""
    contact: str | None = None
    """The contact's external id, where it is the contact's own wish."""
    reason: SuppressionReason
    at: datetime
    """When its cause happened; of several, the latest."""
    lifted_at: datetime | None
    """When it was taken back last."""
    active: bool
    """Whether it suppresses now."""
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
    contact_id: UUID | None = None,
) -> None:
    """Suppress an address; `at` is when the cause happened. For several reasons it is so until each is lifted.

    An opt-out and a complaint bar the contact too, whichever address it has or gets: the one whom the event is about,
    or `contact_id` where no event tells.
    """
    row = {"channel": channel, "reason": reason, "event_id": event_id, "at": at, "now": now}
    where = {"address": address, "address_reason": reason, "spellings": all_spellings([address])}
    await _sql.suppress(tx, **row, **where, contact_id=contact_id)


async def opt_out(
    tx: asyncpg.Connection, channel: Channel, contact_id: UUID, address: str | None, *, at: datetime, now: datetime
) -> None:
    """A contact has told an operator to hear no more on the channel: suppresses it, and its address there manually."""
    where = {"address": address, "address_reason": "manual", "spellings": all_spellings([address] if address else [])}
    row = {"channel": channel, "reason": "unsubscribed", "event_id": None, "at": at, "now": now}
    await _sql.suppress(tx, **row, **where, contact_id=contact_id)


async def lift(
    tx: asyncpg.Connection, channel: Channel, address: str, *, at: datetime, now: datetime, event_id: UUID
) -> None:
    """Take back every opt-out up to `at`, of the address and of the event's contact, also one that is heard of later.

    What may be one too; a bounce or a complaint stays.
    """
    await _sql.lift(tx, channel=channel, spellings=all_spellings([address]), event_id=event_id, at=at, now=now)


async def release(tx: asyncpg.Connection, channel: Channel, addresses: Sequence[str], now: datetime) -> None:
    """What was suspected of these addresses suppresses them no more; other reasons stay."""
    await _sql.release(tx, channel=channel, spellings=all_spellings(addresses), now=now)


async def is_opted_out(
    tx: asyncpg.Connection, channel: Channel, addresses: Sequence[str], contact_id: UUID | None = None
) -> bool:
    """Whether one of the addresses, or the contact, is suppressed because somebody there asked for it."""
    who = {"addresses": all_spellings(addresses), "contact_id": contact_id}
    return bool(await _sql.is_opted_out(tx, channel=channel, **who))


async def has_moved(tx: asyncpg.Connection, contact_id: UUID, channel: Channel, address: str) -> bool:
    """Whether the contact is reached at another address on the channel by now; False where it has none there."""
    return bool(await _sql.has_moved(tx, contact_id=contact_id, channel=channel, spellings=all_spellings([address])))


async def of_addresses(tx: asyncpg.Connection, addresses: Sequence[str]) -> list[Suppression]:
    """What suppresses these addresses now, on whichever channel."""
    return [
        Suppression(Channel(row["channel"]), row["address"], row["reason"], row["at"])
        async for row in _sql.of_addresses(tx, addresses=all_spellings(addresses))
    ]


async def of_contact(tx: asyncpg.Connection, contact_id: UUID, addresses: Sequence[str]) -> list[Suppression]:
    """What suppresses a contact now: at its `addresses`, and by its own wish, which is shown for the address it has."""
    by_channel = {Channel.EMAIL: "@", Channel.SMS: "+", Channel.WHATSAPP: "+"}
    own = [
        Suppression(Channel(row["channel"]), address, row["reason"], row["at"])
        async for row in _sql.of_contact(tx, contact_id=contact_id)
        for address in addresses
        if by_channel[Channel(row["channel"])] in address
    ]
    return [*await of_addresses(tx, addresses), *own]


async def page(
    tx: asyncpg.Connection,
    *,
    channel: Channel | None,
    reason: SuppressionReason | None,
    active: bool | None,
    before: Keyset | None,
    limit: int,
) -> list[SuppressionRecord]:
    """The newest first; with `before`, those behind the one with this time of creation and id."""
    at, behind = before or LAST
    which = {"channel": channel, "reason": reason, "active": active}
    rows = _sql.listed(tx, **which, before=at, behind=behind, limit=limit)
    return [SuppressionRecord(**row) async for row in rows]


async def records_of(
    tx: asyncpg.Connection, addresses: Sequence[str], contact_id: UUID | None = None
) -> list[SuppressionRecord]:
    """What suppresses these addresses and this contact or did so once, on whichever channel, the newest first."""
    rows = _sql.records_of(tx, addresses=all_spellings(addresses), contact_id=contact_id)
    return [SuppressionRecord(**row) async for row in rows]


async def find(tx: asyncpg.Connection, id: UUID) -> SuppressionRecord | None:
    """One of them."""
    row = await _sql.record(tx, id=id)
    return SuppressionRecord(**row) if row else None


async def take_back(tx: asyncpg.Connection, one: SuppressionRecord, now: datetime) -> None:
    """It suppresses no more, however the address is written, until its cause happens again.

    An opt-out of an address goes with that of its person.
    """
    named = {"id": one.id, "channel": one.channel, "reason": one.reason}
    await _sql.take_back(tx, **named, spellings=all_spellings([one.address] if one.address else []), now=now)
