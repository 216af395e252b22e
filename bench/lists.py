"""Lists of the API over a tenant with a long history: 99th percentiles under a steady load."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncpg

from bench.harness import Bench, bench, serving
from domain import ids
from store.workspace import api_keys

_SEQUENCES = 20
_STEPS = 5
_BATCH = 50_000
_CONTACTS_PER_ENROLLMENT = 0.1
_STEPS_YAML = "steps:\n" + "".join(f'  - {{id: step-{n}, type: sms, body: "Message {n}"}}\n' for n in range(_STEPS))
_PAGES_DEEP = 20
"""Cursors to places in the middle of a list, so that not only its beginning is asked for."""

_CONTACTS = """
INSERT INTO contacts (tenant_id, id, external_id, name, email, phone, tags)
SELECT current_tenant(), gen_random_uuid(), 'H' || n,
    (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Alan', 'Tony', 'Frances', 'Donald'])[1 + n % 8] || ' ' || md5(n::text),
    'h' || n || '@example.com', '+1' || 2000000000 + n, CASE WHEN n % 10 = 0 THEN '{warm}'::text[] ELSE '{}' END
FROM generate_series($1::bigint, $2::bigint) n
"""
# One a second, the last one now; one in a thousand failed, one in fifty is under way.
_ENROLLMENTS = """
INSERT INTO enrollments (tenant_id, id, sequence_id, version_id, contact_id, status, reason, error, current_node,
    next_run_at, enrolled_at, started_at, ended_at, is_test)
SELECT current_tenant(), gen_random_uuid(), ($3::uuid[])[which], ($4::uuid[])[which],
    ($5::uuid[])[1 + n % cardinality($5::uuid[])], status, CASE status WHEN 'stopped' THEN 'replied' END,
    CASE status WHEN 'failed' THEN 'no such number' END, CASE status WHEN 'running' THEN 'step-4' END,
    CASE status WHEN 'running' THEN now() + interval '1 day' END, at, at,
    CASE WHEN status <> 'running' THEN at + interval '1 minute' END, n % 100 = 7
FROM generate_series($1::bigint, $2::bigint) n,
    -- The next time round each contact is in another sequence.
    LATERAL (SELECT 1 + (n + n / cardinality($5::uuid[])) % cardinality($3::uuid[]) AS which) w,
    LATERAL (SELECT now() - ($6 - n) * interval '1 second' AS at) a,
    LATERAL (SELECT CASE WHEN n % 1000 = 3 THEN 'failed' WHEN n % 50 = 1 THEN 'running' WHEN n % 5 = 0 THEN 'stopped'
        ELSE 'completed' END AS status) s
"""
_RECORDS = """
INSERT INTO enrollment_steps (tenant_id, id, enrollment_id, sequence_id, node_id, node_type, order_index, status,
    due_at, started_at, completed_at, result, is_test)
SELECT e.tenant_id, gen_random_uuid(), e.id, e.sequence_id, 'step-' || step, 'sms', step,
    CASE WHEN step < 4 OR e.status = 'completed' THEN 'success' WHEN e.status = 'failed' THEN 'failed'
        WHEN e.status = 'running' THEN 'pending' ELSE 'skipped' END,
    at, CASE WHEN step < 4 OR e.status IN ('completed', 'failed') THEN at END,
    CASE WHEN step < 4 OR e.status <> 'running' THEN at END, '{}', e.is_test
FROM enrollments e, generate_series(0, $2 - 1) step,
    LATERAL (SELECT e.enrolled_at + step * interval '10 seconds' AS at) a
WHERE e.sequence_id = $1
"""
_COUNTED = """
INSERT INTO enrollment_counts (tenant_id, sequence_id, enrolled_on, is_test, status, reason, enrollments)
SELECT tenant_id, sequence_id, (enrolled_at AT TIME ZONE 'UTC')::date, is_test, status, reason, count(*)
FROM enrollments GROUP BY 1, 2, 3, 4, 5, 6
"""


async def list_p99_ms(enrollments: int = 1_000_000, seconds: int = 10, rate: int = 20) -> dict[str, float]:
    """Milliseconds from a request's intended arrival to its whole answer, each list by itself, `rate` a second."""
    async with bench(in_memory=True) as b:
        await _fill(b, enrollments)
        async with b.engine.transaction() as tx:
            key = await api_keys.create(tx, b.engine.tenant_id, "bench", {"read", "admin"}, datetime.now(UTC))
        found: dict[str, float] = {}
        async with (
            serving(b.settings, "api", "-m", "api") as api,
            aiohttp.ClientSession(api, headers={"Authorization": f"Bearer {key}"}) as http,
        ):
            for name, urls in (await _lists(http)).items():
                await _load(http, urls, rate, rate)  # Connections and plans are made once, by whoever comes first.
                took = await _load(http, urls, seconds * rate, rate)
                found[name] = round(sorted(took)[min(len(took) - 1, int(len(took) * 0.99))], 1)
        return found


async def _lists(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """What is asked for, under the endpoint's name; several where filters and places differ."""
    runs, logs = "/flow-executions", "/flow-executions/logs"
    some = [f"history-{n}" for n in range(0, _SEQUENCES, 2)]
    names = [f"{name} {digit}" for name in ("ada", "grace", "alan") for digit in ("1a", "2b", "3c")]
    return {
        runs: [runs, *await _deep(http, runs)],
        f"{runs}?status": [f"{runs}?status=failed", f"{runs}?status=running&status=failed&isTest=false"],
        f"{runs}?sequence": [f"{runs}?sequence={key}" for key in some]
        + await _deep(http, f"{runs}?sequence={some[0]}"),
        f"{runs}?search": [f"{runs}?search={name}" for name in names] + [f"{runs}?search=h77123"],
        logs: [logs, *await _deep(http, logs)],
        f"{logs}?status": [f"{logs}?status=failed", f"{logs}?status=skipped&isTest=true"],
        f"{logs}?sequence": [f"{logs}?sequence={key}&status=success" for key in some],
        f"{runs}/statistics": [f"{runs}/statistics", *(f"{runs}/statistics?sequence={key}" for key in some)],
        "/contacts": ["/contacts", *await _deep(http, "/contacts")],
        "/contacts?search": [f"/contacts?search={name}" for name in names],
        "/sequences": ["/sequences", "/sequences?status=active"],
    }


async def _deep(http: aiohttp.ClientSession, url: str) -> list[str]:
    found: list[str] = []
    here, sign = url, "&" if "?" in url else "?"
    for _ in range(_PAGES_DEEP):
        page = await _get(http, here)
        if page["next"] is None:
            break
        here = f"{url}{sign}after={page['next']}"
        found.append(here)
    return found


async def _get(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with http.get(url) as answer:
        answer.raise_for_status()
        found: dict[str, Any] = await answer.json()
        return found


async def _load(http: aiohttp.ClientSession, urls: Sequence[str], count: int, rate: int) -> list[float]:
    """Requests come at their times, whether or not those before them were answered."""
    loop = asyncio.get_running_loop()
    began = loop.time() + 0.1

    async def one(number: int) -> float:
        due = began + number / rate
        await asyncio.sleep(due - loop.time())
        await _get(http, urls[number % len(urls)])
        return (loop.time() - due) * 1000

    return list(await asyncio.gather(*(one(number) for number in range(count))))


async def _fill(b: Bench, enrollments: int) -> None:
    """By SQL, past the triggers, whose counters are made in one go: a history of years in minutes."""
    keys = [await b.publish(f"sequence: history-{n}\n{_STEPS_YAML}") for n in range(_SEQUENCES)]
    sequences = [ids.sequence_id(b.engine.tenant_id, key) for key in keys]
    versions = [ids.version_id(sequence, 1) for sequence in sequences]
    owner = await asyncpg.connect(b.settings.database_url)
    try:
        await owner.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await owner.execute("SELECT set_config('touchline.tenant_id', $1, false)", str(b.engine.tenant_id))
        people = max(1, int(enrollments * _CONTACTS_PER_ENROLLMENT))
        await _in_parts(owner, _CONTACTS, people)
        contacts = [row["id"] for row in await owner.fetch("SELECT id FROM contacts")]
        await _in_parts(owner, _ENROLLMENTS, enrollments, sequences, versions, contacts, enrollments)
        for sequence in sequences:
            await owner.execute(_RECORDS, sequence, _STEPS)
        await owner.execute(_COUNTED)
        await owner.execute("VACUUM ANALYZE")
        # A history of years lies on disk; writing it out is no part of what is measured.
        await owner.execute("CHECKPOINT")
    finally:
        await owner.close()


async def _in_parts(owner: asyncpg.Connection, statement: str, count: int, *values: object) -> None:
    """The statement's $1 and $2 are the first and the last of a part."""
    for first in range(0, count, _BATCH):
        await owner.execute(statement, first, min(first + _BATCH, count) - 1, *values)
