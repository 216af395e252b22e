"""A long history of message jobs, made by SQL through the ordinary triggers, and what analytics says of it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg

from bench.harness import Bench
from domain import ids
from store.analytics.analytics import Counts
from store.workspace import api_keys

_STEPS = 8
_BATCH = 5_000
"""Enrollments in one transaction."""
_WRITERS = 2
_CONTACTS = 1_000
_SEQUENCE = "sequence: history\nsteps:\n" + "".join(
    f'  - {{id: step-{n}, type: sms, body: "Message {n}"}}\n' for n in range(_STEPS)
)

# Ids in their own order, so that the indexes grow at their ends as they do over years; the first digits spread the
# enrollments over the shards of the counters.
_ENROLLMENTS = """
INSERT INTO enrollments (tenant_id, id, sequence_id, version_id, contact_id, status, enrolled_at, started_at, ended_at)
SELECT current_tenant(), (lpad(to_hex(n % 16), 2, '0') || lpad(to_hex(n), 30, '0'))::uuid, $3, $4,
    ($5::uuid[])[1 + n % cardinality($5)], 'completed', now(), now(), now()
FROM generate_series($1::bigint, $2::bigint) n
"""
_JOBS = """
INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, state,
    due_at, recipient, content, provider, attempts, claimed_at, sent_at, failed_at, error, error_class, cancel_reason,
    delivery, delivered_at, opened_at, clicked_at, bounced_at, unsubscribed_at, answered_at)
SELECT current_tenant(), (lpad(to_hex(n % 16), 2, '0') || lpad(to_hex(n), 22, '0') || lpad(to_hex(step), 8, '0'))::uuid,
    (lpad(to_hex(n % 16), 2, '0') || lpad(to_hex(n), 30, '0'))::uuid, $3, ($4::uuid[])[1 + n % cardinality($4)],
    'step-' || step, step, 'sms', state, now(), '+1212555' || n % 10000, '{"channel": "sms", "body": "Hi"}', 'outbox',
    1, now(), CASE WHEN state = 'sent' THEN now() END, CASE WHEN state = 'failed' THEN now() END,
    CASE WHEN state = 'failed' THEN 'no such number' END,
    CASE WHEN state = 'failed' THEN 'permanent' END, CASE WHEN state = 'cancelled' THEN 'replied' END,
    CASE WHEN state = 'sent' THEN CASE WHEN fate = 3 THEN 'bounced' ELSE 'delivered' END END,
    CASE WHEN state = 'sent' AND fate <> 3 THEN now() END, CASE WHEN state = 'sent' AND fate > 60 THEN now() END,
    CASE WHEN state = 'sent' AND fate > 95 THEN now() END, CASE WHEN state = 'sent' AND fate = 3 THEN now() END,
    CASE WHEN state = 'sent' AND fate = 4 THEN now() END, CASE WHEN state = 'sent' AND fate IN (5, 6) THEN now() END
FROM generate_series($1::bigint, $2::bigint) n, generate_series(0, $5 - 1) step,
    LATERAL (SELECT (n * 7 + step * 13) % 100 AS fate) f,
    LATERAL (
        SELECT CASE fate WHEN 0 THEN 'failed' WHEN 1 THEN 'cancelled' WHEN 2 THEN 'pending' ELSE 'sent' END AS state
    ) s
"""
_COUNTED = """
SELECT node_id, count(*) FILTER (WHERE state IN ('pending', 'sending')) AS pending,
    count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'ambiguous') AS ambiguous, count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
    0 AS responses, count(delivered_at) AS delivered, count(undelivered_at) AS undelivered, count(opened_at) AS opened,
    count(machine_opened_at) AS machine_opened, count(clicked_at) AS clicked,
    count(machine_clicked_at) AS machine_clicked, count(bounced_at) AS bounced, count(complained_at) AS complained,
    count(unsubscribed_at) AS unsubscribed, count(answered_at) AS answered
FROM message_jobs WHERE sequence_id = $1 GROUP BY node_id
"""


async def make(b: Bench, jobs: int) -> UUID:
    """At least so many jobs, one for each enrollment and step; answers the sequence."""
    key = await b.publish(_SEQUENCE)
    sequence = ids.sequence_id(b.engine.tenant_id, key)
    contacts = await b.people(_CONTACTS)
    async with b.engine.transaction() as tx:
        owners = [r["id"] for r in await tx.fetch("SELECT id FROM contacts WHERE external_id = ANY($1)", contacts)]
    enrollments = -(-jobs // _STEPS)
    version = ids.version_id(sequence, 1)
    # What PostgreSQL remembers of a table that was small would have it read the whole of it for each foreign key.
    await _analyze(b, "contacts")
    await _write(b, enrollments, _ENROLLMENTS, sequence, version, owners)
    await _analyze(b, "enrollments")
    await _write(b, enrollments, _JOBS, sequence, owners, _STEPS)
    return sequence


async def _analyze(b: Bench, table: str) -> None:
    owner = await asyncpg.connect(b.settings.database_url)
    await owner.execute(f"ANALYZE {table}")
    await owner.close()


async def _write(b: Bench, enrollments: int, statement: str, *values: object) -> None:
    """Run the statement for all of them in batches; its $1 and $2 are the first and the last of a batch."""
    batches = iter(range(0, enrollments, _BATCH))

    async def write() -> None:
        for first in batches:
            last = min(first + _BATCH, enrollments) - 1
            async with b.engine.transaction() as tx:
                await tx.execute(statement, first, last, *values)

    await asyncio.gather(*(write() for _ in range(_WRITERS)))


async def ask(b: Bench, api: str, sequence: UUID, times: int) -> tuple[list[float], bool]:
    """Milliseconds of each question to the API, and whether its answer is a full count of the ledger."""
    async with b.engine.transaction() as tx:
        key = await api_keys.create(tx, b.engine.tenant_id, "bench", {"read"}, datetime.now(UTC))
        truth = {row["node_id"]: dict(row) for row in await tx.fetch(_COUNTED, sequence)}
    took: list[float] = []
    async with aiohttp.ClientSession(api, headers={"Authorization": f"Bearer {key}"}) as http:
        for _ in range(times):
            began = time.perf_counter()
            async with http.get(f"/sequences/{sequence}/analytics") as answer:
                answer.raise_for_status()
                told: dict[str, Any] = await answer.json()
            took.append((time.perf_counter() - began) * 1000)
    names = Counts.model_fields
    steps = {step["step"]: {"node_id": step["step"], **{n: step[n] for n in names}} for step in told["steps"]}
    return took, steps == truth
