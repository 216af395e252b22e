-- name: aims
-- Lock the live enrollments of a contact whose sequence has a goal; not joined to the plan, for the reason given at `hold`.
SELECT e.id, (SELECT v.plan -> 'settings' -> 'goal' FROM sequence_versions v WHERE v.id = e.version_id) AS goal
FROM enrollments e
WHERE e.contact_id = :contact_id AND e.status IN ('pending', 'running', 'paused')
    AND (SELECT jsonb_typeof(v.plan -> 'settings' -> 'goal') FROM sequence_versions v WHERE v.id = e.version_id) <> 'null'
ORDER BY e.id
FOR NO KEY UPDATE OF e;

-- name: meet
-- One of these events has happened: the waits for it know, if it is the first.
UPDATE enrollment_steps s SET result = s.result || jsonb_build_object('event', x.event, 'event_at', :now::timestamptz)
FROM enrollments e
JOIN sequence_versions v ON v.id = e.version_id
CROSS JOIN LATERAL (
    SELECT event FROM unnest(:events::text[]) AS u (event) WHERE v.plan -> 'nodes' -> e.current_node -> 'events' ? event LIMIT 1
) x
WHERE e.id = ANY(:ids::uuid[]) AND e.ended_at IS NULL
    AND s.enrollment_id = e.id AND s.node_id = e.current_node AND s.lap = e.lap
    AND s.node_type = 'wait_for' AND s.status = 'running' AND NOT s.result ? 'event'
RETURNING e.id;

-- name: record_custom$
-- An event of somebody's own system, once under its key; no row comes back when it is known.
INSERT INTO contact_events (tenant_id, id, contact_id, name, key, at, received_at)
VALUES (current_tenant(), :id, :contact_id, :name, :key, :at, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: live_of_contact
-- The contact's live enrollments.
SELECT id FROM enrollments WHERE contact_id = :contact_id AND status IN ('pending', 'running', 'paused') ORDER BY id;
