"""What a provider reports of a message of ours, in one transaction: recorded, and everything that follows from it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from content.spellings import all_spellings
from domain.events import EventType, StatusReport
from store.gates.suppressions import SuppressionReason, has_moved
from store.inbound import waits
from store.inbound.reception import Received, Reception
from store.inbound.stops import StopRule
from store.inbound.waits import ExitGoal
from store.pool import load_queries
from store.sequences import brake

_sql = load_queries("inbound/status_reports")

SOFT_BOUNCES = 3
"""Messages in a row that an address refused for the moment, before it counts as dead."""


_RULES = {
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
    reception = Reception.of(tx, tenant_id, report, address, written_since=written_since, now=now)
    if report.type in _SUPPRESSES or report.type is EventType.SUBSCRIBED:
        await reception.hold()
    else:
        await reception.match()
    found, happened = reception.found, None if report.machine else _EVENTS.get(report.type)
    goals = await waits.goals_of(tx, found.contact_id) if happened else []
    if not await _store(reception, report):
        return await reception.known()
    await _take_effect(reception, report, happened, goals)
    await _brake(reception, report)
    return reception.received(found.node_id)


async def _take_effect(
    reception: Reception, report: StatusReport, happened: str | None, goals: Sequence[ExitGoal]
) -> None:
    enrollment_id = reception.found.enrollment_id
    about = [enrollment_id] if enrollment_id is not None else []
    if await _is_of_old_address(reception, report):
        reception.spare_contact()
        about = []
    is_final = await _is_final(reception, report)
    if is_final and happened == "bounced":
        # As with an answer: one that is awaited is a branch.
        await reception.branch(about, happened)
    if is_final and reception.addresses:
        await reception.stop(_RULES[report.type])
        await reception.suppress(_SUPPRESSES[report.type])
    elif report.type is EventType.SUBSCRIBED:
        await reception.lift()
    await reception.reach_goals(goals)
    if happened:
        await reception.branch(about, happened)
    await reception.settle_doubt()


async def _store(reception: Reception, report: StatusReport) -> bool:
    """Whether it is new."""
    by_machine = "machine_" if report.machine and report.type in (EventType.OPENED, EventType.CLICKED) else ""
    stored = await _sql.record_status(
        reception.tx,
        **reception.row(reception.found.node_id),
        provider_message_id=report.provider_message_id,
        delivery=_DELIVERY.get(report.type),
        what=f"{by_machine}{report.type}",
        permanent=report.permanent,
    )
    return stored is not None


async def _brake(reception: Reception, report: StatusReport) -> None:
    """Pause the sequence where too much of it is refused."""
    tx, job_id = reception.tx, reception.found.job_id
    if report.type not in (EventType.BOUNCED, EventType.FAILED) or job_id is None:
        return
    words = " ".join(filter(None, (report.code, report.detail)))
    # That everybody's messages are refused for what we are is to be believed of a provider, or of who has the message.
    of_us = report.of_sender and (report.proven or reception.found.is_by_message)
    if not (of_us and await brake.after_refusal_of_us(tx, job_id, words)):
        await brake.after_report(tx, job_id)


_EVENTS = {
    EventType.OPENED: "opened",
    EventType.CLICKED: "clicked",
    EventType.BOUNCED: "bounced",
    EventType.UNSUBSCRIBED: "unsubscribed",
    EventType.COMPLAINED: "unsubscribed",
}
"""What a step may wait for, or a goal be reached by."""


async def _is_of_old_address(reception: Reception, report: StatusReport) -> bool:
    """A bounce of an address that the contact no longer has says nothing of the one that is written to now."""
    contact_id, old = reception.found.contact_id, next(iter(reception.addresses), None)
    if report.type is not EventType.BOUNCED or contact_id is None or old is None:
        return False
    return await has_moved(reception.tx, contact_id, report.channel, old)


async def _is_final(reception: Reception, report: StatusReport) -> bool:
    """Whether nothing more may go to the address."""
    if not report.proven and not reception.found.is_by_message:
        return False  # anybody could bar anybody by a mail that names no message of ours
    if report.type is EventType.BOUNCED and not report.permanent:
        named = {"channel": report.channel, "addresses": all_spellings(reception.addresses)}
        return bool(await _sql.is_refused_in_a_row(reception.tx, **named, times=SOFT_BOUNCES))
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
