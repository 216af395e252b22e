"""Addresses to send from: each channel has one default, which new messages go out from."""

import re
from dataclasses import replace
from uuid import UUID

from content.addresses import normal_email, normal_phone
from domain.errors import Conflict, NotFound, Unfit
from domain.messages import Channel
from starter.engine import Engine
from store import senders
from store.senders import Sender, SendingChannel

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
"""A messaging service of Twilio's, which chooses among its own numbers."""


async def add(engine: Engine, channel: SendingChannel, address: str, name: str | None, *, default: bool) -> Sender:
    """A new sender; the first one of its channel is the default in any case.

    Raises Unfit for what is no address of the channel, Conflict where it is there already.
    """
    normal = _normal(engine, channel, address)
    if name is not None and channel is not Channel.EMAIL:
        raise Unfit(f"{channel} shows no name", hint="leave `name` out; only emails show one")
    if name is not None and set(name) & set("<>"):
        raise Unfit("a name has no < and no >, which stand around the address", hint="mend `name`")
    async with engine.database.transaction(engine.tenant_id) as tx:
        await senders.hold(tx, channel)
        default = default or not await senders.has_default(tx, channel)
        if default:
            await senders.unset_default(tx, channel)
        id_ = await senders.add(tx, channel, normal, name, default, engine.now())
        if id_ is None:
            raise Conflict(f"{normal} is a sender of {channel} already", hint="make that one the default instead")
        return _found(await senders.read(tx, id_))


async def make_default(engine: Engine, id: UUID) -> Sender:
    """New messages of its channel go out from here. Raises NotFound."""
    async with engine.database.transaction(engine.tenant_id) as tx:
        sender = _found(await senders.read(tx, id))
        await senders.hold(tx, sender.channel)
        _found(await senders.read(tx, id))
        await senders.unset_default(tx, sender.channel)
        await senders.set_default(tx, id)
    return replace(sender, is_default=True)


async def remove(engine: Engine, id: UUID) -> None:
    """Nothing new goes out from there; a message whose sending has begun keeps its sender.

    Raises NotFound, or Conflict for a default while there are others: which one is next is not to be guessed.
    """
    async with engine.database.transaction(engine.tenant_id) as tx:
        sender = _found(await senders.read(tx, id))
        await senders.hold(tx, sender.channel)
        sender = _found(await senders.read(tx, id))
        if sender.is_default and await senders.others(tx, sender):
            raise Conflict(
                f"{sender.address} is the default of {sender.channel}, and there are others",
                hint="make another one the default first",
            )
        await senders.remove(tx, id)


def _found(sender: Sender | None) -> Sender:
    if sender is None:
        raise NotFound("there is no such sender", hint="GET /senders lists them")
    return sender


def _normal(engine: Engine, channel: Channel, address: str) -> str:
    if channel is not Channel.EMAIL and _SERVICE.fullmatch(address):
        return address
    try:
        return normal_email(address) if channel is Channel.EMAIL else normal_phone(address, engine.default_region)
    except ValueError as error:
        raise Unfit(f"{address[:100]!r} is no address for {channel}: {error}", hint="mend `address`") from error
