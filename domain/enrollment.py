"""One contact in one version of one sequence: statuses, and what travels between workflow and activities."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic import Field

from domain import ids
from domain.base import Frozen
from domain.errors import Unfit
from domain.plan import Plan


class EnrollmentStatus(StrEnum):
    """pending → running ⇄ paused → completed | stopped | failed | cancelled."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (EnrollmentStatus.PENDING, EnrollmentStatus.RUNNING, EnrollmentStatus.PAUSED)


class StepStatus(StrEnum):
    """The record of one node's execution."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


class Gate(StrEnum):
    """A rule that may hold a message back."""

    WINDOW = "window"
    LAW = "law"
    """Quiet hours or a blocked time where the contact is; the rules stand in scheduling/law.yaml."""
    ENROLLMENT_PAUSED = "enrollment_paused"
    SEQUENCE_PAUSED = "sequence_paused"
    PROVIDER_RETRY = "provider_retry"
    RECONCILE = "reconcile"
    AMBIGUOUS = "ambiguous"
    POSTPONED = "postponed"
    """The contact is away and said until when."""
    INBOX = "inbox"
    """Something came in that may concern the contact, and is about to have its effect."""
    REVIEW = "review"
    """What came from the address may be an opt-out; a person decides."""
    DATE = "date"
    """A date of the contact's, which may change meanwhile."""
    EVENT = "event"
    """Something that the contact may do; `at` is the time-out."""
    TASK = "task"
    """A person has something to do; `at` is when that lapses."""


class Visit(NamedTuple):
    """An enrollment at one node, in one lap: what a step's record, a message and its Message-ID are named by."""

    enrollment_id: UUID
    node_id: str
    lap: int = 0
    """How often a `goto` has led back; within a lap no node is visited twice."""

    @property
    def step_id(self) -> UUID:
        """The record of this visit."""
        return ids.step_id(self.enrollment_id, self.node_id, self.lap)

    @property
    def job_id(self) -> UUID:
        """The message that is handed over on this visit."""
        return ids.job_id(self.enrollment_id, self.node_id, self.lap)


Instruction = Literal["send_now", "assume_sent"]
"""`send_now`: the wait is over, also for a contact who is away, and a message in doubt goes again; `assume_sent`: a
message in doubt counts as sent."""


class Upcoming(Frozen):
    """The node that executes next, and when."""

    node_id: str
    at: datetime | None
    """UTC. None: held until an operator acts (see `gate`)."""
    gate: Gate | None = None
    """Why it waits, when it is more than the author's delay."""
    due: datetime | None = None
    """UTC. When the author's delay is over, where a window or an absence moved `at` beyond that."""
    lap: int = 0
    anew: bool = False
    """In word for a workflow: planned anew by another clock, so it holds also where it is earlier."""

    @property
    def wait_ends(self) -> datetime | None:
        """When the author's own wait is over: what a pause keeps the rest of."""
        return self.due or self.at


class Ending(Frozen):
    """How an enrollment ended."""

    status: Literal[
        EnrollmentStatus.COMPLETED, EnrollmentStatus.STOPPED, EnrollmentStatus.FAILED, EnrollmentStatus.CANCELLED
    ]
    reason: str | None = None
    """`replied`, `unsubscribed`, `bounced`, `goal`, `manual`, an exit's reason, … Of a failure: where, and the kind of
    error with its code. Providers' words may name people; they stay in the database, which can forget."""


def ending_of(status: str, reason: str | None) -> Ending | None:
    """The ending that an enrollment's record stands for; None while it lives."""
    match EnrollmentStatus(status):
        case EnrollmentStatus.PENDING | EnrollmentStatus.RUNNING | EnrollmentStatus.PAUSED:
            return None
        case ended:
            return Ending(status=ended, reason=reason)


class EnrollmentInput(Frozen):
    """The workflow's input; also what it carries over when it continues as new."""

    tenant_id: UUID
    enrollment_id: UUID
    plan: Plan
    next: Upcoming
    paused: bool = False
    remaining_seconds: float | None = None
    """While paused: what is left of the wait; None: it was held without an end."""
    retries: int = 0
    """How often it was retried after a failure: each time is a run of its own, under the same id."""


class ExecuteInput(Frozen):
    """Execute one node of one enrollment."""

    tenant_id: UUID
    enrollment_id: UUID
    node_id: str
    instruction: Instruction | None = None
    """What an operator said about this node."""
    lap: int = 0

    @property
    def visit(self) -> Visit:
        """Where the enrollment stands."""
        return Visit(self.enrollment_id, self.node_id, self.lap)


class StepResult(Frozen):
    """What executing a node led to: exactly one of `next` and `ended`."""

    verdict: Literal["sent", "failed", "skipped", "deferred", "ended"]
    next: Upcoming | None = None
    ended: Ending | None = None


class ResumeInput(Frozen):
    """Take a paused enrollment up again."""

    tenant_id: UUID
    enrollment_id: UUID
    next: Upcoming
    remaining_seconds: float | None
    """What was left of the wait; None: it was held without an end, and still is."""


class EndInput(Frozen):
    """End an enrollment from outside its own path."""

    tenant_id: UUID
    enrollment_id: UUID
    ending: Ending


class EnrollmentState(Frozen):
    """Answer of the workflow's `state` query and of its updates."""

    status: EnrollmentStatus
    reason: str | None = None
    node_id: str | None = None
    at: datetime | None = None
    """UTC; when the next node executes."""
    gate: Gate | None = None
    remaining_seconds: float | None = None
    """While paused: what is left of the wait."""


BEFELL = frozenset({"replied", "unsubscribed", "bounced", "complained", "goal"})
"""Reasons of an ending that say what happened; statistics count them, so nobody gives them manually or in a step."""


class StopRequest(Frozen):
    """Argument of the `stop` update."""

    reason: str = Field(default="manual", min_length=1, max_length=200)


class StopMark(Frozen):
    """Argument of the `reply` and `suppress` signals: a fact that the database has already recorded."""

    event_id: UUID
    ending: Ending | None
    """How the committed transaction ended this enrollment; None: it did not, the event is for the record."""


def by_hand(reason: str) -> str:
    """The reason as it is; raises Unfit for one that would be counted as what a contact did."""
    if reason in BEFELL:
        raise Unfit(
            f"reason: `{reason}` is what Touchline hears itself", hint="say it differently, such as `called us`"
        )
    return reason


GOAL = Ending(status=EnrollmentStatus.STOPPED, reason="goal")
