"""What happened to enrollments and steps, in an order in which nothing that commits late is missed."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

import asyncpg
from pydantic import Field

from domain.base import Frozen
from store.pool import load_queries

_sql = load_queries("changes/changes")

ChangeType = Literal[
    "enrollment.enrolled",
    "enrollment.started",
    "enrollment.advanced",
    "enrollment.paused",
    "enrollment.resumed",
    "enrollment.completed",
    "enrollment.stopped",
    "enrollment.failed",
    "enrollment.cancelled",
    "enrollment.retried",
    "step.planned",
    "step.started",
    "step.completed",
    "step.failed",
    "step.skipped",
    "reply.received",
]
TYPES: tuple[ChangeType, ...] = get_args(ChangeType)

_PRUNED_AT_ONCE = 5_000


class Position(NamedTuple):
    """A place among a tenant's changes: that of one of them, or before the first of a transaction (`id` 0)."""

    xid: int
    id: int = 0

    def __str__(self) -> str:
        return f"{self.xid}-{self.id}"


class Change(Frozen):
    """One thing that happened to an enrollment, or to one of its steps."""

    id: str = Field(
        description="Its place among the tenant's changes: the same wherever this change is told of.",
        examples=["71236-90411"],
    )
    type: ChangeType
    at: datetime = Field(description="When it was recorded.", examples=["2027-03-01T15:00:00.123456Z"])
    enrollment_id: UUID
    is_test: bool = Field(serialization_alias="isTest", description="Whether the enrollment is a test run.")
    sequence: str = Field(description="The sequence's key.", examples=["cold-outreach"])
    sequence_id: UUID
    contact: str = Field(description="The contact's external id.", examples=["C-1001"])
    contact_id: UUID
    step: str | None = Field(
        description="The step that it is about; of an enrollment, the one that is next, or was next when it ended.",
        examples=["follow-up"],
    )
    data: dict[str, Any] = Field(
        description=(
            "Of an enrollment: `status`, and where there are any `reason`, `next_run_at`, `gate`. Of a step: `status`, "
            "`kind` (email, delay, …), `lap`. Of a reply: `kind` (reply, opt_out), `channel`, `message_id`."
        ),
        examples=[{"status": "stopped", "reason": "replied"}],
    )

    @property
    def position(self) -> Position:
        """Where it stands."""
        xid, _, number = self.id.partition("-")
        return Position(int(xid), int(number))

    @cached_property
    def document(self) -> str:
        """As JSON; written once, however many it is told to."""
        return self.model_dump_json(by_alias=True)


async def horizon(tx: asyncpg.Connection) -> Position:
    """Everything before this place has been decided, and is visible to the statements that follow.

    It waits for the oldest transaction that is writing, of whatever tenant.
    """
    return Position(await _sql.horizon(tx))


async def page(tx: asyncpg.Connection, after: Position, before: Position, limit: int) -> Sequence[Change]:
    """The first changes behind `after`; `before` is a horizon, or a place below one."""
    rows = _sql.page(
        tx, after_xid=after.xid, after_id=after.id, before_xid=before.xid, before_id=before.id, limit=limit
    )
    return [_change(row) async for row in rows]


async def is_kept(tx: asyncpg.Connection, place: Position) -> bool:
    """Whether everything behind this place can still be read."""
    return bool(await _sql.is_kept(tx, xid=place.xid, id=place.id))


async def prune(tx: asyncpg.Connection, before: datetime) -> tuple[int, bool]:
    """Throw away a part of what was recorded before a time; how many, and whether there may be more."""
    row = await _sql.prune(tx, before=before, limit=_PRUNED_AT_ONCE)
    return row["gone"], row["gone"] == _PRUNED_AT_ONCE


def _change(row: asyncpg.Record) -> Change:
    return Change.model_construct(
        id=f"{row['xid']}-{row['id']}",
        type=row["type"],
        at=row["at"],
        enrollment_id=row["enrollment_id"],
        is_test=row["is_test"],
        sequence=row["sequence"],
        sequence_id=row["sequence_id"],
        contact=row["contact"],
        contact_id=row["contact_id"],
        step=row["step"],
        data=row["data"],
    )
