"""What a person decides about a message that may be an opt-out."""

from uuid import UUID

from domain import ids
from starter.engine import Engine
from starter.signals import deliver
from store.inbound import reviews
from store.inbound.reviews import Decided


async def decide(engine: Engine, message_id: UUID, *, opt_out: bool) -> Decided:
    """Suppress the address for good, or write to it again; then tell the workflows. The same again changes nothing.

    Raises NotFound, or Conflict where the other was decided.
    """
    async with engine.transaction() as tx:
        decided = await reviews.decide(tx, message_id, "opt_out" if opt_out else "no_opt_out", engine.now())
    await deliver(engine, ids.decision_id(message_id), decided.struck.told)
    return decided
