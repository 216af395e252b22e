"""Campaigns: who is in them, and their batches, which enroll everybody who is."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from domain.errors import Conflict, NotFound
from starter.engine import Engine
from store.campaigns import batches, campaigns
from store.campaigns.campaigns import AddedBy, Campaign
from store.contacts.records import unknown


async def find(tx: asyncpg.Connection, name: str) -> Campaign:
    """The campaign of that key or id. Raises NotFound."""
    found = await campaigns.find(tx, name)
    if found is None:
        raise NotFound("there is no such campaign", hint="list the campaigns to find it", command="campaigns list")
    return found


async def hold(tx: asyncpg.Connection, name: str) -> Campaign:
    """A campaign by key or id, which nobody deletes before the transaction ends. Raises NotFound."""
    found = await find(tx, name)
    if await campaigns.hold(tx, found.key) is None:
        raise NotFound(f"campaign {found.key!r} was deleted just now")
    return found


async def create(engine: Engine, key: str, name: str | None = None, description: str | None = None) -> Campaign:
    """A new campaign; without a name it is called by its key. Raises Conflict when there is one of that key."""
    async with engine.transaction() as tx:
        if await campaigns.create(tx, key, name or key, description, engine.now()) is None:
            raise Conflict(f"there is a campaign {key!r} already", hint="take another key")
        return await find(tx, key)


async def describe(engine: Engine, campaign: str, name: str, description: str | None) -> Campaign:
    """Change what people read of it. Raises NotFound."""
    async with engine.transaction() as tx:
        found = await find(tx, campaign)
        await campaigns.describe(tx, found.id, name, description, engine.now())
        return await find(tx, found.key)


async def delete(engine: Engine, campaign: str) -> None:
    """Dissolve it; contacts, enrollments and the record of its batches stay.

    Raises NotFound, or Conflict while a batch of it is under way.
    """

    async def attempt() -> None:
        async with engine.transaction() as tx:
            found = await find(tx, campaign)
            await campaigns.lock(tx, found.id)
            if await batches.any_live(tx, found.id):
                raise Conflict(
                    f"a batch of campaign {found.key!r} is under way", hint="cancel the batch, or wait for its end"
                )
            await campaigns.delete(tx, found.id)

    await engine.database.repeat(attempt)


@dataclass(frozen=True)
class Joined:
    """What became of contacts that were to be members."""

    named: int
    """Contacts, however often each was named."""
    new: int


async def add(engine: Engine, campaign: str, contacts: Sequence[str], added_by: AddedBy) -> Joined:
    """Make contacts, named by external id or ours, members.

    Raises NotFound naming those that do not exist: then nobody is added.
    """
    return await engine.database.repeat(lambda: _add(engine, campaign, contacts, added_by))


async def _add(engine: Engine, campaign: str, contacts: Sequence[str], added_by: AddedBy) -> Joined:
    async with engine.transaction() as tx:
        found = await hold(tx, campaign)
        known = await campaigns.contacts_named(tx, contacts)
        if missing := [name for name in dict.fromkeys(contacts) if name not in known]:
            raise unknown(missing, "nobody was added")
        named = set(known.values())
        return Joined(len(named), await campaigns.add(tx, found.id, list(named), added_by, engine.now()))


async def remove(engine: Engine, campaign: str, contact: str) -> None:
    """Take a contact out; its enrollments go on. Raises NotFound for one who is no member."""
    async with engine.transaction() as tx:
        found = await find(tx, campaign)
        known = await campaigns.contacts_named(tx, [contact])
        if contact not in known or not await campaigns.remove(tx, found.id, known[contact]):
            raise NotFound(f"no such contact in campaign {found.key!r}")
