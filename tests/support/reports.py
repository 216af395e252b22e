"""What is heard of messages and contacts, as its transactions write it and its signals tell it."""

from datetime import date
from uuid import UUID, uuid4

from domain import ids
from domain.enrollment import StopMark
from starter.inbound.out_of_office import postpone
from store.enrollments import signals
from store.enrollments.signals import OpenSignal
from tests.support.harness import Rig


async def hear_of(rig: Rig, enrollment: UUID, *, provider_message_id: str | None = "reported") -> None:
    """What a `delivered` report writes on the message `first`."""
    await rig.execute(
        "UPDATE message_jobs SET delivery = 'delivered', delivered_at = $2, provider_message_id = $3 WHERE id = $1",
        *(ids.job_id(enrollment, "first"), await rig.now(), provider_message_id),
    )


async def nudge(rig: Rig, enrollment: UUID) -> None:
    """Word for the workflow that something was heard of its message."""
    event_id = uuid4()
    await rig.engine.runs.tell(OpenSignal(event_id, enrollment, "nudge", StopMark(event_id=event_id, ending=None)))


async def be_away(rig: Rig, enrollment: UUID, until: date) -> list[OpenSignal]:
    """What an out-of-office writes; answers the word that is left for the workflow."""
    event_id = uuid4()
    async with rig.engine.transaction(lock_enrollment=enrollment) as tx:
        moved = await postpone(tx, event_id, [enrollment], until, await rig.now())
        left = await signals.of_event(tx, event_id)
    assert [word.enrollment_id for word in left] == moved
    return left


async def away(rig: Rig, enrollment: UUID, until: date) -> bool:
    """The same, and the workflow is told; answers whether it moved what was next."""
    left = await be_away(rig, enrollment, until)
    for word in left:
        await rig.engine.runs.tell(word)
    return bool(left)
