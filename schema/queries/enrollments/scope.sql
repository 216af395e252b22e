-- name: read_scope^
-- What is needed to compute this enrollment's times.
SELECT e.status, e.reason, e.error, e.current_node, e.next_run_at, e.gate, e.lap, e.not_before, e.sequence_id,
    s.status AS sequence_status, e.version_id, e.contact_id,
    c.zones, c.phone, stated_region(c.attributes), t.timezone AS tenant_zone, t.holidays, t.law
FROM enrollments e
JOIN sequences s ON s.id = e.sequence_id
JOIN contacts c ON c.id = e.contact_id
JOIN tenants t ON t.id = e.tenant_id
WHERE e.id = :enrollment_id;
