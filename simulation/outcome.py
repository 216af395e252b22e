"""What came of a simulation for one contact, read from the records of its enrollment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from domain.enrollment import LIVE, EnrollmentStatus, Gate, StepStatus
from domain.messages import Channel, JobState
from scheduling.zones import load_zone
from simulation.interceptor import Held
from store.contacts import conversation
from store.enrollments import record as reports
from store.enrollments.record import EnrollmentReport, StepRecord

NOT_ENROLLED = "not_enrolled"
_THE_AUTHORS = (Gate.EVENT, Gate.TASK, Gate.DATE)
"""Waits that are steps; of these only the one that an enrollment still stands at is told."""
_ALL = 1_000_000


@dataclass(frozen=True)
class SentMessage:
    """A message that would go out."""

    step: str
    channel: str
    at: datetime
    """In the contact's zone."""
    to: str
    subject: str | None
    body: str


@dataclass(frozen=True)
class Outcome:
    """What would become of one contact. Times are in its own zone."""

    contact: str
    """External id."""
    status: str
    reason: str | None
    messages: list[SentMessage] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Why messages were skipped or could not be sent, and what is no message."""
    zone: str = "UTC"

    def document(self) -> dict[str, object]:
        """As JSON has it: times in RFC 3339, in the contact's zone."""
        return {
            "contact": self.contact,
            "status": self.status,
            "reason": self.reason,
            "messages": [{**vars(message), "at": _rfc3339(message.at)} for message in self.messages],
            "held": [{**vars(held), "until": held.until and _rfc3339(held.until)} for held in self.held],
            "skipped": self.skipped,
        }


async def read_outcome(tx: asyncpg.Connection, enrollment_id: UUID, held: Iterable[Held]) -> Outcome:
    """Of an enrollment whose simulation is over. Raises LookupError for an unknown one."""
    report = await reports.read_enrollment(tx, enrollment_id)
    if report is None:
        raise LookupError(f"no enrollment {enrollment_id}")
    row, zone = report.enrollment, load_zone(report.contact.home_zone)
    talk = await conversation.page(tx, report.contact.id, before=None, limit=_ALL)
    said = {message.id: message for message in talk.messages}
    stands = Held(row.current_node, Gate(row.gate), row.next_run_at) if row.current_node and row.gate else None
    return Outcome(
        contact=row.contact,
        status=row.status,
        reason=row.reason or row.error,
        messages=[
            SentMessage(m.step or "", m.channel, m.at.astimezone(zone), m.address, m.subject, m.body)
            # The ledger is in the order of the path, also where several went at the same moment.
            for m in sorted((said[job.id] for job in report.messages if job.id in said), key=lambda m: m.at)
        ],
        held=[_local(one, zone) for one in held if one.gate not in _THE_AUTHORS or one == stands],
        skipped=list(dict.fromkeys(s.step for s in report.steps if s.status == StepStatus.SKIPPED)),
        notes=_notes(report),
        zone=zone.key,
    )


def _notes(report: EnrollmentReport) -> list[str]:
    refused = [f"{job.step} failed: {job.error}" for job in report.messages if job.state == JobState.FAILED]
    ended = (report.enrollment.reason, report.enrollment.error, report.enrollment.status)
    passed_over = [
        f"{job.step} was skipped: {job.cancel_reason}"
        for job in report.messages
        if job.state == JobState.CANCELLED and job.cancel_reason not in ended
    ]
    posted = [
        f"{job.step} would be posted to {job.recipient}; nothing is saved of an answer"
        for job in report.messages
        if job.state == JobState.SENT and job.channel == Channel.WEBHOOK
    ]
    actions = [
        f"{record.step} failed: {said}"
        for record in report.steps
        if (said := _complaint(record)) and record.type == "action"
    ]
    return [*refused, *passed_over, *posted, *actions, *_waiting(report)]


def _waiting(report: EnrollmentReport) -> Iterator[str]:
    row = report.enrollment
    if EnrollmentStatus(row.status) in LIVE:
        far = (
            f"is next on {row.next_run_at:%Y-%m-%d}, further ahead than a simulation goes" if row.next_run_at else None
        )
        yield f"{row.current_node} {far or 'waits for somebody'}"


def _complaint(record: StepRecord) -> object:
    return record.result.get("refused") or record.result.get("error")


def _local(held: Held, zone: ZoneInfo) -> Held:
    return Held(held.step, held.gate, held.until and held.until.astimezone(zone))


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
