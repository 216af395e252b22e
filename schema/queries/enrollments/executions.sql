-- name: page
-- Newest first, from behind a place on: of these sequences (none named: of all), in these states.
WITH found AS (
    SELECT e.id, e.enrolled_at FROM unnest(:statuses::text[]) AS x (status)
    CROSS JOIN LATERAL (
        SELECT e.id, e.enrolled_at FROM enrollments e
        WHERE e.status = x.status AND (e.enrolled_at, e.id) < (:before_at::timestamptz, :before_id::uuid)
            AND e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
            AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
            AND (:step::text IS NULL OR coalesce(e.current_node, e.ended_node, e.last_node) = :step)
            AND (:reason::text IS NULL OR e.reason = :reason)
        ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
    ) e
    ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (
    -- One by one: whatever the planner thinks of a bound.
    SELECT * FROM execution_history h WHERE h.id = found.id OFFSET 0
) d ORDER BY found.enrolled_at DESC, found.id DESC;

-- name: page_of_sequence
-- A page of executions of one sequence.
WITH found AS (
    SELECT e.id, e.enrolled_at FROM unnest(:statuses::text[]) AS x (status)
    CROSS JOIN LATERAL (
        SELECT e.id, e.enrolled_at FROM enrollments e
        WHERE e.sequence_id = :sequence_id AND e.status = x.status
            AND (e.enrolled_at, e.id) < (:before_at::timestamptz, :before_id::uuid)
            AND e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
            AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
            AND (:step::text IS NULL OR coalesce(e.current_node, e.ended_node, e.last_node) = :step)
            AND (:reason::text IS NULL OR e.reason = :reason)
        ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
    ) e
    ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (
    -- One by one: whatever the planner thinks of a bound.
    SELECT * FROM execution_history h WHERE h.id = found.id OFFSET 0
) d ORDER BY found.enrolled_at DESC, found.id DESC;

-- name: page_of_contacts
-- A page of executions of these contacts.
WITH found AS (
    SELECT e.id, e.enrolled_at
    FROM unnest(:contact_ids::uuid[]) AS x (contact_id) JOIN enrollments e ON e.contact_id = x.contact_id
    WHERE (e.enrolled_at, e.id) < (:before_at::timestamptz, :before_id::uuid)
        AND e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
        AND e.status = ANY(:statuses::text[])
        AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
        AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
        AND (:step::text IS NULL OR coalesce(e.current_node, e.ended_node, e.last_node) = :step)
        AND (:reason::text IS NULL OR e.reason = :reason)
    ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (
    -- One by one: whatever the planner thinks of a bound.
    SELECT * FROM execution_history h WHERE h.id = found.id OFFSET 0
) d ORDER BY found.enrolled_at DESC, found.id DESC;

-- name: page_of_tests
-- Test runs alone, of which there are few: of these sequences, in these states.
WITH found AS (
    SELECT e.id, e.enrolled_at FROM enrollments e
    WHERE e.is_test AND (e.enrolled_at, e.id) < (:before_at::timestamptz, :before_id::uuid)
        AND e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
        AND e.status = ANY(:statuses::text[]) AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
        AND (:step::text IS NULL OR coalesce(e.current_node, e.ended_node, e.last_node) = :step)
        AND (:reason::text IS NULL OR e.reason = :reason)
    ORDER BY e.enrolled_at DESC, e.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (
    SELECT * FROM execution_history h WHERE h.id = found.id OFFSET 0
) d ORDER BY found.enrolled_at DESC, found.id DESC;

-- name: one^
-- A single one.
SELECT * FROM execution_history WHERE id = :id;

-- name: log
-- What steps did, newest first, from behind a place on: of these sequences, in these states.
WITH found AS (
    SELECT s.id, s.at FROM unnest(:sequence_ids::uuid[]) AS q (id) CROSS JOIN unnest(:statuses::text[]) AS x (status)
    CROSS JOIN LATERAL (
        SELECT s.id, s.at FROM enrollment_steps s
        WHERE s.sequence_id = q.id AND s.status = x.status AND s.at IS NOT NULL
            AND (s.at, s.id) < (:before_at::timestamptz, :before_id::uuid)
            AND s.at >= :since::timestamptz AND s.at < :until::timestamptz
            AND (:is_test::boolean IS NULL OR s.is_test = :is_test)
            AND (:step::text IS NULL OR s.node_id = :step)
        ORDER BY s.at DESC, s.id DESC LIMIT :limit
    ) s
    ORDER BY s.at DESC, s.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (SELECT * FROM execution_log l WHERE l.id = found.id OFFSET 0) d
ORDER BY found.at DESC, found.id DESC;

-- name: log_of_contacts
-- A page of the log of these contacts' enrollments.
WITH found AS (
    SELECT s.id, s.at
    FROM unnest(:contact_ids::uuid[]) AS x (contact_id)
    JOIN enrollments e ON e.contact_id = x.contact_id
    JOIN enrollment_steps s ON s.enrollment_id = e.id
    WHERE s.at IS NOT NULL AND (s.at, s.id) < (:before_at::timestamptz, :before_id::uuid)
        AND s.at >= :since::timestamptz AND s.at < :until::timestamptz
        AND s.status = ANY(:statuses::text[]) AND s.sequence_id = ANY(:sequence_ids::uuid[])
        AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
        AND (:step::text IS NULL OR s.node_id = :step)
    ORDER BY s.at DESC, s.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (SELECT * FROM execution_log l WHERE l.id = found.id OFFSET 0) d
ORDER BY found.at DESC, found.id DESC;

-- name: log_of_tests
-- A page of the log of test runs alone, of which there are few.
WITH found AS (
    SELECT s.id, s.at FROM unnest(:statuses::text[]) AS x (status)
    CROSS JOIN LATERAL (
        SELECT s.id, s.at FROM enrollment_steps s
        WHERE s.is_test AND s.status = x.status AND s.at IS NOT NULL
            AND (s.at, s.id) < (:before_at::timestamptz, :before_id::uuid)
            AND s.at >= :since::timestamptz AND s.at < :until::timestamptz
            AND s.sequence_id = ANY(:sequence_ids::uuid[])
            AND (:step::text IS NULL OR s.node_id = :step)
        ORDER BY s.at DESC, s.id DESC LIMIT :limit
    ) s
    ORDER BY s.at DESC, s.id DESC LIMIT :limit
)
SELECT d.* FROM found CROSS JOIN LATERAL (SELECT * FROM execution_log l WHERE l.id = found.id OFFSET 0) d
ORDER BY found.at DESC, found.id DESC;

-- name: log_of_execution
-- Every step that one execution came to or passed by, in the order of its path.
SELECT l.* FROM execution_log l JOIN enrollment_steps s ON s.id = l.id
WHERE l.enrollment_id = :id ORDER BY s.lap, s.order_index, s.started_at NULLS LAST, s.id;

-- name: counts
-- Enrollments that began on whole days (UTC), by status; from the counters, whatever their number.
SELECT status, reason, sum(enrollments)::bigint AS enrollments
FROM enrollment_counts
WHERE enrolled_on >= :since::date AND enrolled_on < :until::date
    AND sequence_id = ANY(:sequence_ids::uuid[]) AND status = ANY(:statuses::text[])
    AND (:is_test::boolean IS NULL OR is_test = :is_test)
GROUP BY status, reason HAVING sum(enrollments) <> 0 ORDER BY status, reason;

-- name: counts_between
-- Executions by status between two moments, by counting: meant for parts of a day.
SELECT e.status, e.reason, count(*) AS enrollments
FROM unnest(:sequence_ids::uuid[]) AS q (id) CROSS JOIN unnest(:statuses::text[]) AS x (status)
JOIN enrollments e ON e.sequence_id = q.id AND e.status = x.status
    AND e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
WHERE :is_test::boolean IS NULL OR e.is_test = :is_test
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: counts_of_contacts
-- Executions by status of these contacts, by counting: a search finds a bounded number of them.
SELECT e.status, e.reason, count(*) AS enrollments
FROM unnest(:contact_ids::uuid[]) AS x (contact_id) JOIN enrollments e ON e.contact_id = x.contact_id
WHERE e.enrolled_at >= :since::timestamptz AND e.enrolled_at < :until::timestamptz
    AND e.status = ANY(:statuses::text[])
    AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
    AND (:is_test::boolean IS NULL OR e.is_test = :is_test)
GROUP BY 1, 2 ORDER BY 1, 2;

-- name: all_sequences
-- Every sequence of the tenant, by name alone.
SELECT id FROM sequences;
