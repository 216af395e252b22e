"""What was reported, in one transaction each: stored once, attributed, and everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain import ids
from domain.enrollment import Ending, EnrollmentStatus
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel, JobState
from store import enrollments, ledger, matching, signals
from store.matching import Match
from store.pool import load_queries
from store.signals import OpenSignal
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


@dataclass(frozen=True)
class Reading:
    """What an inbound message says, judged by its words."""

    kind: MessageKind
    doubt: str | None = None
    """The words that make it a doubtful opt-out, which a person should read."""
    may_be_reply: bool = False
    """"Yes" lifts an opt-out, as it does at Twilio; where there is none it is an answer like any other."""


@dataclass(frozen=True)
class _Blow:
    """What a report does to enrollments."""

    events: frozenset[str]
    """Any of these in `stop_on` ends an enrollment."""
    reason: str
    everywhere: bool = False
    """Ends what uses other channels as well: somebody has answered."""
    shared: bool = False
    """Ends what others at the same address get on this channel: the address is barred."""


_BLOWS: dict[MessageKind | EventType, _Blow] = {
    "reply": _Blow(frozenset({"reply"}), "replied", everywhere=True),
    # An opt-out in words is an answer as well.
    "opt_out": _Blow(frozenset({"unsubscribe", "reply"}), "unsubscribed", everywhere=True, shared=True),
    EventType.UNSUBSCRIBED: _Blow(frozenset({"unsubscribe"}), "unsubscribed", shared=True),
    EventType.COMPLAINED: _Blow(frozenset({"unsubscribe"}), "complained", shared=True),
    EventType.BOUNCED: _Blow(frozenset({"bounce"}), "bounced", shared=True),
}
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
    """Store, attribute, suppress and stop; all or nothing, and once per provider event id.

    The enrollments are locked before anything is read that depends on them: a hand-over that is under way
    is waited for, so it counts as the last step sent, and none begins after the commit.
    """
    event_id = ids.event_id(tenant_id, message.provider, message.provider_event_id)
    address = message.recipient or "" if reading.kind == "operator" else message.sender
    found = await matching.match(tx, message, address, written_since)
    if reading.kind == "operator" and await _is_ours(tx, message):
        return await _copy(tx, event_id, message, found, now)
    addresses = sorted({address, found.recipient or address})
    locked = await matching.lock_live(tx, message.channel, addresses, found.contact_id)
    # Again: the hand-over that was waited for may be what is answered.
    found = await matching.match(tx, message, address, written_since)
    if reading.may_be_reply and not await is_opted_out(tx, message.channel, address):
        reading = Reading("reply")
    step = await matching.last_step(tx, found.enrollment_id, found.job_id) if found.enrollment_id else None
    kind = reading.kind
    answers = step is not None and kind in ("reply", "opt_out")
    stored = await _sql.record_message(
        tx,
        **_event(event_id, message, message.type, found, step.node_id if step else None, now),
        direction="out" if kind == "operator" else "in",
        kind=kind,
        order_index=step.order_index if step else None,
        address=address,
        subject=message.subject,
        body=message.text,
        rfc_message_id=message.message_id,
        answers=answers,
        sequence_id=step.sequence_id if step else None,
        answered_job_id=ids.job_id(found.enrollment_id, step.node_id)
        if answers and step and step.node_id and found.enrollment_id
        else None,
        opted_out=kind == "opt_out",
        doubt=reading.doubt,
    )
    if stored is None:
        return await _known(tx, event_id, message.type)
    told: list[OpenSignal] = []
    stopped: tuple[UUID, ...] = ()
    going_on: tuple[UUID, ...] = ()
    if kind == "opt_out":
        for barred in addresses:
            await suppress(tx, message.channel, barred, "unsubscribed", at=message.at, now=now, event_id=event_id)
    elif kind == "start":
        await lift(tx, message.channel, address, at=message.at, now=now, event_id=event_id)
    if kind != "operator":
        stopped, going_on, told = await _strike(
            tx, event_id, message.channel, found, locked, _BLOWS.get(kind), at=message.at, now=now
        )
        if found.in_doubt and found.job_id is not None:
            # Whoever answers a message has it.
            await _sql.mark(
                tx,
                job_id=found.job_id,
                provider=message.provider,
                provider_message_id=None,
                delivery="delivered",
                what=message.type,
                permanent=True,
                at=message.at,
            )
            told += await _settle(tx, event_id, found.job_id, now)
    return Received(
        event_id=event_id,
        duplicate=False,
        type=message.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=step.node_id if step else None,
        step_number=0 if step is None or step.order_index is None else step.order_index + 1,
        kind=kind,
        stopped=stopped,
        going_on=going_on,
        signals=tuple(told),
    )


async def _is_ours(tx: asyncpg.Connection, message: InboundMessage) -> bool:
    job = ids.job_of_message_id(message.message_id or "")
    return job is not None and bool(await _sql.is_step(tx, job_id=job))


async def _copy(
    tx: asyncpg.Connection, event_id: UUID, message: InboundMessage, found: Match, now: datetime
) -> Received:
    """A step of a sequence that came back to its own mailbox: in the conversation already."""
    stored = await _sql.store_event(tx, **_event(event_id, message, message.type, found, None, now))
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
    found = await matching.match(tx, report, address, written_since)
    barred = found.recipient or address
    acts = report.type in _SUPPRESSES
    locked: list[UUID] = []
    if acts and barred is not None:
        locked = await matching.lock_live(tx, report.channel, [barred], found.contact_id)
    job = await matching.outbound(tx, found.job_id) if found.job_id else None
    stored = await _sql.store_event(
        tx, **_event(event_id, report, report.type, found, job.node_id if job else None, now)
    )
    if stored is None:
        return await _known(tx, event_id, report.type)
    told: list[OpenSignal] = []
    if job is not None and found.job_id is not None:
        await _mark(tx, found.job_id, report)
    stopped: tuple[UUID, ...] = ()
    if barred is not None and await _is_final(tx, report, barred):
        await suppress(tx, report.channel, barred, _SUPPRESSES[report.type], at=report.at, now=now, event_id=event_id)
        stopped, _, told = await _strike(
            tx, event_id, report.channel, found, locked, _BLOWS[report.type], at=report.at, now=now
        )
    elif report.type is EventType.SUBSCRIBED and barred is not None:
        await lift(tx, report.channel, barred, at=report.at, now=now, event_id=event_id)
    if job is not None and found.job_id is not None and job.state in (JobState.SENDING, JobState.AMBIGUOUS):
        told += await _settle(tx, event_id, found.job_id, now)
    return Received(
        event_id=event_id,
        duplicate=False,
        type=report.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=job.node_id if job else None,
        stopped=stopped,
        signals=tuple(told),
    )


async def _settle(tx: asyncpg.Connection, event_id: UUID, job_id: UUID, now: datetime) -> list[OpenSignal]:
    """What is heard of a message proves that it went out: the workflow settles it and goes on.

    Nobody goes on with an enrollment that has ended, so there it is settled here.
    """
    job = await matching.outbound(tx, job_id)
    if job.ended:
        await ledger.settle_late(tx, job_id, now)
        return []
    return await signals.leave(tx, event_id, "nudge", [job.enrollment_id], now=now)


async def _is_final(tx: asyncpg.Connection, report: StatusReport, address: str) -> bool:
    """Whether nothing more may go to the address."""
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
    EventType.UNSUBSCRIBED: "delivered",
}
"""What each word proves about the message's way."""


