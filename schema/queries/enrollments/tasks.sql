-- name: give!
-- A task for a person, once for each visit of its step. One that was withdrawn, because its step was something else in
-- another version for a while, is given anew.
INSERT INTO tasks (tenant_id, id, enrollment_id, contact_id, node_id, title, instructions, assignee, lapses_at,
    created_at)
SELECT current_tenant(), :id, :enrollment_id, c.id, :node_id, :title, :instructions,
    coalesce(:assignee::text, c.assigned_to), :lapses_at::timestamptz, :now
FROM contacts c WHERE c.id = :contact_id
ON CONFLICT (tenant_id, id) DO UPDATE SET
    title = excluded.title, instructions = excluded.instructions, assignee = excluded.assignee,
    lapses_at = excluded.lapses_at, created_at = excluded.created_at, state = 'open', closed_at = NULL
WHERE tasks.state = 'cancelled';

-- name: close$
-- How an open task ended, on its step as well; no row comes back when it is not open.
WITH task AS (
    UPDATE tasks SET state = :outcome, closed_at = :now WHERE id = :id AND state = 'open' RETURNING id, enrollment_id
), step AS (
    UPDATE enrollment_steps s SET result = s.result || jsonb_build_object('outcome', :outcome::text)
    FROM task WHERE s.id = task.id
)
SELECT enrollment_id FROM task;

-- name: enrollment_of$
-- Whose task it is.
SELECT enrollment_id FROM tasks WHERE id = :id;

-- name: listed
-- Open tasks, oldest first.
SELECT t.id, t.title, t.instructions, t.assignee, c.external_id AS contact, c.name AS contact_name, t.enrollment_id,
    s.key AS sequence, t.node_id AS step, t.created_at, t.lapses_at
FROM tasks t
JOIN contacts c ON c.id = t.contact_id
JOIN enrollments e ON e.id = t.enrollment_id
JOIN sequences s ON s.id = e.sequence_id
WHERE t.state = 'open' AND (:assignee::text IS NULL OR t.assignee = :assignee)
    AND (t.created_at, t.id) > (:at::timestamptz, :after::uuid)
ORDER BY t.created_at, t.id LIMIT :limit;

-- name: between
-- Open tasks with an id from :low to :high; two are enough to tell one from several.
SELECT id FROM tasks WHERE id BETWEEN :low AND :high AND state = 'open' ORDER BY id LIMIT 2;
