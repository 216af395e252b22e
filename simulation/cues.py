"""What contacts do in a simulation: answers, opens, clicks and events of one's own, each as soon as a step has come."""

from dataclasses import dataclass
from datetime import datetime

from domain import ids
from domain.contact import Contact
from domain.enrollment import StepStatus
from domain.errors import TouchlineError
from domain.events import EventType, InboundMessage, StatusReport
from domain.messages import Channel, JobState
from domain.plan import MessageNode, Node, TaskNode, WaitNode
from starter.contacts.events import record_event
from starter.engine import Engine, at_time
from starter.inbound.receive import receive
from store.enrollments.record import EnrollmentReport, JobRecord

_PROVIDER = "simulation"
REPORTS = {
    "opened": EventType.OPENED,
    "clicked": EventType.CLICKED,
    "bounced": EventType.BOUNCED,
    "unsubscribed": EventType.UNSUBSCRIBED,
}
REPLY = "reply"


@dataclass(frozen=True)
class Cue:
    """One thing that a contact does, once, when a step has reached it."""

    contact: str
    """External id."""
    step: str
    event: str = REPLY
    text: str = "Yes, tell me more."
    """Of an answer."""

    def __str__(self) -> str:
        return f"{self.event} of {self.contact} to {self.step}"


def can_be_answered(node: Node) -> bool:
    """Whether something can happen once this node has come: a message arrives, or somebody is waited for."""
    return isinstance(node, MessageNode | WaitNode | TaskNode)


def has_come(report: EnrollmentReport, step: str) -> bool:
    """Whether a message was sent, or a wait for somebody has begun."""
    if any(job.step == step for job in report.messages):
        return any(job.step == step and job.state == JobState.SENT for job in report.messages)
    begun = (StepStatus.RUNNING, StepStatus.SUCCESS)
    return any(record.step == step and record.status in begun for record in report.steps)


async def play(engine: Engine, cue: Cue, contact: Contact, report: EnrollmentReport, at: datetime) -> None:
    """Let it happen at this time (UTC), by the way that a webhook's report or the API's event takes."""
    engine = at_time(engine, at)
    job = _answered(cue, report)
    if cue.event == REPLY:
        await receive(engine, _reply(cue, contact, job, at))
    elif cue.event in REPORTS:
        await receive(engine, _report(cue, job, at))
    else:
        await record_event(engine, contact.external_id, cue.event)


def _answered(cue: Cue, report: EnrollmentReport) -> JobRecord | None:
    """The step's own message, or the last one before it."""
    sent = [job for job in report.messages if job.state == JobState.SENT and job.channel != Channel.WEBHOOK]
    return next((job for job in reversed(sent) if job.step == cue.step), sent[-1] if sent else None)


def _reply(cue: Cue, contact: Contact, job: JobRecord | None, at: datetime) -> InboundMessage:
    channel = Channel(job.channel) if job else Channel.EMAIL if contact.email else Channel.SMS
    return InboundMessage(
        channel=channel,
        provider=_PROVIDER,
        provider_event_id=ids.new_id().hex,
        sender=(job and job.recipient) or contact.address_for(channel) or "",
        text=cue.text,
        at=at,
        job_id=job and job.id,
    )


def _report(cue: Cue, job: JobRecord | None, at: datetime) -> StatusReport:
    if job is None:
        raise TouchlineError(f"{cue}: nothing had been sent that could be {cue.event}")
    return StatusReport(
        type=REPORTS[cue.event],
        channel=Channel(job.channel),
        provider=_PROVIDER,
        provider_event_id=ids.new_id().hex,
        address=job.recipient,
        at=at,
        job_id=job.id,
    )
