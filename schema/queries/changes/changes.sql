-- name: horizon$
-- Every transaction below this one has ended: what it wrote is visible from the next statement on, or never.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: page
-- What happened behind one place and before another, in order.
SELECT c.xid::text::bigint AS xid, c.id, c.at, c.type, c.enrollment_id, e.is_test, c.sequence_id, s.key AS sequence,
    c.contact_id, k.external_id AS contact, c.node_id AS step, c.data
FROM changes c
JOIN enrollments e ON e.id = c.enrollment_id
JOIN sequences s ON s.id = c.sequence_id
JOIN contacts k ON k.id = c.contact_id
WHERE (c.xid, c.id) > (:after_xid::bigint::text::xid8, :after_id::bigint)
    AND (c.xid, c.id) < (:before_xid::bigint::text::xid8, :before_id::bigint)
ORDER BY c.xid, c.id
LIMIT :limit;

-- name: is_kept$
-- Whether nothing behind this place was thrown away, and it is one of this database's.
SELECT :xid::bigint::text::xid8 <= pg_snapshot_xmax(pg_current_snapshot())
    AND NOT EXISTS (SELECT FROM changes_pruned p WHERE (p.xid, p.id) > (:xid::bigint::text::xid8, :id::bigint));

-- name: prune^
-- Throw the oldest away, as far as webhooks were made of them: how many were looked at, and how many went.
WITH oldest AS (
    SELECT xid, id, at FROM changes ORDER BY xid, id LIMIT :limit
), gone AS (
    DELETE FROM changes c USING oldest o
    WHERE c.xid = o.xid AND c.id = o.id AND o.at < :before
        AND NOT EXISTS (SELECT FROM webhook_feeds f WHERE (f.xid, f.id) < (o.xid, o.id))
    RETURNING c.xid, c.id
), last AS (
    SELECT xid, id FROM gone ORDER BY xid DESC, id DESC LIMIT 1
), noted AS (
    INSERT INTO changes_pruned AS p (tenant_id, xid, id) SELECT current_tenant(), xid, id FROM last
    ON CONFLICT (tenant_id) DO UPDATE SET xid = excluded.xid, id = excluded.id
    WHERE (p.xid, p.id) < (excluded.xid, excluded.id)
)
SELECT (SELECT count(*) FROM oldest) AS seen, (SELECT count(*) FROM gone) AS gone;
