"""What doctor and the metrics ask of the database: who we are in it, and what somebody should look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from domain.messages import Channel
from store.pool import load_queries

_sql = load_queries("health")


OVERDUE = timedelta(minutes=5)
"""What should have happened so long ago is not merely slow."""


@dataclass(frozen=True)
class ServerFacts:
    """Who we are in the database, and how well tenants are kept apart."""

    version: str
    login: str
    login_is_superuser: bool
    login_owns_tables: bool
    """Or may become whoever does."""
    role: str
    bypasses: bool
    unguarded: list[str]
    """Tables with rows of tenants that row-level security does not guard."""


@dataclass(frozen=True)
class Trouble:
    """Counts of what somebody should look at."""

    overdue: int
    paused: int
    """Sequences, by a person or by themselves."""
    disagreements: int
    ambiguous: int
    """Messages in doubt that hold a live enrollment back."""
    doubtful: list[UUID]
    """At most three of those enrollments."""


async def server_facts(tx: asyncpg.Connection) -> ServerFacts:
    """As the running transaction's role sees it."""
    return ServerFacts(**await _sql.server_facts(tx))


async def is_due(tx: asyncpg.Connection, before: datetime) -> bool:
    """Whether an enrollment waits for a moment that comes by itself, before that time (UTC)."""
    return bool(await _sql.is_due(tx, before=before))


async def trouble(tx: asyncpg.Connection, overdue_before: datetime) -> Trouble:
    """Enrollments due before `overdue_before` that have not moved, and what waits for a person."""
    return Trouble(**await _sql.trouble(tx, overdue_before=overdue_before))


async def channels_in_use(tx: asyncpg.Connection) -> dict[Channel, list[str]]:
    """Keys of the sequences that will send on a channel: active ones, and all that somebody is in."""
    return {Channel(row["channel"]): row["sequences"] async for row in _sql.channels_in_use(tx)}
