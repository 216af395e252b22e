"""Senders: the addresses that a tenant sends from, one of each channel by default."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.messages import Channel
from store.pool import load_queries

_sql = load_queries("workspace/senders")

SendingChannel = Literal[Channel.EMAIL, Channel.SMS, Channel.WHATSAPP]


@dataclass(frozen=True)
class Sender:
    """One address to send from."""

    id: UUID
    channel: SendingChannel
    address: str
    """Normalised email address or phone number, or the SID of a messaging service."""
    name: str | None
    """Shown beside an email address."""
    is_default: bool
    """New messages of the channel are sent from here."""
    created_at: datetime


async def hold(tx: asyncpg.Connection, channel: Channel) -> None:
    """Nobody else changes the channel's senders before the transaction ends."""
    await _sql.hold_channel(tx, channel=channel)


async def add(
    tx: asyncpg.Connection, channel: Channel, address: str, name: str | None, is_default: bool, now: datetime
) -> UUID:
    """A new sender's id. Under `hold`, after `unset_default` where it is to be the default."""
    id_ = ids.new_id()
    await _sql.add_sender(tx, id=id_, channel=channel, address=address, name=name, is_default=is_default, now=now)
    return id_


async def named(tx: asyncpg.Connection, channel: Channel, address: str) -> UUID | None:
    """The sender of this channel and address (normalised)."""
    id_: UUID | None = await _sql.sender_named(tx, channel=channel, address=address)
    return id_


async def listed(tx: asyncpg.Connection, *, behind: tuple[str, str] | None, limit: int) -> list[Sender]:
    """By channel and address; with `behind`, those after it."""
    channel, address = behind or ("", "")
    return [_sender(row) async for row in _sql.list_senders(tx, channel=channel, address=address, limit=limit)]


async def read(tx: asyncpg.Connection, id: UUID) -> Sender | None:
    """The sender of that id."""
    row = await _sql.read_sender(tx, id=id)
    return _sender(row) if row else None


async def has_default(tx: asyncpg.Connection, channel: Channel) -> bool:
    """Whether new messages of the channel are sent from an address of the tenant's."""
    return bool(await _sql.has_default(tx, channel=channel))


async def others(tx: asyncpg.Connection, sender: Sender) -> bool:
    """Whether its channel has another one."""
    return bool(await _sql.others(tx, channel=sender.channel, id=sender.id))


async def unset_default(tx: asyncpg.Connection, channel: Channel) -> None:
    """None is the channel's default."""
    await _sql.unset_default(tx, channel=channel)


async def set_default(tx: asyncpg.Connection, id: UUID) -> None:
    """This one is; under `hold`, after `unset_default`."""
    await _sql.set_default(tx, id=id)


async def remove(tx: asyncpg.Connection, id: UUID) -> None:
    """Nothing new is sent from there."""
    await _sql.remove_sender(tx, id=id)


async def sends_from(tx: asyncpg.Connection, address: str) -> bool:
    """Whether the tenant sends from this address (normalised), on whatever channel."""
    return bool(await _sql.sends_from(tx, address=address))


def _sender(row: asyncpg.Record) -> Sender:
    return Sender(**{**row, "channel": Channel(row["channel"])})
