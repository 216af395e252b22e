"""Working copies in the database: what was published before there were any has one, and nothing published is lost."""

import shutil
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from domain.ids import DEFAULT_TENANT
from local.postgres import LocalPostgres
from store.schema import MIGRATIONS, migrate
from store.sequences import drafts
from tests.store.tenants import Tenant

THIS = "20261121000011_drafts.sql"


async def test_what_was_published_before_has_a_working_copy(postgres: LocalPostgres, tmp_path: Path) -> None:
    """The migration makes it of the newest version, with the sequence's key and description."""
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < THIS:
            shutil.copy(file, tmp_path)
    name, sequence = f"before_{uuid4().hex}", uuid4()
    await migrate(postgres.url(name), tmp_path)
    owner = await asyncpg.connect(postgres.url(name))
    try:
        await owner.execute(
            "INSERT INTO sequences (tenant_id, id, key, name) VALUES ($1, $2, 'tour', 'The tour')",
            DEFAULT_TENANT,
            sequence,
        )
        for number, text in ((1, "Old."), (2, "New.")):
            await owner.execute(
                """INSERT INTO sequence_versions (tenant_id, id, sequence_id, version, content_hash, definition, plan)
                VALUES ($1, $2, $3, $4, 'x', jsonb_build_object('description', $5::text), '{}')""",
                DEFAULT_TENANT,
                uuid4(),
                sequence,
                number,
                text,
            )
        shutil.copy(MIGRATIONS / THIS, tmp_path)
        await migrate(postgres.url(name), tmp_path)
        row = await owner.fetchrow(
            """SELECT s.description, d.definition = '{"sequence": "tour", "description": "New."}' AS is_newest,
                d.revision = d.published_revision AS is_published
            FROM sequences s JOIN sequence_drafts d ON d.sequence_id = s.id"""
        )
        assert row is not None
        assert dict(row) == {"description": "New.", "is_newest": True, "is_published": True}
        forced = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname LIKE 'sequence%' AND relkind = 'r'"
        assert await owner.fetchval(forced)
    finally:
        await owner.close()
        admin = await asyncpg.connect(postgres.url("postgres"))
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


async def test_no_path_deletes_what_was_published(tenant: Tenant) -> None:
    """The query finds nothing to delete, and the database would refuse whoever asked it directly."""
    async with tenant.database.transaction(tenant.id) as tx:
        assert not await drafts.delete(tx, tenant.sequence)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await tenant.execute("DELETE FROM sequences")


async def test_a_change_of_steps_leaves_the_sequences_row_alone(tenant: Tenant) -> None:
    """Deliveries read it with every message: only another name or description is written there."""

    async def written() -> list[dict[str, object]]:
        return await tenant.rows("SELECT ctid::text FROM sequences")

    before = await written()
    async with tenant.database.transaction(tenant.id) as tx:
        sheet = await drafts.hold(tx, "journey")
        assert sheet is not None
        named = {"sequence": "journey", "name": "The journey"}
        await drafts.change(tx, sheet, {**named, "steps": []})
    assert await written() == before
    async with tenant.database.transaction(tenant.id) as tx:
        assert await drafts.change(tx, sheet, {**named, "name": "Another"}) != sheet.revision
    assert await written() != before
