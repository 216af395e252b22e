-- migrate:up

-- What the flow builder already reads, under the names and columns that it knows.
-- security_invoker: row-level security applies to the reader, not to the views' owner.

CREATE VIEW flow_executions WITH (security_invoker = true) AS
SELECT
    e.id,
    e.sequence_id AS flow_id,
    e.contact_id,
    e.tenant_id AS workspace_id,
    e.status,
    e.started_at,
    e.ended_at AS completed_at,
    jsonb_strip_nulls(jsonb_build_object('reason', e.reason, 'error', e.error)) AS result,
    jsonb_build_object(
        'contact', jsonb_build_object(
            'id', c.id, 'external_id', c.external_id, 'name', c.name, 'email', c.email,
            'phone', c.phone, 'company', c.company),
        'trigger', e.source,
        'workflow', jsonb_build_object(
            'sequence', s.key, 'name', s.name, 'version', v.version, 'definition', v.definition)
    ) AS metadata
FROM enrollments e
JOIN contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
JOIN sequences s ON s.tenant_id = e.tenant_id AND s.id = e.sequence_id
JOIN sequence_versions v ON v.tenant_id = e.tenant_id AND v.id = e.version_id;

CREATE VIEW flow_execution_steps WITH (security_invoker = true) AS
SELECT id, enrollment_id AS execution_id, node_id, node_type, status, started_at, completed_at, result
FROM enrollment_steps;

-- Its vocabulary is pending | completed | failed: a message in doubt is open while its enrollment is (so it reads
-- as pending, with its error) and failed afterwards; a cancelled one will never be sent and did not fail, so it is
-- not listed.
CREATE VIEW flow_sequence_message_jobs WITH (security_invoker = true) AS
SELECT
    j.id,
    j.enrollment_id AS execution_id,
    j.id AS message_id,
    CASE
        WHEN j.state = 'sent' THEN 'completed'
        WHEN j.state = 'failed' OR (j.state = 'ambiguous' AND e.ended_at IS NOT NULL) THEN 'failed'
        ELSE 'pending'
    END AS status,
    j.sent_at,
    j.due_at AS scheduled_at,
    j.node_id,
    j.channel,
    j.error,
    j.provider,
    j.provider_message_id,
    j.tenant_id AS workspace_id
FROM message_jobs j
JOIN enrollments e ON e.tenant_id = j.tenant_id AND e.id = j.enrollment_id
WHERE j.state <> 'cancelled';

CREATE VIEW sequence_progress_monitor WITH (security_invoker = true) AS
SELECT
    e.id AS enrollment_id,
    s.name AS sequence_name,
    c.name AS contact_name,
    c.phone AS contact_phone,
    coalesce(e.current_node, e.ended_node, e.last_node) AS current_step,
    p.status AS step_status,
    j.state AS message_status,
    e.next_run_at AS next_run,
    (SELECT max(m.sent_at) FROM message_jobs m WHERE m.tenant_id = e.tenant_id AND m.enrollment_id = e.id) AS sent_at,
    coalesce(e.error, j.error) AS error,
    CASE
        WHEN e.status = 'completed' THEN 'finished' || coalesce(' (' || e.reason || ')', '')
        WHEN e.status = 'stopped' THEN 'stopped: ' || e.reason
        WHEN e.status = 'failed' THEN 'failed: ' || e.error
        WHEN e.status = 'cancelled' THEN 'cancelled' || coalesce(': ' || e.reason, '')
        WHEN e.status = 'paused' THEN 'paused before ' || e.current_node
        WHEN e.status = 'pending' THEN 'enrolled, not started yet; next is ' || e.current_node
        WHEN j.state = 'ambiguous' THEN 'held: nobody knows whether ' || e.current_node || ' was sent'
        WHEN j.state = 'sending' THEN 'handing ' || e.current_node || ' over'
        WHEN e.gate IS NOT NULL THEN 'held back by ' || e.gate || ' before ' || e.current_node
        ELSE 'waiting for ' || e.current_node
    END AS current_state,
    e.tenant_id AS workspace_id
FROM enrollments e
JOIN sequences s ON s.tenant_id = e.tenant_id AND s.id = e.sequence_id
JOIN contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
LEFT JOIN LATERAL (
    SELECT status FROM enrollment_steps p
    WHERE p.tenant_id = e.tenant_id AND p.enrollment_id = e.id AND p.node_id = coalesce(e.current_node, e.ended_node, e.last_node)
    ORDER BY p.started_at DESC NULLS FIRST LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT state, error FROM message_jobs j
    WHERE j.tenant_id = e.tenant_id AND j.enrollment_id = e.id AND j.node_id = coalesce(e.current_node, e.ended_node, e.last_node)
    ORDER BY j.created_at DESC LIMIT 1
) j ON true;

GRANT SELECT ON flow_executions, flow_execution_steps, flow_sequence_message_jobs, sequence_progress_monitor
    TO touchline_app;

-- migrate:down
DROP VIEW sequence_progress_monitor;
DROP VIEW flow_sequence_message_jobs;
DROP VIEW flow_execution_steps;
DROP VIEW flow_executions;
