"""Addresses to send from: each channel has one default, which new messages go out from."""

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from content.addresses import normal_email, normal_phone
from domain.errors import Conflict, NotFound, Unfit
from domain.messages import Channel
from store.workspace import senders
from store.workspace.senders import Sender, SendingChannel

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
"""A messaging service of Twilio's, which chooses among its own numbers."""


async def add(
    tx: asyncpg.Connection,
    channel: SendingChannel,
    address: str,
    name: str | None,
    *,
    default: bool,
    region: str,
    now: datetime,
) -> Sender:
    """A new sender; the first one of its channel is the default in any case. `region` as in `normal_phone`.

    Raises Unfit for what is no address of the channel, Conflict where it is there already.
    """
    spelled = normal(channel, address, region)
    if name is not None and channel is not Channel.EMAIL:
        raise Unfit(f"{channel} shows no name", hint="leave `name` out; only emails show one")
    if name is not None and set(name) & set("<>"):
        raise Unfit("a name has no < and no >, which stand around the address", hint="mend `name`")
    await senders.hold(tx, channel)
    if await senders.named(tx, channel, spelled):
        raise Conflict(f"{spelled} is a sender of {channel} already", hint="make that one the default instead")
    default = default or not await senders.has_default(tx, channel)
    if default:
        await senders.unset_default(tx, channel)
    return _found(await senders.read(tx, await senders.add(tx, channel, spelled, name, default, now)))


async def make_default(tx: asyncpg.Connection, id: UUID) -> Sender:
    """New messages of its channel go out from here. Raises NotFound."""
    sender = await _held(tx, id)
    await senders.unset_default(tx, sender.channel)
    await senders.set_default(tx, id)
    return replace(sender, is_default=True)


async def remove(tx: asyncpg.Connection, id: UUID) -> None:
    """Nothing new goes out from there; a message whose sending has begun keeps its sender.

    Raises NotFound, or Conflict for a default while there are others: which one is next is not to be guessed.
    """
    sender = await _held(tx, id)
    if sender.is_default and await senders.others(tx, sender):
        raise Conflict(
            f"{sender.address} is the default of {sender.channel}, and there are others",
            hint="make another one the default first",
        )
    await senders.remove(tx, id)


async def _held(tx: asyncpg.Connection, id: UUID) -> Sender:
    """As it is while nobody else changes its channel's."""
    await senders.hold(tx, _found(await senders.read(tx, id)).channel)
    return _found(await senders.read(tx, id))


def _found(sender: Sender | None) -> Sender:
    if sender is None:
        raise NotFound("there is no such sender", hint="list the senders to find it", command="senders list")
    return sender


def normal(channel: Channel, address: str, region: str) -> str:
    """The one spelling of an address to send from. Raises Unfit."""
    if channel is not Channel.EMAIL and _SERVICE.fullmatch(address):
        return address
    try:
        return normal_email(address) if channel is Channel.EMAIL else normal_phone(address, region)
    except ValueError as error:
        raise Unfit(f"{address[:100]!r} is no address for {channel}: {error}", hint="mend `address`") from error
