"""Impossible states are unstorable: each CHECK has a row that it refuses, and so has each pair of job states."""

from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from domain.messages import JobState
from tests.store.tenants import AT, Tenant

WHEN = AT.isoformat()
ENDED = {"ended_at": WHEN, "current_node": None, "next_run_at": None, "gate": None}
FROZEN = {"claimed_at": WHEN, "content": {"channel": "sms"}, "recipient": "+12125550100", "provider": "outbox"}
OFF = {"active_since": None}
FAILED = {"error": "no such user", "error_class": "permanent"}

NONSENSE: list[tuple[str, str, dict[str, Any]]] = [
    # A finished enrollment has no next run; a live one knows what is next.
    ("enrollments", "enrollments_status_check", {"status": "sleeping", **ENDED}),
    ("enrollments", "enrollments_last_order_index_check", {"last_order_index": -1}),
    ("enrollments", "ended_has_no_next_run", {"status": "completed", **ENDED, "next_run_at": WHEN}),
    ("enrollments", "ended_has_no_next_run", {"status": "completed", **ENDED, "current_node": "two"}),
    ("enrollments", "ended_has_no_next_run", {"status": "cancelled", **ENDED, "gate": "window"}),
    ("enrollments", "ended_has_no_next_run", {"status": "completed", "ended_at": None}),
    ("enrollments", "ended_has_no_next_run", {"status": "running", **ENDED}),
    ("enrollments", "live_knows_what_is_next", {"current_node": None}),
    ("enrollments", "live_knows_what_is_next", {"next_run_at": None, "gate": None}),
    ("enrollments", "only_ended_has_ended_node", {"ended_node": "two"}),
    ("enrollments", "paused_has_no_next_run", {"status": "paused", "gate": "enrollment_paused", "next_run_at": WHEN}),
    ("enrollments", "stop_says_why", {"status": "stopped", **ENDED, "reason": None}),
    ("enrollments", "failure_says_why", {"status": "failed", **ENDED, "error": None}),
    ("enrollments", "sent_step_is_whole", {"last_node": "one", "last_order_index": None}),
    ("enrollment_steps", "enrollment_steps_status_check", {"status": "done"}),
    ("enrollment_steps", "enrollment_steps_order_index_check", {"order_index": -1}),
    ("enrollment_steps", "finished_has_completed_at", {"status": "success", "started_at": WHEN, "completed_at": None}),
    ("enrollment_steps", "finished_has_completed_at", {"status": "pending", "completed_at": WHEN}),
    ("enrollment_steps", "begun_has_started_at", {"status": "running", "started_at": None, "completed_at": None}),
    ("enrollment_steps", "begun_has_started_at", {"status": "success", "started_at": None, "completed_at": WHEN}),
    # A sent job has its time, its provider and its text; a failed one its error; a cancelled one its reason.
    ("message_jobs", "message_jobs_state_check", {"state": "queued"}),
    ("message_jobs", "message_jobs_channel_check", {"channel": "pigeon"}),
    ("message_jobs", "message_jobs_order_index_check", {"order_index": -1}),
    ("message_jobs", "message_jobs_attempts_check", {"attempts": -1}),
    ("message_jobs", "message_jobs_claims_check", {"claims": -1}),
    ("message_jobs", "message_jobs_claims_check", {"claims": -1}),
    ("message_jobs", "message_jobs_error_class_check", {**FAILED, "error_class": "bad luck"}),
    *(("message_jobs", "claimed_is_frozen", {**FROZEN, "state": "sending", part: None}) for part in FROZEN),
    ("message_jobs", "claimed_is_frozen", {"state": "sent", "sent_at": WHEN}),
    ("message_jobs", "claimed_is_frozen", {"state": "ambiguous", **FAILED}),
    ("message_jobs", "sent_has_sent_at", {**FROZEN, "state": "sent", "sent_at": None}),
    ("message_jobs", "sent_has_sent_at", {"state": "pending", "sent_at": WHEN}),
    ("message_jobs", "failed_has_error", {"state": "failed", "failed_at": WHEN}),
    ("message_jobs", "failed_has_error", {"state": "failed", "failed_at": WHEN, **FAILED, "error_class": None}),
    ("message_jobs", "failed_has_error", {**FROZEN, "state": "ambiguous"}),
    ("message_jobs", "failed_has_failed_at", {"state": "failed", **FAILED}),
    ("message_jobs", "failed_has_failed_at", {"state": "pending", "failed_at": WHEN}),
    ("message_jobs", "cancelled_says_why", {"state": "cancelled"}),
    ("message_jobs", "cancelled_says_why", {"state": "pending", "cancel_reason": "replied"}),
    ("messages", "messages_direction_check", {"direction": "sideways"}),
    ("messages", "messages_channel_check", {"channel": "pigeon"}),
    ("message_jobs", "message_jobs_delivery_check", {"delivery": "eaten"}),
    ("enrollments", "only_stopped_by_report", {"ended_by_at": WHEN}),
    ("messages", "messages_kind_fits_direction", {"direction": "in", "kind": "step"}),
    ("messages", "messages_kind_fits_direction", {"direction": "out", "kind": "reply"}),
    ("messages", "step_is_attributed", {"contact_id": None}),
    ("messages", "step_is_attributed", {"enrollment_id": None}),
    ("notices", "notices_kind_check", {"kind": "advert"}),
    ("notices", "notices_channel_check", {"channel": "pigeon"}),
    ("notices", "notices_body_check", {"body": ""}),
    ("notices", "notices_state_check", {"state": "lost"}),
    ("notices", "sent_has_sent_at", {"state": "sent"}),
    ("notices", "failed_has_error", {"state": "failed"}),
    ("notices", "sending_was_claimed", {"state": "sending"}),
    ("reviews", "reviews_reason_check", {"reason": "boredom"}),
    ("reviews", "reviews_decision_check", {"decision": "perhaps", "resolved_at": WHEN}),
    ("reviews", "decided_is_resolved", {"decision": "opt_out"}),
    ("api_keys", "api_keys_name_check", {"name": ""}),
    ("api_keys", "api_keys_hash_check", {"hash": "\\x00"}),
    ("api_keys", "api_keys_scopes_check", {"scopes": ["everything"]}),
    ("api_keys", "api_keys_scopes_check", {"scopes": []}),
    ("sessions", "sessions_hash_check", {"hash": "\\x00"}),
    ("sessions", "sessions_scopes_check", {"scopes": []}),
    ("commands", "commands_command_check", {"command": ""}),
    ("sign_in_links", "sign_in_links_hash_check", {"hash": "\\x00"}),
    ("sign_in_links", "sign_in_links_scopes_check", {"scopes": ["everything"]}),
    ("law_decisions", "law_decisions_reason_check", {"reason": ""}),
    ("law_decisions", "about_a_rule_or_a_block", {"rule": "us-fl", "enforced": None}),
    ("law_decisions", "about_a_rule_or_a_block", {"block": "{}"}),
    ("mailboxes", "mailboxes_name_check", {"name": ""}),
    ("mailboxes", "mailboxes_uid_validity_check", {"uid_validity": 0}),
    ("mailboxes", "mailboxes_last_uid_check", {"last_uid": -1}),
    ("responses", "responses_kind_check", {"kind": "shrug"}),
    ("responses", "responses_order_index_check", {"order_index": -1}),
    ("responses", "step_is_whole", {"node_id": "one", "order_index": None}),
    ("events", "events_channel_check", {"channel": "pigeon"}),
    ("events", "events_type_check", {"type": "shrugged"}),
    ("suppressions", "suppressions_channel_check", {"channel": "pigeon"}),
    ("suppressions", "suppressions_reason_check", {"reason": "spite"}),
    ("contact_opt_outs", "contact_opt_outs_channel_check", {"channel": "pigeon"}),
    ("contact_opt_outs", "contact_opt_outs_reason_check", {"reason": "bounced"}),
    ("enrollment_signals", "enrollment_signals_signal_check", {"signal": "wink"}),
    ("contacts", "reachable", {"email": None, "phone": None}),
    ("contacts", "erased_is_nobody", {"erased_at": WHEN}),
    ("contacts", "contacts_email_check", {"email": "Ada@Example.com"}),
    ("contacts", "contacts_phone_check", {"phone": "212 555 0100"}),
    ("contacts", "contacts_external_id_check", {"external_id": ""}),
    ("contacts", "contacts_attributes_check", {"attributes": []}),
    ("contacts", "contacts_status_check", {"status": ""}),
    ("contacts", "contacts_assigned_to_check", {"assigned_to": ""}),
    ("enrollments", "enrollments_retries_check", {"retries": -1}),
    ("enrollments", "enrollments_round_lap_check", {"round_lap": -1}),
    ("enrollment_retries", "enrollment_retries_number_check", {"number": 0}),
    ("enrollment_retries", "enrollment_retries_lap_check", {"number": 2, "lap": -1}),
    *((table, f"{table}_lap_check", {"lap": -1}) for table in ("enrollments", "enrollment_steps", "message_jobs")),
    ("enrollments", "enrollments_last_lap_check", {"last_lap": -1}),
    ("assignment_turns", "assignment_turns_taken_check", {"taken": 0}),
    *(("campaigns", f"campaigns_{column}_check", {column: ""}) for column in ("key", "name", "description")),
    ("campaign_members", "campaign_members_added_by_check", {"added_by": "nobody", "enrollment_id": None}),
    ("campaign_members", "action_names_its_enrollment", {"enrollment_id": None}),
    ("enrollment_batches", "enrollment_batches_status_check", {"status": "asleep"}),
    *(
        ("enrollment_batches", f"enrollment_batches_{count}_check", {count: -1})
        for count in ("total", "enrolled", "skipped", "failed")
    ),
    ("enrollment_batches", "enrollment_batches_held_check", {"held": ""}),
    ("enrollment_batches", "batch_ended_has_ended_at", {"status": "completed"}),
    ("enrollment_batches", "batch_failure_says_why", {"status": "failed", "ended_at": WHEN}),
    (
        "enrollment_batches",
        "batch_starts_what_it_inserted",
        {"started_to": str(UUID(int=2)), "inserted_to": str(UUID(int=1))},
    ),
    ("enrollment_batches", "batch_ended_is_not_held", {"status": "completed", "ended_at": WHEN, "held": "why"}),
    ("batch_refusals", "batch_refusals_reason_check", {"reason": "whim"}),
    ("batch_refusals", "batch_refusals_detail_check", {"detail": ""}),
    ("contact_events", "contact_events_name_check", {"name": ""}),
    ("contact_events", "contact_events_key_check", {"key": ""}),
    ("tasks", "tasks_assignee_check", {"assignee": ""}),
    ("tasks", "tasks_state_check", {"state": "forgotten", "closed_at": WHEN}),
    ("tasks", "open_is_not_closed", {"closed_at": WHEN}),
    ("notifications", "notifications_user_name_check", {"user_name": ""}),
    (
        "enrollment_moves",
        "moved_elsewhere",
        {"from_version_id": str(UUID(int=1)), "to_version_id": str(UUID(int=1))},
    ),
    ("sequences", "sequences_status_check", {"status": "asleep"}),
    ("sequences", "paused_says_why", {"status": "paused", "paused_reason": None}),
    ("sequences", "paused_says_why", {"status": "active", "paused_reason": "why not"}),
    ("sequences", "sequences_description_check", {"description": ""}),
    ("sequence_drafts", "sequence_drafts_definition_check", {"definition": ["steps"]}),
    ("sequence_versions", "sequence_versions_version_check", {"version": 0}),
    ("version_contents", "version_contents_order_index_check", {"order_index": -1}),
    ("version_contents", "version_contents_channel_check", {"channel": "pigeon"}),
    ("changes", "changes_type_check", {"type": "step.invented"}),
    ("webhook_subscriptions", "webhook_subscriptions_url_check", {"url": ""}),
    ("webhook_subscriptions", "webhook_subscriptions_types_check", {"types": []}),
    ("webhook_subscriptions", "webhook_subscriptions_secret_check", {"secret": "guess"}),
    ("webhook_subscriptions", "webhook_subscriptions_disabled_reason_check", {"disabled_reason": "", **OFF}),
    ("webhook_subscriptions", "webhook_subscriptions_failures_check", {"failures": -1}),
    ("webhook_subscriptions", "previous_secret_is_whole", {"previous_secret": "whsec_x"}),
    ("webhook_subscriptions", "only_inactive_is_disabled", {"disabled_reason": "nobody answers"}),
    ("webhook_subscriptions", "failing_since_the_first", {"failures": 1}),
    ("webhook_deliveries", "webhook_deliveries_type_check", {"type": ""}),
    ("webhook_deliveries", "webhook_deliveries_state_check", {"state": "lost"}),
    ("webhook_deliveries", "webhook_deliveries_attempts_check", {"attempts": -1}),
    ("webhook_deliveries", "webhook_deliveries_tries_check", {"tries": -1}),
    ("webhook_deliveries", "pending_has_next_attempt", {"next_attempt_at": WHEN}),
    ("webhook_deliveries", "over_has_ended_at", {"ended_at": None}),
    ("webhook_deliveries", "failure_says_why", {"state": "failed"}),
    ("notices", "notices_sender_check", {"sender": ""}),
    *(("users", f"users_{column}_check", {column: ""}) for column in ("name", "full_name", "email")),
    ("senders", "senders_channel_check", {"channel": "pigeon", "name": None}),
    *(("senders", f"senders_{column}_check", {column: ""}) for column in ("address", "name")),
    ("senders", "only_email_shows_a_name", {"channel": "sms"}),
    ("idempotent_requests", "idempotent_requests_key_check", {"key": ""}),
    ("idempotent_requests", "idempotent_requests_fingerprint_check", {"fingerprint": "\\x00"}),
    ("idempotent_requests", "idempotent_requests_status_check", {"status": 42, "held_until": None}),
    ("idempotent_requests", "answered_is_not_held", {"status": 200}),
    ("idempotent_requests", "answered_is_not_held", {"held_until": None}),
    ("idempotent_requests", "only_answered_has_an_answer", {"answer": "\\x00"}),
    ("inbox", "inbox_kind_check", {"kind": "parcel"}),
    ("inbox", "inbox_attempts_check", {"attempts": -1}),
    ("inbox", "inbox_put_off_check", {"put_off": -1}),
    ("worker_conflicts", "worker_conflicts_repeated_check", {"repeated": -1}),
    ("worker_conflicts", "worker_conflicts_given_up_check", {"given_up": -1}),
    ("inbox", "failure_says_why", {"attempts": 1}),
]


