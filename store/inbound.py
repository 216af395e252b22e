"""A reply's way in: one transaction that stores it once, attributes it and marks the stop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus, StopMark, Upcoming
from domain.events import InboundMessage
from domain.messages import Channel
from store import enrollments, ledger
from store.pool import load_queries

_sql = load_queries("inbound")

Signal = Literal["reply", "suppress", "nudge", "postpone"]


@dataclass(frozen=True)
class OpenSignal:
    """Something that the database has decided and a workflow has yet to hear."""

    event_id: UUID
    enrollment_id: UUID
    signal: Signal
    mark: StopMark
    """With `reply` and `suppress`."""
    upcoming: Upcoming | None = None
    """With `postpone`: the node that is next, and when."""


@dataclass(frozen=True)
class Received:
    """What became of an inbound message."""

    event_id: UUID
    duplicate: bool
    """The provider reported it before; nothing was done this time."""
    contact_id: UUID | None
    """None: nobody we know."""
    enrollment_id: UUID | None
    node_id: str | None
    step_number: int
    """1 for the first step; 0 when nothing had been sent."""
    kind: Literal["reply", "opt_out"]
    stopped: tuple[UUID, ...] = ()
    """The enrollments that it ended."""


async def receive(
    tx: asyncpg.Connection, tenant_id: UUID, message: InboundMessage, *, opt_out: bool, now: datetime
) -> Received:
    """Store, attribute, suppress and stop; all or nothing, and once per provider event id.

    The enrollments are locked before anything is read that depends on them: a hand-over that is under way
    is waited for, so it counts as the last step sent, and none begins after the commit.
    """
    event_id = ids.event_id(tenant_id, message.provider, message.provider_event_id)
    named, _ = await _whom(tx, message)
    concerned = {*await _contacts_at(tx, message.channel, message.sender), *([named] if named else [])}
    locked = [row["id"] async for row in _sql.lock_live_enrollments(tx, contact_ids=sorted(concerned))]
    # Only now: the hand-over that was waited for may be what is answered.
    contact_id, enrollment_id = await _whom(tx, message)
    step = await _sql.last_step(tx, enrollment_id=enrollment_id) if enrollment_id else None
    node_id = step["last_node"] if step else None

    stored = await _sql.store_event(
        tx,
        id=event_id,
        provider=message.provider,
        provider_event_id=message.provider_event_id,
        type="inbound",
        channel=message.channel,
        contact_id=contact_id,
        enrollment_id=enrollment_id,
        node_id=node_id,
        payload=message.model_dump(mode="json"),
        occurred_at=message.at,
        received_at=now,
    )
    if stored is None:
        return await _known(tx, event_id)
    await _sql.log_inbound(
        tx,
        id=event_id,
        channel=message.channel,
        contact_id=contact_id,
        enrollment_id=enrollment_id,
        node_id=node_id,
        order_index=step["last_order_index"] if step else None,
        address=message.sender,
        body=message.text,
        kind="opt_out" if opt_out else "reply",
        provider=message.provider,
        provider_message_id=message.provider_event_id,
        at=message.at,
    )
    kind: Literal["reply", "opt_out"] = "opt_out" if opt_out else "reply"
    if step is not None:
        await _sql.insert_response(
            tx,
            id=event_id,
            enrollment_id=enrollment_id,
            sequence_id=step["sequence_id"],
            contact_id=step["contact_id"],
            node_id=node_id,
            order_index=step["last_order_index"],
            channel=message.channel,
            kind=kind,
            at=message.at,
        )
    if opt_out:
        await ledger.suppress(
            tx, message.channel, message.sender, "unsubscribed", event_id=event_id, at=message.at, now=now
        )
    stopped = await _stop(tx, event_id, message.channel, contact_id, locked, opt_out=opt_out, now=now)
    step_number = 0 if step is None or step["last_order_index"] is None else step["last_order_index"] + 1
    return Received(event_id, False, contact_id, enrollment_id, node_id, step_number, kind, stopped)


async def _whom(tx: asyncpg.Connection, message: InboundMessage) -> tuple[UUID | None, UUID | None]:
    """(contact, enrollment): named by the caller, else whom we wrote to last there, else whoever lives there."""
    if message.enrollment_id is not None:
        row = await _sql.enrollment_contact(tx, enrollment_id=message.enrollment_id)
        if row is not None:
            return row["contact_id"], message.enrollment_id
    row = await _sql.last_written_to(tx, channel=message.channel, address=message.sender)
    if row is not None:
        return row["contact_id"], row["enrollment_id"]
    known = await _contacts_at(tx, message.channel, message.sender)
    return (known[0] if known else None), None


async def _contacts_at(tx: asyncpg.Connection, channel: Channel, address: str) -> list[UUID]:
    return [row["id"] async for row in _sql.contacts_at(tx, channel=channel, address=address)]


async def _known(tx: asyncpg.Connection, event_id: UUID) -> Received:
    row = await _sql.read_response(tx, id=event_id)
    return Received(
        event_id,
        True,
        row["contact_id"],
        row["enrollment_id"],
        row["node_id"],
        row["step_number"] or 0,
        row["kind"] or "reply",
    )


async def _stop(
    tx: asyncpg.Connection,
    event_id: UUID,
    channel: Channel,
    contact_id: UUID | None,
    locked: Sequence[UUID],
    *,
    opt_out: bool,
    now: datetime,
) -> tuple[UUID, ...]:
    """End what the sequences' `stop_on` says, and leave word for every workflow concerned."""
    # An opt-out is an answer as well; on its own channel it also ends the sequences of others who share the address.
    events, reason = ({"unsubscribe", "reply"}, "unsubscribed") if opt_out else ({"reply"}, "replied")
    ending = Ending(status=EnrollmentStatus.STOPPED, reason=reason)
    to_end: list[UUID] = []
    to_tell: list[UUID] = []
    async for row in _sql.stop_rules(tx, ids=list(locked), channel=channel):
        if row["contact_id"] != contact_id and not opt_out:
            continue  # held only until it was known who answers
        answers = row["contact_id"] == contact_id or row["uses_channel"]
        (to_end if answers and events & set(row["stop_on"]) else to_tell).append(row["id"])
    ended = await enrollments.end(tx, to_end, ending, now=now)
    signal: Signal = "suppress" if opt_out else "reply"
    for enrollment_id in (*to_end, *to_tell):
        await _sql.insert_signal(
            tx,
            event_id=event_id,
            enrollment_id=enrollment_id,
            signal=signal,
            ending=ending.model_dump(mode="json") if enrollment_id in ended else None,
            upcoming=None,
            now=now,
        )
    return tuple(to_end)


def _open(row: asyncpg.Record) -> OpenSignal:
    ending = Ending.model_validate(row["ending"]) if row["ending"] else None
    mark = StopMark(event_id=row["event_id"], ending=ending)
    upcoming = Upcoming.model_validate(row["upcoming"]) if row["upcoming"] else None
    return OpenSignal(row["event_id"], row["enrollment_id"], row["signal"], mark, upcoming)


async def signals_of_event(tx: asyncpg.Connection, event_id: UUID) -> list[OpenSignal]:
    """What one event still has to tell."""
    return [_open(row) async for row in _sql.signals_of_event(tx, event_id=event_id)]


async def open_signals(tx: asyncpg.Connection, before: datetime, limit: int) -> list[OpenSignal]:
    """Decided before `before` and not yet heard, oldest first."""
    return [_open(row) async for row in _sql.open_signals(tx, before=before, limit=limit)]


async def mark_signalled(tx: asyncpg.Connection, signal: OpenSignal, now: datetime) -> None:
    """The workflow has heard it, or has ended."""
    await _sql.mark_signalled(tx, event_id=signal.event_id, enrollment_id=signal.enrollment_id, now=now)
