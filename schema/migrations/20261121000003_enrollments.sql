-- migrate:up

CREATE TABLE enrollments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    version_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'pending'
        CHECK (status IN ('pending', 'running', 'paused', 'completed', 'stopped', 'failed', 'cancelled')),
    -- Why it ended: replied, unsubscribed, bounced, goal, manual, an exit's own reason, …
    reason text,
    error text,
    -- How it came to be: manual, csv, trigger:…
    source text NOT NULL DEFAULT 'manual',
    -- The node that executes next, when, and what holds it back beyond the author's delay.
    current_node text,
    next_run_at timestamptz,
    gate text,
    -- The node that was next when it ended before its time: the one that failed, or was waited for.
    ended_node text,
    -- The last step that was sent; a reply is attributed to it.
    last_node text,
    last_order_index integer CHECK (last_order_index >= 0),
    enrolled_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES sequence_versions,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts,
    CONSTRAINT ended_has_no_next_run CHECK (
        (status IN ('pending', 'running', 'paused')) = (ended_at IS NULL)
        AND (ended_at IS NULL OR (next_run_at IS NULL AND current_node IS NULL AND gate IS NULL))
    ),
    CONSTRAINT live_knows_what_is_next CHECK (
        ended_at IS NOT NULL
        OR (current_node IS NOT NULL AND (next_run_at IS NOT NULL OR gate IS NOT NULL))
    ),
    CONSTRAINT only_ended_has_ended_node CHECK (ended_node IS NULL OR ended_at IS NOT NULL),
    CONSTRAINT paused_has_no_next_run CHECK (status <> 'paused' OR next_run_at IS NULL),
    CONSTRAINT stop_says_why CHECK (status <> 'stopped' OR reason IS NOT NULL),
    CONSTRAINT failure_says_why CHECK (status <> 'failed' OR error IS NOT NULL),
    CONSTRAINT sent_step_is_whole CHECK ((last_node IS NULL) = (last_order_index IS NULL))
) WITH (fillfactor = 80);
-- One live enrollment per contact and sequence, however many callers race.
CREATE UNIQUE INDEX enrollments_one_live ON enrollments (tenant_id, sequence_id, contact_id)
    WHERE status IN ('pending', 'running', 'paused');
CREATE INDEX enrollments_contact ON enrollments (tenant_id, contact_id);
CREATE INDEX enrollments_listed ON enrollments (tenant_id, sequence_id, status, enrolled_at);
-- The sweep's reading: what should have moved and has not.
CREATE INDEX enrollments_due ON enrollments (tenant_id, next_run_at) WHERE status IN ('pending', 'running');

CREATE TABLE enrollment_steps (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    node_id text NOT NULL,
    node_type text NOT NULL,
    order_index integer NOT NULL CHECK (order_index >= 0),
    status text NOT NULL CHECK (status IN ('pending', 'running', 'success', 'failed', 'skipped')),
    -- When the step is due (a message) or over (a delay).
    due_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    result jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments,
    CONSTRAINT finished_has_completed_at CHECK ((status IN ('success', 'failed', 'skipped')) = (completed_at IS NOT NULL)),
    CONSTRAINT begun_has_started_at CHECK (status NOT IN ('running', 'success') OR started_at IS NOT NULL)
) WITH (fillfactor = 80);
CREATE INDEX enrollment_steps_enrollment ON enrollment_steps (tenant_id, enrollment_id);

-- migrate:down
DROP TABLE enrollment_steps;
DROP TABLE enrollments;
