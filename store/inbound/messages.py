"""What somebody wrote, in one transaction: stored once, attributed, and everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import InboundMessage, LeavingPolicy
from domain.messages import Channel
from store.gates.suppressions import is_opted_out, lift, suppress
from store.inbound import attribution, matching, stops, waits
from store.inbound.attribution import MessageKind, Received
from store.inbound.stops import ANSWER, LEFT, OPT_OUT, Held, Stopped, StopRule
from store.pool import load_queries

_sql = load_queries("inbound/messages")


@dataclass(frozen=True)
class Reading:
    """What an inbound message says, judged by its words."""

    kind: MessageKind
    doubt: str | None = None
    """What raised the doubt, or what a person should know."""
    review: Literal["doubtful_opt_out", "left", "ticket"] = "doubtful_opt_out"
    """Why a person should read it, where `doubt` says something."""
    may_be_reply: bool = False
    """"Yes" lifts an opt-out, as it does at Twilio; where there is none it is an answer like any other."""
    on_left: LeavingPolicy = "end"
    """The tenant's, where it says who has left."""

    @property
    def says_left(self) -> bool:
        """Whether the contact no longer works there."""
        return self.doubt is not None and self.review == "left"

    @property
    def holds(self) -> bool:
        """Whether its addresses are barred until a person has decided: it may be an opt-out, or nobody is there."""
        may_be_opt_out = self.doubt is not None and self.review == "doubtful_opt_out"
        return may_be_opt_out or (self.says_left and self.on_left == "hold")

    @property
    def blows(self) -> list[StopRule]:
        """What it does to enrollments, one after the other."""
        own = _BLOWS.get(self.kind)
        leaving = LEFT if self.says_left and self.on_left == "end" else None
        return [rule for rule in (own, leaving) if rule is not None]


_BLOWS: dict[MessageKind, StopRule] = {"reply": ANSWER, "opt_out": OPT_OUT}


async def receive_message(
    tx: asyncpg.Connection,
    tenant_id: UUID,
    message: InboundMessage,
    reading: Reading,
    *,
    written_since: datetime,
    now: datetime,
) -> Received:
    """Store, attribute, suppress and stop; all or nothing, and once per provider event id."""
    event_id = ids.event_id(tenant_id, message.provider, message.provider_event_id)
    if reading.kind == "operator" and await _is_ours(tx, message):
        return await _copy(tx, event_id, message, written_since, now)
    address = message.recipient or "" if reading.kind == "operator" else message.sender
    found, held = await attribution.find_and_hold(tx, message, address, written_since)
    addresses = attribution.addresses_of(message, address, found)
    if reading.kind == "start" and message.channel is Channel.EMAIL and found.by not in attribution.NAMED:
        reading = Reading("reply")  # anybody can write a mail in the name of somebody who has opted out
    if reading.may_be_reply and not await is_opted_out(tx, message.channel, addresses, found.contact_id):
        reading = Reading("reply")
    kind = reading.kind
    if message.message_id is not None and kind != "operator":
        twin = await _sql.twin(
            tx,
            channel=message.channel,
            rfc_message_id=message.message_id,
            address=address,
            kind=kind,
            provider=message.provider,
            body=message.text,
        )
        if twin is not None:
            return await attribution.known_already(tx, twin, message.type)
    aims = waits.goals_among(held, found.contact_id) if kind in ("reply", "opt_out") else []
    answers = found.enrollment_id is not None and kind in ("reply", "opt_out")
    stored = await _sql.record_message(
        tx,
        **attribution.event_row(event_id, message, found, found.last_node, now),
        direction="out" if kind == "operator" else "in",
        kind=kind,
        order_index=found.last_order_index,
        address=address,
        subject=message.subject,
        body=message.text,
        rfc_message_id=message.message_id,
        answers=answers,
        sequence_id=found.sequence_id,
        answered_job_id=ids.job_id(found.enrollment_id, found.last_node, found.last_lap or 0)
        if answers and found.enrollment_id and found.last_node
        else None,
        opted_out=kind == "opt_out",
        # Of a settled one too: what is recorded must not hang on whether an answer or a report came first.
        proven_job_id=None if kind == "operator" else found.job_id,
        doubt=reading.doubt,
        held=addresses if reading.doubt is not None else [],
        review=reading.review,
        holds=reading.holds,
    )
    if stored is None:
        return await attribution.known_already(tx, event_id, message.type)
    reached = await waits.end_at_goal(tx, event_id, aims, now) if kind == "reply" else []
    struck, nudged = Stopped(), []
    if kind != "operator":
        gone = {word.enrollment_id for word in reached}
        left = [e for e in held if e.id not in gone]
        if kind == "reply":
            # An answer that is awaited is a branch, not a stop.
            asked = [e.id for e in left if "reply" in e.awaits and ANSWER.concerns(e, found.contact_id)]
            nudged = await waits.note_event(tx, event_id, asked, ["reply"], now)
            awaited = {word.enrollment_id for word in nudged}
            left = [e for e in left if e.id not in awaited]
        struck = await _strike(tx, event_id, left, reading, found.contact_id, at=message.at, now=now)
        # Behind the messages, which whoever ends an enrollment locks; before goals, which may ask whether it is barred.
        await _bar_or_lift(tx, message, kind, reading, addresses, event_id, now)
        if kind == "opt_out":
            said = ["unsubscribed", "reply"]
            own = [e.id for e in held if e.contact_id == found.contact_id and not e.awaits.isdisjoint(said)]
            reached, nudged = await attribution.after_stop(tx, event_id, aims, struck, own, said, now)
        if found.unsettled:
            nudged += await attribution.settle_unsettled(tx, event_id, found, now)
    return Received(
        event_id=event_id,
        duplicate=False,
        type=message.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=found.last_node,
        step_number=0 if found.last_order_index is None else found.last_order_index + 1,
        kind=kind,
        stopped=(*(word.enrollment_id for word in reached), *struck.ended),
        going_on=struck.going_on,
        signals=(*reached, *struck.told, *nudged),
        rest=stops.left_over(held, _BLOWS.get(kind), message.channel, addresses, found.contact_id),
    )


