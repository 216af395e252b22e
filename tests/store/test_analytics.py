"""Analytics equal a full count of the ledger and the answers, whatever was heard and in whatever order."""

import asyncio
import random
from uuid import UUID, uuid4

import pytest

from domain import ids
from domain.messages import JobState
from store.analytics import analytics
from store.analytics.analytics import Counts, StepStats
from tests.store.tenants import AT, Tenant
from tests.store.test_constraints import MOVES

_STEPS = ("one", "two", "three")
_HEARD = (
    "delivered_at",
    "undelivered_at",
    "opened_at",
    "machine_opened_at",
    "clicked_at",
    "machine_clicked_at",
    "bounced_at",
    "complained_at",
    "unsubscribed_at",
    "answered_at",
)
_SETTLED = ("sent", "failed", "ambiguous", "cancelled")
_TRUTH = f"""
    SELECT node_id, count(*) FILTER (WHERE state IN ('pending', 'sending')) AS pending,
        {", ".join(f"count(*) FILTER (WHERE state = '{s}') AS {s}" for s in _SETTLED)},
        {", ".join(f"count({column}) AS {column.removesuffix('_at')}" for column in _HEARD)},
        (SELECT count(*) FROM responses r WHERE r.node_id = j.node_id) AS responses
    FROM message_jobs j GROUP BY node_id
"""  # noqa: S608 - our own names
_INTO_STATE = """
    state = $2, claimed_at = now(), content = '{}', recipient = 'x', provider = 'x', error = 'x',
    error_class = 'transient', sent_at = CASE WHEN $2 = 'sent' THEN now() END,
    failed_at = CASE WHEN $2 = 'failed' THEN now() END,
    cancel_reason = CASE WHEN $2 = 'cancelled' THEN 'x' END
"""


@pytest.fixture
async def steps(tenant: Tenant) -> Tenant:
    """A tenant whose sequence has three message steps in its newest version."""
    version = ids.version_id(tenant.sequence, 3)
    await tenant.clone("sequence_versions", id=str(version), version=3, content_hash="3" * 64)
    for index, node in enumerate(_STEPS):
        await tenant.clone("version_contents", version_id=str(version), node_id=node, order_index=2 * index)
    return tenant


async def _read(tenant: Tenant) -> list[StepStats]:
    async with tenant.database.transaction(tenant.id) as tx:
        return await analytics.step_stats(tx, tenant.sequence)


async def _is_exact(tenant: Tenant) -> None:
    truth = {row.pop("node_id"): row for row in await tenant.rows(_TRUTH)}
    told = {step.step: step.model_dump(include=set(Counts.model_fields)) for step in await _read(tenant)}
    assert told == truth


async def _add(tenant: Tenant, chance: random.Random, count: int) -> list[UUID]:
    """Jobs of several enrollments, steps and states in one statement, some of which were heard of: imported history."""
    enrollments = [uuid4() for _ in range(4)]
    for enrollment in enrollments:
        ended = {"status": "completed", "ended_at": AT.isoformat(), "current_node": None, "next_run_at": None}
        await tenant.clone("enrollments", id=str(enrollment), **ended)
    new = [uuid4() for _ in range(count)]
    await tenant.execute(
        """INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index,
            channel, due_at, state, claimed_at, content, recipient, provider, error, error_class, sent_at,
            failed_at, cancel_reason, delivered_at, opened_at, answered_at)
        SELECT current_tenant(), n.id, n.enrollment, $2, $3, n.node, 0, 'sms', now(), n.state, now(), '{}', 'x', 'x',
            'x', 'transient', CASE WHEN n.state = 'sent' THEN now() END,
            CASE WHEN n.state = 'failed' THEN now() END,
            CASE WHEN n.state = 'cancelled' THEN 'x' END,
            CASE WHEN n.heard > 0 THEN now() END, CASE WHEN n.heard > 1 THEN now() END,
            CASE WHEN n.heard > 2 THEN now() END
        FROM unnest($1::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[]) AS n (id, enrollment, node, state, heard)
        """,
        new,
        tenant.sequence,
        tenant.contact,
        [chance.choice(enrollments) for _ in new],
        [chance.choice(_STEPS) for _ in new],
        [chance.choice([*JobState, JobState.PENDING, JobState.PENDING]) for _ in new],
        [chance.randint(0, 3) for _ in new],
    )
    return new


