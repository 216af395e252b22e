-- migrate:up

-- Enrollments that were moved to another version: from where to where, and what their workflow was answered, so that
-- the same move said again gets the same answer.
CREATE TABLE enrollment_moves (
    tenant_id uuid NOT NULL,
    -- Drawn by the workflow for each command.
    id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    from_version_id uuid NOT NULL,
    to_version_id uuid NOT NULL,
    from_node text NOT NULL,
    to_node text NOT NULL,
    answer jsonb NOT NULL,
    moved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments,
    FOREIGN KEY (tenant_id, from_version_id) REFERENCES sequence_versions,
    FOREIGN KEY (tenant_id, to_version_id) REFERENCES sequence_versions,
    CONSTRAINT moved_elsewhere CHECK (from_version_id <> to_version_id)
);
CREATE INDEX enrollment_moves_enrollment ON enrollment_moves (tenant_id, enrollment_id);
ALTER TABLE enrollment_moves ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollment_moves FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON enrollment_moves TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT ON enrollment_moves TO touchline_app;

-- A message that was given up because its enrollment moved elsewhere, and that nobody had tried to hand over, is
-- planned again when the enrollment is moved back.
CREATE OR REPLACE FUNCTION guard_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (
        (OLD.state = 'pending' AND NEW.state IN ('sending', 'failed', 'cancelled'))
        OR (OLD.state = 'sending' AND NEW.state IN ('sent', 'failed', 'ambiguous', 'pending', 'cancelled'))
        OR (OLD.state = 'ambiguous' AND NEW.state IN ('sent', 'failed', 'sending', 'pending', 'cancelled'))
        OR (OLD.state IN ('pending', 'cancelled') AND NEW.state = 'sent'
            AND (OLD.provider_message_id IS NOT NULL OR OLD.delivery IS NOT NULL))
        OR (OLD.state = 'cancelled' AND NEW.state = 'pending'
            AND OLD.cancel_reason = 'migrated' AND OLD.claimed_at IS NULL)
    ) THEN
        RAISE EXCEPTION 'message job % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION guard_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (
        (OLD.state = 'pending' AND NEW.state IN ('sending', 'failed', 'cancelled'))
        OR (OLD.state = 'sending' AND NEW.state IN ('sent', 'failed', 'ambiguous', 'pending', 'cancelled'))
        OR (OLD.state = 'ambiguous' AND NEW.state IN ('sent', 'failed', 'sending', 'pending', 'cancelled'))
        OR (OLD.state IN ('pending', 'cancelled') AND NEW.state = 'sent'
            AND (OLD.provider_message_id IS NOT NULL OR OLD.delivery IS NOT NULL))
    ) THEN
        RAISE EXCEPTION 'message job % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
DROP TABLE enrollment_moves;
