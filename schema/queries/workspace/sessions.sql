-- name: add_sign_in_link!
INSERT INTO sign_in_links (tenant_id, hash, scopes, expires_at) VALUES (:tenant_id, :hash, :scopes, :expires_at);

-- name: use_sign_in_link$
-- Once: the row goes with its use.
DELETE FROM sign_in_links WHERE hash = :hash AND expires_at > :now RETURNING scopes;

-- name: add_session!
INSERT INTO sessions (tenant_id, id, hash, scopes, key_id, created_at, seen_at, expires_at)
VALUES (:tenant_id, :id, :hash, :scopes, :key_id, :now, :now, :expires_at);

-- name: read_session^
-- One that has not expired, and whose key, if it has one, was not revoked.
SELECT s.id, s.scopes, s.created_at, s.seen_at FROM sessions s
WHERE s.hash = :hash AND s.expires_at > :now
    AND (s.key_id IS NULL OR EXISTS (SELECT FROM api_keys k WHERE k.id = s.key_id AND k.revoked_at IS NULL));

-- name: session_was_seen!
UPDATE sessions SET seen_at = :now, expires_at = :expires_at WHERE id = :id AND seen_at < :now;

-- name: end_session!
DELETE FROM sessions WHERE hash = :hash;

-- name: forget_sessions!
-- What nobody can use any more.
DELETE FROM sessions WHERE expires_at <= :now;

-- name: forget_sign_in_links!
-- What nobody can use any more.
DELETE FROM sign_in_links WHERE expires_at <= :now;
