"""Reports are found among millions of rows: no statement of their way in reads a large table from end to end."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import asyncpg
import pytest

from store.pool import load_queries
from tests.store.tenants import Tenant

_MANY = 10_000
"""Far above what the planner would rather read whole: what it chooses here it chooses for millions."""
_LARGE = {
    *("contacts", "enrollments", "enrollment_steps", "message_jobs", "messages", "events", "responses"),
    *("suppressions", "contact_opt_outs", "enrollment_signals", "notices", "contact_tags", "contact_events", "changes"),
    "inbox",
}
_FILL = """
SET session_replication_role = replica; -- the counters are another test's
INSERT INTO contacts (tenant_id, id, external_id, email, phone)
SELECT :tenant, gen_random_uuid(), 'x' || n, 'c' || n || '@example.com', '+1312' || 1000000 + n
FROM generate_series(1, :many) n;

INSERT INTO contact_tags (tenant_id, tag, created_at, contact_id)
SELECT tenant_id, 'imported', created_at, id FROM contacts WHERE external_id LIKE 'x%';

INSERT INTO enrollments (tenant_id, id, sequence_id, version_id, contact_id, status, reason, current_node, next_run_at,
    last_node, last_order_index, enrolled_at, started_at, ended_at, ended_by_at)
SELECT :tenant, gen_random_uuid(), :sequence, :version, id, CASE WHEN n % 2 = 0 THEN 'stopped' ELSE 'running' END,
    CASE WHEN n % 2 = 0 THEN 'replied' END, CASE WHEN n % 2 = 1 THEN 'two' END, CASE WHEN n % 2 = 1 THEN now() END,
    'one', 0, now(), now(), CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 2 = 0 THEN now() END
FROM (SELECT id, row_number() OVER () AS n FROM contacts WHERE external_id LIKE 'x%') c;

INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, state,
    due_at, claimed_at, sent_at, error, error_class, recipient, content, provider, provider_message_id)
SELECT :tenant, gen_random_uuid(), e.id, e.sequence_id, e.contact_id, 'one', 0, 'email',
    CASE e.status WHEN 'stopped' THEN 'ambiguous' ELSE 'sent' END, now(), now(),
    CASE e.status WHEN 'stopped' THEN NULL ELSE now() END, 'lost', 'ambiguous', c.email, '{}', 'mailer',
    'm' || c.external_id
FROM enrollments e JOIN contacts c ON c.id = e.contact_id WHERE c.external_id LIKE 'x%';

INSERT INTO message_jobs (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, due_at)
SELECT :tenant, gen_random_uuid(), e.id, e.sequence_id, e.contact_id, 'two', 1, 'email', now()
FROM enrollments e WHERE e.status = 'running';

INSERT INTO enrollment_steps (tenant_id, id, enrollment_id, sequence_id, node_id, node_type, order_index, status)
SELECT :tenant, gen_random_uuid(), enrollment_id, sequence_id, node_id, 'email', order_index, 'pending'
FROM message_jobs;

INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, enrollment_id, address, body, provider, at)
SELECT :tenant, id, 'out', 'step', 'email', contact_id, enrollment_id, recipient, '', 'mailer', now()
FROM message_jobs WHERE recipient IS NOT NULL;

INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, job_id, payload, occurred_at,
    received_at)
SELECT :tenant, gen_random_uuid(), 'mailer', id::text, 'delivered', 'email', id, '{}', now(), now() FROM messages;

INSERT INTO responses (tenant_id, id, enrollment_id, sequence_id, contact_id, channel, kind, at)
SELECT :tenant, gen_random_uuid(), id, sequence_id, contact_id, 'email', 'reply', now() FROM enrollments;

INSERT INTO suppressions (tenant_id, channel, address, reason, at, created_at)
SELECT :tenant, 'email', email, 'bounced', now(), now() FROM contacts;

INSERT INTO contact_opt_outs (tenant_id, contact_id, channel, reason, at, created_at)
SELECT :tenant, id, 'whatsapp', 'unsubscribed', now(), now() FROM contacts;

INSERT INTO enrollment_signals (tenant_id, event_id, enrollment_id, signal, created_at)
SELECT :tenant, gen_random_uuid(), id, 'nudge', now() FROM enrollments;

INSERT INTO notices (tenant_id, id, event_id, kind, channel, address, body, expires_at, created_at)
SELECT :tenant, gen_random_uuid(), id, 'help', 'sms', phone, 'Help.', now(), now() FROM contacts;

INSERT INTO inbox (tenant_id, id, lane, kind, report, source, holds, address, received_at, due_at)
SELECT :tenant, gen_random_uuid(), email, 'message', '{}', '/webhooks/test', true, email, now(), now() FROM contacts;

