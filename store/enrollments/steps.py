"""The records of nodes: what was passed, what waits and what is next, and the message that this means in the ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from domain.enrollment import StepStatus, Visit
from domain.plan import ExitNode, MessageNode, Node, Outgoing
from scheduling.itinerary import Passed, Stop
from store.pool import load_queries

_sql = load_queries("enrollments/steps")


@dataclass(frozen=True)
class Course:
    """How far an enrollment has come: what it passed, and where it stands now (None: at its end)."""

    enrollment_id: UUID
    contact_id: UUID
    stop: Stop | None
    passed: tuple[Passed, ...] = ()


async def record(tx: asyncpg.Connection, sequence_id: UUID, courses: Sequence[Course]) -> None:
    """Write what was passed, the waits and the node that each enrollment has come to, and its message."""
    rows = [row for course in courses for row in _rows(course)]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(11)]
    names = (
        *("step_ids", "step_enrollment_ids", "step_node_ids", "node_types", "step_order_indexes", "step_laps"),
        *("statuses", "step_due_ats", "started_ats", "completed_ats", "results"),
    )
    jobs = [(c, c.stop, c.stop.node) for c in courses if c.stop and isinstance(c.stop.node, Outgoing)]
    await _sql.record(
        tx,
        **dict(zip(names, columns, strict=True)),
        ids=[Visit(c.enrollment_id, node.id, stop.lap).job_id for c, stop, node in jobs],
        enrollment_ids=[c.enrollment_id for c, _, _ in jobs],
        sequence_ids=[sequence_id] * len(jobs),
        contact_ids=[c.contact_id for c, _, _ in jobs],
        node_ids=[node.id for _, _, node in jobs],
        order_indexes=[node.order_index for _, _, node in jobs],
        laps=[stop.lap for _, stop, _ in jobs],
        channels=[str(node.channel) for _, _, node in jobs],
        due_ats=[stop.at for _, stop, _ in jobs],
    )


def _rows(course: Course) -> Iterator[tuple[Any, ...]]:
    for passed in course.passed:
        if not _is_implicit(passed.node):
            at, result = passed.at, to_json(passed.result).decode()
            yield _row(course, passed.node, passed.lap, passed.status, None, at, at, result)
    stop = course.stop
    if stop is None:
        return
    for i, wait in enumerate(stop.waits):
        status = StepStatus.RUNNING if i == 0 else StepStatus.PENDING
        yield _row(course, wait.node, stop.lap, status, wait.ends, wait.starts if i == 0 else None)
    if not _is_implicit(stop.node):
        status = StepStatus.RUNNING if stop.since else StepStatus.PENDING
        yield _row(course, stop.node, stop.lap, status, stop.at, stop.since)


def _row(
    course: Course,
    node: Node,
    lap: int,
    status: StepStatus,
    due_at: datetime | None,
    started_at: datetime | None,
    completed_at: datetime | None = None,
    result: str = "{}",  # as text: each new connection would have to look the type of an array of jsonb up first
) -> tuple[Any, ...]:
    visit = Visit(course.enrollment_id, node.id, lap)
    described = (visit.step_id, visit.enrollment_id, node.id, type_of(node), node.order_index, lap)
    return (*described, status, due_at, started_at, completed_at, result)


def type_of(node: Node) -> str:
    """What a node is called in the records: a message by its channel, anything else by its kind."""
    return node.channel if isinstance(node, MessageNode) else node.kind


def _is_implicit(node: Node) -> bool:
    return isinstance(node, ExitNode) and node.implicit


async def bypass(tx: asyncpg.Connection, visit: Visit, nodes: Sequence[Node], now: datetime) -> None:
    """Record as skipped what can no longer be reached once `visit` was decided; what was visited keeps its record."""
    left = [node for node in nodes if not _is_implicit(node)]
    if not left:
        return
    await _sql.bypass(
        tx,
        enrollment_id=visit.enrollment_id,
        ids=[Visit(visit.enrollment_id, node.id, visit.lap).step_id for node in left],
        node_ids=[node.id for node in left],
        node_types=[type_of(node) for node in left],
        order_indexes=[node.order_index for node in left],
        lap=visit.lap,
        now=now,
        result={"bypassed_at": visit.node_id},
    )


async def choose(tx: asyncpg.Connection, visit: Visit, sequence_id: UUID, arm: str, now: datetime) -> None:
    """Note which arm of a split was taken; what follows from there on is counted for it."""
    await _sql.choose(
        tx, enrollment_id=visit.enrollment_id, node_id=visit.node_id, sequence_id=sequence_id, arm=arm, now=now
    )


async def end_waits(tx: asyncpg.Connection, visit: Visit, now: datetime) -> datetime | None:
    """Every delay before this visit is over; answers when the last of them was (None: there was none)."""
    ended: datetime | None = await _sql.end_waits(tx, enrollment_id=visit.enrollment_id, step_id=visit.step_id, now=now)
    return ended


async def read(tx: asyncpg.Connection, visit: Visit) -> asyncpg.Record | None:
    """The record of a visit: `status`, `started_at`, `due_at` and `result`; None: nobody came by yet."""
    row: asyncpg.Record | None = await _sql.read(tx, id=visit.step_id)
    return row


async def hold(tx: asyncpg.Connection, visit: Visit) -> asyncpg.Record | None:
    """The step's record, locked: whoever notes something on it without the enrollment's lock comes before or after."""
    row: asyncpg.Record | None = await _sql.hold(tx, id=visit.step_id)
    return row


async def is_done(tx: asyncpg.Connection, visit: Visit) -> bool:
    """Whether a step was executed on this visit, or before a retry on the same way through the plan."""
    done: bool = await _sql.is_done(tx, enrollment_id=visit.enrollment_id, node_id=visit.node_id, lap=visit.lap)
    return done


async def is_answered(tx: asyncpg.Connection, visit: Visit) -> bool:
    """Whether what a step waits for has come."""
    record = await read(tx, visit)
    return record is not None and not {"event", "outcome"}.isdisjoint(record["result"])


async def returns(tx: asyncpg.Connection, enrollment_id: UUID) -> dict[str, int]:
    """How often each `goto` of an enrollment has led back."""
    return {row["node_id"]: row["times"] async for row in _sql.returns(tx, enrollment_id=enrollment_id)}
