"""What workers count and cannot serve themselves: how often PostgreSQL has undone work of theirs for others' sake."""

from dataclasses import replace
from uuid import UUID

import asyncpg

from store.pool import Conflicts, Database, load_queries

_sql = load_queries("worker_conflicts")


class Tally:
    """One worker's share in the count of all workers."""

    def __init__(self, database: Database, tenant_id: UUID) -> None:
        """`tenant_id`: the installation's own."""
        self._database = database
        self._tenant_id = tenant_id
        self._noted = Conflicts()

    async def note(self) -> None:
        """Add what is new since the last time; where the database does not take it, it is new the next time too."""
        now = replace(self._database.conflicts)
        repeated, given_up = now.repeated - self._noted.repeated, now.given_up - self._noted.given_up
        if not repeated and not given_up:
            return
        async with self._database.transaction(self._tenant_id) as tx:
            await _sql.add(tx, repeated=repeated, given_up=given_up)
        self._noted = now


async def read(tx: asyncpg.Connection) -> Conflicts:
    """What all workers have counted under this tenant."""
    row = await _sql.read(tx)
    return Conflicts(row["repeated"], row["given_up"])
