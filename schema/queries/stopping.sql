-- name: hold
-- Every enrollment that a report may end, or would have ended had it been heard in time: of the contact, and of whoever
-- else is reached at these addresses, so many of those behind a place. With what ends it, what it waits for, and whether it uses the channel. The plan is
-- asked for row by row, as the lock finds them: joined to it, one that just moved to another version would be missing.
SELECT e.id, e.contact_id, e.status, e.reason, e.ended_by_at, (
        SELECT jsonb_build_object(
            'stop_on', v.plan -> 'settings' -> 'stop_on',
            'goal', v.plan -> 'settings' -> 'goal',
            'awaits', coalesce(v.plan -> 'nodes' -> e.current_node -> 'events', '[]'))
        FROM sequence_versions v WHERE v.id = e.version_id
    ) AS plan,
    EXISTS (SELECT FROM version_contents c WHERE c.version_id = e.version_id AND c.channel = :channel) AS uses_channel
FROM enrollments e
WHERE e.id = ANY(ARRAY(
    -- As arrays, which are looked up by index whatever the planner knows of the tables; a join it may do by reading all.
    SELECT o.id FROM enrollments o WHERE o.contact_id = :contact_id AND (
        o.status IN ('pending', 'running', 'paused')
        OR o.status = 'stopped' AND o.ended_by_at >= :at AND o.enrolled_at <= :at
    )
    UNION ALL
    (
        SELECT o.id FROM enrollments o
        WHERE o.contact_id = ANY(ARRAY(
            SELECT c.id FROM contacts c WHERE :channel = 'email' AND c.email = ANY(:addresses::text[])
            UNION ALL
            SELECT c.id FROM contacts c WHERE :channel <> 'email' AND c.phone = ANY(:addresses::text[])
        )) AND (
            o.status IN ('pending', 'running', 'paused')
            OR o.status = 'stopped' AND o.ended_by_at >= :at AND o.enrolled_at <= :at
        ) AND o.contact_id IS DISTINCT FROM :contact_id::uuid AND (:after::uuid IS NULL OR o.id > :after)
        ORDER BY o.id LIMIT :most
    )
)) AND (
    e.status IN ('pending', 'running', 'paused')
    OR e.status = 'stopped' AND e.ended_by_at >= :at AND e.enrolled_at <= :at
)
ORDER BY e.id
FOR NO KEY UPDATE OF e;

-- name: hold_if_free$
-- Has it ended? No row comes back while somebody else holds it. Never waits, so it may be asked with other rows held.
SELECT ended_at IS NOT NULL FROM enrollments WHERE id = :enrollment_id FOR NO KEY UPDATE SKIP LOCKED;

-- name: correct_reason!
-- Something that happened earlier would have ended these; it names the reason.
WITH enrollment AS (
    UPDATE enrollments SET reason = :reason, ended_by_at = :at WHERE id = ANY(:ids::uuid[])
), jobs AS (
    UPDATE message_jobs SET cancel_reason = :reason WHERE enrollment_id = ANY(:ids::uuid[]) AND state = 'cancelled'
)
UPDATE enrollment_steps SET result = result || jsonb_build_object('ended', :reason::text)
WHERE enrollment_id = ANY(:ids::uuid[]) AND result ? 'ended';
