"""What a request writes that may be made again, committed together with its answer: both are there, or neither.

The task that carries the request out finds it by a context variable, so whatever it calls joins in without knowing.
Tasks that it begins do not: they have transactions of their own, as without a key.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

import asyncpg

Work = Callable[[], Awaitable[object]]


class Transactions(Protocol):
    """A connection of a tenant's."""

    def transaction(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """Committed at the block's end, undone by an error."""
        ...


class Sessions(Protocol):
    """What a database is to a request: the pool is one, and imports this module."""

    def session(self, tenant_id: UUID) -> AbstractAsyncContextManager[Transactions]:
        """A connection, until the block's end."""
        ...

    async def roll_back(self, connection: asyncpg.Connection, statement: str) -> None:
        """Undo, or give the connection up."""
        ...


_current: "ContextVar[Once | None]" = ContextVar("once", default=None)


class _Undone(Exception):
    """Rolls the request's transaction back."""


class Once:
    """One request's transaction: begun by its first statement, ended with its answer."""

    def __init__(self, database: Sessions, tenant_id: UUID, request_id: UUID) -> None:
        self.request_id = request_id
        """Stays for each repetition: ids of things that the request makes derive from it."""
        self._database = database
        self._tenant_id = tenant_id
        self._task = asyncio.current_task()
        self._apart = False
        self._open = AsyncExitStack()
        self._tx: asyncpg.Connection | None = None
        self._after: list[Work] = []

    @property
    def has_written(self) -> bool:
        """Whether anything waits for the commit."""
        return self._tx is not None

    @contextmanager
    def carried_out(self) -> Iterator[None]:
        """What this task does meanwhile belongs to the request."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def takes(self, database: Sessions, tenant_id: UUID) -> bool:
        """Whether a transaction that is asked for now is part of the request's."""
        mine = (self._database, self._tenant_id, self._task) == (database, tenant_id, asyncio.current_task())
        return mine and not self._apart

    @asynccontextmanager
    async def part(self, lock_enrollment: UUID | None = None) -> AsyncIterator[asyncpg.Connection]:
        """What would be a transaction of its own: undone by itself when it fails, committed with the rest."""
        tx = await self._begun()
        begin = "SAVEPOINT request"
        if lock_enrollment is not None:
            begin += f"; EXECUTE touchline_lock('{UUID(str(lock_enrollment))}')"
        try:
            await tx.execute(begin)
            yield tx
        except BaseException:
            await self._database.roll_back(tx, "ROLLBACK TO SAVEPOINT request")
            raise
        else:
            await tx.execute("RELEASE SAVEPOINT request")

    async def _begun(self) -> asyncpg.Connection:
        if self._tx is None:
            session = await self._open.enter_async_context(self._database.session(self._tenant_id))
            self._tx = await self._open.enter_async_context(session.transaction())
        return self._tx

    async def commit(self) -> list[Work]:
        """Commit; answers what is to be done behind it. Whoever gets an error knows nothing."""
        self._tx = None
        await self._open.aclose()
        after, self._after = self._after, []
        return after

    async def undo(self) -> None:
        """Roll everything back, and whatever was to be done behind it is not."""
        self._tx = None
        self._after.clear()
        await self._open.__aexit__(_Undone, _Undone(), None)

    def put_off(self, work: Work) -> bool:
        """Keep it until the commit; False: nothing waits for one."""
        if self._task is not asyncio.current_task() or self._tx is None:
            return False
        self._after.append(work)
        return True

    @contextmanager
    def set_apart(self) -> Iterator[None]:
        """Transactions that begin meanwhile are their own."""
        before, self._apart = self._apart, True
        try:
            yield
        finally:
            self._apart = before


def of(database: Sessions, tenant_id: UUID) -> Once | None:
    """The request that a transaction of this tenant is part of; None: it is its own."""
    once = _current.get()
    return once if once is not None and once.takes(database, tenant_id) else None


def request_id() -> UUID | None:
    """What ids derive from; None: nobody makes this request again."""
    once = _current.get()
    return None if once is None else once.request_id


def later(work: Work) -> bool:
    """Defer what only makes sense behind the commit; False: what was written is committed, so do it now."""
    once = _current.get()
    return once is not None and once.put_off(work)


@contextmanager
def apart() -> Iterator[None]:
    """For work that waits for others, who need to see what was written: its transactions commit one by one.

    It has to find its own rows when the request is made again, by ids that derive from `request_id`.
    """
    once = _current.get()
    if once is None or once.has_written:
        yield
        return
    with once.set_apart():
        yield
