"""What PostgreSQL undoes for the sake of others is done anew, as a whole, a few times, and counted."""

import asyncio
from functools import partial

import asyncpg
import pytest

from tests.store.tenants import Tenant
from tests.support.undoing import DEADLOCK, NOT_SERIALISABLE, undo


async def _rename(tenant: Tenant) -> None:
    await tenant.execute("UPDATE contacts SET company = coalesce(company, '') || 'x'")


async def test_two_that_really_wait_in_a_circle_are_both_done(tenant: Tenant, other: Tenant) -> None:
    """Each locks what the other wants: one is undone by PostgreSQL, done anew, and neither fails."""
    await tenant.clone("contacts", id=str(other.contact), external_id="C2")
    met = asyncio.Barrier(2)
    attempts = 0

    async def mark(contacts: list[object]) -> None:
        nonlocal attempts
        attempts += 1
        first = attempts <= 2
        async with tenant.database.transaction(tenant.id) as tx:
            await tx.execute("UPDATE contacts SET company = 'x' WHERE id = $1", contacts[0])
            if first:
                await met.wait()
            await tx.execute("UPDATE contacts SET company = 'x' WHERE id = $1", contacts[1])

    both: list[object] = [tenant.contact, other.contact]
    await asyncio.gather(*(tenant.database.repeat(partial(mark, way)) for way in (both, both[::-1])))
    assert (attempts, tenant.database.conflicts.repeated, tenant.database.conflicts.given_up) == (3, 1, 0)


@pytest.mark.parametrize("state", [DEADLOCK, NOT_SERIALISABLE])
async def test_the_whole_of_it_is_done_anew(tenant: Tenant, database_url: str, state: str) -> None:
    """Nothing of the attempts that were undone stays."""
    await undo(database_url, "contacts", times=3, state=state)
    await tenant.database.repeat(lambda: _rename(tenant))
    assert await tenant.rows("SELECT company FROM contacts") == [{"company": "x"}]
    assert (tenant.database.conflicts.repeated, tenant.database.conflicts.given_up) == (3, 0)


async def test_it_is_given_up_after_a_few_times(tenant: Tenant, database_url: str) -> None:
    """Whoever asked hears of it."""
    await undo(database_url, "contacts", times=1000)
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await tenant.database.repeat(lambda: _rename(tenant))
    assert (tenant.database.conflicts.repeated, tenant.database.conflicts.given_up) == (4, 1)


async def test_any_other_error_is_no_reason(tenant: Tenant) -> None:
    """What is wrong in itself fails at once."""
    attempts = []

    async def wrong() -> None:
        attempts.append(await tenant.execute("UPDATE contacts SET external_id = ''"))

    with pytest.raises(asyncpg.CheckViolationError):
        await tenant.database.repeat(wrong)
    assert (attempts, tenant.database.conflicts.repeated) == ([], 0)
