"""What the flow builder reads keeps its names, its columns, its vocabulary and its meaning."""

from datetime import timedelta
from typing import Any

from domain import ids
from tests.store.tenants import AT, Tenant

ENDED = "current_node = NULL, next_run_at = NULL, gate = NULL, ended_at = now()"
FROZEN = "claimed_at = now(), content = '{}', recipient = 'x', provider = 'outbox'"


async def _columns(tenant: Tenant, view: str) -> set[str]:
    rows = await tenant.rows("SELECT column_name FROM information_schema.columns WHERE table_name = $1", view)
    return {row["column_name"] for row in rows}


async def test_each_view_has_the_columns_that_are_read(tenant: Tenant) -> None:
    """Names that another program reads are a contract: none may vanish."""
    contract = {
        "flow_executions": "id flow_id contact_id workspace_id status started_at completed_at result metadata",
        "flow_execution_steps": "id execution_id node_id node_type status started_at completed_at result",
        "flow_sequence_message_jobs": "execution_id message_id status sent_at",
        "sequence_progress_monitor": "sequence_name contact_phone current_step step_status message_status next_run"
        " sent_at error current_state",
    }
    for view, columns in contract.items():
        assert set(columns.split()) <= await _columns(tenant, view), view


async def test_an_execution_carries_contact_trigger_and_definition(tenant: Tenant) -> None:
    """One row per enrollment, with all that the builder shows beside it."""
    [row] = await tenant.rows("SELECT * FROM flow_executions")
    assert (row["id"], row["flow_id"], row["contact_id"]) == (tenant.enrollment, tenant.sequence, tenant.contact)
    assert (row["workspace_id"], row["status"], row["completed_at"]) == (tenant.id, "running", None)
    assert row["result"] == {}
    assert row["metadata"]["trigger"] == "manual"
    assert row["metadata"]["contact"] == {
        "id": str(tenant.contact),
        "external_id": "C1",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+12125550100",
        "company": None,
    }
    assert row["metadata"]["workflow"] == {
        "sequence": "journey",
        "name": "The journey",
        "version": 1,
        "definition": {"sequence": "journey"},
    }


async def test_an_ended_execution_says_how(tenant: Tenant) -> None:
    """The result holds the reason, or the error, and nothing empty."""
    await tenant.execute(f"UPDATE enrollments SET status = 'failed', error = 'no such user', {ENDED}")  # noqa: S608 - our own words
    [row] = await tenant.rows("SELECT status, result, completed_at FROM flow_executions")
    assert (row["status"], row["result"]) == ("failed", {"error": "no such user"})
    assert row["completed_at"] is not None


async def test_steps_are_listed_by_execution(tenant: Tenant) -> None:
    """One row per node that the enrollment has come to."""
    rows = await tenant.rows("SELECT * FROM flow_execution_steps ORDER BY node_id")
    assert [(r["execution_id"], r["node_id"], r["node_type"], r["status"]) for r in rows] == [
        (tenant.enrollment, "one", "email", "success"),
        (tenant.enrollment, "two", "email", "pending"),
    ]


async def test_jobs_speak_the_builders_three_words(tenant: Tenant) -> None:
    """pending, completed or failed; what was cancelled is not listed; what is in doubt is pending with its error."""
    job = ids.job_id(tenant.enrollment, "one")
    moves: list[tuple[str, str | None]] = [
        (f"state = 'sending', {FROZEN}", "pending"),
        ("state = 'ambiguous', error = 'lost', error_class = 'ambiguous'", "pending"),
        ("state = 'sent', sent_at = now(), error = NULL, error_class = NULL", "completed"),
    ]
    assert await _word(tenant, "one") == "pending"
    for change, word in moves:
        await tenant.execute(f"UPDATE message_jobs SET {change} WHERE id = $1", job)  # noqa: S608 - our own words
        assert await _word(tenant, "one") == word
    [row] = await tenant.rows("SELECT message_id, sent_at FROM flow_sequence_message_jobs WHERE node_id = 'one'")
    assert row["message_id"] == job
    assert row["sent_at"] is not None

    await tenant.clone("message_jobs", id=str(ids.job_id(tenant.enrollment, "three")), node_id="three", **PENDING)
    await tenant.execute(
        "UPDATE message_jobs SET state = 'failed', error = 'x', error_class = 'permanent', failed_at = now()"
        " WHERE node_id = 'two'"
    )
    await tenant.execute(
        "UPDATE message_jobs SET state = 'cancelled', cancel_reason = 'replied' WHERE node_id = 'three'"
    )
    assert await _word(tenant, "two") == "failed"
    assert await _word(tenant, "three") is None


