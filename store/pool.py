"""The only way to the database: a pool whose every transaction names its tenant."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import structlog
from pydantic_core import from_json, to_json

from domain.errors import NotReady
from store import once
from store.database_url import checked, words_of
from store.last_look import LastLooks
from store.queries import LOST as LOST
from store.queries import Prepared
from store.queries import load_queries as load_queries

log = structlog.get_logger(__name__)

CONFLICTS: tuple[type[asyncpg.PostgresError], ...] = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""PostgreSQL has undone a transaction so that others could go on: nothing of it was done, and it may be done anew."""

_ATTEMPTS = 5
"""PostgreSQL looks for a circle after a second, so these take about as long as a provider waits for its answer."""
_FIRST_WAIT_S = 0.05
"""At most, and drawn by lot; doubled from attempt to attempt, so that those who met do not meet again."""

_ROLLBACK_WITHIN_S = 2.0
_KEPT_S = 3600.0
"""A connection's first transactions take ten times as long as all others: it learns tables, triggers and statements."""

_IDLE_IN_TRANSACTION_S = 60
"""Longest silence within a transaction, more than any reader of an export may take: a process that was frozen, or cut
off, must not keep others from the rows that it had locked."""
_CONNECT_S = 10.0
_LOOK_S = 10.0
"""A server that says nothing for so long is away: a look takes some milliseconds."""
_NOTICED_DEAD = {"tcp_keepalives_idle": "15", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}

T = TypeVar("T")

_urgent: ContextVar[bool] = ContextVar("urgent", default=False)


@contextmanager
def urgent() -> Iterator[None]:
    """What this task, and those that it begins, do meanwhile cannot wait for others: it has all connections."""
    token = _urgent.set(True)
    try:
        yield
    finally:
        _urgent.reset(token)


_OF_VALUES = ("22", "23", "54")
"""SQLSTATE classes: a value that no column takes, a row that breaks a constraint, something longer than may be."""


def is_outage(error: Exception) -> bool:
    """Whether the same values may be stored at another time; otherwise the fault is in the values, or in our code."""
    if isinstance(error, asyncpg.PostgresError):
        return not (error.sqlstate or "").startswith(_OF_VALUES)
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)


class _Connection(asyncpg.Connection):
    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._last: tuple[Prepared, str] | None = None
        self._prepared: set[str] = set()

    def leave_for_commit(self, query: Prepared, statement: str) -> None:
        self._last = (query, statement)

    async def commit(self) -> None:
        last, self._last = self._last, None
        if last is None:
            await self.execute("COMMIT")
            return
        query, statement = last
        if query.name not in self._prepared:
            # Once per connection, as with every other statement.
            await self.execute(query.prepare)
            self._prepared.add(query.name)
        await self.execute(f"{statement};COMMIT")

    def forget_last(self) -> None:
        self._last = None

    def get_reset_query(self) -> str:
        """Nothing to reset: all session state is set per transaction, which saves a round trip each time."""
        return ""


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=lambda v: to_json(v).decode(), decoder=from_json
        )
    # What opens every transaction, planned once per connection.
    await connection.execute(
        "PREPARE touchline_scope (text) AS SELECT set_config('touchline.tenant_id', $1, true);"
        "PREPARE touchline_lock (uuid) AS SELECT 1 FROM enrollments WHERE id = $1 FOR NO KEY UPDATE"
    )


class Session:
    """One connection, for work that spans several transactions of one tenant."""

    def __init__(self, connection: Any, tenant_id: UUID) -> None:
        self._connection = connection
        self._tenant_id = tenant_id

    @asynccontextmanager
    async def transaction(self, *, lock_enrollment: UUID | None = None) -> AsyncIterator[asyncpg.Connection]:
        """READ COMMITTED, scoped to the tenant; with `lock_enrollment`, that row is locked first.

        The lock is a statement of its own, so that every later statement reads what the transaction that
        held the lock before has committed. It rides in the same round trip as BEGIN.
        """
        # UUID objects only ever print as hex and dashes, so they may stand in the text.
        begin = f"BEGIN; EXECUTE touchline_scope('{UUID(int=self._tenant_id.int)}')"
        if lock_enrollment is not None:
            begin += f"; EXECUTE touchline_lock('{UUID(str(lock_enrollment))}')"
        try:
            await self._connection.execute(begin)
            yield self._connection
            await self._connection.commit()
        except BaseException:
            await _roll_back(self._connection, "ROLLBACK")
            raise


