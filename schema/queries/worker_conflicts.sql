-- name: add!
-- So many more.
INSERT INTO worker_conflicts AS w (tenant_id, repeated, given_up) VALUES (current_tenant(), :repeated, :given_up)
ON CONFLICT (tenant_id) DO UPDATE SET
    repeated = w.repeated + excluded.repeated, given_up = w.given_up + excluded.given_up;

-- name: read^
-- All of them.
SELECT coalesce(sum(repeated), 0)::bigint AS repeated, coalesce(sum(given_up), 0)::bigint AS given_up
FROM worker_conflicts;
