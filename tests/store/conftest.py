"""A database in which every table has a row, of two tenants."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from store.pool import Database
from tests.store.letters import Letters, letters_on
from tests.store.tenants import Tenant, fill


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The role that owns the tables, with which nothing but migrations and set-up runs."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def tenant(database: Database, tenant_id: UUID) -> Tenant:
    return await fill(database, tenant_id)


@pytest.fixture
async def other(database: Database, owner: asyncpg.Connection) -> Tenant:
    """Another tenant with the same rows under ids of its own."""
    other_id = uuid4()
    await owner.execute("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", other_id)
    return await fill(database, other_id)


@pytest.fixture
def letters(database: Database, tmp_path: Path) -> Letters:
    """A tenant that writes to its contacts and hears of it, without workflows."""
    return letters_on(database, tmp_path)
