-- name: add_api_key!
INSERT INTO api_keys (tenant_id, id, name, hash, scopes, created_at)
VALUES (:tenant_id, :id, :name, :hash, :scopes, :now);

-- name: list_api_keys
SELECT id, name, scopes, created_at, last_used_at, revoked_at FROM api_keys
WHERE (created_at, id) > (:at::timestamptz, :after::uuid)
ORDER BY created_at, id LIMIT :limit;

-- name: read_api_key^
SELECT id, name, scopes, created_at, last_used_at, revoked_at FROM api_keys WHERE name = :name;

-- name: revoke_api_key$
UPDATE api_keys SET revoked_at = :now WHERE (name = :name OR id = :id) AND revoked_at IS NULL RETURNING id;

-- name: api_key_was_used!
UPDATE api_keys SET last_used_at = :now WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :now);

-- name: revoked_of
-- Keys and sessions that open nothing any more, also where their row is gone.
SELECT k.id FROM unnest(:ids::uuid[]) AS k (id)
WHERE NOT EXISTS (SELECT FROM api_keys a WHERE a.id = k.id AND a.revoked_at IS NULL)
    AND NOT EXISTS (
        SELECT FROM sessions s LEFT JOIN api_keys a ON a.id = s.key_id
        WHERE s.id = k.id AND s.expires_at > :now AND (s.key_id IS NULL OR a.revoked_at IS NULL)
    );
