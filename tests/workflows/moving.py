"""What tests of moves between versions have in common."""

from typing import Any
from uuid import UUID

from domain.migration import Stays
from starter.enrollments.migration import MigrationReport, migrate
from tests.support.harness import Rig

TEXTS = """
    sequence: texts
    steps:
      - {id: first, type: sms, body: "Hello. STOP to end."}
      - {id: wait, type: delay, hours: 72}
      - {id: second, type: sms, body: "Hello again."}
"""


async def move(rig: Rig, key: str, to: int, **replaced: str) -> MigrationReport:
    return await migrate(rig.engine, key, to, replaced)


async def stays(rig: Rig, key: str, to: int, **replaced: str) -> tuple[Stays | None, str]:
    """Why the one person who is left stays; a dry run says the same."""
    foreseen = (await migrate(rig.engine, key, to, replaced, dry_run=True)).people
    [person] = (await move(rig, key, to, **replaced)).people
    assert [(one.stays, one.detail) for one in foreseen] == [(person.stays, person.detail)]
    return person.stays, person.detail


async def version_of(rig: Rig, enrollment: UUID) -> int:
    [row] = await rig.rows(
        "SELECT v.version FROM enrollments e JOIN sequence_versions v ON v.id = e.version_id WHERE e.id = $1",
        enrollment,
    )
    number: int = row["version"]
    return number


async def everything(rig: Rig) -> dict[str, list[Any]]:
    """Every row of every table."""
    tables = await rig.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    names = [row["tablename"] for row in tables if row["tablename"] != "schema_migrations"]
    return {
        name: sorted(
            str(row["row"])
            for row in await rig.rows(f"SELECT to_jsonb(x)::text AS row FROM {name} x")  # noqa: S608
        )
        for name in names
    }


def texts(rig: Rig) -> list[str]:
    return [entry.message.content.body for entry in rig.outbox()]  # type: ignore[union-attr]
