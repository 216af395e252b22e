"""What a webhook, a mailbox or the command line calls with a report: the one way in."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from content.addresses import normal_email, normal_phone
from domain.events import EventType, InboundMessage, LeavingPolicy, StatusReport
from domain.messages import Channel
from starter.engine import Engine
from starter.inbound import notices, out_of_office
from starter.inbound.reading import Explanation, explain_message, read_message
from starter.signals import tell
from store.enrollments import signals
from store.inbound import matching, messages, status_reports, stops
from store.inbound.messages import Reading
from store.inbound.reception import Received
from store.inbound.stops import Rest
from store.workspace import senders, tenant_settings

log = structlog.get_logger(__name__)

_LONGEST_ADDRESS = 320
"""RFC 3696; a name that is no address may be any length, and an index has not room for that."""

_STOP = "STOP"


async def receive(engine: Engine, report: StatusReport | InboundMessage) -> Received:
    """`record` it, then tell the workflows before answering."""
    received = await record(engine, report)
    await tell(engine, received)
    return received


async def record(engine: Engine, report: StatusReport | InboundMessage) -> Received:
    """Record a report and its effect; the caller tells the workflows (`starter.signals`).

    When this returns, nothing more goes out for the enrollments that it ended: the database says so, whatever
    Temporal does. What nobody tells, the reconciler does. Safe to repeat: a report that is known has no further
    effect, and answers what its workflows have not heard yet.
    """
    now = engine.now()
    report = not_ahead(report, now)
    received = await engine.database.repeat(lambda: _record(engine, report, now))
    while received.rest is not None:
        received = await _more(engine, report, received, received.rest)
    note(received)
    return received


async def _more(engine: Engine, report: StatusReport | InboundMessage, received: Received, rest: Rest) -> Received:
    async def end() -> Received:
        async with engine.transaction() as tx:
            return await go_on(tx, received.event_id, report, rest, engine.now())

    more = await engine.database.repeat(end)
    return replace(
        received,
        stopped=(*received.stopped, *more.stopped),
        signals=(*received.signals, *more.signals),
        rest=more.rest,
    )


async def go_on(
    tx: asyncpg.Connection, event_id: UUID, report: StatusReport | InboundMessage, rest: Rest, now: datetime
) -> Received:
    """End the next of those that a report has left over."""
    struck, left = await stops.go_on(tx, event_id, rest, at=report.at, now=now)
    return Received(event_id, False, report.type, stopped=struck.ended, signals=struck.told, rest=left)


async def _record(engine: Engine, report: StatusReport | InboundMessage, now: datetime) -> Received:
    async with engine.transaction() as tx:
        return await apply(tx, engine, report, now)


def not_ahead(report: StatusReport | InboundMessage, now: datetime) -> StatusReport | InboundMessage:
    """The report as it may be at `now` (UTC): a clock that is ahead must not make a wish outlast the next one."""
    return report.model_copy(update={"at": min(report.at, now)})


def note(received: Received) -> None:
    """Log what became of a report, once that is committed."""
    log.info(
        "received",
        event_id=str(received.event_id),
        type=received.type,
        kind=received.kind,
        step=received.step_number,
        stopped=len(received.stopped),
        duplicate=received.duplicate,
    )


async def apply(
    tx: asyncpg.Connection, engine: Engine, report: StatusReport | InboundMessage, now: datetime
) -> Received:
    """Give a report its effect within the transaction of whoever asks: all of it or nothing, and once."""
    since = matching.horizon(now, engine.reply_horizon_days)
    if isinstance(report, StatusReport):
        address = address_of(engine, report)
        return await status_reports.receive_status(tx, engine.tenant_id, report, address, written_since=since, now=now)
    message = _asked_by_mail(engine, report).model_copy(
        update={
            "sender": _normal(engine, report.channel, report.sender),
            "recipient": _normal(engine, report.channel, report.recipient) if report.recipient else None,
        }
    )
    own = message.sender in engine.own_addresses or await senders.sends_from(tx, message.sender)
    reading = Reading("operator") if own else await _read(tx, message)
    received = await messages.receive_message(tx, engine.tenant_id, message, reading, written_since=since, now=now)
    received = await _postpone(tx, message, received, now)
    if received.kind in ("opt_out", "help") and not received.duplicate:
        notice = await notices.owe(tx, message, received.event_id, received.kind, received.contact_id, now)
        received = replace(received, notice=notice)
    return received


def address_of(engine: Engine, report: StatusReport | InboundMessage) -> str | None:
    """Where it comes from, or whom it is about, in the one spelling; None: it names no address."""
    written = report.sender if isinstance(report, InboundMessage) else report.address
    return _normal(engine, report.channel, written) if written else None


def _normal(engine: Engine, channel: Channel, address: str) -> str:
    """The one spelling of an address; a sender that is none (a short code, a name) is kept as it came."""
    try:
        if channel is Channel.EMAIL:
            return normal_email(address)
        return normal_phone(address, engine.default_region)
    except ValueError:
        return address.strip().lower()[:_LONGEST_ADDRESS]


async def _read(tx: asyncpg.Connection, message: InboundMessage) -> Reading:
    """What it says; only where that ends something is it worth while to look up whose words they are."""
    reading = read_message(message).reading
    if message.declared is None and (reading.kind == "opt_out" or reading.doubt is not None):
        reading = read_message(message, await matching.texts_written(tx, message)).reading
    return replace(reading, on_left=await _on_left(tx)) if reading.says_left else reading


async def _on_left(tx: asyncpg.Connection) -> LeavingPolicy:
    tenant = await tenant_settings.read(tx)
    return tenant.on_left if tenant is not None else "end"


async def explained(engine: Engine, message: InboundMessage) -> Explanation:
    """How this message would be read if it came in now, and why; nothing is recorded."""
    message = _asked_by_mail(engine, message)
    message = message.model_copy(update={"sender": _normal(engine, message.channel, message.sender)})
    async with engine.transaction() as tx:
        ours = await matching.texts_written(tx, message)
        return explain_message(message, ours, on_left=await _on_left(tx))


def _asked_by_mail(engine: Engine, message: InboundMessage) -> InboundMessage:
    """Whatever comes to the address of List-Unsubscribe is an opt-out, empty or made by a machine; the address names
    the message that its writer wants no more of, whoever they write as.
    """
    places = message.recipients if message.channel is Channel.EMAIL else ()
    named = (engine.links.read_unsubscribe_address(engine.tenant_id, place) for place in places) if engine.links else ()
    job_id = next((found for found in named if found is not None), None)
    if job_id is None and engine.unsubscribe_address not in {_without_token(place) for place in places}:
        return message
    return message.model_copy(
        update={"declared": _STOP, "type": EventType.INBOUND, "job_id": job_id or message.job_id, "returns_on": None}
    )


def _without_token(address: str) -> str:
    local, at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


async def _postpone(tx: asyncpg.Connection, message: InboundMessage, received: Received, now: datetime) -> Received:
    """An out-of-office that names the day of return holds back whatever goes on."""
    if message.returns_on is None or not received.going_on:
        return received
    moved = await out_of_office.postpone(tx, received.event_id, received.going_on, message.returns_on, now)
    log.info("postponed", event_id=str(received.event_id), enrollments=len(moved))
    return replace(received, signals=tuple(await signals.of_event(tx, received.event_id)))
