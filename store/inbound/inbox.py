"""What came in and has not had its effect yet: kept before the caller is answered, taken out with the effect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from domain import ids
from domain.events import EventType, InboundMessage, StatusReport
from store.inbound.dead_letters import storable
from store.inbound.matching import jobs_named, spellings
from store.inbound.stops import Rest
from store.pool import load_queries

_sql = load_queries("inbound/inbox")

_rest: TypeAdapter[Rest] = TypeAdapter(Rest)

Report = StatusReport | InboundMessage

GRACE = timedelta(seconds=2)
"""Whoever took something in is at it for so long; then anybody may be."""

_OF_A_LANE = 50
"""Looked up at once of one lane, so that a look reads a bounded number of rows however deep the lanes are."""
_FIRST_WAIT = timedelta(seconds=1)
_LONGEST_WAIT = timedelta(minutes=1)
"""Whom it may concern is held meanwhile, so it is not left for long; doubled from the first one on."""

_ENDS = frozenset(
    {EventType.BOUNCED, EventType.COMPLAINED, EventType.UNSUBSCRIBED, EventType.OPENED, EventType.CLICKED}
)
"""Reports that may end an enrollment: by what its sequence stops on, or by its goal."""


@dataclass(frozen=True)
class Arrival:
    """A report that came in, and the address that it names, normalised."""

    report: Report
    address: str | None

    def event_id(self, tenant_id: UUID) -> UUID:
        """The event that it becomes."""
        return ids.event_id(tenant_id, self.report.provider, self.report.provider_event_id)


@dataclass(frozen=True)
class Waiter:
    """Where something waits."""

    id: UUID
    lane: str


@dataclass(frozen=True)
class Letter:
    """Something that waits, taken in hand."""

    id: UUID
    kind: str
    report: dict[str, Any]
    source: str
    received_at: datetime
    rest: dict[str, Any] | None
    """What it has not ended yet; None: nothing of it has been done."""

    def left_over(self) -> Rest | None:
        """What it has not ended yet, as a value; None: nothing of it has been done."""
        return None if self.rest is None else _rest.validate_python(self.rest)

    def read(self) -> Report:
        """The report that it is. Raises ValueError for one that another version of the application has written."""
        return (StatusReport if self.kind == "status" else InboundMessage).model_validate(self.report)


@dataclass(frozen=True)
class Waiting:
    """How much waits."""

    count: int
    oldest: datetime | None
    """UTC; None: nothing does."""


async def put(
    tx: asyncpg.Connection, tenant_id: UUID, arrivals: Sequence[Arrival], *, source: str, now: datetime
) -> list[Waiter]:
    """Keep what is new of it, all or nothing; answers where. What is known, or waits already, has no second place."""
    numbers, named_jobs, names = _named([arrival.report for arrival in arrivals])
    rows = _sql.put(
        tx,
        ids=[arrival.event_id(tenant_id) for arrival in arrivals],
        kinds=["status" if isinstance(a.report, StatusReport) else "message" for a in arrivals],
        reports=[a.report.model_dump_json() for a in arrivals],
        holds=[_holds(a.report) for a in arrivals],
        channels=[a.report.channel for a in arrivals],
        addresses=[a.address for a in arrivals],
        numbers=numbers,
        job_ids=named_jobs,
        names=names,
        source=source,
        now=now,
        due_at=now + GRACE,
    )
    return [Waiter(**row) async for row in rows]


def _holds(report: Report) -> bool:
    return isinstance(report, InboundMessage) or (report.type in _ENDS and not report.machine)


def _named(reports: Sequence[Report]) -> tuple[list[int], list[UUID | None], list[str | None]]:
    """(number, job, name) of each message of ours that the reports name, the surest first."""
    numbers: list[int] = []
    jobs: list[UUID | None] = []
    names: list[str | None] = []
    for number, report in enumerate(reports, 1):
        own = [report.job_id] if report.job_id else []
        provider = [report.provider_message_id] if isinstance(report, StatusReport) else []
        told: list[UUID | str | None] = [*own, *filter(None, provider), *jobs_named(report.message_ids)]
        told += [part for given in report.message_ids for part in spellings(given)]
        for one in told:
            numbers.append(number)
            jobs.append(one if isinstance(one, UUID) else None)
            names.append(None if isinstance(one, UUID) else one)
    return numbers, jobs, names


async def take(tx: asyncpg.Connection, id_: UUID) -> Letter | None:
    """Take it in hand; None: it had its effect, somebody is at it, or something before it in its lane waits."""
    row = await _sql.take(tx, id=id_)
    return Letter(**row) if row else None


async def done(tx: asyncpg.Connection, letter: Letter, rest: Rest | None, now: datetime) -> None:
    """It has had its effect, but for the rest."""
    if rest is None:
        await _sql.done(tx, id=letter.id)
    else:
        await _sql.leave(tx, id=letter.id, rest=_rest.dump_python(rest, mode="json"), due_at=now + GRACE)


async def due(tx: asyncpg.Connection, now: datetime, limit: int) -> list[Waiter]:
    """What nobody is at any more, due longest first, each lane in the order of coming in."""
    return [Waiter(**row) async for row in _sql.due(tx, now=now, limit=limit, of_lane=_OF_A_LANE)]


async def put_off(tx: asyncpg.Connection, id_: UUID, now: datetime) -> None:
    """It has no effect, for a reason that is not its own; it is due again later, and those behind it before."""
    await _sql.put_off(tx, id=id_, now=now, first=_FIRST_WAIT, longest=_LONGEST_WAIT)


async def failed(tx: asyncpg.Connection, id_: UUID, error: str, due_at: datetime) -> int:
    """It has no effect, for a reason of its own; answers how often that was."""
    attempts: int | None = await _sql.failed(tx, id=id_, error=storable(error), due_at=due_at)
    return attempts or 0


async def waiting(tx: asyncpg.Connection) -> Waiting:
    """How much waits at the moment."""
    row = await _sql.waiting(tx)
    return Waiting(row["count"], row["oldest"])


async def is_waiting(tx: asyncpg.Connection, event_ids: Sequence[UUID]) -> bool:
    """Whether one of these still waits for its effect."""
    found: bool = await _sql.is_waiting(tx, ids=list(event_ids))
    return found
