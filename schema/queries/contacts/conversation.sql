-- name: whose^
-- The contact that the tenant's own id or ours names, and the zone in which its local time is told.
SELECT c.id, c.external_id, c.name, c.email, c.phone, coalesce(c.zones[1], t.timezone) AS zone
FROM contacts c JOIN tenants t ON t.id = c.tenant_id
WHERE (c.external_id = :external_id OR c.id = :id::uuid) AND c.erased_at IS NULL
ORDER BY (c.external_id = :external_id) DESC LIMIT 1;

-- name: page
-- The newest messages with a contact that come before a place in the conversation.
SELECT
    m.id, m.at, m.direction, m.kind, m.channel, m.address, m.subject, m.body,
    m.enrollment_id, s.key AS sequence, m.node_id AS step, m.order_index + 1 AS step_number,
    j.delivery,
    r.message_id IS NOT NULL AND r.resolved_at IS NULL AS under_review
FROM messages m
LEFT JOIN enrollments e ON e.id = m.enrollment_id
LEFT JOIN sequences s ON s.id = e.sequence_id
LEFT JOIN message_jobs j ON m.kind = 'step' AND j.id = m.id
LEFT JOIN reviews r ON r.message_id = m.id
WHERE m.contact_id = :contact_id AND (m.at, m.id) < (:at::timestamptz, :behind::uuid)
ORDER BY m.at DESC, m.id DESC
LIMIT :limit;

-- name: from_strangers
-- The newest messages of senders that are nobody's address.
SELECT
    m.id, m.at, m.direction, m.kind, m.channel, m.address, m.subject, m.body,
    NULL::uuid AS enrollment_id, NULL AS sequence, NULL AS step, NULL::integer AS step_number,
    NULL AS delivery,
    r.message_id IS NOT NULL AND r.resolved_at IS NULL AS under_review
FROM messages m
LEFT JOIN reviews r ON r.message_id = m.id
WHERE m.contact_id IS NULL AND m.direction = 'in'
ORDER BY m.at DESC, m.id DESC
LIMIT :limit;

-- name: received
-- What came in before a place, the newest first; of contacts alone, of nobody's addresses alone, or both.
SELECT
    m.id, m.at, m.direction, m.kind, m.channel, m.address, m.subject, m.body,
    m.enrollment_id, s.key AS sequence, m.node_id AS step, m.order_index + 1 AS step_number,
    NULL AS delivery,
    r.message_id IS NOT NULL AND r.resolved_at IS NULL AS under_review,
    c.external_id AS contact, c.name AS contact_name
FROM messages m
LEFT JOIN contacts c ON c.id = m.contact_id
LEFT JOIN enrollments e ON e.id = m.enrollment_id
LEFT JOIN sequences s ON s.id = e.sequence_id
LEFT JOIN reviews r ON r.message_id = m.id
WHERE m.direction = 'in' AND (:known::boolean IS NULL OR (m.contact_id IS NOT NULL) = :known)
    AND (m.at, m.id) < (:at::timestamptz, :behind::uuid)
ORDER BY m.at DESC, m.id DESC
LIMIT :limit;
