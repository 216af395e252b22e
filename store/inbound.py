"""What was reported, in one transaction each: stored once, attributed, and everything that follows from it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from store import ledger, matching, signals, stopping
from store.matching import Match, MatchedBy
from store.pool import load_queries
from store.signals import OpenSignal
from store.stopping import Blow, Held, Struck
from store.suppressions import SuppressionReason, is_opted_out, lift, suppress

_sql = load_queries("inbound")

MessageKind = Literal["reply", "opt_out", "help", "start", "auto_reply", "operator"]
"""What an inbound message is taken for; `operator`: one of ours wrote it, so it is not the contact's."""

SOFT_BOUNCES = 3
"""Messages in a row that an address refused for the moment, before it counts as dead."""


@dataclass(frozen=True)
class Received:
    """What became of a report."""

    event_id: UUID
    duplicate: bool
    """The provider reported it before; nothing was done this time."""
    type: EventType
    contact_id: UUID | None = None
    """None: nobody we know."""
    enrollment_id: UUID | None = None
    node_id: str | None = None
    """The step that it is about, or that it answers."""
    step_number: int = 0
    """1 for the first step; 0 when nothing had been sent."""
    kind: MessageKind | None = None
    """Of a message."""
    stopped: tuple[UUID, ...] = ()
    """The enrollments that it ended."""
    going_on: tuple[UUID, ...] = ()
    """The contact's other live enrollments that use the channel."""
    signals: tuple[OpenSignal, ...] = ()
    """What the workflows have to hear."""
    notice: UUID | None = None
    """The automatic answer that is owed for it."""


@dataclass(frozen=True)
class Reading:
    """What an inbound message says, judged by its words."""

    kind: MessageKind
    doubt: str | None = None
    """The words that make it a doubtful opt-out, which a person should read."""
    may_be_reply: bool = False
    """"Yes" lifts an opt-out, as it does at Twilio; where there is none it is an answer like any other."""


_BLOWS: dict[MessageKind | EventType, Blow] = {
    "reply": Blow(frozenset({"reply"}), "replied", everywhere=True),
    # An opt-out in words is an answer as well.
    "opt_out": Blow(frozenset({"unsubscribe", "reply"}), "unsubscribed", everywhere=True, shared=True),
    EventType.UNSUBSCRIBED: Blow(frozenset({"unsubscribe"}), "unsubscribed", shared=True),
    EventType.COMPLAINED: Blow(frozenset({"unsubscribe"}), "complained", shared=True),
    EventType.BOUNCED: Blow(frozenset({"bounce"}), "bounced", shared=True),
}
_NAMED: tuple[MatchedBy, ...] = ("token", "provider_id", "message_id")
_SUPPRESSES: dict[EventType, SuppressionReason] = {
    EventType.UNSUBSCRIBED: "unsubscribed",
    EventType.COMPLAINED: "complained",
    EventType.BOUNCED: "bounced",
}


# --- somebody wrote ------------------------------------------------------------------------------------------


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
    found, held = await _find_and_hold(tx, message, address, written_since)
    addresses = _addresses(message, address, found)
    if reading.kind == "start" and message.channel is Channel.EMAIL and found.by not in _NAMED:
        reading = Reading("reply")  # anybody can write a mail in the name of somebody who has opted out
    if reading.may_be_reply and not await is_opted_out(tx, message.channel, addresses):
        reading = Reading("reply")
    kind = reading.kind
    answers = found.enrollment_id is not None and kind in ("reply", "opt_out")
    stored = await _sql.record_message(
        tx,
        **_event(event_id, message, found, found.last_node, now),
        direction="out" if kind == "operator" else "in",
        kind=kind,
        order_index=found.last_order_index,
        address=address,
        subject=message.subject,
        body=message.text,
        rfc_message_id=message.message_id,
        answers=answers,
        sequence_id=found.sequence_id,
        answered_job_id=ids.job_id(found.enrollment_id, found.last_node)
        if answers and found.enrollment_id and found.last_node
        else None,
        opted_out=kind == "opt_out",
        doubt=reading.doubt,
    )
    if stored is None:
        return await _known(tx, event_id, message.type)
    for one in addresses:
        if kind == "opt_out":
            await suppress(tx, message.channel, one, "unsubscribed", at=message.at, now=now, event_id=event_id)
        elif kind == "start":
            await lift(tx, message.channel, one, at=message.at, now=now, event_id=event_id)
    struck, nudged = Struck(), []
    if kind != "operator":
        struck = await stopping.strike(tx, event_id, held, _BLOWS.get(kind), found.contact_id, at=message.at, now=now)
        if found.unsettled and found.job_id is not None:
            await _sql.prove(tx, job_id=found.job_id)
            nudged = await _settle(tx, event_id, found, now)
    return Received(
        event_id=event_id,
        duplicate=False,
        type=message.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=found.last_node,
        step_number=0 if found.last_order_index is None else found.last_order_index + 1,
        kind=kind,
        stopped=struck.ended,
        going_on=struck.going_on,
        signals=(*struck.told, *nudged),
    )


