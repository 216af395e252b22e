-- name: hold
-- Every enrollment that a report may end, or would have ended had it been heard in time: of the contact, and of so many
-- others as are reached at these addresses, behind a place. With what ends it, what it waits for, and whether it uses
-- the channel; and, where there may be more others, the place behind which they are. The plan is asked for row by row,
-- as the lock finds them: joined to it, one that just moved to another version would be missing.
WITH others AS MATERIALIZED (
    SELECT c.id FROM (
        SELECT id FROM contacts WHERE :channel = 'email' AND email = ANY(:addresses::text[])
        UNION ALL
        SELECT id FROM contacts WHERE :channel <> 'email' AND phone = ANY(:addresses::text[])
    ) c
    WHERE (:after::uuid IS NULL OR c.id > :after) AND c.id IS DISTINCT FROM :contact_id::uuid AND EXISTS (
        SELECT FROM enrollments o WHERE o.contact_id = c.id AND (
            o.ended_at IS NULL
            OR o.status = 'stopped' AND o.ended_by_at >= :at AND o.enrolled_at <= :at
        )
    )
    ORDER BY c.id LIMIT :most
)
SELECT e.id, e.contact_id, e.status, e.reason, e.ended_by_at, (
        SELECT jsonb_build_object(
            'stop_on', v.plan -> 'settings' -> 'stop_on',
            'goal', v.plan -> 'settings' -> 'goal',
            'awaits', coalesce(v.plan -> 'nodes' -> e.current_node -> 'events', '[]'))
        FROM sequence_versions v WHERE v.id = e.version_id
    ) AS plan,
    EXISTS (SELECT FROM version_contents c WHERE c.version_id = e.version_id AND c.channel = :channel) AS uses_channel,
    (
        SELECT o.id FROM others o WHERE (SELECT count(*) FROM others) >= :most ORDER BY o.id DESC LIMIT 1
    ) AS more_after
FROM enrollments e
-- As an array, which is looked up by index whatever the planner knows of the tables; a join it may do by reading all.
WHERE e.contact_id = ANY(ARRAY(SELECT :contact_id::uuid UNION ALL SELECT id FROM others)) AND (
    e.ended_at IS NULL
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
), held AS (
    SELECT id FROM message_jobs WHERE enrollment_id = ANY(:ids::uuid[]) AND state = 'cancelled'
    ORDER BY id FOR NO KEY UPDATE
), jobs AS (
    UPDATE message_jobs j SET cancel_reason = :reason FROM held WHERE j.id = held.id
)
UPDATE enrollment_steps SET result = result || jsonb_build_object('ended', :reason::text)
WHERE enrollment_id = ANY(:ids::uuid[]) AND result ? 'ended';
