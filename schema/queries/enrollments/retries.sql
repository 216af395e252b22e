-- name: failed^
-- How an enrollment ended, at which step, and what has happened since that speaks against taking it up again.
SELECT
    e.status, e.reason, e.error, e.retries, e.not_before, e.sequence_id, e.version_id, e.contact_id,
    s.key AS sequence, e.is_test, c.email, c.phone, c.zones, stated_region(c.attributes),
    t.timezone AS tenant_zone, t.holidays, t.law,
    f.node_id, f.lap,
    (SELECT max(p.lap) + 1 FROM enrollment_steps p WHERE p.enrollment_id = e.id) AS next_lap,
    -- A goto that led back in the walk that failed began a round that the enrollment does not know of.
    CASE WHEN f.lap > e.lap THEN f.lap ELSE e.round_lap END AS round_lap,
    (
        SELECT o.id FROM enrollments o
        WHERE o.sequence_id = e.sequence_id AND o.contact_id = e.contact_id AND o.ended_at IS NULL
    ) AS other,
    ARRAY(
        SELECT DISTINCT x.channel FROM (
            SELECT channel, active, at, created_at FROM suppressions
            WHERE address = ANY(address_spellings(c.email) || address_spellings(c.phone))
            UNION ALL
            SELECT channel, active, at, created_at FROM contact_opt_outs WHERE contact_id = c.id
        ) x
        WHERE x.active
            AND (x.channel = j.channel OR (greatest(x.at, x.created_at) >= e.ended_at AND x.channel = ANY(u.channels)))
        ORDER BY x.channel
    ) AS barred,
    ARRAY(
        -- By when we heard of it: what was written before the failure may have come in after it.
        SELECT DISTINCT m.channel FROM messages m JOIN events v ON v.id = m.id
        WHERE m.contact_id = e.contact_id AND m.kind IN ('reply', 'opt_out') AND v.received_at >= e.ended_at
        ORDER BY m.channel
    ) AS answered,
    u.channels
FROM enrollments e
JOIN sequences s ON s.id = e.sequence_id
JOIN contacts c ON c.id = e.contact_id
JOIN tenants t ON t.id = e.tenant_id
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT k.channel) AS channels FROM version_contents k WHERE k.version_id = e.version_id
) u
LEFT JOIN LATERAL (
    SELECT p.node_id, p.lap FROM enrollment_steps p
    WHERE p.enrollment_id = e.id AND p.node_id = e.ended_node AND p.status = 'failed'
    ORDER BY p.lap DESC LIMIT 1
) f ON e.status = 'failed'
LEFT JOIN message_jobs j ON j.enrollment_id = e.id AND j.node_id = f.node_id AND j.lap = f.lap
WHERE e.id = :enrollment_id;

-- name: take_up$
-- It lives again, as one whose workflow is to be started, and holds the contact's addresses as a new one would; what
-- failed is noted. Answers which retry it is.
WITH noted AS (
    INSERT INTO enrollment_retries (tenant_id, enrollment_id, number, node_id, lap, error, failed_at, retried_at)
    SELECT current_tenant(), id, retries + 1, :failed_node, :failed_lap, error, ended_at, :now
    FROM enrollments WHERE id = :enrollment_id
)
UPDATE enrollments SET
    status = 'pending', retries = retries + 1, error = NULL, ended_at = NULL, ended_node = NULL,
    current_node = :failed_node, next_run_at = :at, gate = :gate, lap = :lap, round_lap = :round_lap,
    live_email = :email, live_phone = :phone
WHERE id = :enrollment_id AND status = 'failed'
RETURNING retries;
