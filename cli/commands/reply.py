"""`reply`: play an inbound message, by the way that a webhook's takes."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.terminal import connect, output, short_ids
from cli.terminal.command import Answer, AsJson, command
from content.addresses import normal_email, normal_phone
from domain import ids
from domain.errors import Conflict, NotFound, TouchlineError
from domain.events import InboundMessage
from domain.messages import Channel, JobState
from starter.engine import Engine
from starter.inbound.receive import receive
from store.enrollments import record
from store.enrollments.record import EnrollmentReport
from store.inbound.reception import Received

PROVIDER = "cli"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "reply 1f0c2a9b 'Yes, call me tomorrow'", "reply --from +12125550101 STOP")(reply)


async def reply(
    enrollment: Annotated[
        str, typer.Argument(metavar="ENROLLMENT", show_default=False, help="Whom it answers; left out with --from.")
    ],
    text: Annotated[str | None, typer.Argument(metavar="TEXT", show_default=False, help="What is written.")] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="The email address or phone number it comes from.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The provider's event id; the same id twice has one effect.")
    ] = None,
    as_json: AsJson = False,
) -> Answer:
    """Receive a message from a contact: stored once, attributed to the last step sent, acted on.

    With an ENROLLMENT it comes from the address that was last written to; with --from, from whoever that is.
    """
    if (sender is None) == (text is None):
        raise typer.BadParameter("give either ENROLLMENT and TEXT, or --from ADDRESS and TEXT; quote the text")
    if event_id is not None and not event_id.strip():
        raise typer.BadParameter("an event id has a character or more", param_hint="--event-id")
    event = event_id or ids.new_id().hex
    async with connect.engine() as engine:
        if sender is not None:
            channel = Channel.EMAIL if "@" in sender else Channel.SMS
            # With --from there is nobody to name, so the one argument is the text.
            message = _message(channel, sender, enrollment, event)
        else:
            message = await _answering(engine, enrollment, text or "", event)
        _must_be_an_address(message, engine.default_region)
        received = await receive(engine, message)
    return Answer(
        {**vars(received), "channel": message.channel, "from": message.sender}, [output.line(_said(received))]
    )


def _must_be_an_address(message: InboundMessage, region: str) -> None:
    """A webhook's sender is kept however it is written; a person who mistypes one wants to know."""
    try:
        if message.channel is Channel.EMAIL:
            normal_email(message.sender)
        else:
            normal_phone(message.sender, region)
    except ValueError as error:
        raise TouchlineError(f"{message.sender!r} is no address for {message.channel}: {error}") from error


def _message(channel: Channel, sender: str, text: str, event: str) -> InboundMessage:
    return InboundMessage(
        channel=channel,
        provider=PROVIDER,
        provider_event_id=event,
        sender=sender,
        text=text,
        at=datetime.now(UTC),
    )


async def _answering(engine: Engine, enrollment: str, text: str, event: str) -> InboundMessage:
    async with engine.transaction() as tx:
        enrollment_id = await short_ids.enrollment(tx, enrollment)
        report = await record.read_enrollment(tx, enrollment_id)
    if report is None:
        raise NotFound(f"no enrollment {enrollment}")
    channel, address = _last_address(report)
    return _message(channel, address, text, event).model_copy(update={"enrollment_id": enrollment_id})


def _last_address(report: EnrollmentReport) -> tuple[Channel, str]:
    """Where this contact was last written to; before the first message, where the contact can be reached."""
    sent = [job for job in report.messages if job.state == JobState.SENT and job.sent_at and job.recipient]
    if sent:
        last = max(sent, key=lambda job: job.sent_at or job.due_at)
        return Channel(last.channel), last.recipient or ""
    contact = report.contact
    if contact.email:
        return Channel.EMAIL, contact.email
    if contact.phone:
        return Channel.SMS, contact.phone
    raise Conflict(f"contact {contact.external_id} has no address", hint="name one with --from")


def _said(received: Received) -> str:
    if received.duplicate:
        return f"this event was received before; nothing was changed (event {received.event_id})"
    kind = "opt-out" if received.kind == "opt_out" else "reply"
    if received.contact_id is None:
        return f"{kind} stored, from nobody we know (event {received.event_id})"
    step = f"step {received.step_number} ({received.node_id})" if received.node_id else "no step: none was sent"
    stopped = ", ".join(short_ids.short(enrollment_id) for enrollment_id in received.stopped)
    return f"{kind} to {step}; " + (f"stopped {stopped}" if stopped else "no enrollment was stopped by it")
