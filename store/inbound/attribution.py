"""What every report needs: whom it is about, held; the event's row; and what follows for those that go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from domain.events import EventType, InboundMessage, StatusReport
from store.enrollments import ledger, signals
from store.enrollments.signals import OpenSignal
from store.inbound import matching, stops, waits
from store.inbound.matching import Match, MatchedBy
from store.inbound.stops import Held, Rest, Stopped
from store.inbound.waits import ExitGoal
from store.pool import load_queries

_sql = load_queries("inbound/attribution")

NAMED: tuple[MatchedBy, ...] = ("token", "provider_id", "message_id", "returned")
"""What nobody knows but who has our message."""

MessageKind = Literal["reply", "opt_out", "help", "start", "auto_reply", "operator"]
"""What an inbound message is taken for; `operator`: one of ours wrote it, so it is not the contact's."""


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
    rest: Rest | None = None
    """What it ends as well, in transactions to come."""


async def find_and_hold(
    tx: asyncpg.Connection, report: StatusReport | InboundMessage, address: str | None, written_since: datetime
) -> tuple[Match, list[Held]]:
    """Whom it is about, and everything that it may end, held.

    Asked again under the locks: a settlement that was waited for may be what it is about, and of somebody else at the
    same address. A message that names nothing of ours is from somebody at its address, so there the locks come first.
    """
    if isinstance(report, InboundMessage) and not (report.job_id or report.message_ids or report.enrollment_id):
        held = await stops.hold(tx, report.channel, [address] if address else [], None, at=report.at)
        found = await matching.match(tx, report, address, written_since)
        is_all = stops.more_after(held) is None
        if found.contact_id is None or (is_all and found.contact_id in {one.contact_id for one in held}):
            return found, held
    else:
        found = await matching.match(tx, report, address, written_since)
    while True:
        addresses = addresses_of(report, address, found)
        held = await stops.hold(tx, report.channel, addresses, found.contact_id, at=report.at)
        again = await matching.match(tx, report, address, written_since)
        if again.contact_id == found.contact_id:
            return again, held
        found = again


def addresses_of(report: StatusReport | InboundMessage, address: str | None, found: Match) -> list[str]:
    """What it holds for: where the message went; and where an answer comes from, which may be another place."""
    places = {found.recipient or address}
    if isinstance(report, InboundMessage):
        places.add(address)
    return sorted(place for place in places if place is not None)


async def settle_unsettled(tx: asyncpg.Connection, event_id: UUID, found: Match, now: datetime) -> list[OpenSignal]:
    """What is heard of a message proves that it went out: the workflow settles it and goes on.

    Nobody goes on with an enrollment that has ended, so there it is settled here. Whoever holds the enrollment at
    this moment finds what was heard when he comes to the message; to wait for him with the message held would be to
    wait in a circle.
    """
    if found.enrollment_id is None or found.job_id is None:
        return []
    if await stops.hold_if_free(tx, found.enrollment_id):
        await ledger.settle_late(tx, found.job_id, now)
        return []
    return await signals.leave(tx, event_id, "nudge", [found.enrollment_id], now=now)


async def after_stop(
    tx: asyncpg.Connection,
    event_id: UUID,
    aims: Sequence[ExitGoal],
    struck: Stopped,
    about: Sequence[UUID],
    events: Sequence[str],
    now: datetime,
) -> tuple[list[OpenSignal], list[OpenSignal]]:
    """Of what a report has not ended: what has reached its goal by it, and what has waited for it."""
    reached = await waits.end_at_goal(tx, event_id, [a for a in aims if a.enrollment_id not in struck.ended], now)
    gone = {*struck.ended, *(word.enrollment_id for word in reached)}
    return reached, await waits.note_event(tx, event_id, [e for e in about if e not in gone], events, now)


def event_row(
    event_id: UUID, report: StatusReport | InboundMessage, found: Match, node_id: str | None, now: datetime
) -> dict[str, object]:
    """The columns of the stored event."""
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


async def known_already(tx: asyncpg.Connection, event_id: UUID, kind: EventType) -> Received:
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
