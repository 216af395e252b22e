-- name: waiting
-- Which enrollments of these contacts wait for a time that a clock may move?
SELECT id FROM enrollments
WHERE contact_id = ANY(:contact_ids::uuid[]) AND status = 'running' AND next_run_at IS NOT NULL
    AND coalesce(gate, 'window') IN ('window', 'postponed')
ORDER BY id;

-- name: hold
-- Lock these, as far as they still do.
SELECT id FROM enrollments
WHERE id = ANY(:ids::uuid[]) AND status = 'running' AND next_run_at IS NOT NULL
    AND coalesce(gate, 'window') IN ('window', 'postponed')
ORDER BY id FOR NO KEY UPDATE;

-- name: open_waits
-- The delays before what is next.
SELECT node_id, started_at, due_at FROM enrollment_steps
WHERE enrollment_id = :enrollment_id AND lap = :lap AND node_type = 'delay' AND status IN ('pending', 'running')
    AND due_at IS NOT NULL
ORDER BY order_index;