async def _is_ours(tx: asyncpg.Connection, message: InboundMessage) -> bool:
    own = message.message_id or ""
    named = {"job_id": ids.job_of_message_id(own), "message_ids": list(matching.spellings(own))}
    return bool(await _sql.is_step(tx, **named))


async def _copy(
    tx: asyncpg.Connection, event_id: UUID, message: InboundMessage, written_since: datetime, now: datetime
) -> Received:
    """A step of a sequence that came back to its own mailbox: in the conversation already."""
    found = await matching.match(tx, message, message.recipient, written_since)
    stored = await _sql.store_event(tx, **_event(event_id, message, found, None, now))
    if stored is None:
        return await _known(tx, event_id, message.type)
    return Received(event_id, False, message.type, found.contact_id, found.enrollment_id)


# --- a message of ours fared somehow -------------------------------------------------------------------------


async def receive_status(
    tx: asyncpg.Connection,
    tenant_id: UUID,
    report: StatusReport,
    address: str | None,
    *,
    written_since: datetime,
    now: datetime,
) -> Received:
    """Record it on its message; a bounce, a complaint or an opt-out also suppresses and stops. Once per event id.

    `address` is the contact's, normalised, where the provider names one.
    """
    event_id = ids.event_id(tenant_id, report.provider, report.provider_event_id)
    held: list[Held] = []
    if report.type in _SUPPRESSES:
        found, held = await _find_and_hold(tx, report, address, written_since)
    else:
        found = await matching.match(tx, report, address, written_since)
    by_machine = "machine_" if report.machine and report.type in (EventType.OPENED, EventType.CLICKED) else ""
    stored = await _sql.record_status(
        tx,
        **_event(event_id, report, found, found.node_id, now),
        provider_message_id=report.provider_message_id,
        delivery=_DELIVERY.get(report.type),
        what=f"{by_machine}{report.type}",
        permanent=report.permanent,
    )
    if stored is None:
        return await _known(tx, event_id, report.type)
    struck = Struck()
    barred = next(iter(_addresses(report, address, found)), None)
    if barred is not None and await _is_final(tx, report, found, barred):
        await suppress(tx, report.channel, barred, _SUPPRESSES[report.type], at=report.at, now=now, event_id=event_id)
        struck = await stopping.strike(tx, event_id, held, _BLOWS[report.type], found.contact_id, at=report.at, now=now)
    elif report.type is EventType.SUBSCRIBED and barred is not None:
        await lift(tx, report.channel, barred, at=report.at, now=now, event_id=event_id)
    nudged = await _settle(tx, event_id, found, now) if found.unsettled else []
    return Received(
        event_id=event_id,
        duplicate=False,
        type=report.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=found.node_id,
        stopped=struck.ended,
        signals=(*struck.told, *nudged),
    )


async def _is_final(tx: asyncpg.Connection, report: StatusReport, found: Match, address: str) -> bool:
    """Whether nothing more may go to the address."""
    if not report.proven and found.by not in _NAMED:
        return False  # anybody could bar anybody by a mail that names no message of ours
    if report.type is EventType.BOUNCED and not report.permanent:
        return bool(await _sql.is_refused_in_a_row(tx, channel=report.channel, address=address, times=SOFT_BOUNCES))
    return report.type in _SUPPRESSES


