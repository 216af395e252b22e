-- name: record!
-- The nodes that enrollments have come to: what was passed, waits that run, the node after them, and its message in the
-- ledger. A node that was waited for and is now passed takes its outcome; what has an outcome keeps it. What was only
-- passed by, or left for another version's step, and is come to after all, is as if it had never been.
WITH steps AS (
    INSERT INTO enrollment_steps AS s (tenant_id, id, enrollment_id, sequence_id, is_test, node_id, node_type,
        order_index, lap, status, due_at, started_at, completed_at, result)
    SELECT current_tenant(), n.id, n.enrollment_id, (SELECT sequence_id FROM enrollments WHERE id = n.enrollment_id),
        (SELECT is_test FROM enrollments WHERE id = n.enrollment_id), n.node_id, n.node_type, n.order_index,
        n.lap, n.status, n.due_at, n.started_at, n.completed_at, n.result::jsonb
    FROM unnest(
        :step_ids::uuid[], :step_enrollment_ids::uuid[], :step_node_ids::text[], :node_types::text[],
        :step_order_indexes::int[], :step_laps::int[], :statuses::text[], :step_due_ats::timestamptz[],
        :started_ats::timestamptz[], :completed_ats::timestamptz[], :results::text[]
    ) AS n (id, enrollment_id, node_id, node_type, order_index, lap, status, due_at, started_at, completed_at, result)
    ON CONFLICT (tenant_id, id) DO UPDATE SET
        node_type = excluded.node_type, order_index = excluded.order_index,
        status = excluded.status, due_at = coalesce(excluded.due_at, s.due_at),
        started_at = CASE WHEN s.status = 'skipped' THEN excluded.started_at
            ELSE coalesce(s.started_at, excluded.started_at) END,
        completed_at = excluded.completed_at, result = (s.result - '{bypassed_at,migrated}'::text[]) || excluded.result
    WHERE s.status IN ('pending', 'running') OR (s.status = 'skipped' AND s.result ?| '{bypassed_at,migrated}')
)
INSERT INTO message_jobs AS j (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, lap,
    channel, due_at)
SELECT current_tenant(), n.*
FROM unnest(
    :ids::uuid[], :enrollment_ids::uuid[], :sequence_ids::uuid[], :contact_ids::uuid[], :node_ids::text[],
    :order_indexes::int[], :laps::int[], :channels::text[], :due_ats::timestamptz[]
) AS n
ON CONFLICT (tenant_id, id) DO UPDATE SET
    state = 'pending', cancel_reason = NULL, order_index = excluded.order_index, channel = excluded.channel,
    due_at = excluded.due_at, gate = NULL, held_until = NULL
WHERE j.claimed_at IS NULL AND (j.state = 'pending' OR (j.state = 'cancelled' AND j.cancel_reason = 'migrated'));

-- name: bypass!
-- The way past these nodes was taken; those of an earlier lap keep their records.
INSERT INTO enrollment_steps (tenant_id, id, enrollment_id, sequence_id, is_test, node_id, node_type, order_index, lap,
    status, completed_at, result)
SELECT current_tenant(), n.id, e.id, e.sequence_id, e.is_test, n.node_id, n.node_type, n.order_index, :lap, 'skipped',
    :now, :result
FROM unnest(:ids::uuid[], :node_ids::text[], :node_types::text[], :order_indexes::int[])
    AS n (id, node_id, node_type, order_index)
JOIN enrollments e ON e.id = :enrollment_id
WHERE NOT EXISTS (SELECT FROM enrollment_steps s WHERE s.enrollment_id = :enrollment_id AND s.node_id = n.node_id)
ON CONFLICT DO NOTHING;

-- name: choose!
-- Which arm of a split an enrollment takes; the first time counts.
INSERT INTO split_choices (tenant_id, enrollment_id, node_id, arm, sequence_id, at)
VALUES (current_tenant(), :enrollment_id, :node_id, :arm, :sequence_id, :now)
ON CONFLICT DO NOTHING;

-- name: end_waits$
-- Every delay before this step is over; a wait after a wait began when the one before was over. Answers when the last
-- of them was.
WITH ended AS (
    UPDATE enrollment_steps s SET
        status = 'success',
        started_at = coalesce(started_at, least(:now, (
            SELECT max(w.due_at) FROM enrollment_steps w
            WHERE w.enrollment_id = s.enrollment_id AND w.status IN ('pending', 'running')
                AND w.order_index < s.order_index
        )), :now),
        completed_at = greatest(started_at, least(due_at, :now))
    WHERE enrollment_id = :enrollment_id AND status IN ('pending', 'running') AND node_type = 'delay' AND id <> :step_id
    RETURNING completed_at
)
SELECT max(completed_at) FROM ended;

-- name: read^
-- One visit's record.
SELECT status, started_at, due_at, result FROM enrollment_steps WHERE id = :id;

-- name: hold^
-- A step's record, locked: what is being noted on it at this moment is waited for, and nothing is noted after it.
SELECT status, started_at, due_at, result FROM enrollment_steps WHERE id = :id FOR NO KEY UPDATE;

-- name: returns
-- How often each goto of an enrollment has led back.
SELECT node_id, count(*) AS times FROM enrollment_steps
WHERE enrollment_id = :enrollment_id AND node_type = 'goto' AND result ->> 'way' = 'back'
GROUP BY node_id;

-- name: is_done$
-- Was a step executed on this visit? A retry's lap belongs to the round of the failed one; a goto begins another.
SELECT EXISTS (
    SELECT FROM enrollment_steps s JOIN enrollments e ON e.id = s.enrollment_id
    WHERE e.id = :enrollment_id AND s.node_id = :node_id AND (
        (s.lap = :lap AND s.status IN ('success', 'failed'))
        OR (s.status = 'success' AND s.lap < :lap AND :lap <= e.lap AND s.lap >= e.round_lap)
    )
);
