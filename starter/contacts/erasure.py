"""Forget a contact, as the law asks (GDPR art. 17), without a count becoming wrong."""

from uuid import UUID

import structlog

from domain import ids
from domain.enrollment import LIVE, Ending, EnrollmentStatus
from domain.errors import Conflict
from starter.engine import Engine
from starter.signals import deliver
from store.contacts import erasure, records
from store.enrollments import enrollments
from store.enrollments.signals import OpenSignal

log = structlog.get_logger(__name__)

_ENDING = Ending(status=EnrollmentStatus.STOPPED, reason="erased")


async def erase(engine: Engine, contact: str, *, stop: bool = False) -> UUID:
    """Erase a contact, named by its external id or ours; answers our id, under which its records stay.

    With `stop`, live enrollments end in the same transaction. Raises NotFound; Conflict where enrollments live and are
    not to be stopped, while a message is being handed over, or while what came in is still to be recorded.
    """
    event_id = ids.new_id()
    contact_id, words = await engine.database.repeat(lambda: _erase(engine, contact, event_id, stop=stop))
    log.info("contact_erased", contact_id=str(contact_id), stopped=len(words))
    await deliver(engine, event_id, words)
    return contact_id


async def _erase(engine: Engine, contact: str, event_id: UUID, *, stop: bool) -> tuple[UUID, list[OpenSignal]]:
    """Our id, and what is to be told to those who were stopped."""
    now = engine.now()
    async with engine.transaction() as tx:
        found = await records.named(tx, contact)
        held = await erasure.hold_enrollments(tx, found.id)
        await erasure.hold_messages(tx, found.id)
        external_id = await erasure.hold_contact(tx, found.id)
        if external_id is None:
            raise records.unknown([contact])
        if await erasure.count_enrollments(tx, found.id) != len(held):
            raise Conflict("the contact was enrolled at this moment", hint="say it again")
        live = [one for one, status in held.items() if status in LIVE]
        if live and not stop:
            raise Conflict(
                f"{len(live)} enrollments of the contact live", hint="stop them first, or say stop=true to stop them"
            )
        if await erasure.is_under_way(tx, found.id):
            raise Conflict("a message to the contact is being handed over", hint="say it again in a minute")
        if await erasure.is_awaited(tx, found.id):
            raise Conflict("what came in from the contact is being recorded", hint="say it again in a moment")
        words = await enrollments.end_by(tx, event_id, "reply", live, _ENDING, now=now)
        await erasure.forget(tx, found.id, external_id, now)
    return found.id, words
