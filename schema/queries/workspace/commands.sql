-- name: record!
-- The owner is a key's id, or a session's; its name is written down as it is now.
INSERT INTO commands (tenant_id, id, at, by_key, by_session, command, subject)
SELECT
    :tenant_id, :id, :now,
    coalesce(
        (SELECT k.name FROM api_keys k WHERE k.id = :owner),
        (SELECT k.name FROM sessions s JOIN api_keys k ON k.id = s.key_id WHERE s.id = :owner)
    ),
    EXISTS (SELECT FROM sessions s WHERE s.id = :owner),
    :command, :subject;

-- name: page
-- The newest first, from behind a place on; of one subject, or all.
SELECT id, at, by_key, by_session, command, subject FROM commands
WHERE (:subject::text IS NULL OR subject = :subject) AND (at, id) < (:before_at::timestamptz, :before_id::uuid)
ORDER BY at DESC, id DESC LIMIT :limit;
