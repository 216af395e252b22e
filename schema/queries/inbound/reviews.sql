-- name: list_open
-- Messages that a person should read, the oldest first, behind a place.
SELECT
    r.message_id AS id, r.reason, r.detail, r.holds, m.at, m.channel, m.address, m.subject, m.body,
    c.external_id AS contact, c.name AS contact_name, s.key AS sequence, m.enrollment_id,
    m.node_id AS step, m.order_index + 1 AS step_number, r.created_at,
    CASE WHEN r.reason = 'doubtful_opt_out' THEN r.created_at + make_interval(days => t.review_days) END AS counts_from
FROM reviews r
JOIN tenants t ON t.id = r.tenant_id
JOIN messages m ON m.id = r.message_id
LEFT JOIN contacts c ON c.id = m.contact_id
LEFT JOIN enrollments e ON e.id = m.enrollment_id
LEFT JOIN sequences s ON s.id = e.sequence_id
WHERE r.resolved_at IS NULL AND (r.created_at, r.message_id) > (:after::timestamptz, :behind::uuid)
ORDER BY r.created_at, r.message_id
LIMIT :limit;

-- name: open_between
-- Open ones with an id from :low to :high; two are enough to tell one from several.
SELECT message_id FROM reviews
WHERE message_id BETWEEN :low AND :high AND resolved_at IS NULL ORDER BY message_id LIMIT 2;

-- name: read^
-- One of them, with what its decision is about: whose message it was, where it came from, which message it answered.
SELECT r.message_id, r.decision, r.resolved_at, r.addresses, m.channel, m.contact_id, m.at, m.kind, (
    SELECT j.id FROM message_jobs j
    WHERE j.enrollment_id = m.enrollment_id AND j.node_id = m.node_id AND j.answered_at IS NOT NULL
    ORDER BY j.lap DESC LIMIT 1
) AS answered_job_id
FROM reviews r JOIN messages m ON m.id = r.message_id WHERE r.message_id = :message_id;

-- name: decide$
-- Decided; no row comes back when it is not open.
UPDATE reviews SET resolved_at = :now, decision = :decision
WHERE message_id = :message_id AND resolved_at IS NULL RETURNING message_id;

-- name: holds$
-- Does an open message keep this address barred on the channel?
SELECT EXISTS (
    SELECT FROM reviews r JOIN messages m ON m.id = r.message_id
    WHERE r.resolved_at IS NULL AND r.holds AND m.channel = :channel AND :address = ANY(r.addresses)
);

-- name: mark_unsubscribed!
-- The message that was answered by an opt-out.
UPDATE message_jobs SET unsubscribed_at = least(unsubscribed_at, :at) WHERE id = :job_id;

-- name: overdue
-- Open ones that the tenant has left undecided for longer than it wants to, the oldest first.
SELECT r.message_id FROM reviews r JOIN tenants t ON t.id = r.tenant_id
WHERE r.resolved_at IS NULL AND r.reason = 'doubtful_opt_out'
    AND r.created_at <= :now::timestamptz - make_interval(days => t.review_days)
    AND r.message_id <> ALL(:but::uuid[])
ORDER BY r.created_at LIMIT :limit;
