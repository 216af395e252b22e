-- migrate:up

-- What is listed by time needs what it is filtered by beside it, and a time that stays as it is once it is there.
ALTER TABLE enrollment_steps
    ADD COLUMN sequence_id uuid,
    ADD COLUMN is_test boolean NOT NULL DEFAULT false;
ALTER TABLE enrollment_steps NO FORCE ROW LEVEL SECURITY;
UPDATE enrollment_steps s SET sequence_id = e.sequence_id, is_test = e.is_test
FROM enrollments e WHERE e.tenant_id = s.tenant_id AND e.id = s.enrollment_id;
ALTER TABLE enrollment_steps FORCE ROW LEVEL SECURITY;
ALTER TABLE enrollment_steps
    ALTER COLUMN sequence_id SET NOT NULL,
    -- When it began; a step that never began: when its fate was known.
    ADD COLUMN at timestamptz GENERATED ALWAYS AS (coalesce(started_at, completed_at)) STORED;
CREATE INDEX enrollment_steps_logged ON enrollment_steps (tenant_id, sequence_id, status, at, id) WHERE at IS NOT NULL;
-- Test runs are few among many, and are looked for by themselves.
CREATE INDEX enrollment_steps_tests ON enrollment_steps (tenant_id, status, at, id) WHERE is_test AND at IS NOT NULL;
CREATE INDEX enrollments_tests_listed ON enrollments (tenant_id, enrolled_at, id) WHERE is_test;

DROP INDEX enrollments_listed;
CREATE INDEX enrollments_listed ON enrollments (tenant_id, sequence_id, status, enrolled_at, id);
CREATE INDEX enrollments_listed_by_status ON enrollments (tenant_id, status, enrolled_at, id);

-- Time to reply is measured on the newest answers.
CREATE INDEX responses_of_sequence ON responses (tenant_id, sequence_id, at);

-- Exact counts of enrollments by the day (UTC) on which they began. Rows are only added, so that nobody waits for
-- anybody; the sweep folds them together.
CREATE TABLE enrollment_counts (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id bigint GENERATED ALWAYS AS IDENTITY,
    sequence_id uuid NOT NULL,
    enrolled_on date NOT NULL,
    is_test boolean NOT NULL,
    status text NOT NULL,
    reason text,
    enrollments bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX enrollment_counts_read ON enrollment_counts (tenant_id, sequence_id, enrolled_on);

CREATE FUNCTION count_new_enrollments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO enrollment_counts (tenant_id, sequence_id, enrolled_on, is_test, status, reason, enrollments)
    SELECT tenant_id, sequence_id, (enrolled_at AT TIME ZONE 'UTC')::date, is_test, status, reason, count(*)
    FROM added GROUP BY 1, 2, 3, 4, 5, 6;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_new AFTER INSERT ON enrollments
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_enrollments();

CREATE FUNCTION count_moved_enrollment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO enrollment_counts (tenant_id, sequence_id, enrolled_on, is_test, status, reason, enrollments)
    VALUES
        (OLD.tenant_id, OLD.sequence_id, (OLD.enrolled_at AT TIME ZONE 'UTC')::date, OLD.is_test, OLD.status, OLD.reason, -1),
        (NEW.tenant_id, NEW.sequence_id, (NEW.enrolled_at AT TIME ZONE 'UTC')::date, NEW.is_test, NEW.status, NEW.reason, 1);
    RETURN NULL;
END
$$;
CREATE TRIGGER count_moved AFTER UPDATE ON enrollments
    FOR EACH ROW WHEN (
        (OLD.status, OLD.reason, OLD.is_test) IS DISTINCT FROM (NEW.status, NEW.reason, NEW.is_test)
    ) EXECUTE FUNCTION count_moved_enrollment();

ALTER TABLE enrollments NO FORCE ROW LEVEL SECURITY;
INSERT INTO enrollment_counts (tenant_id, sequence_id, enrolled_on, is_test, status, reason, enrollments)
SELECT tenant_id, sequence_id, (enrolled_at AT TIME ZONE 'UTC')::date, is_test, status, reason, count(*)
FROM enrollments GROUP BY 1, 2, 3, 4, 5, 6;
ALTER TABLE enrollments FORCE ROW LEVEL SECURITY;

ALTER TABLE enrollment_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollment_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON enrollment_counts TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, DELETE ON enrollment_counts TO touchline_app;

-- What a contact is looked for by, from its beginning. Row-level security lets an index be used only by comparisons
-- that cannot leak, of plain columns: hence a column for the name in lower case, and no LIKE.
ALTER TABLE contacts ADD COLUMN name_key text GENERATED ALWAYS AS (lower(name)) STORED;
CREATE INDEX contacts_by_name ON contacts (tenant_id, name_key COLLATE "C") WHERE name_key IS NOT NULL;
CREATE INDEX contacts_by_email ON contacts (tenant_id, email COLLATE "C") WHERE email IS NOT NULL;
CREATE INDEX contacts_by_phone ON contacts (tenant_id, phone COLLATE "C") WHERE phone IS NOT NULL;
CREATE INDEX contacts_by_external_id ON contacts (tenant_id, external_id COLLATE "C");

-- What the tabs of a flow show; security_invoker: row-level security applies to the reader.
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

CREATE VIEW execution_log WITH (security_invoker = true) AS
SELECT
    p.tenant_id, p.id, p.enrollment_id, p.sequence_id, s.key AS sequence,
    e.contact_id, c.external_id AS contact, c.name AS contact_name, c.email AS contact_email, e.is_test,
    p.node_id AS step, p.node_type AS step_type, p.order_index + 1 AS number, p.status, p.at,
    p.due_at, p.started_at, p.completed_at, p.result
FROM enrollment_steps p
JOIN enrollments e ON e.tenant_id = p.tenant_id AND e.id = p.enrollment_id
JOIN contacts c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id
JOIN sequences s ON s.tenant_id = p.tenant_id AND s.id = p.sequence_id;
GRANT SELECT ON execution_history, execution_log TO touchline_app;

-- migrate:down
DROP VIEW execution_log;
DROP VIEW execution_history;
DROP TRIGGER count_moved ON enrollments;
DROP TRIGGER count_new ON enrollments;
DROP FUNCTION count_moved_enrollment();
DROP FUNCTION count_new_enrollments();
DROP TABLE enrollment_counts;
DROP INDEX contacts_by_external_id;
DROP INDEX contacts_by_phone;
DROP INDEX contacts_by_email;
ALTER TABLE contacts DROP COLUMN name_key;
DROP INDEX responses_of_sequence;
DROP INDEX enrollments_listed_by_status;
DROP INDEX enrollments_listed;
CREATE INDEX enrollments_listed ON enrollments (tenant_id, sequence_id, status, enrolled_at);
DROP INDEX enrollments_tests_listed;
DROP INDEX enrollment_steps_tests;
DROP INDEX enrollment_steps_logged;
ALTER TABLE enrollment_steps DROP COLUMN at, DROP COLUMN is_test, DROP COLUMN sequence_id;
