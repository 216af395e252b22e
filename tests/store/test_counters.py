"""The counters of each step equal a full count, whatever happened and however much at once."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from domain.messages import JobState
from tests.store.counted import COUNTED
from tests.store.tenants import AT, Tenant
from tests.store.test_constraints import MOVES

STEPS = ("one", "two", "three")


async def _add_jobs(tenant: Tenant, chance: random.Random, count: int) -> list[UUID]:
    """One statement, jobs of several enrollments and steps: as bulk enrollment adds them."""
    new = [uuid4() for _ in range(count)]
    enrollments = [uuid4() for _ in range(8)]
    for enrollment in enrollments:
        await tenant.clone(
            "enrollments",
            id=str(enrollment),
            status="completed",
            ended_at=AT.isoformat(),
            current_node=None,
            next_run_at=None,
        )
    await tenant.execute(
        """INSERT INTO message_jobs
            (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, due_at)
        SELECT current_tenant(), n.id, n.enrollment, $2, $3, n.node, 0, 'sms', now()
        FROM unnest($1::uuid[], $4::uuid[], $5::text[]) AS n (id, enrollment, node)""",
        new,
        tenant.sequence,
        tenant.contact,
        [chance.choice(enrollments) for _ in new],
        [chance.choice(STEPS) for _ in new],
    )
    return new


async def _move(tenant: Tenant, jobs: list[UUID], old: JobState, new: JobState) -> None:
    await tenant.execute(
        """UPDATE message_jobs SET state = $3, claimed_at = now(), content = '{}', recipient = 'x', provider = 'x',
            error = 'x', error_class = 'transient', sent_at = CASE WHEN $3 = 'sent' THEN now() END,
            failed_at = CASE WHEN $3 = 'failed' THEN now() END,
            cancel_reason = CASE WHEN $3 = 'cancelled' THEN 'x' END
        WHERE id = ANY($1) AND state = $2""",
        jobs,
        old,
        new,
    )


async def _walk(tenant: Tenant, chance: random.Random, jobs: list[UUID], steps: int) -> None:
    """Random possible moves, of one job or of several in one statement, and answers in between."""
    for _ in range(steps):
        old = chance.choice(list(MOVES))
        await _move(tenant, chance.sample(jobs, chance.randint(1, 4)), old, chance.choice(sorted(MOVES[old])))
        if chance.random() < 0.2:
            [answered] = await tenant.rows(
                "SELECT enrollment_id::text, node_id FROM message_jobs WHERE id = $1", chance.choice(jobs)
            )
            await tenant.clone("responses", id=str(uuid4()), **answered)


async def _are_exact(tenant: Tenant) -> None:
    rows = await tenant.rows(COUNTED)
    assert {row["node_id"] for row in rows} == set(STEPS)
    for row in rows:
        assert row["counts"] == row["truth"], row["node_id"]


@pytest.mark.parametrize("seed", range(3))
async def test_counters_equal_a_full_count(tenant: Tenant, seed: int) -> None:
    """After hundreds of random moves, single and by statement, each count is exact."""
    chance = random.Random(seed)  # noqa: S311 - a seeded walk
    jobs = await _add_jobs(tenant, chance, 40)
    await _walk(tenant, chance, jobs, 120)
    await _are_exact(tenant)
    states = {row["state"] for row in await tenant.rows("SELECT DISTINCT state FROM message_jobs")}
    assert len(states) >= 4, "the walk must reach most states"


async def test_counters_are_exact_under_concurrency(tenant: Tenant) -> None:
    """Eight writers at once on the same steps lose no count."""
    chance = random.Random(7)  # noqa: S311 - a seeded walk
    lots = [await _add_jobs(tenant, chance, 10) for _ in range(8)]
    await asyncio.gather(*(_walk_singly(tenant, random.Random(n), lot) for n, lot in enumerate(lots)))  # noqa: S311
    await _are_exact(tenant)


async def _walk_singly(tenant: Tenant, chance: random.Random, jobs: list[UUID]) -> None:
    """As deliveries do: one job in each transaction."""
    for _ in range(40):
        old = chance.choice(list(MOVES))
        await _move(tenant, [chance.choice(jobs)], old, chance.choice(sorted(MOVES[old])))


async def test_a_move_that_is_rolled_back_is_not_counted(tenant: Tenant) -> None:
    """The counter moves in the transaction that moves the job, so both happen or neither."""
    await _add_jobs(tenant, random.Random(1), 20)  # noqa: S311 - a seeded walk
    before = await tenant.rows(COUNTED)

    async def cancel_and_fail() -> None:
        async with tenant.database.transaction(tenant.id) as tx:
            await tx.execute("UPDATE message_jobs SET state = 'cancelled', cancel_reason = 'x'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await cancel_and_fail()
    assert await tenant.rows(COUNTED) == before
