"""What a webhook calls with an inbound message: the one way in for replies and opt-outs."""

from datetime import UTC, datetime

import structlog
from temporalio.service import RPCError

from content.addresses import normal_email, normal_phone
from content.optout import OptOutKind, judge
from domain.events import InboundMessage
from domain.messages import Channel
from starter.engine import Engine
from store import inbound
from store.inbound import Received

log = structlog.get_logger(__name__)


async def receive(engine: Engine, message: InboundMessage) -> Received:
    """Record an inbound message and its effect, then tell the workflows.

    When this returns, nothing more goes out for the enrollments that it ended: the database says so, whatever
    Temporal does. A signal that cannot be delivered now is delivered by the reconciler. Raises ValueError for
    a sender that is no address of the channel.
    """
    sender = (
        normal_email(message.sender)
        if message.channel is Channel.EMAIL
        else normal_phone(message.sender, engine.default_region)
    )
    message = message.model_copy(update={"sender": sender})
    now = datetime.now(UTC)
    verdict = judge(message.text)
    async with engine.database.transaction(engine.tenant_id) as tx:
        received = await inbound.receive(
            tx, engine.tenant_id, message, opt_out=verdict.kind is OptOutKind.OPT_OUT, now=now
        )
        signals = await inbound.signals_of_event(tx, received.event_id)
    log.info(
        "received",
        event_id=str(received.event_id),
        kind=received.kind,
        step=received.step_number,
        stopped=len(received.stopped),
        duplicate=received.duplicate,
    )
    if verdict.kind is OptOutKind.DOUBTFUL and not received.duplicate:
        log.warning("opt_out_doubtful", event_id=str(received.event_id))
    for signal in signals:
        try:
            await engine.runs.tell(signal)
        except RPCError as error:
            log.warning("signal_deferred", enrollment=str(signal.enrollment_id), error=error.message)
            continue
        async with engine.database.transaction(engine.tenant_id) as tx:
            await inbound.mark_signalled(tx, signal, now)
    return received
