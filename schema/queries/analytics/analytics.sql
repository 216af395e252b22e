-- name: step_stats
-- Exact counts of every message step that any version of the sequence has, in the words of the newest that has it.
SELECT
    s.node_id AS step, s.channel AS type, s.order_index + 1 AS number, s.version AS last_version,
    coalesce(sum(k.sent), 0)::bigint AS sent,
    coalesce(sum(k.pending), 0)::bigint AS pending,
    coalesce(sum(k.failed), 0)::bigint AS failed,
    coalesce(sum(k.ambiguous), 0)::bigint AS ambiguous,
    coalesce(sum(k.cancelled), 0)::bigint AS cancelled,
    coalesce(sum(k.responses), 0)::bigint AS responses,
    coalesce(sum(k.answered), 0)::bigint AS answered,
    coalesce(sum(k.delivered), 0)::bigint AS delivered,
    coalesce(sum(k.undelivered), 0)::bigint AS undelivered,
    coalesce(sum(k.opened), 0)::bigint AS opened,
    coalesce(sum(k.machine_opened), 0)::bigint AS machine_opened,
    coalesce(sum(k.clicked), 0)::bigint AS clicked,
    coalesce(sum(k.machine_clicked), 0)::bigint AS machine_clicked,
    coalesce(sum(k.bounced), 0)::bigint AS bounced,
    coalesce(sum(k.complained), 0)::bigint AS complained,
    coalesce(sum(k.unsubscribed), 0)::bigint AS unsubscribed
FROM (
    SELECT DISTINCT ON (c.node_id) c.node_id, c.channel, c.order_index, v.version
    FROM sequence_versions v JOIN version_contents c ON c.version_id = v.id
    WHERE v.sequence_id = :sequence_id
    ORDER BY c.node_id, v.version DESC
) s
LEFT JOIN step_counters k ON k.sequence_id = :sequence_id AND k.node_id = s.node_id
GROUP BY s.node_id, s.channel, s.order_index, s.version
ORDER BY s.order_index, s.version DESC;

-- name: time_to_reply^
-- From a message to its first answer, of the newest answers.
WITH answered AS (
    SELECT DISTINCT ON (r.enrollment_id, r.node_id) extract(epoch FROM r.at - j.sent_at) AS seconds
    FROM (
        SELECT enrollment_id, node_id, at FROM responses
        WHERE sequence_id = :sequence_id AND node_id IS NOT NULL ORDER BY at DESC LIMIT 10000
    ) r
    CROSS JOIN LATERAL (
        SELECT sent_at FROM message_jobs
        WHERE enrollment_id = r.enrollment_id AND node_id = r.node_id AND sent_at <= r.at
        ORDER BY sent_at DESC LIMIT 1
    ) j
    JOIN enrollments e ON e.id = r.enrollment_id AND NOT e.is_test
    ORDER BY r.enrollment_id, r.node_id, r.at
)
SELECT count(*) AS answers,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)::float8 AS median_s,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)::float8 AS p90_s
FROM answered;

-- name: overdue$
-- Due before then, and still waiting.
SELECT count(*) FROM enrollments
WHERE sequence_id = :sequence_id AND status IN ('pending', 'running') AND next_run_at < :before;