_DELIVERY = {
    EventType.QUEUED: "queued",
    EventType.SENT: "sent",
    EventType.DEFERRED: "deferred",
    EventType.DELIVERED: "delivered",
    EventType.FAILED: "failed",
    EventType.BOUNCED: "bounced",
    EventType.COMPLAINED: "complained",
    # Who reads it has it.
    EventType.OPENED: "delivered",
    EventType.CLICKED: "delivered",
    # Said of an address as well: only that the provider has it.
    EventType.UNSUBSCRIBED: "queued",
}
"""What each word proves about the message's way."""


# --- what both have ------------------------------------------------------------------------------------------


async def _find_and_hold(
    tx: asyncpg.Connection, report: StatusReport | InboundMessage, address: str | None, written_since: datetime
) -> tuple[Match, list[Held]]:
    """Whom it is about, and everything that it may end, held.

    Asked again under the locks: a hand-over that was waited for may be what it is about, and of somebody else at the
    same address. A message that names nothing of ours is from somebody at its address, so there the locks come first.
    """
    if isinstance(report, InboundMessage) and not (report.job_id or report.message_ids or report.enrollment_id):
        held = await stopping.hold(tx, report.channel, [address] if address else [], None, at=report.at)
        found = await matching.match(tx, report, address, written_since)
        if found.contact_id is None or found.contact_id in {one.contact_id for one in held}:
            return found, held
    else:
        found = await matching.match(tx, report, address, written_since)
    while True:
        addresses = _addresses(report, address, found)
        held = await stopping.hold(tx, report.channel, addresses, found.contact_id, at=report.at)
        again = await matching.match(tx, report, address, written_since)
        if again.contact_id == found.contact_id:
            return again, held
        found = again


def _addresses(report: StatusReport | InboundMessage, address: str | None, found: Match) -> list[str]:
    """What it holds for: where the message went; and where an answer comes from, which may be another place."""
    places = {found.recipient or address}
    if isinstance(report, InboundMessage):
        places.add(address)
    return sorted(place for place in places if place is not None)


async def _settle(tx: asyncpg.Connection, event_id: UUID, found: Match, now: datetime) -> list[OpenSignal]:
    """What is heard of a message proves that it went out: the workflow settles it and goes on.

    Nobody goes on with an enrollment that has ended, so there it is settled here. Whoever holds the enrollment at
    this moment finds what was heard when he comes to the message; to wait for him with the message held would be to
    wait in a circle.
    """
    if found.enrollment_id is None or found.job_id is None:
        return []
    if await stopping.hold_if_free(tx, found.enrollment_id):
        await ledger.settle_late(tx, found.job_id, now)
        return []
    return await signals.leave(tx, event_id, "nudge", [found.enrollment_id], now=now)


def _event(
    event_id: UUID, report: StatusReport | InboundMessage, found: Match, node_id: str | None, now: datetime
) -> dict[str, object]:
    return {
        "id": event_id,
        "provider": report.provider,
        "provider_event_id": report.provider_event_id,
        "type": report.type,
        "channel": report.channel,
        "contact_id": found.contact_id,
        "enrollment_id": found.enrollment_id,
        "node_id": node_id,
        "job_id": found.job_id,
        "matched_by": found.by,
        "machine": isinstance(report, StatusReport) and report.machine,
        "payload": report.model_dump(mode="json"),
        "occurred_at": report.at,
        "now": now,
    }


async def _known(tx: asyncpg.Connection, event_id: UUID, kind: EventType) -> Received:
    """An event that came before: how it was attributed then, and what the workflows still have not heard."""
    row = await _sql.read_event(tx, id=event_id)
    return Received(
        event_id=event_id,
        duplicate=True,
        type=kind,
        contact_id=row["contact_id"],
        enrollment_id=row["enrollment_id"],
        node_id=row["node_id"],
        step_number=row["step_number"],
        kind=row["kind"],
        signals=tuple(await signals.of_event(tx, event_id)),
    )