PENDING: dict[str, Any] = {
    "state": "pending",
    "sent_at": None,
    "content": None,
    "recipient": None,
    "provider": None,
    "claimed_at": None,
}


async def _word(tenant: Tenant, node_id: str) -> str | None:
    rows = await tenant.rows("SELECT status FROM flow_sequence_message_jobs WHERE node_id = $1", node_id)
    return rows[0]["status"] if rows else None


async def test_the_monitor_shows_a_waiting_enrollment(tenant: Tenant) -> None:
    """Sequence, phone, the step that is next with its states, the next run and the last sending."""
    await tenant.execute(
        f"UPDATE message_jobs SET state = 'sending', {FROZEN} WHERE node_id = 'one'"  # noqa: S608 - our own words
    )
    sent = AT - timedelta(hours=1)
    await tenant.execute("UPDATE message_jobs SET state = 'sent', sent_at = $1 WHERE node_id = 'one'", sent)
    [row] = await tenant.rows("SELECT * FROM sequence_progress_monitor")
    assert (row["sequence_name"], row["contact_phone"]) == ("The journey", "+12125550100")
    assert (row["current_step"], row["step_status"], row["message_status"]) == ("two", "pending", "pending")
    assert (row["next_run"], row["sent_at"], row["error"]) == (AT, sent, None)
    assert row["current_state"] == "waiting for two"


async def test_the_monitor_says_each_state_in_words(tenant: Tenant) -> None:
    """Whatever holds or ended an enrollment, the words say what and why."""
    words = {
        "gate = 'window'": "held back by window before two",
        "gate = 'provider_retry'": "held back by provider_retry before two",
        "status = 'paused', gate = 'enrollment_paused', next_run_at = NULL": "paused before two",
        "status = 'pending', gate = NULL, next_run_at = now()": "enrolled, not started yet; next is two",
        f"status = 'completed', {ENDED}": "finished",
        "status = 'completed', reason = 'nurtured'": "finished (nurtured)",
        "status = 'stopped', reason = 'replied'": "stopped: replied",
        "status = 'failed', reason = NULL, error = 'no such user'": "failed: no such user",
        "status = 'cancelled', error = NULL": "cancelled",
    }
    for change, said in words.items():
        await tenant.execute(f"UPDATE enrollments SET {change}")  # noqa: S608 - our own words
        [row] = await tenant.rows("SELECT current_state, next_run FROM sequence_progress_monitor")
        assert row["current_state"] == said
    assert row["next_run"] is None


async def test_the_monitor_names_a_message_on_its_way_or_in_doubt(tenant: Tenant) -> None:
    """While a hand-over is under way it says so; afterwards in doubt, with the error."""
    await tenant.execute(f"UPDATE message_jobs SET state = 'sending', {FROZEN} WHERE node_id = 'two'")  # noqa: S608 - our own words
    [row] = await tenant.rows("SELECT current_state FROM sequence_progress_monitor")
    assert row["current_state"] == "handing two over"
    await tenant.execute(
        "UPDATE message_jobs SET state = 'ambiguous', error = 'the connection died', error_class = 'ambiguous'"
        " WHERE node_id = 'two'"
    )
    [row] = await tenant.rows("SELECT current_state, message_status, error FROM sequence_progress_monitor")
    assert row["current_state"] == "held: nobody knows whether two was sent"
    assert (row["message_status"], row["error"]) == ("ambiguous", "the connection died")