async def _happen(tenant: Tenant, chance: random.Random, job: UUID) -> None:
    """One thing that may happen to a message: it moves, something is heard of it, both at once, or it is answered."""
    heard = ", ".join(f"{column} = coalesce({column}, now())" for column in chance.sample(_HEARD, chance.randint(1, 3)))
    what = chance.random()
    if what < 0.4:
        await tenant.execute(f"UPDATE message_jobs SET {heard} WHERE id = $1", job)  # noqa: S608 - our own names
    elif what < 0.85:
        old = chance.choice(list(MOVES))
        also = f", {heard}" if what > 0.7 else ""
        await tenant.execute(
            f"UPDATE message_jobs SET {_INTO_STATE}{also} WHERE id = $1 AND state = $3",  # noqa: S608 - our own names
            job,
            chance.choice(sorted(MOVES[old])),
            old,
        )
    else:
        [answered] = await tenant.rows("SELECT enrollment_id::text, node_id FROM message_jobs WHERE id = $1", job)
        await tenant.clone("responses", id=str(uuid4()), **answered)


@pytest.mark.parametrize("seed", range(3))
async def test_analytics_equal_a_full_count(steps: Tenant, seed: int) -> None:
    """After random imports, moves, reports and answers every number is exact."""
    chance = random.Random(seed)  # noqa: S311 - a seeded walk
    jobs = await _add(steps, chance, 30)
    await _is_exact(steps)
    for _ in range(150):
        await _happen(steps, chance, chance.choice(jobs))
    jobs += await _add(steps, chance, 10)
    await _is_exact(steps)
    total = analytics.total(await _read(steps))
    assert all(getattr(total, name) for name in Counts.model_fields), "the walk must reach every column"


async def test_analytics_are_exact_when_many_write_at_once(steps: Tenant) -> None:
    """Eight writers, each with messages of its own on the same steps, and a report on everybody's: no count is lost."""
    chance = random.Random(11)  # noqa: S311 - a seeded walk
    shared = await _add(steps, chance, 10)

    async def write(seed: int) -> None:
        own = random.Random(seed)  # noqa: S311 - a seeded walk
        jobs = [*await _add(steps, own, 5), *shared]
        for _ in range(30):
            await _happen(steps, own, own.choice(jobs))

    await asyncio.gather(*(write(seed) for seed in range(8)))
    await _is_exact(steps)


async def test_a_rate_counts_messages_not_answers(steps: Tenant) -> None:
    """Two answers to one of two messages are a rate of one half; of nothing sent there is no rate."""
    when = AT.isoformat()
    for answered_at in (when, None):
        sent = {"state": "sent", "claimed_at": when, "sent_at": when, "content": {}, "recipient": "x", "provider": "x"}
        await steps.clone("message_jobs", id=str(uuid4()), node_id="three", answered_at=answered_at, **sent)
    for _ in range(2):
        await steps.clone("responses", id=str(uuid4()), node_id="three")
    first, _, third = await _read(steps)
    assert (third.sent, third.responses, third.answered, third.response_rate) == (2, 2, 1, 0.5)
    assert (first.sent, first.response_rate) == (0, None)


async def test_a_step_that_was_dropped_keeps_its_counts(tenant: Tenant) -> None:
    """Its last version says until when it was part of the sequence; the others come in the order of the newest."""
    version = ids.version_id(tenant.sequence, 3)
    await tenant.clone("sequence_versions", id=str(version), version=3, content_hash="3" * 64)
    await tenant.clone("version_contents", version_id=str(version), node_id="new", channel="sms")
    told = [(step.step, step.type, step.number, step.last_version, step.pending) for step in await _read(tenant)]
    assert told == [("new", "sms", 1, 3, 0), ("one", "email", 1, 1, 1)]
