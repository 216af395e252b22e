-- migrate:up

-- By which clock the contact lives: what is next for them is read by it.
CREATE OR REPLACE VIEW execution_history WITH (security_invoker = true) AS
SELECT
    e.tenant_id, e.id, e.sequence_id, s.key AS sequence, s.name AS sequence_name, v.version,
    e.contact_id, c.external_id AS contact, c.name AS contact_name, c.email AS contact_email, c.phone AS contact_phone,
    e.source AS enrollment_reason, e.enrolled_at, e.started_at, e.ended_at, e.status, e.reason, e.error, e.is_test,
    coalesce(e.current_node, e.ended_node, e.last_node) AS step,
    (
        SELECT p.node_type FROM enrollment_steps p
        WHERE p.tenant_id = e.tenant_id AND p.enrollment_id = e.id
            AND p.node_id = coalesce(e.current_node, e.ended_node, e.last_node)
        ORDER BY p.lap DESC LIMIT 1
    ) AS step_type,
    e.next_run_at, e.gate, coalesce(c.zones[1], t.timezone) AS zone
FROM enrollments e
JOIN contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
JOIN sequences s ON s.tenant_id = e.tenant_id AND s.id = e.sequence_id
JOIN sequence_versions v ON v.tenant_id = e.tenant_id AND v.id = e.version_id
JOIN tenants t ON t.id = e.tenant_id;

-- migrate:down
DROP VIEW execution_history;
CREATE VIEW execution_history WITH (security_invoker = true) AS
SELECT
    e.tenant_id, e.id, e.sequence_id, s.key AS sequence, s.name AS sequence_name, v.version,
    e.contact_id, c.external_id AS contact, c.name AS contact_name, c.email AS contact_email, c.phone AS contact_phone,
    e.source AS enrollment_reason, e.enrolled_at, e.started_at, e.ended_at, e.status, e.reason, e.error, e.is_test,
    coalesce(e.current_node, e.ended_node, e.last_node) AS step,
    (
        SELECT p.node_type FROM enrollment_steps p
        WHERE p.tenant_id = e.tenant_id AND p.enrollment_id = e.id
            AND p.node_id = coalesce(e.current_node, e.ended_node, e.last_node)
        ORDER BY p.lap DESC LIMIT 1
    ) AS step_type,
    e.next_run_at, e.gate
FROM enrollments e
JOIN contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
JOIN sequences s ON s.tenant_id = e.tenant_id AND s.id = e.sequence_id
JOIN sequence_versions v ON v.tenant_id = e.tenant_id AND v.id = e.version_id;
GRANT SELECT ON execution_history TO touchline_app;