INSERT INTO changes (tenant_id, type, enrollment_id, sequence_id, contact_id, data)
SELECT :tenant, 'enrollment.started', id, sequence_id, contact_id, '{}' FROM enrollments;

INSERT INTO contact_events (tenant_id, id, contact_id, name, key, at, received_at)
SELECT :tenant, gen_random_uuid(), id, 'visit', 'x', now(), now() FROM contacts;
SET session_replication_role = origin;
ANALYZE;
"""


@pytest.fixture
async def crowded(owner: asyncpg.Connection, tenant: Tenant) -> asyncpg.Connection:
    """As the application sees a tenant with many rows in every table that grows."""
    names = {"tenant": tenant.id, "sequence": tenant.sequence, "version": tenant.version}
    script = _FILL.replace(":many", str(_MANY))
    for name, value in names.items():
        script = script.replace(f":{name}", f"'{value}'::uuid")
    await owner.execute(script)
    await owner.execute("SET role = touchline_app; SET jit = off")
    await owner.execute("SELECT set_config('touchline.tenant_id', $1, false)", str(tenant.id))
    return owner


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _reads_whole(node: dict[str, Any]) -> bool:
    """Also by an index of which no more than the tenant is used."""
    scan, index = str(node["Node Type"]), str(node.get("Index Name", ""))
    if (
        "Scan" not in scan
        or "Bitmap Heap" in scan
        or not (node.get("Relation Name") in _LARGE or index.startswith(tuple(_LARGE)))
    ):
        return False
    columns = set(re.findall(r"(?:ROW\((\w+), \w+\)|(\w+)) (?:=|>|<|>=|<=) ", str(node.get("Index Cond", ""))))
    return not columns - {("", "tenant_id")}


_LISTED = {
    "enrollments/executions": {
        *("page", "page_of_sequence", "page_of_contacts", "page_of_tests", "one"),
        *("log", "log_of_contacts", "log_of_tests", "log_of_execution", "counts_of_contacts"),
    },
    "changes/changes": {"page"},
    "contacts/contacts": {"matching"},
    "contacts/records": {"find", "listed", "of_status", "of_tag", "of_ids"},
}
"""What lists, counts of some contacts and the live stream are made of: the counters apart, which are few."""


async def _read_whole(crowded: asyncpg.Connection, file: str, names: Iterable[str]) -> list[str]:
    """Which of these statements read a large table from end to end, planned without knowing the values."""
    await crowded.execute("SET plan_cache_mode = force_generic_plan")
    queries = load_queries(file)
    found = []
    for name in names:
        prepared = f"{file}_{name}".replace("/", "_")
        await crowded.execute(f"PREPARE {prepared} AS {getattr(queries, name).sql}")
        count = await crowded.fetchval(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1", prepared
        )
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        explained = await crowded.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE {prepared} {nulls}")
        [explanation] = json.loads(explained)
        found += [
            f"{file}.{name}: {node['Relation Name']}" for node in _nodes(explanation["Plan"]) if _reads_whole(node)
        ]
    return found


async def test_no_statement_of_a_reports_way_in_reads_a_large_table_whole(crowded: asyncpg.Connection) -> None:
    """Planned as by a connection that has run it often."""
    files = (
        "inbound/matching",
        "inbound/stops",
        "inbound/messages",
        "inbound/status_reports",
        "inbound/reception",
        "sequences/brake",
        "gates/suppressions",
        "enrollments/signals",
        "inbound/notices",
    )
    assert [x for file in files for x in await _read_whole(crowded, file, load_queries(file).available_queries)] == []


async def test_neither_storing_a_report_nor_its_turn_reads_a_large_table_whole(crowded: asyncpg.Connection) -> None:
    """Whatever waits already; what is due, and how much waits, is asked for apart from any report."""
    assert await _read_whole(crowded, "inbound/inbox", ("put", "take", "done", "leave", "failed", "is_waiting")) == []


async def test_taking_a_sequence_up_reads_no_large_table_whole(crowded: asyncpg.Connection) -> None:
    """What its brake has seen is found, and not counted."""
    assert await _read_whole(crowded, "sequences/sequences", ["set_status"]) == []


async def test_nothing_that_ends_at_a_goal_is_looked_for_in_a_whole_table(crowded: asyncpg.Connection) -> None:
    """Neither what conditions are judged by, nor whom an event, a change or an import of contacts may wake."""
    files = ("enrollments/facts", "inbound/waits", "enrollments/date_waits")
    assert [x for file in files for x in await _read_whole(crowded, file, load_queries(file).available_queries)] == []


async def test_no_list_reads_a_large_table_whole(crowded: asyncpg.Connection) -> None:
    """Whatever is filtered by, a part of a list costs what it shows."""
    assert [x for file, names in _LISTED.items() for x in await _read_whole(crowded, file, sorted(names))] == []
