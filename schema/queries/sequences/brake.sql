-- name: tally^
-- Of the last messages of a sequence on one channel whose fate is known: how many did not arrive, and what is said of
-- most of these. Only what was settled since the sequence was last taken up; no row comes back while it is not active.
-- An address that refused a message this time has not got it either, unless it took it after all.
SELECT s.judged_after, coalesce(sum(k.messages), 0)::int AS settled,
    coalesce(sum(k.messages) FILTER (WHERE k.kind IS NOT NULL), 0)::int AS lost,
    (array_agg(k.said ORDER BY k.messages DESC, k.kind) FILTER (WHERE k.kind IS NOT NULL))[1] AS said
FROM sequences s
LEFT JOIN LATERAL (
    SELECT w.kind, max(w.said) AS said, count(*) AS messages
    FROM (
        SELECT CASE WHEN m.lost THEN coalesce(m.error_code, e.code, m.error, e.type, '') END AS kind,
            -- Whom it was said of is nobody's business, and would make each error another one.
            replace(
                coalesce(
                    m.error,
                    concat_ws(' ', m.provider, e.code) || ': ' || coalesce(e.detail, e.type, 'it did not arrive')
                ),
                coalesce(m.recipient, ''), '…') AS said
        FROM (
            SELECT j.id, j.state, j.error, j.error_code, j.provider, j.recipient,
                j.state = 'failed' OR j.undelivered_at IS NOT NULL OR j.bounced_at IS NOT NULL
                    AND (j.delivered_at IS NULL OR j.soft_bounced_at IS DISTINCT FROM j.bounced_at) AS lost
            FROM message_jobs j
            WHERE j.sequence_id = :sequence_id AND j.channel = :channel AND j.settled_at > s.judged_after
                AND NOT is_test_run(j.tenant_id, j.enrollment_id)
            ORDER BY j.settled_at DESC LIMIT :of
        ) m
        LEFT JOIN LATERAL (
            SELECT e.type, e.payload ->> 'code' AS code, e.payload ->> 'detail' AS detail FROM events e
            WHERE m.lost AND m.state = 'sent' AND e.job_id = m.id AND e.type IN ('bounced', 'failed')
            ORDER BY e.received_at DESC LIMIT 1
        ) e ON true
    ) w
    GROUP BY w.kind
) k ON true
WHERE s.id = :sequence_id AND s.status = 'active'
GROUP BY s.judged_after;

-- name: pause$
-- Unless somebody has paused or taken it up since it was judged. Waits for nobody, so it may come after any other lock:
-- whoever holds the sequence (people are being enrolled, another failure pauses it) leaves it to the next failure.
UPDATE sequences SET status = 'paused', paused_reason = :reason
WHERE id = (
    SELECT id FROM sequences WHERE id = :sequence_id AND status = 'active' AND judged_after = :judged_after
    FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING key;

-- name: brake_of^
-- What judges a message of ours; test runs are judged by nothing.
SELECT j.sequence_id, j.channel, v.plan -> 'settings' AS settings
FROM message_jobs j
JOIN enrollments e ON e.id = j.enrollment_id AND NOT e.is_test
JOIN sequence_versions v ON v.id = e.version_id
WHERE j.id = :job_id;

-- name: pause_of$
-- The sequence of a message, unless it was taken up since the message was settled. As above: it waits for nobody.
UPDATE sequences SET status = 'paused', paused_reason = :reason
WHERE id = (
    SELECT s.id FROM sequences s JOIN message_jobs j ON j.sequence_id = s.id
    WHERE j.id = :job_id AND s.status = 'active' AND j.settled_at > s.judged_after
        AND NOT is_test_run(j.tenant_id, j.enrollment_id)
    FOR NO KEY UPDATE OF s SKIP LOCKED
)
RETURNING key;
