-- name: begin$
-- Take the key, or take it over from an attempt that is dead; no row comes back while it is somebody else's.
INSERT INTO idempotent_requests AS r (tenant_id, key, fingerprint, began_at, attempt, held_until)
VALUES (current_tenant(), :key, :fingerprint, :now, :attempt, :held_until)
ON CONFLICT (tenant_id, key) DO UPDATE SET attempt = excluded.attempt, held_until = excluded.held_until
WHERE r.fingerprint = excluded.fingerprint AND r.held_until < :now
RETURNING attempt;

-- name: known^
-- What is kept of a key.
SELECT fingerprint, held_until, status, answer FROM idempotent_requests WHERE key = :key;

-- name: hold!
-- The attempt is still under way.
UPDATE idempotent_requests SET held_until = :held_until WHERE key = :key AND attempt = :attempt AND status IS NULL;

-- name: keep$
-- The answer; no row comes back where another attempt has taken over.
UPDATE idempotent_requests SET status = :status, answer = :answer, held_until = NULL
WHERE key = :key AND attempt = :attempt AND status IS NULL
RETURNING attempt;

-- name: give_up!
-- Nothing is kept, so the same request may be made again.
DELETE FROM idempotent_requests WHERE key = :key AND attempt = :attempt AND status IS NULL;

-- name: forget!
-- Those that began before then.
DELETE FROM idempotent_requests WHERE began_at < :before AND (held_until IS NULL OR held_until < :before);
