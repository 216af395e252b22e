"""The last look before a message leaves: one round trip, no row locked, and a word that it is being handed over.

Each process looks by sessions of its own. With the look it takes an advisory lock on the message, and keeps it until
the hand-over is over. So another attempt that finds the message claimed knows whether somebody may still be handing it
over: a process that was killed holds nothing, one that is frozen holds what it was about to send.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg

from domain.enrollment import EnrollmentStatus
from domain.messages import JobState
from store.queries import LOST, load_queries

_sql = load_queries("last_look")

_SESSIONS = 4
"""By which a process looks: as many looks at once."""

_PLANNED_EARLY = 16
"""A plan that was made while the tables were nearly empty may read them whole: at this look, and at each that doubles
their number, plans are made anew."""


@dataclass(frozen=True)
class Clearance:
    """How a claimed message stands, as it was committed when it was looked at."""

    state: JobState
    claims: int
    """Which claim of the message is the present one."""
    status: EnrollmentStatus
    sequence_status: str
    suppressed: bool
    heard: datetime | None
    """Since when something waits that came in and may concern the contact (UTC); None: nothing does."""
    not_before: datetime | None
    """The contact is away until then (UTC)."""
    asked: float
    """When it was asked for, by the monotonic clock."""


@dataclass(frozen=True)
class NoticeStatus:
    """How an automatic answer stands at the last look."""

    state: str
    claimed_at: datetime
    asked: float


class LastLooks:
    """The sessions by which a process looks; the first of them looks alone while that is quick enough."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._sessions = [_Session(connect) for _ in range(_SESSIONS)]
        self._held_by: dict[UUID, tuple[object, _Session]] = {}
        """By which attempt, and by which session. A session may lock what it holds already, so it tells no two attempts
        of one process apart."""

    async def at_message(self, tenant_id: UUID, job_id: UUID, attempt: object) -> Clearance | None:
        """Look, and hold the message until `let_go`; None: another attempt has it, or is about to settle it."""
        found = await self._look(_sql.last_look, tenant_id, job_id, attempt)
        if found is None:
            return None
        asked, row = found
        typed = {"state": JobState(row["state"]), "status": EnrollmentStatus(row["status"])}
        return Clearance(**{**row, **typed}, asked=asked)

    async def at_notice(self, tenant_id: UUID, notice_id: UUID, attempt: object) -> NoticeStatus | None:
        """Look once more at an automatic answer; None: there is none."""
        found = await self._look(_sql.last_look_at_notice, tenant_id, notice_id, attempt)
        if found is None:
            return None
        asked, row = found
        return NoticeStatus(**row, asked=asked)

    async def let_go(self, job_id: UUID, attempt: object, *, at_once: bool) -> None:
        """The attempt is over. Of a message that may be handed over again, everybody is to know it at once."""
        holder, session = self._held_by.get(job_id, (None, None))
        if session is not None and holder is attempt:
            del self._held_by[job_id]
            await session.let_go(hold_of(job_id), at_once=at_once)

    def close(self) -> None:
        """Let everything go."""
        for session in self._sessions:
            session.close()

    async def _look(
        self, query: Any, tenant_id: UUID, job_id: UUID, attempt: object
    ) -> tuple[float, asyncpg.Record] | None:
        """By the session that holds it already, or the first that is idle, or the one that the fewest wait for."""
        if job_id not in self._held_by:
            self._held_by[job_id] = (attempt, min(self._sessions, key=lambda session: session.waiting))
        holder, session = self._held_by[job_id]
        return await session.look(query, tenant_id=tenant_id, job_id=job_id) if holder is attempt else None


class _Session:
    """One session, which looks for one after the other; it connects when first used."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._turn = asyncio.Lock()
        self.waiting = 0
        """Those who look by it at the moment, or want to."""
        self._connection: asyncpg.Connection | None = None
        self._looks = 0
        self._held: Counter[int] = Counter()
        """How often each is locked: as often as it was looked at. As often it is let go."""
        self._finished: list[int] = []
        """Holds that are over, to be let go with the next look."""

    async def look(self, query: Any, *, tenant_id: UUID, job_id: UUID) -> tuple[float, asyncpg.Record] | None:
        """What it finds, and when it asked for that."""
        hold = hold_of(job_id)
        self.waiting += 1
        try:
            async with self._turn:
                connection = await self._connected()
                self._looks += 1
                if self._looks >= _PLANNED_EARLY and self._looks.bit_count() == 1:
                    await connection.execute("DISCARD PLANS")
                finished, self._finished = self._finished, []
                self._held[hold] += 1
                asked = monotonic()
                try:
                    row = await query(connection, tenant_id=tenant_id, job_id=job_id, hold=hold, finished=finished)
                except BaseException:
                    # To let go once too often does no harm: the next look does it before it holds anything.
                    self._finished += finished
                    raise
        finally:
            self.waiting -= 1
        return None if row is None or row["state"] is None else (asked, row)

    async def let_go(self, hold: int, *, at_once: bool) -> None:
        """It is over."""
        self._finished += [hold] * self._held.pop(hold, 0)
        if not at_once or not self._finished:
            return
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                self._finished.clear()  # the session took its locks along
                return
            try:
                finished, self._finished = self._finished, []
                await _sql.let_go(self._connection, finished=finished)
            except LOST:
                self._connection.terminate()

    def close(self) -> None:
        """With all that it holds."""
        if self._connection is not None:
            self._connection.terminate()

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._finished.clear()
            self._connection = await self._connect()
            # What is under way is held by this session from now on.
            await _sql.hold_again(self._connection, holds=list(self._held.elements()))
        return self._connection


@dataclass(frozen=True)
class Made:
    """When a claim was made, and when the server had been started on which it was (UTC)."""

    at: datetime
    on: datetime | None


async def is_held(tx: asyncpg.Connection, job_id: UUID, claim: Made, *, limit: timedelta, now: datetime) -> bool:
    """Whether somebody may still be handing a claimed message over; if not, nobody begins to in this transaction.

    `limit`: what a hand-over takes at most. That long after its claim it is over, also where PostgreSQL was started
    anew meanwhile, or another one took its place, so that no session can tell.
    """
    held: bool = await _sql.is_held(
        tx, hold=hold_of(job_id), claimed_on=claim.on, claimed_at=claim.at, limit=limit, now=now
    )
    return held


def hold_of(job_id: UUID) -> int:
    """The key of the advisory lock; ids are hashes or random in their first half too."""
    return int.from_bytes(job_id.bytes[:8], signed=True)
