"""Addresses and contacts suppressed manually, and what may be taken back."""

from uuid import UUID

from content.addresses import normal_email, normal_phone
from content.spellings import all_spellings
from domain.errors import Conflict, NotFound, Unfit
from domain.messages import Channel
from starter.engine import Engine
from store.contacts import records
from store.contacts.records import ContactRecord
from store.gates import suppressions
from store.gates.suppressions import SuppressionRecord
from store.inbound import reviews, stops


async def bar(engine: Engine, channel: Channel, address: str) -> SuppressionRecord:
    """Write to an address no more, by whichever sequence; said again, the latest time counts, also after a lifting.

    When this has returned nothing begins to be handed over to it; what had begun is let go, and named. Enrollments go
    on without the channel. Raises Unfit for what is no address.
    """
    try:
        normal = normal_email(address) if channel is Channel.EMAIL else normal_phone(address, engine.default_region)
    except ValueError as error:
        raise Unfit(
            f"address: {error}", hint="give an email address, or a phone number with its country code"
        ) from error
    return await engine.database.repeat(lambda: _bar(engine, channel, normal))


async def _bar(engine: Engine, channel: Channel, normal: str) -> SuppressionRecord:
    now = engine.now()
    async with engine.transaction() as tx:
        await stops.hold(tx, channel, [normal], None, at=now)
        await suppressions.suppress(tx, channel, normal, "manual", at=now, now=now)
        found = await suppressions.records_of(tx, [normal])
    return next(one for one in found if (one.channel, one.address, one.reason) == (channel, normal, "manual"))


async def bar_contact(
    engine: Engine, contact: str, channel: Channel, *, asked_by_contact: bool = False
) -> SuppressionRecord:
    """Suppress the contact's address; `asked_by_contact`: and whichever it gets, until it asks for messages.

    Answers the contact's own suppression then, which needs no address. Raises NotFound, or Conflict where the contact
    has no address for the channel.
    """
    who = await _contact(engine, contact)
    address = who.email if channel is Channel.EMAIL else who.phone
    if asked_by_contact:
        return await engine.database.repeat(lambda: _opt_out(engine, who, channel, address))
    if address is None:
        raise Conflict(f"the contact has no address for {channel}")
    return await bar(engine, channel, address)


async def _opt_out(engine: Engine, who: ContactRecord, channel: Channel, address: str | None) -> SuppressionRecord:
    now = engine.now()
    async with engine.transaction() as tx:
        await stops.hold(tx, channel, [address] if address else [], who.id, at=now)
        await suppressions.opt_out(tx, channel, who.id, address, at=now, now=now)
        found = await suppressions.records_of(tx, [], who.id)
    return next(one for one in found if (one.channel, one.reason) == (channel, "unsubscribed"))


async def of_contact(engine: Engine, contact: str) -> list[SuppressionRecord]:
    """What suppresses the contact and its addresses, or did so once. Raises NotFound."""
    who = await _contact(engine, contact)
    async with engine.transaction() as tx:
        return await suppressions.records_of(tx, _addresses(who), who.id)


async def lift(
    engine: Engine, id: UUID, *, asked_by_contact: bool = False, contact: str | None = None
) -> SuppressionRecord:
    """Take a suppression back; `contact`: only where it is about this one, or an address of it.

    What was suppressed manually, and what bounced, is the tenant's to judge. An opt-out is the person's own: it is
    lifted only where they have asked for messages again. Whoever complained is not written to again. What may be an
    opt-out is decided where it is reviewed. Raises NotFound, or Conflict for what may not be lifted.
    """
    who = await _contact(engine, contact) if contact is not None else None
    async with engine.transaction() as tx:
        found = await suppressions.find(tx, id)
        if found is None or (who is not None and not _is_about(found, who)):
            raise NotFound("there is no such suppression", hint="list the suppressions to find it")
        if found.reason == "complained":
            raise Conflict("whoever complained about a message is not written to again")
        if found.reason == "unsubscribed" and not asked_by_contact:
            raise Conflict(
                "the person asked for no more messages",
                hint="if they have asked for messages again, say asked_by_contact=true, and keep the evidence",
            )
        if (
            found.reason == "suspected"
            and found.address is not None
            and await reviews.holds(tx, found.channel, found.address)
        ):
            raise Conflict(
                "a message from there is under review, and nobody has decided yet",
                hint="decide what it is among the reviews",
            )
        await suppressions.take_back(tx, found, engine.now())
        lifted = await suppressions.find(tx, id)
    assert lifted is not None  # noqa: S101 - nobody deletes one
    return lifted


def _is_about(one: SuppressionRecord, who: ContactRecord) -> bool:
    return one.address in all_spellings(_addresses(who)) if one.address else one.contact == who.external_id


def _addresses(contact: ContactRecord) -> list[str]:
    return [address for address in (contact.email, contact.phone) if address]


async def _contact(engine: Engine, name: str) -> ContactRecord:
    async with engine.transaction() as tx:
        return await records.named(tx, name)
