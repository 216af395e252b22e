"""What every command and endpoint works with: a database, a Temporal client and a tenant."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import Runtime
from temporalio.service import RPCError, TLSConfig

from content.links import Links
from domain.errors import NotReady
from providers.registry import Registry
from starter.runs import Runs
from store.pool import Database


@dataclass(frozen=True)
class TemporalAddress:
    """Where Temporal is, and how to be let in."""

    address: str
    """host:port"""
    namespace: str = "default"
    tls: bool = False
    api_key: str | None = None
    """Temporal Cloud; implies TLS."""
    tls_cert: Path | None = None
    tls_key: Path | None = None


def wall_clock() -> datetime:
    """Aware, UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


@dataclass(frozen=True)
class Engine:
    """One tenant's access to everything."""

    database: Database
    runs: Runs
    providers: Registry
    tenant_id: UUID
    default_region: str = "US"
    """Country of phone numbers that name none (ISO 3166 alpha-2)."""
    links: Links | None = None
    """Those in our messages; None: no public URL or no key is configured."""
    reply_horizon_days: int = 90
    """How long after a message an answer that names none is still taken for an answer to it."""
    unsubscribe_address: str | None = None
    """Where mails that ask for no more are sent to (List-Unsubscribe), where that is an address of its own."""
    own_addresses: frozenset[str] = frozenset()
    """Normalised addresses that we send from: what comes from there was written by an operator."""
    now: Callable[[], datetime] = wall_clock
    """The present instant (aware, UTC), for every use case: a simulation has a time of its own."""

    def transaction(self, *, lock_enrollment: UUID | None = None) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """One transaction of the tenant; commits at the block's end, rolls back on any exception.

        With `lock_enrollment` that enrollment's row is locked first. Within a request that may be made again it is a
        part of that request's transaction.
        """
        return self.database.transaction(self.tenant_id, lock_enrollment=lock_enrollment)


def at_time(engine: Engine, moment: datetime) -> Engine:
    """An engine for which it is always this moment (UTC)."""
    return replace(engine, now=lambda: moment)


async def connect_temporal(where: TemporalAddress, *, lazy: bool = False, runtime: Runtime | None = None) -> Client:
    """Connect as the application does. Raises NotReady with the server's own words; `lazy`: when first used."""
    tls: TLSConfig | bool = where.tls or where.api_key is not None
    try:
        if where.tls_cert and where.tls_key:
            tls = TLSConfig(client_cert=where.tls_cert.read_bytes(), client_private_key=where.tls_key.read_bytes())
        return await Client.connect(
            where.address,
            namespace=where.namespace,
            api_key=where.api_key,
            tls=tls,
            data_converter=pydantic_data_converter,
            lazy=lazy,
            runtime=runtime,
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise NotReady(
            f"Temporal cannot be reached at {where.address}: {error}",
            hint="check TOUCHLINE_TEMPORAL_ADDRESS, _NAMESPACE, _TLS and _API_KEY",
        ) from error


def unanswered(error: RPCError) -> NotReady:
    """What is said where Temporal does not answer."""
    return NotReady(
        f"Temporal did not answer: {error.message}",
        hint="say it again in a moment; if that does not help, the installation needs to be looked at",
        command="doctor",
    )
