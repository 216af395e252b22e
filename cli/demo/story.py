"""The demo: a whole sequence in a few seconds, with replies that come in over HTTP as they do in earnest."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from authoring.check import check
from cli.demo.outside import Outside
from domain.enrollment import LIVE, EnrollmentStatus
from domain.errors import NotReady
from domain.messages import EmailContent, JobState, OutgoingMessage
from providers.outbox import list_outbox
from starter.contacts.csv_file import Reading
from starter.contacts.imports import import_csv
from starter.engine import Engine
from starter.enrollments import enroll as enrolling
from starter.sequences.publish import publish
from store.analytics import analytics
from store.analytics.analytics import StepStats
from store.enrollments import executions, record
from store.enrollments.executions import Filter, StatusCount
from store.enrollments.record import LedgerLine

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SEQUENCE_FILE = EXAMPLES / "quick-tour.yaml"
CONTACTS_FILE = EXAMPLES / "contacts.csv"

_POLL_S = 0.15
_PATIENCE_S = 90.0


@dataclass(frozen=True)
class Line:
    """One inbound message of the script: who answers what, by its own channel, as soon as which step has come."""

    contact: str
    after: str
    text: str
    reason: str
    """How the enrollment ends by it."""


SCRIPT = (
    Line("T05", "hello", "Good timing. Can you call me on Thursday?", "replied"),
    Line("T14", "nudge", "Yes it did, send me the prices please", "replied"),
    Line("T22", "nudge", "STOP", "unsubscribed"),
)
CONTACTS = 25


@dataclass(frozen=True)
class Progress:
    """How things stand."""

    statuses: Sequence[StatusCount]
    steps: Sequence[StepStats]
    ledger: Sequence[LedgerLine]
    played: Sequence[Line]
    """What has come in so far."""

    @property
    def live(self) -> int:
        """Enrollments that have not ended."""
        return sum(count.enrollments for count in self.statuses if count.status in LIVE)

    @property
    def enrollments(self) -> dict[str, int]:
        """Enrollments by status."""
        counts: Counter[str] = Counter()
        for count in self.statuses:
            counts[count.status] += count.enrollments
        return dict(counts)

    @property
    def messages(self) -> dict[str, int]:
        """Message jobs by state."""
        return dict(Counter(job.state for job in self.ledger))


async def play(
    engine: Engine,
    world: Outside,
    outbox: Path,
    on_progress: Callable[[Progress], None],
    still_working: Callable[[], bool],
) -> Progress:
    """Publish, import, enroll, and play the script until every enrollment has ended (or patience has).

    Raises NotReady when the worker or the API ends meanwhile, or the API refuses a reply.
    """
    published = await publish(engine, check(SEQUENCE_FILE.read_bytes(), filename=SEQUENCE_FILE.name))
    await import_csv(engine, CONTACTS_FILE, Reading(default_region=engine.default_region))
    await enrolling.enroll(engine, "quick-tour", enrolling.everyone(engine, "tour"), source="trigger:tour")
    played: list[Line] = []
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        standing = await _look(engine, published.sequence_id, played)
        on_progress(standing)
        if not standing.live or time.monotonic() > deadline:
            return standing
        if not still_working():
            raise NotReady("the worker or the API ended in the middle of the demo")
        for line in SCRIPT:
            if line not in played and (job := _reached(standing.ledger, line)):
                await _write(world, line, await asyncio.to_thread(_handed_over, outbox, job))
                played.append(line)
        await asyncio.sleep(_POLL_S)


async def _look(engine: Engine, sequence_id: UUID, played: Sequence[Line]) -> Progress:
    async with engine.transaction() as tx:
        return Progress(
            statuses=await executions.counts(tx, Filter(sequence_id=sequence_id)),
            steps=await analytics.step_stats(tx, sequence_id),
            ledger=await record.ledger_of_sequence(tx, sequence_id),
            played=tuple(played),
        )


def _reached(ledger: Sequence[LedgerLine], line: Line) -> UUID | None:
    """The message of the line's step, as soon as it has reached its contact."""
    return next(
        (job.id for job in ledger if (job.contact, job.step, job.state) == (line.contact, line.after, JobState.SENT)),
        None,
    )


def _handed_over(outbox: Path, job: UUID) -> OutgoingMessage:
    return next(entry.message for entry in list_outbox(outbox) if entry.message.job_id == job)


async def _write(world: Outside, line: Line, answered: OutgoingMessage) -> None:
    if isinstance(answered.content, EmailContent):
        await world.email(answered.to, line.text, answered.content)
    else:
        await world.text(answered.to, line.text)


def problems(end: Progress, handed_over: Sequence[UUID]) -> list[str]:
    """What is not as it should be at the end; `handed_over` are the jobs in the outbox, once per hand-over."""
    found = _problems_of_enrollments(end)
    found += [
        f"the message {job.step} to {job.contact} is {job.state}"
        for job in end.ledger
        if job.state not in (JobState.SENT, JobState.CANCELLED)
    ]
    for job in end.ledger:
        if job.answered_index is not None and job.state == JobState.SENT and job.order_index > job.answered_index:
            found.append(f"{job.contact} answered step {job.answered_index + 1}, and {job.step} was sent all the same")
    sent = Counter(job.id for job in end.ledger if job.state == JobState.SENT)
    outbox = Counter(handed_over)
    found += [
        f"job {job} is sent {sent[job]} times by the ledger, and {outbox[job]} times in the outbox"
        for job in sorted(sent.keys() | outbox.keys())
        if sent[job] != outbox[job]
    ]
    return found + _problems_of_counts(end)


def _problems_of_enrollments(end: Progress) -> list[str]:
    expected = Counter({(EnrollmentStatus.STOPPED, line.reason): 0 for line in SCRIPT})
    for line in SCRIPT:
        expected[EnrollmentStatus.STOPPED, line.reason] += 1
    expected[EnrollmentStatus.COMPLETED, ""] = CONTACTS - len(SCRIPT)
    actual = Counter({(count.status, count.reason or ""): count.enrollments for count in end.statuses})
    return [
        f"{actual[key]} enrollments are {key[0]} {key[1]}".strip() + f", not {expected[key]}"
        for key in sorted(expected.keys() | actual.keys())
        if expected[key] != actual[key]
    ]


def _problems_of_counts(end: Progress) -> list[str]:
    """Whether the counters agree with the ledger, and every finished enrollment got every step."""
    finished = CONTACTS - len(SCRIPT)
    found = []
    for step in end.steps:
        states = Counter(job.state for job in end.ledger if job.step == step.step)
        answers = sum(line.after == step.step for line in end.played)
        counted = (step.sent, step.failed, step.pending, step.cancelled, step.responses)
        listed = (states["sent"], states["failed"], states["pending"] + states["sending"], states["cancelled"], answers)
        if counted != listed:
            found.append(
                f"{step.step}: counted {counted}, listed {listed} (sent, failed, pending, cancelled, answered)"
            )
        completed = sum(
            job.step == step.step and job.state == JobState.SENT and job.status == EnrollmentStatus.COMPLETED
            for job in end.ledger
        )
        if completed != finished:
            found.append(f"{completed} of the contacts that went through were sent {step.step}, not {finished}")
    return found