async def test_nonsense_is_refused(tenant: Tenant) -> None:
    """A row that is whole but for one thing is refused by the constraint that says so."""
    refused = [(table, await _refusal(tenant, table, changes), changes) for table, _, changes in NONSENSE]
    assert refused == NONSENSE


async def _refusal(tenant: Tenant, table: str, changes: dict[str, Any]) -> str:
    """The constraint that refuses this row."""
    try:
        await tenant.clone(table, **changes)
    except asyncpg.CheckViolationError as refusal:
        return str(refusal.constraint_name)
    return "stored"


async def test_every_check_is_tried(owner: asyncpg.Connection) -> None:
    """No CHECK of the schema is missing above."""
    checks = await owner.fetch(
        "SELECT conrelid::regclass::text AS table, conname AS name FROM pg_constraint"
        " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    untried = {(row["table"], row["name"]) for row in checks} - {(table, name) for table, name, _ in NONSENSE}
    # The application makes no tenant; what it may change of its own is tried below.
    own = ("name", "on_ambiguous", "on_left", "review_days", *TEXTS)
    assert untried == {("tenants", f"tenants_{column}_check") for column in own}


TEXTS = ("help_text", "opt_out_text", "postal_address")


@pytest.mark.parametrize("column", TEXTS)
async def test_a_tenants_text_is_not_empty(tenant: Tenant, column: str) -> None:
    """No text is NULL, never an empty message."""
    with pytest.raises(asyncpg.CheckViolationError, match=f"tenants_{column}_check"):
        await tenant.execute(f"UPDATE tenants SET {column} = ''")  # noqa: S608 - our own names


async def test_a_tenants_time_for_reviews_is_a_day_at_least(tenant: Tenant) -> None:
    """No time is NULL, never none at all."""
    with pytest.raises(asyncpg.CheckViolationError, match="tenants_review_days_check"):
        await tenant.execute("UPDATE tenants SET review_days = 0")


@pytest.mark.parametrize("column", ["on_ambiguous", "on_left"])
async def test_a_tenants_policy_is_one_that_there_is(tenant: Tenant, column: str) -> None:
    """Neither a message in doubt nor one to who has left is settled by a word that nobody knows."""
    with pytest.raises(asyncpg.CheckViolationError, match=f"tenants_{column}_check"):
        await tenant.execute(f"UPDATE tenants SET {column} = 'shrug'")  # noqa: S608 - our own names


MOVES = {
    JobState.PENDING: {JobState.SENDING, JobState.FAILED, JobState.CANCELLED},
    JobState.SENDING: {JobState.SENT, JobState.FAILED, JobState.AMBIGUOUS, JobState.PENDING, JobState.CANCELLED},
    JobState.AMBIGUOUS: {JobState.SENT, JobState.FAILED, JobState.SENDING, JobState.PENDING, JobState.CANCELLED},
}


async def test_a_job_moves_only_as_a_message_can(tenant: Tenant) -> None:
    """Of all pairs of states exactly the possible moves are stored; what is settled never moves again."""
    for old, new in permutations(JobState, 2):
        job = uuid4()
        await tenant.clone("message_jobs", id=str(job), **_whole(old))
        reason = "why" if new is JobState.CANCELLED else None
        move = tenant.execute(
            "UPDATE message_jobs SET state = $2, sent_at = CASE $2 WHEN 'sent' THEN $3::timestamptz END,"
            " failed_at = CASE $2 WHEN 'failed' THEN $3::timestamptz END, cancel_reason = $4 WHERE id = $1",
            job,
            new,
            AT,
            reason,
        )
        if new in MOVES.get(old, ()):
            assert await move == "UPDATE 1"
        else:
            with pytest.raises(asyncpg.CheckViolationError, match=f"cannot go from {old} to {new}"):
                await move


def _whole(state: JobState) -> dict[str, Any]:
    """All that a job needs to be in this state."""
    return {
        "state": state,
        **FROZEN,
        **FAILED,
        "sent_at": WHEN if state is JobState.SENT else None,
        "failed_at": WHEN if state is JobState.FAILED else None,
        "cancel_reason": "why" if state is JobState.CANCELLED else None,
    }


@pytest.mark.parametrize("live", ["pending", "running", "paused"])
async def test_a_contact_is_alive_in_a_sequence_once(tenant: Tenant, live: str) -> None:
    """A second live enrollment is refused; a further ended one is history."""
    state = {"status": live, "next_run_at": None, "gate": "enrollment_paused"}
    with pytest.raises(asyncpg.UniqueViolationError) as refused:
        await tenant.clone("enrollments", id=str(uuid4()), **state)
    assert refused.value.constraint_name == "enrollments_one_live"
    for _ in range(2):
        await tenant.clone("enrollments", id=str(uuid4()), status="completed", **ENDED)


async def test_a_provider_event_is_stored_once(tenant: Tenant) -> None:
    """The provider's own event id decides, whatever id we give."""
    with pytest.raises(asyncpg.UniqueViolationError):
        await tenant.clone("events", id=str(uuid4()))


async def test_a_response_counts_its_step_from_one(tenant: Tenant) -> None:
    """The step as people count is derived from the index; 0 only when nothing had been sent."""
    await tenant.clone("responses", id=str(uuid4()), node_id="two", order_index=1)
    await tenant.clone("responses", id=str(uuid4()), node_id=None, order_index=None)
    rows = await tenant.rows("SELECT step_number FROM responses ORDER BY step_number")
    assert [row["step_number"] for row in rows] == [0, 1, 2]
