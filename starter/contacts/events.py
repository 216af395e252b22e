"""What the tenant's own system says that a contact has done: for steps that wait for it, and for goals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from domain import ids
from domain.condition import WORDS
from domain.errors import Unfit
from domain.fields import HEARD, EventName
from starter.engine import Engine
from starter.signals import deliver
from store import once
from store.contacts import records
from store.enrollments import signals
from store.enrollments.signals import OpenSignal
from store.inbound import waits

log = structlog.get_logger(__name__)

_name: TypeAdapter[str] = TypeAdapter(EventName)


@dataclass(frozen=True)
class RecordedEvent:
    """What became of an event."""

    event_id: UUID
    duplicate: bool
    """It was reported before under the same key; nothing was done this time."""
    awaited: tuple[UUID, ...] = ()
    """The enrollments that had waited for it."""
    stopped: tuple[UUID, ...] = ()
    """Those that have reached their goal by it."""


async def record_event(engine: Engine, contact: str, name: str, key: str | None = None) -> RecordedEvent:
    """Record that a contact (by external id, or ours) did something, and tell the workflows that had waited for it.

    The same key again has no effect; without one, every call is an event of its own. Raises NotFound for an unknown
    contact, Unfit for a name that is none or is ours.
    """
    now, request = engine.now(), once.request_id()
    word = _checked(name)
    named = key or (ids.happened_on(request) if request else ids.new_id().hex)
    happened, words = await engine.database.repeat(lambda: _recorded(engine, contact, word, named, now))
    log.info(
        "happened",
        event_id=str(happened.event_id),
        awaited=len(happened.awaited),
        stopped=len(happened.stopped),
        duplicate=happened.duplicate,
    )
    await deliver(engine, happened.event_id, words)
    return happened


async def _recorded(
    engine: Engine, contact: str, word: str, key: str, now: datetime
) -> tuple[RecordedEvent, Sequence[OpenSignal]]:
    """What became of it, and what is still to be told."""
    async with engine.transaction() as tx:
        found = await records.named(tx, contact)
        event_id = ids.event_id(engine.tenant_id, "custom", f"{found.id}:{word}:{key}")
        aims = await waits.goals_of(tx, found.id)
        if not await waits.record_custom(tx, event_id, found.id, word, key, now, now):
            return RecordedEvent(event_id, duplicate=True), await signals.of_event(tx, event_id)
        reached = await waits.end_at_goal(tx, event_id, aims, now)
        met = await waits.note_event(tx, event_id, await waits.live_of(tx, found.id), [word], now)
        awaited, stopped = ((one.enrollment_id for one in words) for words in (met, reached))
        return RecordedEvent(event_id, False, tuple(awaited), tuple(stopped)), [*reached, *met]


def _checked(name: str) -> str:
    try:
        word = _name.validate_python(name)
    except ValidationError as error:
        raise Unfit(f"{name[:40]!r} is no name of an event") from error
    if word in HEARD or word in WORDS:
        raise Unfit(
            f"`{word}` is what Touchline hears itself, or a word of its own", hint="name your own event differently"
        )
    return word
