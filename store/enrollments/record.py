"""Reading only: what lists, `show` and `doctor` say. Field names are the keys of their JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain.base import Frozen
from domain.enrollment import Gate
from domain.plan import ConditionNode, Outgoing, Plan
from domain.reachability import messages_after
from scheduling.itinerary import laws_until
from scheduling.law import Rule
from store.enrollments.scope import read_scope
from store.gates.suppressions import SuppressionRecord
from store.pool import load_queries

_sql = load_queries("enrollments/record")
_T = TypeVar("_T")


@dataclass(frozen=True)
class EnrollmentRow:
    """One line of a list of enrollments. Times are UTC."""

    id: UUID
    sequence: str
    version: int
    contact: str
    """The contact's external id."""
    contact_name: str | None
    status: str
    reason: str | None
    error: str | None
    current_node: str | None
    next_run_at: datetime | None
    gate: str | None
    not_before: datetime | None
    """The contact is away until then."""
    last_node: str | None
    last_step: int | None
    """Number, from 1, of the last step that was sent."""
    source: str
    enrolled_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    sequence_status: str
    paused_reason: str | None
    is_test: bool
    """Everything happens, and no statistics count it."""
    retries: int
    """How often it was retried after a failure."""


@dataclass(frozen=True)
class EnrolledContact:
    """Whose enrollment it is."""

    id: UUID
    external_id: str
    name: str | None
    email: str | None
    phone: str | None
    company: str | None
    timezone: str | None
    zones: list[str]
    tenant_zone: str

    @property
    def home_zone(self) -> str:
        """The zone in which this contact's local time is told."""
        return self.zones[0] if self.zones else self.tenant_zone


@dataclass(frozen=True)
class StepRecord:
    """One node that an enrollment came to."""

    step: str
    type: str
    number: int
    status: str
    due_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    result: dict[str, Any]
    lap: int
    """0, and one more each time that a goto led back or a failure was retried."""


@dataclass(frozen=True)
class JobRecord:
    """One message of the ledger."""

    id: UUID
    step: str
    number: int
    channel: str
    state: str
    recipient: str | None
    due_at: datetime
    gate: str | None
    held_until: datetime | None
    attempts: int
    provider: str | None
    provider_message_id: str | None
    sent_at: datetime | None
    assumed: bool
    error: str | None
    error_class: str | None
    error_code: str | None
    cancel_reason: str | None
    delivery: str | None
    """The furthest that was reported of its way: queued, sent, deferred, delivered, failed, bounced, complained."""
    delivered_at: datetime | None
    opened_at: datetime | None
    machine_opened_at: datetime | None
    clicked_at: datetime | None
    machine_clicked_at: datetime | None
    bounced_at: datetime | None
    complained_at: datetime | None
    unsubscribed_at: datetime | None
    answered_at: datetime | None
    lap: int
    """That of the step."""
    overtaken_at: datetime | None
    """When the enrollment ended, or the address was suppressed, while it was being handed over. If it is `sent`, or
    `ambiguous`, it had begun to leave by then; if it is `cancelled`, it was stopped in time."""

    @property
    def had_begun(self) -> bool:
        """It had begun to leave when somebody said no."""
        return self.overtaken_at is not None and self.state != "cancelled"


@dataclass(frozen=True)
class RetryRecord:
    """It had failed, and was retried at the step that failed."""

    number: int
    step: str
    error: str
    failed_at: datetime
    retried_at: datetime


@dataclass(frozen=True)
class MoveRecord:
    """It was moved to another version; the steps are those that were next."""

    from_version: int
    to_version: int
    from_step: str
    to_step: str
    at: datetime


@dataclass(frozen=True)
class ResponseRecord:
    """An inbound message, and the step that it answers."""

    id: UUID
    step_number: int
    step: str | None
    channel: str
    kind: str
    at: datetime
    address: str
    body: str


@dataclass(frozen=True)
class FlagRecord:
    """An open disagreement between a row and its workflow."""

    kind: str
    detail: str
    found_at: datetime