async def _strike(
    tx: asyncpg.Connection,
    event_id: UUID,
    held: Sequence[Held],
    reading: Reading,
    contact_id: UUID | None,
    *,
    at: datetime,
    now: datetime,
) -> Stopped:
    """Strike with all that it does; whoever has ended by one blow gets no other."""
    struck = await stops.apply(tx, event_id, held, None, contact_id, at=at, now=now)
    for rule in reading.blows:
        rest = [e for e in held if e.id not in struck.ended]
        one = await stops.apply(tx, event_id, rest, rule, contact_id, at=at, now=now)
        struck = Stopped((*struck.ended, *one.ended), one.going_on, (*struck.told, *one.told))
    return struck


async def _bar_or_lift(
    tx: asyncpg.Connection,
    message: InboundMessage,
    kind: MessageKind,
    reading: Reading,
    addresses: Sequence[str],
    event_id: UUID,
    now: datetime,
) -> None:
    for one in addresses:
        if kind == "opt_out":
            await suppress(tx, message.channel, one, "unsubscribed", at=message.at, now=now, event_id=event_id)
        elif reading.holds:
            await suppress(tx, message.channel, one, "suspected", at=message.at, now=now, event_id=event_id)
        elif kind == "start":
            await lift(tx, message.channel, one, at=message.at, now=now, event_id=event_id)


async def _is_ours(tx: asyncpg.Connection, message: InboundMessage) -> bool:
    own = message.message_id or ""
    named = {"job_id": ids.job_of_message_id(own), "message_ids": list(matching.spellings(own))}
    return bool(await _sql.is_step(tx, **named))


async def _copy(
    tx: asyncpg.Connection, event_id: UUID, message: InboundMessage, written_since: datetime, now: datetime
) -> Received:
    """A step of a sequence that came back to its own mailbox: in the conversation already."""
    found = await matching.match(tx, message, message.recipient, written_since)
    stored = await _sql.store_event(tx, **attribution.event_row(event_id, message, found, None, now))
    if stored is None:
        return await attribution.known_already(tx, event_id, message.type)
    return Received(event_id, False, message.type, found.contact_id, found.enrollment_id)
