-- name: unstarted
-- Rows whose workflow was never started: the process died in between, or Temporal was down.
SELECT id, contact_id, version_id, current_node, next_run_at, gate, lap, retries
FROM enrollments
WHERE status = 'pending' AND enrolled_at < :before AND id <> ALL(:but::uuid[])
ORDER BY enrolled_at LIMIT :limit;

-- name: overdue
-- Rows that should have moved and have not.
SELECT id, contact_id, version_id, current_node, next_run_at, gate, lap, retries
FROM enrollments
WHERE status IN ('pending', 'running') AND next_run_at < :before AND id <> ALL(:but::uuid[])
ORDER BY next_run_at LIMIT :limit;

-- name: live_of
-- Which of these still live in the database?
SELECT id, contact_id, version_id, current_node, next_run_at, gate, lap, retries
FROM enrollments WHERE id = ANY(:ids::uuid[]) AND ended_at IS NULL;

-- name: flag!
-- A disagreement between rows and workflows, for a person.
INSERT INTO disagreements (tenant_id, enrollment_id, kind, detail, found_at)
VALUES (current_tenant(), :enrollment_id, :kind, :detail, :now)
ON CONFLICT (tenant_id, enrollment_id, kind)
DO UPDATE SET detail = excluded.detail, found_at = CASE WHEN disagreements.resolved_at IS NULL
    THEN disagreements.found_at ELSE excluded.found_at END, resolved_at = NULL;

-- name: resolve_flags$
-- Flags are closed when the enrollment has ended, or, if it was late, has moved on; answers how many stay open.
WITH closed AS (
    UPDATE disagreements d SET resolved_at = :now
    FROM enrollments e
    WHERE e.id = d.enrollment_id AND d.resolved_at IS NULL
        AND (e.ended_at IS NOT NULL OR (d.kind = 'overdue' AND coalesce(e.next_run_at, :now) >= :before))
    RETURNING d.enrollment_id, d.kind
)
SELECT count(*) FROM disagreements d
WHERE d.resolved_at IS NULL AND (d.enrollment_id, d.kind) NOT IN (SELECT enrollment_id, kind FROM closed);
