-- name: goals_of
-- Lock the live enrollments of a contact whose sequence has a goal, or with :by_field one that asks about a field; not
-- joined to the plan, for the reason given at `hold`.
SELECT e.id, (SELECT v.plan -> 'settings' -> 'goal' FROM sequence_versions v WHERE v.id = e.version_id) AS goal
FROM enrollments e
WHERE e.contact_id = :contact_id AND e.ended_at IS NULL
    AND (
        SELECT CASE
            WHEN :by_field THEN jsonb_path_exists(v.plan, '$.settings.goal.**.field')
            ELSE jsonb_typeof(v.plan -> 'settings' -> 'goal') <> 'null'
        END
        FROM sequence_versions v WHERE v.id = e.version_id
    )
ORDER BY e.id
FOR NO KEY UPDATE OF e;

-- name: goals_of_imported
-- The live enrollments of these contacts whose goal asks about a field, not locked. A plan is read once, however many
-- are on it.
WITH live AS MATERIALIZED (
    SELECT e.id, e.version_id FROM contacts c JOIN enrollments e ON e.contact_id = c.id
    WHERE c.external_id = ANY(:external_ids::text[]) AND e.ended_at IS NULL
), aimed AS MATERIALIZED (
    SELECT v.id, v.plan -> 'settings' -> 'goal' AS goal FROM sequence_versions v
    WHERE v.id IN (SELECT version_id FROM live) AND jsonb_path_exists(v.plan, '$.settings.goal.**.field')
)
SELECT l.id, a.goal FROM live l JOIN aimed a ON a.id = l.version_id;

-- name: hold_goals
-- Lock these enrollments, as far as they live.
SELECT e.id, (SELECT v.plan -> 'settings' -> 'goal' FROM sequence_versions v WHERE v.id = e.version_id) AS goal
FROM enrollments e
WHERE e.id = ANY(:ids::uuid[]) AND e.ended_at IS NULL
ORDER BY e.id
FOR NO KEY UPDATE OF e;

-- name: note_event
-- One of these events has happened: the waits for it know, if it is the first. Locked in one order for everybody.
WITH waits AS (
    SELECT s.id, x.event
    FROM enrollments e
    JOIN sequence_versions v ON v.id = e.version_id
    CROSS JOIN LATERAL (
        SELECT event FROM unnest(:events::text[]) AS u (event)
        WHERE v.plan -> 'nodes' -> e.current_node -> 'events' ? event LIMIT 1
    ) x
    JOIN enrollment_steps s ON s.enrollment_id = e.id AND s.node_id = e.current_node AND s.lap = e.lap
    WHERE e.id = ANY(:ids::uuid[]) AND e.ended_at IS NULL
        AND s.node_type = 'wait_for' AND s.status = 'running' AND NOT s.result ? 'event'
    ORDER BY s.enrollment_id, s.id
    FOR NO KEY UPDATE OF s
)
UPDATE enrollment_steps s SET result = s.result || jsonb_build_object('event', w.event, 'event_at', :now::timestamptz)
FROM waits w WHERE s.id = w.id
RETURNING s.enrollment_id AS id;

-- name: record_custom$
-- An event of somebody's own system, once under its key; no row comes back when it is known.
INSERT INTO contact_events (tenant_id, id, contact_id, name, key, at, received_at)
VALUES (current_tenant(), :id, :contact_id, :name, :key, :at, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: live_of_contact
-- The contact's live enrollments.
SELECT id FROM enrollments WHERE contact_id = :contact_id AND ended_at IS NULL ORDER BY id;
