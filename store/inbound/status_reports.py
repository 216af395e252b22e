"""What a provider reports of a message of ours, in one transaction: recorded, and everything that follows from it."""

from datetime import datetime
from uuid import UUID

import asyncpg

from content.spellings import all_spellings
from domain import ids
from domain.events import EventType, StatusReport
from store.enrollments.signals import OpenSignal
from store.gates.suppressions import SuppressionReason, has_moved, lift, suppress
from store.inbound import attribution, matching, stops, waits
from store.inbound.attribution import Received
from store.inbound.matching import Match
from store.inbound.stops import Held, Stopped, StopRule
from store.pool import load_queries
from store.sequences import brake

_sql = load_queries("inbound/status_reports")

SOFT_BOUNCES = 3
"""Messages in a row that an address refused for the moment, before it counts as dead."""


_BLOWS = {
    EventType.UNSUBSCRIBED: StopRule(frozenset({"unsubscribe"}), "unsubscribed", shared=True),
    EventType.COMPLAINED: StopRule(frozenset({"unsubscribe"}), "complained", shared=True),
    EventType.BOUNCED: StopRule(frozenset({"bounce"}), "bounced", shared=True),
}
_SUPPRESSES: dict[EventType, SuppressionReason] = {
    EventType.UNSUBSCRIBED: "unsubscribed",
    EventType.COMPLAINED: "complained",
    EventType.BOUNCED: "bounced",
}


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
    if report.type in _SUPPRESSES or report.type is EventType.SUBSCRIBED:
        found, held = await attribution.find_and_hold(tx, report, address, written_since)
    else:
        found = await matching.match(tx, report, address, written_since)
    event = None if report.machine else _EVENTS.get(report.type)
    aims = await waits.goals_of(tx, found.contact_id) if event else []
    by_machine = "machine_" if report.machine and report.type in (EventType.OPENED, EventType.CLICKED) else ""
    stored = await _sql.record_status(
        tx,
        **attribution.event_row(event_id, report, found, found.node_id, now),
        provider_message_id=report.provider_message_id,
        delivery=_DELIVERY.get(report.type),
        what=f"{by_machine}{report.type}",
        permanent=report.permanent,
    )
    if stored is None:
        return await attribution.known_already(tx, event_id, report.type)
    struck, met, rest = Stopped(), list[OpenSignal](), None
    about = [found.enrollment_id] if found.enrollment_id is not None else []
    if await _is_of_old_address(tx, report, address, found):
        held, about = [e for e in held if e.contact_id != found.contact_id], []
    if event == "bounced" and await _is_final(tx, report, found, found.recipient or address or ""):
        # As with an answer: one that is awaited is a branch.
        met = await waits.note_event(tx, event_id, about, [event], now)
        held = [e for e in held if e.id not in {word.enrollment_id for word in met}]
    barred = next(iter(attribution.addresses_of(report, address, found)), None)
    if barred is not None and await _is_final(tx, report, found, barred):
        # Messages are locked before addresses.
        struck = await stops.apply(tx, event_id, held, _BLOWS[report.type], found.contact_id, at=report.at, now=now)
        await suppress(tx, report.channel, barred, _SUPPRESSES[report.type], at=report.at, now=now, event_id=event_id)
        rest = stops.left_over(held, _BLOWS[report.type], report.channel, [barred], found.contact_id)
    elif report.type is EventType.SUBSCRIBED and barred is not None:
        await lift(tx, report.channel, barred, at=report.at, now=now, event_id=event_id)
    reached, others = await attribution.after_stop(tx, event_id, aims, struck, about, [event] if event else [], now)
    nudged = await attribution.settle_unsettled(tx, event_id, found, now) if found.unsettled else []
    if report.type in (EventType.BOUNCED, EventType.FAILED) and found.job_id is not None:
        words = " ".join(filter(None, (report.code, report.detail)))
        if not (_is_refusal_of_us(report, found) and await brake.after_refusal_of_us(tx, found.job_id, words)):
            await brake.after_report(tx, found.job_id)
    return Received(
        event_id=event_id,
        duplicate=False,
        type=report.type,
        contact_id=found.contact_id,
        enrollment_id=found.enrollment_id,
        node_id=found.node_id,
        stopped=(*struck.ended, *(word.enrollment_id for word in reached)),
        signals=(*struck.told, *reached, *met, *others, *nudged),
        rest=rest,
    )


def _is_refusal_of_us(report: StatusReport, found: Match) -> bool:
    """Whether it is to be believed that everybody's messages are refused for what we are."""
    return report.of_sender and (report.proven or found.by in attribution.NAMED)


_EVENTS = {
    EventType.OPENED: "opened",
    EventType.CLICKED: "clicked",
    EventType.BOUNCED: "bounced",
    EventType.UNSUBSCRIBED: "unsubscribed",
    EventType.COMPLAINED: "unsubscribed",
}
"""What a step may wait for, or a goal be reached by."""


async def _is_of_old_address(tx: asyncpg.Connection, report: StatusReport, address: str | None, found: Match) -> bool:
    """A bounce of an address that the contact no longer has says nothing of the one that is written to now."""
    old = found.recipient or address
    if report.type is not EventType.BOUNCED or found.contact_id is None or old is None:
        return False
    return await has_moved(tx, found.contact_id, report.channel, old)


async def _is_final(tx: asyncpg.Connection, report: StatusReport, found: Match, address: str) -> bool:
    """Whether nothing more may go to the address."""
    if not report.proven and found.by not in attribution.NAMED:
        return False  # anybody could bar anybody by a mail that names no message of ours
    if report.type is EventType.BOUNCED and not report.permanent:
        named = {"channel": report.channel, "addresses": all_spellings([address])}
        return bool(await _sql.is_refused_in_a_row(tx, **named, times=SOFT_BOUNCES))
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
