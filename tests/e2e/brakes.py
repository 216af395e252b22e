"""Points in a message's life at which the database makes a worker wait until the test lets it go."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import asyncpg

from tests.support.helpers import assert_eventually

Point = Literal["claim", "settle", "settled", "insert", "inserted", "stopped", "moved"]
"""In the commit of a claim · before a job is marked sent · in the commit of that · before an enrollment is
inserted · in the commit of that · in the commit of a stop · in the commit of a move to another version."""

_TRIGGERS = """
CREATE FUNCTION brake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(TG_ARGV[0] || NEW.contact_id, 0));
    RETURN NEW;
END
$$;
CREATE CONSTRAINT TRIGGER brake_claim AFTER UPDATE ON message_jobs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'sending' AND OLD.state <> 'sending') EXECUTE FUNCTION brake('claim');
CREATE TRIGGER brake_settle BEFORE UPDATE ON message_jobs
    FOR EACH ROW WHEN (NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION brake('settle');
CREATE CONSTRAINT TRIGGER brake_settled AFTER UPDATE ON message_jobs DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'sent' AND OLD.state <> 'sent') EXECUTE FUNCTION brake('settled');
CREATE TRIGGER brake_insert BEFORE INSERT ON enrollments
    FOR EACH ROW EXECUTE FUNCTION brake('insert');
CREATE CONSTRAINT TRIGGER brake_inserted AFTER INSERT ON enrollments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION brake('inserted');
CREATE CONSTRAINT TRIGGER brake_stopped AFTER UPDATE ON enrollments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'stopped' AND OLD.status <> 'stopped') EXECUTE FUNCTION brake('stopped');
CREATE CONSTRAINT TRIGGER brake_moved AFTER UPDATE ON enrollments DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.version_id <> OLD.version_id) EXECUTE FUNCTION brake('moved');
"""


@dataclass(frozen=True)
class Brake:
    """Whoever comes to this point with this contact waits."""

    owner: asyncpg.Connection
    key: int

    async def reached(self) -> None:
        """Wait until somebody waits here."""

        async def waiting() -> None:
            assert await self.owner.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                " AND ((classid::bigint << 32) | objid::bigint) = $1",
                self.key,
            ), "nobody has come to the brake"

        await assert_eventually(waiting)

    async def release(self) -> None:
        """Let them go, and everybody after them."""
        assert await self.owner.fetchval("SELECT pg_advisory_unlock($1)", self.key)


@dataclass(frozen=True)
class Brakes:
    """The brakes of one database; the connection is its owner's."""

    owner: asyncpg.Connection

    async def on(self, point: Point, contact_id: UUID) -> Brake:
        """Put one on."""
        key = await self.owner.fetchval("SELECT hashtextextended($1, 0)", f"{point}{contact_id}")
        await self.owner.execute("SELECT pg_advisory_lock($1)", key)
        return Brake(self.owner, key)

    async def queued(self, count: int = 1) -> None:
        """Wait until this many sessions wait for a row that somebody else has locked."""

        async def waiting() -> None:
            found = await self.owner.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')"
            )
            assert found >= count, f"{found} sessions wait for a row"

        await assert_eventually(waiting)


@asynccontextmanager
async def brakes_in(database_url: str) -> AsyncIterator[Brakes]:
    """Install them in a test's own database; what is still held is let go at the end."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(_TRIGGERS)
        yield Brakes(owner)
    finally:
        await owner.close()
