-- name: enrollments_between
-- Enrollments with an id from :low to :high; two are enough to tell one from several.
SELECT id FROM enrollments WHERE id BETWEEN :low AND :high ORDER BY id LIMIT 2;

-- name: list_enrollments
-- Enrollments as a list shows them, newest first; each filter is off when it is NULL.
SELECT
    e.id, s.key AS sequence, v.version, c.external_id AS contact, c.name AS contact_name,
    e.status, e.reason, e.error, e.current_node, e.next_run_at, e.gate, e.not_before, e.last_node,
    e.last_order_index + 1 AS last_step, e.source, e.enrolled_at, e.started_at, e.ended_at,
    s.status AS sequence_status, s.paused_reason, e.is_test, e.retries
FROM enrollments e
JOIN sequences s ON s.id = e.sequence_id
JOIN sequence_versions v ON v.id = e.version_id
JOIN contacts c ON c.id = e.contact_id
WHERE (:id::uuid IS NULL OR e.id = :id)
    AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
    AND (:contact_id::uuid IS NULL OR e.contact_id = :contact_id)
    AND (:is_live::boolean IS NULL OR (e.ended_at IS NULL) = :is_live)
    AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
    AND (:status::text IS NULL OR e.status = :status)
ORDER BY e.enrolled_at DESC, e.id
LIMIT :limit;

-- name: enrolled_contact^
-- Whose enrollment it is, and the tenant's time zone.
SELECT c.id, c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, t.timezone AS tenant_zone
FROM enrollments e
JOIN contacts c ON c.id = e.contact_id
JOIN tenants t ON t.id = e.tenant_id
WHERE e.id = :id;

-- name: plan_of$
-- What the enrollment walks.
SELECT v.plan FROM enrollments e JOIN sequence_versions v ON v.id = e.version_id WHERE e.id = :id;

-- name: steps_of
-- What the enrollment came to, in the order of the path.
SELECT node_id AS step, node_type AS type, order_index + 1 AS number, status, due_at, started_at, completed_at, result,
    lap
FROM enrollment_steps WHERE enrollment_id = :id ORDER BY lap, order_index, started_at;

-- name: jobs_of
-- The ledger of one enrollment.
SELECT
    id, node_id AS step, order_index + 1 AS number, channel, state, recipient, due_at, gate, held_until, attempts,
    provider, provider_message_id, sent_at, assumed, error, error_class, error_code, cancel_reason,
    delivery, delivered_at, opened_at, machine_opened_at, clicked_at, machine_clicked_at, bounced_at, complained_at,
    unsubscribed_at, answered_at, lap, overtaken_at
FROM message_jobs WHERE enrollment_id = :id ORDER BY lap, order_index, created_at;

-- name: moves_of
-- From which version to which it was moved.
SELECT f.version AS from_version, t.version AS to_version, m.from_node AS from_step, m.to_node AS to_step,
    m.moved_at AS at
FROM enrollment_moves m
JOIN sequence_versions f ON f.id = m.from_version_id
JOIN sequence_versions t ON t.id = m.to_version_id
WHERE m.enrollment_id = :id ORDER BY m.moved_at;

-- name: retries_of
-- What had failed before it was taken up again.
SELECT number, node_id AS step, error, failed_at, retried_at FROM enrollment_retries
WHERE enrollment_id = :id ORDER BY number;

-- name: responses_of
-- What came back, and to which step.
SELECT r.id, r.step_number, r.node_id AS step, r.channel, r.kind, r.at, m.address, m.body
FROM responses r JOIN messages m ON m.id = r.id
WHERE r.enrollment_id = :id ORDER BY r.at;

-- name: suppressions_of
-- Addresses of this enrollment's contact that may not be written to, and the contact's own wish.
SELECT x.id, x.channel, x.address, x.contact, x.reason, x.at, x.lifted_at, x.active, x.created_at
FROM enrollments e
JOIN contacts c ON c.id = e.contact_id
CROSS JOIN LATERAL (
    SELECT id, channel, address, NULL::text AS contact, reason, at, lifted_at, active, created_at FROM suppressions
    WHERE address = ANY(address_spellings(c.email) || address_spellings(c.phone))
    UNION ALL
    SELECT id, channel, NULL, c.external_id, reason, at, lifted_at, active, created_at FROM contact_opt_outs
    WHERE contact_id = c.id
) x
WHERE e.id = :id AND x.active ORDER BY x.channel, x.reason;

-- name: flags_of
-- Open disagreements between its row and its workflow.
SELECT kind, detail, found_at FROM disagreements
WHERE enrollment_id = :id AND resolved_at IS NULL ORDER BY found_at;

-- name: ledger_of_sequence
-- Every message job of a sequence beside its enrollment's state and what was answered.
SELECT
    j.id, j.enrollment_id, j.node_id AS step, j.order_index, j.state, j.recipient, c.external_id AS contact,
    e.status, e.reason,
    (SELECT min(r.order_index) FROM responses r WHERE r.enrollment_id = e.id) AS answered_index
FROM message_jobs j
JOIN enrollments e ON e.id = j.enrollment_id
JOIN contacts c ON c.id = j.contact_id
WHERE j.sequence_id = :sequence_id
ORDER BY j.order_index, j.id;
