-- name: server_facts^
-- Who we are here, and whether row-level security holds for us on every table that has rows of a tenant.
SELECT
    current_setting('server_version') AS version, session_user::text AS login, current_user::text AS role,
    (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS login_is_superuser,
    EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_has_role(session_user, relowner, 'MEMBER')
    ) AS login_owns_tables,
    (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS bypasses,
    ARRAY(
        SELECT c.relname::text
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
        ORDER BY c.relname
    ) AS unguarded;

-- name: is_due$
-- Does any enrollment still wait for a moment that comes by itself, before that time?
SELECT EXISTS (SELECT FROM enrollments WHERE ended_at IS NULL AND next_run_at < :before);

-- name: trouble^
-- What somebody should look at. A message in doubt needs nobody any more once its enrollment has ended.
WITH doubt AS (
    SELECT j.enrollment_id FROM message_jobs j JOIN enrollments e ON e.id = j.enrollment_id
    WHERE j.state = 'ambiguous' AND e.ended_at IS NULL
)
SELECT
    (
        SELECT count(*) FROM enrollments WHERE status IN ('pending', 'running') AND next_run_at < :overdue_before
    ) AS overdue,
    (SELECT count(*) FROM sequences WHERE status = 'paused') AS paused,
    (SELECT count(*) FROM disagreements WHERE resolved_at IS NULL) AS disagreements,
    (SELECT count(*) FROM doubt) AS ambiguous,
    ARRAY(SELECT DISTINCT enrollment_id FROM doubt ORDER BY enrollment_id LIMIT 3) AS doubtful;

-- name: channels_in_use
-- On which channels messages will be sent, and the sequences that send them: of active ones the newest version, of all
-- of them those that somebody is in.
SELECT c.channel, array_agg(DISTINCT s.key ORDER BY s.key) AS sequences
FROM sequences s
JOIN sequence_versions v ON v.sequence_id = s.id
JOIN version_contents c ON c.version_id = v.id AND c.channel <> 'task'
WHERE s.status = 'active'
        AND v.version = (SELECT max(version) FROM sequence_versions n WHERE n.sequence_id = s.id)
    OR EXISTS (SELECT FROM enrollments e WHERE e.version_id = v.id AND e.ended_at IS NULL)
GROUP BY c.channel;