async def _roll_back(connection: Any, statement: str) -> None:
    """Give the connection up when it cannot: whoever was cancelled must not wait for a server that hangs."""
    try:
        rolled_back = connection.is_closed()
    except asyncpg.InterfaceError:
        return  # The pool has taken it back with its session: nothing is left to undo, and what was raised goes on.
    connection.forget_last()
    try:
        if not rolled_back:
            async with asyncio.timeout(_ROLLBACK_WITHIN_S):
                await connection.execute(statement)
            rolled_back = True
    except LOST:
        log.warning("connection_given_up")
    finally:
        if not rolled_back:
            connection.terminate()


def last_of_all(tx: asyncpg.Connection, query: Prepared, **values: object) -> None:
    """Run it as the transaction's last statement, in the same round trip as its COMMIT."""
    tx.leave_for_commit(query, query.execute(**values))  # type: ignore[attr-defined] # ours, behind the pool's


@asynccontextmanager
async def savepoint(tx: asyncpg.Connection) -> AsyncIterator[None]:
    """Part of a transaction that is undone by itself when it fails; the error goes on to the caller."""
    await tx.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        await tx.execute("ROLLBACK TO SAVEPOINT part")
        raise
    else:
        await tx.execute("RELEASE SAVEPOINT part")


def _hint(url: str, error: Exception) -> str:
    if isinstance(error, asyncpg.InsufficientPrivilegeError) and "touchline_app" in str(error):
        login = urlsplit(url).username or "the role that logs in"
        return f"as the role that owns the tables: GRANT touchline_app TO {login}"
    return "check TOUCHLINE_DATABASE_URL; a new database needs its migrations: ./touchline migrate"


@dataclass(frozen=True)
class Usage:
    """Connections of a pool."""

    busy: int
    idle: int
    most: int


@dataclass
class Conflicts:
    """How often PostgreSQL has undone work of this process for the sake of others."""

    repeated: int = 0
    given_up: int = 0
    """Undone each time: whoever asked was told to come again."""