async def _mark(tx: asyncpg.Connection, job_id: UUID, report: StatusReport) -> None:
    by_machine = "machine_" if report.machine else ""
    await _sql.mark(
        tx,
        job_id=job_id,
        provider=report.provider,
        provider_message_id=report.provider_message_id,
        delivery=_DELIVERY.get(report.type),
        what=f"{by_machine}{report.type}" if report.type in (EventType.OPENED, EventType.CLICKED) else report.type,
        permanent=report.permanent,
        at=report.at,
    )


# --- what both have ------------------------------------------------------------------------------------------


def _event(
    event_id: UUID,
    report: StatusReport | InboundMessage,
    kind: EventType,
    found: Match,
    node_id: str | None,
    now: datetime,
) -> dict[str, object]:
    return {
        "id": event_id,
        "provider": report.provider,
        "provider_event_id": report.provider_event_id,
        "type": kind,
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


async def _strike(
    tx: asyncpg.Connection,
    event_id: UUID,
    channel: Channel,
    found: Match,
    locked: Sequence[UUID],
    blow: _Blow | None,
    *,
    at: datetime,
    now: datetime,
) -> tuple[tuple[UUID, ...], tuple[UUID, ...], list[OpenSignal]]:
    """(ended, the contact's that go on, word for the workflows): what the sequences' `stop_on` says."""
    if blow is not None and found.contact_id is not None:
        # What an earlier report had ended before this one was heard.
        await _sql.correct_reason(tx, contact_id=found.contact_id, **_as_columns(blow), channel=channel, at=at)
    if not locked:
        return (), (), []
    to_end: list[UUID] = []
    going_on: list[UUID] = []
    async for row in _sql.stop_rules(tx, ids=list(locked), channel=channel):
        if blow is not None and _hits(blow, row, found.contact_id):
            to_end.append(row["id"])
        elif row["contact_id"] == found.contact_id and row["uses_channel"]:
            going_on.append(row["id"])
    if blow is None or not to_end:
        return (), tuple(going_on), []
    ending = Ending(status=EnrollmentStatus.STOPPED, reason=blow.reason)
    await enrollments.end(tx, to_end, ending, now=now, ended_by_at=at)
    told = await signals.leave(
        tx,
        event_id,
        "suppress" if blow.shared else "reply",
        to_end,
        now=now,
        endings=dict.fromkeys(to_end, ending),
    )
    return tuple(to_end), tuple(going_on), told


def _hits(blow: _Blow, row: asyncpg.Record, contact_id: UUID | None) -> bool:
    if not blow.events & set(row["stop_on"]):
        return False
    if row["contact_id"] != contact_id:
        return blow.shared and bool(row["uses_channel"])  # held only until it was known who answers
    return bool(row["uses_channel"]) or (blow.everywhere and "own_channel" not in row["stop_on"])


def _as_columns(blow: _Blow) -> dict[str, object]:
    return {"events": sorted(blow.events), "reason": blow.reason, "everywhere": blow.everywhere}
