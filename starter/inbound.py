"""What a webhook, a mailbox or the command line calls with a report: the one way in."""

from dataclasses import replace
from datetime import datetime

import asyncpg
import structlog

from content.addresses import normal_email, normal_phone
from content.inbound_mail.tickets import is_phones
from content.optout import OptOutKind, judge
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel
from starter import notices, postponing
from starter.engine import Engine
from starter.telling import tell
from store import inbound, matching, senders, signals, statuses
from store.attribution import MessageKind, Received
from store.inbound import Reading

log = structlog.get_logger(__name__)

_LONGEST_ADDRESS = 320
"""RFC 3696; a name that is no address may be any length, and an index has not room for that."""

_SAYS_LEFT = "no longer works there"
_SAYS_TICKET = "answered through a ticket system, which marks everything as automatic"

_BRIEF = 8
"""Words of a message that says nothing else."""

_KINDS: dict[OptOutKind, MessageKind] = {
    OptOutKind.OPT_OUT: "opt_out",
    OptOutKind.HELP: "help",
    OptOutKind.START: "start",
    OptOutKind.DOUBTFUL: "reply",
    OptOutKind.NONE: "reply",
}


async def receive(engine: Engine, report: StatusReport | InboundMessage) -> Received:
    """`record` it, then tell the workflows before answering."""
    received = await record(engine, report)
    await tell(engine, received)
    return received


async def record(engine: Engine, report: StatusReport | InboundMessage) -> Received:
    """Record a report and its effect; the caller tells the workflows (`starter.telling`).

    When this returns, nothing more goes out for the enrollments that it ended: the database says so, whatever
    Temporal does. What nobody tells, the reconciler does. Safe to repeat: a report that is known has no further
    effect, and answers what its workflows have not heard yet.
    """
    now = engine.now()
    # A clock that is ahead must not make a wish outlast the next one.
    report = report.model_copy(update={"at": min(report.at, now)})
    try:
        received = await _record(engine, report, now)
    except asyncpg.DeadlockDetectedError:
        # Two that met in a circle over counters of several steps: nothing of it was done, and the other is over.
        received = await _record(engine, report, now)
    log.info(
        "received",
        event_id=str(received.event_id),
        type=received.type,
        kind=received.kind,
        step=received.step_number,
        stopped=len(received.stopped),
        duplicate=received.duplicate,
    )
    return received


async def _record(engine: Engine, report: StatusReport | InboundMessage, now: datetime) -> Received:
    since = matching.horizon(now, engine.reply_horizon_days)
    async with engine.database.transaction(engine.tenant_id) as tx:
        if isinstance(report, StatusReport):
            address = _normal(engine, report.channel, report.address) if report.address else None
            return await statuses.receive_status(tx, engine.tenant_id, report, address, written_since=since, now=now)
        message = report.model_copy(
            update={
                "sender": _normal(engine, report.channel, report.sender),
                "recipient": _normal(engine, report.channel, report.recipient) if report.recipient else None,
            }
        )
        own = message.sender in engine.own_addresses or await senders.sends_from(tx, message.sender)
        reading = Reading("operator") if own else _read(message)
        received = await inbound.receive_message(tx, engine.tenant_id, message, reading, written_since=since, now=now)
        received = await _postpone(tx, message, received, now)
        if received.kind in ("opt_out", "help") and not received.duplicate:
            notice = await notices.owe(tx, message, received.event_id, received.kind, received.contact_id, now)
            received = replace(received, notice=notice)
        return received


def _normal(engine: Engine, channel: Channel, address: str) -> str:
    """The one spelling of an address; a sender that is none (a short code, a name) is kept as it came."""
    try:
        if channel is Channel.EMAIL:
            return normal_email(address)
        return normal_phone(address, engine.default_region)
    except ValueError:
        return address.strip().lower()[:_LONGEST_ADDRESS]


def _read(message: InboundMessage) -> Reading:
    verdict = judge(message.text, declared=message.declared)
    if message.type is EventType.AUTORESPONDED:
        if message.left:
            return Reading("auto_reply", doubt=_SAYS_LEFT, review="left")
        if verdict.kind is not OptOutKind.OPT_OUT:
            by_ticket = message.by_ticket_system
            return Reading("auto_reply", _SAYS_TICKET, "ticket") if by_ticket else Reading("auto_reply")
        # Marked as automatic, and yet it asks for no more: alone that is a wish, among other words a person decides.
        brief = len(message.text.split()) <= _BRIEF
        return Reading("opt_out") if brief else Reading("auto_reply", doubt=verdict.matched)
    if message.channel is not Channel.EMAIL and verdict.kind is OptOutKind.NONE and is_phones(message.text):
        return Reading("auto_reply")
    kind = _KINDS[verdict.kind]
    if kind == "help" and message.channel is Channel.EMAIL:
        kind = "reply"  # a keyword of text messages; by email a person asks for help
    yes = kind == "start" and verdict.matched == "yes"
    if yes and message.channel is Channel.EMAIL:
        return Reading("reply")
    if kind == "reply" and message.left and verdict.kind is OptOutKind.NONE:
        return Reading("reply", doubt=_SAYS_LEFT, review="left")
    return Reading(kind, verdict.matched if verdict.kind is OptOutKind.DOUBTFUL else None, may_be_reply=yes)


async def _postpone(tx: asyncpg.Connection, message: InboundMessage, received: Received, now: datetime) -> Received:
    """An out-of-office that names the day of return holds back whatever goes on."""
    if message.returns_on is None or not received.going_on:
        return received
    moved = await postponing.postpone(tx, received.event_id, received.going_on, message.returns_on, now)
    log.info("postponed", event_id=str(received.event_id), enrollments=len(moved))
    return replace(received, signals=tuple(await signals.of_event(tx, received.event_id)))