class HeldByLaw(Frozen):
    """A rule of law, or a block, that holds a message back until it may go."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    rule: str
    """Its name, `us-fl`; of a block, `blocked: US-LA`."""
    source: str
    """Where it can be read."""


@dataclass(frozen=True)
class EnrollmentReport:
    """Everything that is recorded about one enrollment."""

    enrollment: EnrollmentRow
    contact: EnrolledContact
    steps: list[StepRecord]
    messages: list[JobRecord]
    moves: list[MoveRecord]
    retries: list[RetryRecord]
    responses: list[ResponseRecord]
    suppressions: list[SuppressionRecord]
    disagreements: list[FlagRecord]
    laws: list[HeldByLaw]
    """What holds the next message back by law, until it may go; empty where nothing does."""


@dataclass(frozen=True)
class LedgerLine:
    """One message job of a sequence, beside its enrollment's state."""

    id: UUID
    enrollment_id: UUID
    step: str
    order_index: int
    state: str
    recipient: str | None
    contact: str
    status: str
    reason: str | None
    answered_index: int | None
    """Order index of the first step that was answered."""


async def _all(kind: type[_T], rows: Any) -> list[_T]:
    return [kind(**row) async for row in rows]


async def enrollments_between(tx: asyncpg.Connection, low: UUID, high: UUID) -> list[UUID]:
    """At most two ids of the range."""
    return [row["id"] async for row in _sql.enrollments_between(tx, low=low, high=high)]


async def list_enrollments(
    tx: asyncpg.Connection,
    *,
    sequence_id: UUID | None = None,
    contact_id: UUID | None = None,
    status: str | None = None,
    is_live: bool | None = None,
    is_test: bool | None = None,
    limit: int,
) -> list[EnrollmentRow]:
    """Newest first; each filter is off when it is None."""
    rows = _sql.list_enrollments(
        tx,
        id=None,
        sequence_id=sequence_id,
        contact_id=contact_id,
        status=status,
        is_live=is_live,
        is_test=is_test,
        limit=limit,
    )
    return await _all(EnrollmentRow, rows)


async def read_enrollment(tx: asyncpg.Connection, enrollment_id: UUID) -> EnrollmentReport | None:
    """The whole record; None when the tenant has no such enrollment."""
    rows = _sql.list_enrollments(
        tx, id=enrollment_id, sequence_id=None, contact_id=None, status=None, is_live=None, is_test=None, limit=1
    )
    found = await _all(EnrollmentRow, rows)
    contact = await _sql.enrolled_contact(tx, id=enrollment_id)
    if not found or contact is None:
        return None
    return EnrollmentReport(
        enrollment=found[0],
        contact=EnrolledContact(**contact),
        steps=await _all(StepRecord, _sql.steps_of(tx, id=enrollment_id)),
        messages=await _all(JobRecord, _sql.jobs_of(tx, id=enrollment_id)),
        moves=await _all(MoveRecord, _sql.moves_of(tx, id=enrollment_id)),
        retries=await _all(RetryRecord, _sql.retries_of(tx, id=enrollment_id)),
        responses=await _all(ResponseRecord, _sql.responses_of(tx, id=enrollment_id)),
        suppressions=await _all(SuppressionRecord, _sql.suppressions_of(tx, id=enrollment_id)),
        disagreements=await _all(FlagRecord, _sql.flags_of(tx, id=enrollment_id)),
        laws=await _laws_of(tx, found[0]) if found[0].gate == Gate.LAW else [],
    )


async def _laws_of(tx: asyncpg.Connection, row: EnrollmentRow) -> list[HeldByLaw]:
    plan = Plan.model_validate(await _sql.plan_of(tx, id=row.id))
    scope = await read_scope(tx, row.id)
    node = plan.nodes.get(row.current_node or "")
    if scope is None or row.next_run_at is None:
        return []
    if isinstance(node, Outgoing):
        messages: Sequence[Outgoing] = (node,)
    else:
        messages = messages_after(plan, node) if isinstance(node, ConditionNode) else ()
    named = {
        law.id if isinstance(law, Rule) else f"blocked: {law.jurisdiction}": law.source
        for one in messages
        for law in laws_until(plan, one, row.next_run_at, scope.where)
    }
    return [HeldByLaw(rule=rule, source=source) for rule, source in sorted(named.items())]


async def ledger_of_sequence(tx: asyncpg.Connection, sequence_id: UUID) -> Sequence[LedgerLine]:
    """Every message job; meant for sequences of a few enrollments."""
    return await _all(LedgerLine, _sql.ledger_of_sequence(tx, sequence_id=sequence_id))
