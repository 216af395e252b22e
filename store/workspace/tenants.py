"""The tenants themselves. Only the role that owns the tables sees more than one of them, or makes one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from domain.errors import NotReady
from store.database_url import checked, words_of
from store.pool import load_queries

_sql = load_queries("workspace/tenants")

_OWNER = "TOUCHLINE_DATABASE_OWNER_URL must name the role that owns the tables, as it does for migrations"


@dataclass(frozen=True)
class Workspace:
    """A tenant as the owner of the tables sees it: that it is there, and nothing of what is in it."""

    id: UUID
    name: str
    timezone: str
    """IANA name."""
    created_at: datetime
    api_keys: int
    """Those that are not revoked."""


@asynccontextmanager
async def as_owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One transaction of the role that logs in. Raises NotReady when it does not own the tables."""
    try:
        connection = await asyncpg.connect(
            checked(url), command_timeout=60, server_settings={"application_name": "touchline"}
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise NotReady(
            f"PostgreSQL cannot be used: {words_of(error)}", hint="check TOUCHLINE_DATABASE_OWNER_URL"
        ) from error
    try:
        async with connection.transaction():
            if not await _sql.owns_tables(connection):
                raise NotReady("the role that logs in may not see or make tenants", hint=_OWNER)
            yield connection
    finally:
        await connection.close()


async def named(tx: asyncpg.Connection, name: str) -> UUID | None:
    """The tenant of that name, which nobody else takes before the transaction ends; None: nobody has it."""
    await _sql.hold_names(tx)
    found: UUID | None = await _sql.named(tx, name=name)
    return found


async def add(tx: asyncpg.Connection, tenant_id: UUID, name: str, timezone: str) -> Workspace:
    """A new tenant, with the settings that every one begins with."""
    return Workspace(**await _sql.add_tenant(tx, id=tenant_id, name=name, timezone=timezone))


async def listed(tx: asyncpg.Connection) -> list[Workspace]:
    """All of them, the oldest first."""
    return [Workspace(**row) async for row in _sql.list_tenants(tx)]
