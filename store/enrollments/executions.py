"""What the tabs of a flow show: who ran through it, what each step did, and how many there are of each."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import asyncpg
from pydantic import ConfigDict

from domain.base import Frozen
from domain.enrollment import EnrollmentStatus
from store.keyset import FIRST, LAST, Keyset
from store.pool import load_queries

_sql = load_queries("enrollments/executions")

LoggedStatus = Literal["running", "success", "failed", "skipped"]
"""Of a step that has begun, or whose fate is known; what is still to come is no part of a log."""
LOGGED: tuple[LoggedStatus, ...] = get_args(LoggedStatus)

_DAY = timedelta(days=1)


class Filter(Frozen):
    """Which of them: each part that is None leaves everything in."""

    sequence_id: UUID | None = None
    contact_ids: tuple[UUID, ...] | None = None
    since: datetime | None = None
    """From then on (aware)."""
    until: datetime | None = None
    """Before then (aware)."""
    is_test: bool | None = None
    step: str | None = None
    """Of an enrollment: where it stands, or where it ended. No counts are kept by it."""
    reason: str | None = None
    """Why an enrollment ended. No counts are kept by it."""

    @property
    def between(self) -> dict[str, datetime]:
        """Both ends; open ones lie beyond all that there can be."""
        return {"since": self.since or FIRST[0], "until": self.until or LAST[0]}


class Execution(Frozen):
    """One run of a contact through a sequence. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    """That of the enrollment."""
    sequence_id: UUID
    sequence: str
    sequence_name: str
    version: int
    contact_id: UUID
    contact: str
    """The contact's external id."""
    contact_name: str | None
    contact_email: str | None
    contact_phone: str | None
    enrollment_reason: str
    """How it came to be: manual, csv, trigger:…, api, campaign:…"""
    enrolled_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    status: EnrollmentStatus
    reason: str | None
    """Why it ended."""
    error: str | None
    is_test: bool
    step: str | None
    """The step that is next; of an ended one, the last that was."""
    step_type: str | None
    next_run_at: datetime | None
    gate: str | None
    """What holds it back beyond the author's delay."""
    zone: str
    """IANA name of the contact's own clock."""


class LoggedStep(Frozen):
    """What one step did, or what became of it. Times are UTC."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    sequence: str
    contact_id: UUID
    contact: str
    """The contact's external id."""
    contact_name: str | None
    contact_email: str | None
    is_test: bool
    step: str
    step_type: str
    number: int
    """As people count: 1 is the first step of the sequence."""
    status: str
    at: datetime | None
    """When it began; where it never began, when its fate was known; null while it is still to come."""
    due_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    result: dict[str, Any]


class StatusCount(Frozen):
    """How many enrollments stand like this."""

    status: EnrollmentStatus
    reason: str | None
    enrollments: int


async def page(
    tx: asyncpg.Connection,
    which: Filter,
    statuses: Sequence[str],
    before: Keyset | None,
    limit: int,
) -> list[Execution]:
    """Newest first, from behind that place (time of enrollment and id) on."""
    at, last = before or LAST
    shared: dict[str, Any] = {
        **which.between,
        "statuses": list(statuses),
        "step": which.step,
        "reason": which.reason,
        "before_at": at,
        "before_id": last,
        "limit": limit,
    }
    if which.contact_ids is not None:
        of = {"contact_ids": which.contact_ids, "sequence_id": which.sequence_id, "is_test": which.is_test}
        rows = _sql.page_of_contacts(tx, **of, **shared)
    elif which.is_test:
        rows = _sql.page_of_tests(tx, sequence_id=which.sequence_id, **shared)
    elif which.sequence_id is not None:
        rows = _sql.page_of_sequence(tx, sequence_id=which.sequence_id, is_test=which.is_test, **shared)
    else:
        rows = _sql.page(tx, is_test=which.is_test, **shared)
    return [_execution(row) async for row in rows]


async def one(tx: asyncpg.Connection, enrollment_id: UUID) -> Execution | None:
    """A single one; None: the tenant has none of that id."""
    row = await _sql.one(tx, id=enrollment_id)
    return _execution(row) if row else None


async def log(
    tx: asyncpg.Connection,
    which: Filter,
    statuses: Sequence[str],
    before: Keyset | None,
    limit: int,
) -> list[LoggedStep]:
    """Newest first, from behind that place (`at` and id) on."""
    at, last = before or LAST
    shared: dict[str, Any] = {
        **which.between,
        "statuses": list(statuses),
        "sequence_ids": await _sequences(tx, which),
        "step": which.step,
        "before_at": at,
        "before_id": last,
        "limit": limit,
    }
    if which.contact_ids is not None:
        rows = _sql.log_of_contacts(tx, contact_ids=which.contact_ids, is_test=which.is_test, **shared)
    elif which.is_test:
        rows = _sql.log_of_tests(tx, **shared)
    else:
        rows = _sql.log(tx, is_test=which.is_test, **shared)
    return [_logged(row) async for row in rows]


async def log_of(tx: asyncpg.Connection, enrollment_id: UUID) -> list[LoggedStep]:
    """Every step of one execution that it came to, waits for or passed by, in the order of its path."""
    return [_logged(row) async for row in _sql.log_of_execution(tx, id=enrollment_id)]


async def counts(
    tx: asyncpg.Connection, which: Filter, statuses: Sequence[str] = tuple(EnrollmentStatus)
) -> list[StatusCount]:
    """Enrollments by status and reason, exact: whole days from counters, parts of a day and contacts by counting."""
    shared: dict[str, Any] = {"is_test": which.is_test, "statuses": list(statuses)}
    if which.contact_ids is not None:
        of = {"contact_ids": which.contact_ids, "sequence_id": which.sequence_id}
        return [StatusCount(**row) async for row in _sql.counts_of_contacts(tx, **of, **which.between, **shared)]
    shared["sequence_ids"] = await _sequences(tx, which)
    between = which.between
    since, until = between["since"].astimezone(UTC), between["until"].astimezone(UTC)
    first, last = _next_midnight(since), _midnight(until)
    parts = [(since, until)] if first > last else [(since, first), (last, until)]
    found: dict[tuple[str, str | None], int] = {}

    def add(row: asyncpg.Record) -> None:
        key = (row["status"], row["reason"])
        found[key] = found.get(key, 0) + row["enrollments"]

    if first < last:
        days: dict[str, date] = {"since": first.date(), "until": last.date()}
        async for row in _sql.counts(tx, **days, **shared):
            add(row)
    for begin, end in parts:
        if begin < end:
            async for row in _sql.counts_between(tx, since=begin, until=end, **shared):
                add(row)
    return [
        StatusCount(status=EnrollmentStatus(status), reason=reason, enrollments=number)
        for (status, reason), number in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]


async def _sequences(tx: asyncpg.Connection, which: Filter) -> list[UUID]:
    """Named one by one, because what is listed is indexed by its sequence."""
    if which.sequence_id is not None:
        return [which.sequence_id]
    return [row["id"] async for row in _sql.all_sequences(tx)]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _next_midnight(moment: datetime) -> datetime:
    midnight = _midnight(moment)
    return midnight if midnight == moment else midnight + _DAY


def _execution(row: asyncpg.Record) -> Execution:
    return Execution.model_validate({name: row[name] for name in Execution.model_fields})


def _logged(row: asyncpg.Record) -> LoggedStep:
    return LoggedStep.model_validate({name: row[name] for name in LoggedStep.model_fields})
