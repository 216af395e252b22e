"""What happens, told to many listeners by one reader: one connection of a process, however many listen to it.

It polls, and only while somebody listens. NOTIFY would wake it sooner, but takes a lock on the whole server's queue at
the commit of every transaction that notifies: each delivery would pay for it, also when nobody listens.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import structlog

from store.changes import changes
from store.changes.changes import Change, Position
from store.pool import LOST, Database
from store.workspace import api_keys

log = structlog.get_logger(__name__)

_EVERY_S = 0.5
_PAGE = 500
_MOST_WAITING = 2_000
"""Changes that a listener may be behind; who is slower begins again from where it was."""


@dataclass(frozen=True)
class Interest:
    """Which changes a listener wants; what is empty or None restricts nothing."""

    types: frozenset[str] = frozenset()
    sequence_id: UUID | None = None
    contact_id: UUID | None = None
    enrollment_id: UUID | None = None
    is_test: bool | None = None
    key_id: UUID | None = None
    """The API key that listens: when it is revoked, it hears no more."""

    def wants(self, change: Change) -> bool:
        """Whether the listener is told of it."""
        return (
            (not self.types or change.type in self.types)
            and self.sequence_id in (None, change.sequence_id)
            and self.contact_id in (None, change.contact_id)
            and self.enrollment_id in (None, change.enrollment_id)
            and self.is_test in (None, change.is_test)
        )


class Listener:
    """One who is told of a tenant's changes behind `start`."""

    def __init__(self, interest: Interest, start: Position) -> None:
        self.start = start
        self.position = start
        """Everything before this place was handed over, or is of no interest."""
        self.closed = False
        """It hears no more: it was too slow, its key was revoked, or the process ends."""
        self.key_id = interest.key_id
        self._interest = interest
        self._waiting: deque[Change] = deque()
        self._reached = start
        self._awake = asyncio.Event()

    def tell(self, told: Sequence[Change], reached: Position) -> None:
        """Put what it wants in its queue; too slow a listener is given up."""
        self._waiting.extend(change for change in told if self._interest.wants(change))
        self._reached = reached
        if len(self._waiting) > _MOST_WAITING:
            log.info("listener_too_slow")
            self.close()
        elif self._waiting:
            self._awake.set()

    def close(self) -> None:
        """Nothing more is handed over."""
        self.closed = True
        self._waiting.clear()
        self._awake.set()

    async def next(self, within_s: float) -> Sequence[Change]:
        """What has happened since the last call; nothing when that much time passes without, or it is closed."""
        try:
            async with asyncio.timeout(within_s):
                await self._awake.wait()
        except TimeoutError:
            pass
        told = list(self._waiting)
        self._waiting.clear()
        self.position = self._reached
        if not self.closed:
            self._awake.clear()
        return told


@dataclass
class _Room:
    """The listeners of one tenant."""

    position: Position
    listeners: set[Listener] = field(default_factory=set)


class Broadcaster:
    """The listeners of one process."""

    def __init__(self) -> None:
        self._rooms: dict[UUID, _Room] = {}
        self._reader: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()
        self._closed = False

    @property
    def listening(self) -> int:
        """How many listen."""
        return sum(len(room.listeners) for room in self._rooms.values())

    @asynccontextmanager
    async def listen(self, database: Database, tenant_id: UUID, interest: Interest) -> AsyncIterator[Listener]:
        """Hear of the tenant's changes from now on. Raises what asyncpg does when the database is down."""
        if tenant_id not in self._rooms:
            start = await self._horizon(database, tenant_id)
            self._rooms.setdefault(tenant_id, _Room(start))
        room = self._rooms[tenant_id]
        listener = Listener(interest, room.position)
        if self._closed:
            listener.close()
        room.listeners.add(listener)
        if self._reader is None:
            self._reader = asyncio.create_task(self._read_on(database), name="live")
        try:
            yield listener
        finally:
            room.listeners.discard(listener)
            if not room.listeners and self._rooms.get(tenant_id) is room:
                del self._rooms[tenant_id]

    async def resumable(self, database: Database, tenant_id: UUID, place: Position) -> bool:
        """Whether everything behind this place can still be told."""
        async with self._one_at_a_time, database.transaction(tenant_id) as tx:
            return await changes.is_kept(tx, place)

    async def between(
        self, database: Database, tenant_id: UUID, after: Position, before: Position, interest: Interest
    ) -> AsyncIterator[tuple[Sequence[Change], Position]]:
        """What a listener missed before it came, part by part: what it wants of it, and how far that reaches."""
        while after < before:
            async with self._one_at_a_time, database.transaction(tenant_id) as tx:
                told = await changes.page(tx, after, before, _PAGE)
            after = told[-1].position if len(told) == _PAGE else before
            yield [change for change in told if interest.wants(change)], after

    def close(self) -> None:
        """Tell every listener that it is over; whoever comes later hears nothing."""
        self._closed = True
        for room in self._rooms.values():
            for listener in room.listeners:
                listener.close()

    async def _read_on(self, database: Database) -> None:
        """Until nobody listens; while the database is away, until it is back."""
        away = False
        try:
            while self._rooms:
                try:
                    await self._read(database)
                    away = False
                except LOST as error:
                    if not away:
                        log.warning("live_waits_for_database", error=str(error) or type(error).__name__)
                    away = True
                await asyncio.sleep(_EVERY_S)
        finally:
            self._reader = None
            # Nobody is left here, unless something unforeseen has ended us: they come again, to a new reader.
            for room in self._rooms.values():
                for listener in room.listeners:
                    listener.close()

    async def _read(self, database: Database) -> None:
        known = await self._horizon(database, next(iter(self._rooms)))
        for tenant_id, room in list(self._rooms.items()):
            await self._let_go(database, tenant_id, room)
            while room.position < known:
                async with self._one_at_a_time, database.transaction(tenant_id) as tx:
                    told = await changes.page(tx, room.position, known, _PAGE)
                room.position = told[-1].position if len(told) == _PAGE else known
                for listener in list(room.listeners):
                    listener.tell(told, room.position)

    async def _let_go(self, database: Database, tenant_id: UUID, room: _Room) -> None:
        """End those whose keys were revoked, before they are told anything more."""
        held = {listener.key_id for listener in room.listeners if listener.key_id is not None}
        async with self._one_at_a_time, database.transaction(tenant_id) as tx:
            revoked = await api_keys.revoked_of(tx, held, datetime.now(UTC))  # noqa: TID251 - keys are revoked by the real clock
        for listener in [listener for listener in room.listeners if listener.key_id in revoked]:
            listener.close()

    async def _horizon(self, database: Database, tenant_id: UUID) -> Position:
        async with self._one_at_a_time, database.transaction(tenant_id) as tx:
            return await changes.horizon(tx)
