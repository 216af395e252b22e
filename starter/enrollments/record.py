"""An enrollment's whole record, as `show` and the API answer it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from starter import humanize
from store.enrollments.record import (
    EnrolledContact,
    EnrollmentReport,
    EnrollmentRow,
    FlagRecord,
    HeldByLaw,
    JobRecord,
    MoveRecord,
    ResponseRecord,
    RetryRecord,
    StepRecord,
)
from store.gates.suppressions import SuppressionRecord


class _Described(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Within(_Described):
    """The sequence that it is in."""

    key: str
    version: int
    status: str
    paused_reason: str | None


class LastStep(_Described):
    """The last message that was sent."""

    step: str
    number: int
    """From 1, in the order of the sequence."""


class NextStep(_Described):
    """What executes next, and when."""

    step: str
    at: datetime | None
    """null: when somebody acts."""
    local: str | None
    """That time by the contact's own clock, for people."""
    zone: str
    """IANA name of that clock."""
    gate: str | None
    """What holds it back beyond the author's delay: `window`, `law`, `enrollment_paused`, `sequence_paused`,
    `provider_retry`, `reconcile`, `ambiguous`, `postponed`, `inbox`, `review`, `date`, `event`, `task`."""
    held_by: str | None
    """The gate in words."""
    away_until: str | None
    """The day on which the contact is back, for people."""


class Standing(_Described):
    """How an enrollment stands."""

    id: UUID
    sequence: Within
    status: str
    """`pending`, `running`, `paused`; `completed`, `stopped`, `failed`, `cancelled`."""
    reason: str | None
    """Why it ended: `replied`, `unsubscribed`, `bounced`, `goal`, `manual`, or the words that were given."""
    error: str | None
    """What failed it."""
    state: str
    """All of this in a few words."""
    source: str
    """From where or why it was enrolled."""
    is_test: bool = Field(serialization_alias="isTest")
    """Everything happens as it does to others, and no statistics count it."""
    retried: int
    """How often it was retried after a failure."""
    enrolled_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    last_step: LastStep | None
    next: NextStep | None
    """null: it has ended."""


class EnrollmentRecord(Standing):
    """Everything that is recorded of an enrollment."""

    contact: EnrolledContact
    steps: list[StepRecord]
    """In the order of the path; a step that was retried, or come to again, has a record for each lap."""
    messages: list[JobRecord]
    """The ledger: every message that is planned, under way, sent, failed, or cancelled."""
    moves: list[MoveRecord]
    retries: list[RetryRecord]
    responses: list[ResponseRecord]
    suppressions: list[SuppressionRecord]
    laws: list[HeldByLaw]
    """Rules of law and blocks that hold the next message back until it may go; empty where none does."""
    disagreements: list[FlagRecord]
    """Between these records and the workflow; normally none."""


def standing_of(row: EnrollmentRow, zone: str) -> Standing:
    """How it stands, with the times of `zone` (IANA name) for people."""
    return Standing.model_validate(_standing(row, zone))


def record_of(report: EnrollmentReport) -> EnrollmentRecord:
    """The whole of it."""
    standing = _standing(report.enrollment, report.contact.home_zone)
    rest = {name: value for name, value in vars(report).items() if name != "enrollment"}
    return EnrollmentRecord.model_validate({**standing, **rest})


def _standing(row: EnrollmentRow, zone: str) -> dict[str, object]:
    return {
        **{name: value for name, value in vars(row).items() if name in Standing.model_fields},
        "sequence": {
            "key": row.sequence,
            "version": row.version,
            "status": row.sequence_status,
            "paused_reason": row.paused_reason,
        },
        "state": humanize.state_of(row),
        "retried": row.retries,
        "last_step": row.last_node and {"step": row.last_node, "number": row.last_step},
        "next": row.current_node
        and {
            "step": row.current_node,
            "at": row.next_run_at,
            "local": row.next_run_at and humanize.local(row.next_run_at, zone),
            "zone": zone,
            "gate": row.gate,
            "held_by": humanize.held_by(row.gate) or None,
            "away_until": row.not_before and humanize.day(row.not_before, zone),
        },
    }
