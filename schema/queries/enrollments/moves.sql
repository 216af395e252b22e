-- name: people
-- Live enrollments of a sequence that are on another version than this one, by id.
SELECT id FROM enrollments
WHERE sequence_id = :sequence_id AND ended_at IS NULL AND version_id <> :version_id
    AND (:after::uuid IS NULL OR id > :after)
ORDER BY id LIMIT :limit;

-- name: count^
-- How many live enrollments of a sequence are on this version, and how many on others.
SELECT count(*) FILTER (WHERE version_id = :version_id) AS there,
    count(*) FILTER (WHERE version_id <> :version_id) AS others
FROM enrollments WHERE sequence_id = :sequence_id AND ended_at IS NULL;

-- name: never_published
-- Those of these steps that no version of the sequence has.
SELECT step FROM unnest(:steps::text[]) AS u (step)
WHERE NOT EXISTS (SELECT FROM sequence_versions v WHERE v.sequence_id = :sequence_id AND v.plan -> 'nodes' ? step);

-- name: hold_steps!
-- Lock the open records of an enrollment, so that what is being noted on one at this moment is waited for.
SELECT id FROM enrollment_steps WHERE enrollment_id = :enrollment_id AND status IN ('pending', 'running')
ORDER BY id FOR NO KEY UPDATE;

-- name: standings
-- Where enrollments stand, and what decides whether they can be moved.
SELECT
    e.id, c.external_id AS contact, e.status, e.reason, e.error, e.sequence_id, e.version_id, e.contact_id,
    e.current_node, e.next_run_at, e.gate, e.lap, e.not_before, c.zones, c.phone,
    stated_region(c.attributes), t.timezone AS tenant_zone, t.holidays, t.law,
    (
        SELECT j.state FROM message_jobs j
        WHERE j.enrollment_id = e.id AND j.claimed_at IS NOT NULL AND j.state IN ('pending', 'sending', 'ambiguous')
        LIMIT 1
    ) AS message,
    (
        SELECT jsonb_agg(jsonb_build_object('node_id', s.node_id, 'is_delay', s.node_type = 'delay',
            'started_at', s.started_at, 'due_at', s.due_at, 'answered', s.result ?| '{event,outcome}')
            ORDER BY s.due_at, s.order_index)
        FROM enrollment_steps s WHERE s.enrollment_id = e.id AND s.status IN ('pending', 'running')
    ) AS open_steps,
    -- A task that was withdrawn is not given again. Of what came before a retry, all that succeeded counts.
    ARRAY(
        SELECT s.node_id FROM enrollment_steps s
        WHERE s.enrollment_id = e.id AND s.status NOT IN ('pending', 'running')
            AND (s.lap = e.lap OR (s.lap >= e.round_lap AND s.status = 'success'))
            AND NOT (s.status = 'skipped' AND (s.result ? 'bypassed_at'
                OR (s.result ? 'migrated' AND (s.node_type <> 'task' OR s.started_at IS NULL))))
    ) AS been,
    ARRAY(
        SELECT j.node_id FROM message_jobs j WHERE j.enrollment_id = e.id AND j.channel = 'email' AND j.state = 'sent'
    ) AS mailed
FROM enrollments e
JOIN contacts c ON c.id = e.contact_id
JOIN tenants t ON t.id = e.tenant_id
WHERE e.id = ANY(:ids::uuid[])
ORDER BY e.id;

-- name: move!
-- The enrollment is on another version now. A pause goes on.
UPDATE enrollments SET
    version_id = :version_id, current_node = :node_id,
    next_run_at = CASE WHEN status = 'paused' THEN NULL ELSE :at::timestamptz END,
    gate = CASE WHEN status = 'paused' THEN gate ELSE :gate END
WHERE id = :enrollment_id AND ended_at IS NULL;

-- name: leave!
-- What was planned on these visits is given up for what the other version has planned.
WITH jobs AS (
    UPDATE message_jobs SET state = 'cancelled', cancel_reason = 'migrated', gate = NULL, held_until = NULL
    WHERE id = ANY(:job_ids::uuid[]) AND state = 'pending'
), tasks AS (
    UPDATE tasks SET state = 'cancelled', closed_at = :now WHERE id = ANY(:step_ids::uuid[]) AND state = 'open'
)
UPDATE enrollment_steps SET
    status = 'skipped', completed_at = :now, result = result || jsonb_build_object('migrated', :node_id::text)
WHERE id = ANY(:step_ids::uuid[]) AND status IN ('pending', 'running');

-- name: begin_anew!
-- The node is yet to begin, also where one of the same id and of another kind had begun in its place.
WITH task AS (
    UPDATE tasks SET state = 'cancelled', closed_at = :now WHERE id = :step_id AND state = 'open'
)
UPDATE enrollment_steps SET status = 'pending', started_at = NULL, result = '{}'
WHERE id = :step_id AND status = 'running';

-- name: wait_on!
-- The node itself is what waits, and goes on waiting until another time.
WITH task AS (
    UPDATE tasks SET lapses_at = :at::timestamptz WHERE id = :step_id AND state = 'open'
)
UPDATE enrollment_steps SET due_at = :at::timestamptz WHERE id = :step_id AND status = 'running';

-- name: note!
-- The move and its answer, once.
INSERT INTO enrollment_moves (tenant_id, id, enrollment_id, from_version_id, to_version_id, from_node, to_node, answer,
    moved_at)
VALUES (current_tenant(), :id, :enrollment_id, :from_version_id, :to_version_id, :from_node, :to_node, :answer, :now);

-- name: answer$
-- What the workflow was answered, if this move was made already.
SELECT answer FROM enrollment_moves WHERE id = :id;
