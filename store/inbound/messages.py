"""What somebody wrote, in one transaction: stored once, attributed, and everything that follows from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import InboundMessage, LeavingPolicy, MessageKind
from domain.messages import Channel
from store.gates.suppressions import is_opted_out
from store.inbound import matching
from store.inbound.reception import Received, Reception
from store.inbound.stops import ANSWER, LEFT, OPT_OUT, StopRule
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
        """Whether its addresses are suppressed until a person has decided: it may be an opt-out, or nobody is there."""
        may_be_opt_out = self.doubt is not None and self.review == "doubtful_opt_out"
        return may_be_opt_out or (self.says_left and self.on_left == "hold")

    @property
    def rules(self) -> list[StopRule]:
        """The rules by which it stops enrollments, one after the other."""
        own = _RULES.get(self.kind)
        leaving = LEFT if self.says_left and self.on_left == "end" else None
        return [rule for rule in (own, leaving) if rule is not None]


_RULES: dict[MessageKind, StopRule] = {"reply": ANSWER, "opt_out": OPT_OUT}


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
    address = message.recipient or "" if reading.kind == "operator" else message.sender
    reception = Reception.of(tx, tenant_id, message, address, written_since=written_since, now=now)
    if reading.kind == "operator" and await _is_ours(tx, message):
        return await _copy(reception)
    await reception.hold()
    reading = await _believed(reception, reading)
    twin = await _twin(reception, message, reading.kind)
    if twin is not None:
        return await reception.known(twin)
    if not await _store(reception, message, reading):
        return await reception.known()
    if reading.kind != "operator":
        await _take_effect(reception, reading)
    found = reception.found
    step_number = 0 if found.last_order_index is None else found.last_order_index + 1
    return reception.received(found.last_node, step_number=step_number, kind=reading.kind)


async def _take_effect(reception: Reception, reading: Reading) -> None:
    if reading.kind == "reply":
        await reception.reach_goals(reception.own_goals())
        # An answer that is awaited is a branch, not a stop.
        own = reception.found.contact_id
        asked = [e.id for e in reception.awaiting("reply") if ANSWER.concerns(e, own)]
        await reception.branch(asked, "reply")
    await reception.stop(*reading.rules)
    await _suppress_or_lift(reception, reading)
    if reading.kind == "opt_out":
        said = ("unsubscribed", "reply")
        await reception.reach_goals(reception.own_goals())
        await reception.branch([e.id for e in reception.awaiting(*said)], *said)
    await reception.settle_doubt()


async def _suppress_or_lift(reception: Reception, reading: Reading) -> None:
    if reading.kind == "opt_out":
        await reception.suppress("unsubscribed")
    elif reading.holds:
        await reception.suppress("suspected")
    elif reading.kind == "start":
        await reception.lift()


async def _believed(reception: Reception, reading: Reading) -> Reading:
    """The reading, as far as its sender may have it: what lifts nothing is an answer like any other."""
    channel, found = reception.report.channel, reception.found
    if reading.kind == "start" and channel is Channel.EMAIL and not found.is_by_message:
        return Reading("reply")  # anybody can write a mail in the name of somebody who has opted out
    if reading.may_be_reply and not await is_opted_out(reception.tx, channel, reception.addresses, found.contact_id):
        return Reading("reply")
    return reading


async def _twin(reception: Reception, message: InboundMessage, kind: MessageKind) -> UUID | None:
    """The message that this one is, where it came in before under another id."""
    if message.message_id is None or kind == "operator":
        return None
    id_: UUID | None = await _sql.twin(
        reception.tx,
        channel=message.channel,
        rfc_message_id=message.message_id,
        address=reception.address,
        kind=kind,
        provider=message.provider,
        body=message.text,
    )
    return id_


async def _store(reception: Reception, message: InboundMessage, reading: Reading) -> bool:
    """Whether it is new."""
    found, kind = reception.found, reading.kind
    answers = found.enrollment_id is not None and kind in ("reply", "opt_out")
    stored = await _sql.record_message(
        reception.tx,
        **reception.row(found.last_node),
        direction="out" if kind == "operator" else "in",
        kind=kind,
        order_index=found.last_order_index,
        address=reception.address,
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
        held=reception.addresses if reading.doubt is not None else [],
        review=reading.review,
        holds=reading.holds,
    )
    return stored is not None


async def _is_ours(tx: asyncpg.Connection, message: InboundMessage) -> bool:
    own = message.message_id or ""
    named = {"job_id": ids.job_of_message_id(own), "message_ids": list(matching.spellings(own))}
    return bool(await _sql.is_step(tx, **named))


async def _copy(reception: Reception) -> Received:
    """A step of a sequence that came back to its own mailbox: in the conversation already."""
    await reception.match()
    if await _sql.store_event(reception.tx, **reception.row(None)) is None:
        return await reception.known()
    return reception.received(None)