class Database:
    """A pool of connections that act as `touchline_app`, whichever role logged in."""

    def __init__(
        self, pool: "asyncpg.Pool[Any]", connect: Callable[[], Awaitable[asyncpg.Connection]], kept_back: int = 0
    ) -> None:
        self._pool = pool
        self._share = asyncio.Semaphore(max(1, pool.get_max_size() - kept_back))
        """Connections that whoever can wait may have at once."""
        self.conflicts = Conflicts()
        self.last_looks = LastLooks(connect)
        """Before a message leaves; by a session that is not of the pool."""

    @classmethod
    async def connect(
        cls, url: str, *, size: int = 10, name: str = "touchline", lazy: bool = False, kept_back: int = 0
    ) -> "Database":
        """Open a pool. Raises NotReady with the database's own words; `lazy`: connects when first used.

        `kept_back`: so many of its connections only what is `urgent` may have.
        """
        server_settings = {
            "application_name": name,
            "role": "touchline_app",
            "jit": "off",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": f"{_IDLE_IN_TRANSACTION_S}s",
        }
        try:
            known = checked(url)
            pool = await asyncpg.create_pool(
                known,
                min_size=0 if lazy else min(2, size),
                max_size=size,
                connection_class=_Connection,
                init=_prepare,
                command_timeout=60,
                max_inactive_connection_lifetime=_KEPT_S,
                server_settings=server_settings,
            )
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
            raise NotReady(f"PostgreSQL cannot be used: {words_of(error)}", hint=_hint(url, error)) from error
        # A session that outlives its process holds what that process was about to send: a dead host is to be noticed.
        apart = partial(
            asyncpg.connect,
            known,
            timeout=_CONNECT_S,
            command_timeout=_LOOK_S,
            server_settings=server_settings | _NOTICED_DEAD,
        )
        return cls(pool, apart, kept_back)

    def usage(self) -> "Usage":
        """How much of the pool is in use at the moment."""
        idle = self._pool.get_idle_size()
        return Usage(busy=self._pool.get_size() - idle, idle=idle, most=self._pool.get_max_size())

    async def close(self) -> None:
        """Close every connection."""
        self.last_looks.close()
        await self._pool.close()

    @asynccontextmanager
    async def session(self, tenant_id: UUID) -> AsyncIterator[Session]:
        """Keep one connection over several transactions of one tenant."""
        async with self._acquire() as connection:
            yield Session(connection, tenant_id)

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[Any]:
        """A connection; some are kept back for what cannot wait."""
        async with nullcontext() if _urgent.get() else self._share, self._pool.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(
        self, tenant_id: UUID, *, lock_enrollment: UUID | None = None
    ) -> AsyncIterator[asyncpg.Connection]:
        """One transaction of one tenant; commits at the end, rolls back on any exception.

        Within a request that may be made again it is a part of that request's, and commits with the answer.
        """
        request = once.of(self, tenant_id)
        if request is not None:
            async with request.part(lock_enrollment) as connection:
                yield connection
            return
        async with (
            self.session(tenant_id) as session,
            session.transaction(lock_enrollment=lock_enrollment) as connection,
        ):
            yield connection

    async def repeat(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it anew, a few times, where PostgreSQL undoes it for the sake of others (deadlock, serialisation failure).

        `work` is one transaction, from its first statement to its commit, and has no effect but by that. What it hands
        on to others (a provider, a workflow) comes before or after it, never within.
        """
        wait = _FIRST_WAIT_S
        for left in reversed(range(_ATTEMPTS)):
            try:
                return await work()
            except CONFLICTS as error:
                if not left:
                    self.conflicts.given_up += 1
                    log.error("conflict_given_up", error=str(error), attempts=_ATTEMPTS)
                    raise
                self.conflicts.repeated += 1
                log.warning("conflict_repeated", error=str(error), attempts_left=left)
            await asyncio.sleep(random.uniform(0, wait))  # noqa: S311 - no secret
            wait *= 2
        raise AssertionError("the last attempt answers or fails")

    async def roll_back(self, connection: asyncpg.Connection, statement: str) -> None:
        """Undo by that statement, or give the connection up."""
        await _roll_back(connection, statement)

    async def tenant_ids(self) -> list[UUID]:
        """Every tenant, for sweeps that go through them one by one."""
        async with self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("SELECT tenant_ids()")]

    async def tenants_with_news(self) -> list[UUID]:
        """Those for whom deliveries are to be made of what has happened."""
        async with self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("SELECT tenants_with_news()")]

    async def tenants_with_inbox(self, now: datetime) -> list[UUID]:
        """Those for whom something came in that nobody is at."""
        async with self._pool.acquire() as connection:
            return [row[0] for row in await connection.fetch("SELECT tenants_with_inbox($1)", now)]

    async def overdue_subscriptions(self, before: datetime) -> list[tuple[UUID, UUID]]:
        """(tenant, subscription) of those with a delivery that was due before then."""
        async with self._pool.acquire() as connection:
            return [tuple(row) for row in await connection.fetch("SELECT * FROM overdue_subscriptions($1)", before)]

    async def api_key_owner(self, key_hash: bytes) -> asyncpg.Record | None:
        """Whose a key of the API is, before any tenant is known; None: nobody's, or it was revoked."""
        async with self._acquire() as connection:
            found: asyncpg.Record | None = await connection.fetchrow("SELECT * FROM api_key_owner($1)", key_hash)
            return found
