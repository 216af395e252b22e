-- name: list_open
-- Messages that a person should read, the oldest first.
SELECT
    r.message_id AS id, r.reason, r.detail, m.at, m.channel, m.address, m.subject, m.body,
    c.external_id AS contact, c.name AS contact_name, s.key AS sequence, m.enrollment_id,
    m.node_id AS step, m.order_index + 1 AS step_number
FROM reviews r
JOIN messages m ON m.id = r.message_id
LEFT JOIN contacts c ON c.id = m.contact_id
LEFT JOIN enrollments e ON e.id = m.enrollment_id
LEFT JOIN sequences s ON s.id = e.sequence_id
WHERE r.resolved_at IS NULL
ORDER BY r.created_at, r.message_id
LIMIT :limit;

-- name: open_between
-- Open ones with an id from :low to :high; two are enough to tell one from several.
SELECT message_id FROM reviews
WHERE message_id BETWEEN :low AND :high AND resolved_at IS NULL ORDER BY message_id LIMIT 2;

-- name: resolve$
-- Read and dealt with; no row comes back when it is not open.
UPDATE reviews SET resolved_at = :now WHERE message_id = :message_id AND resolved_at IS NULL RETURNING message_id;
