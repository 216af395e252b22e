-- migrate:up

ALTER TABLE enrollments
    -- To see how a sequence runs: everything happens as it does to others, and no statistics count it.
    ADD COLUMN is_test boolean NOT NULL DEFAULT false,
    -- How often it was taken up again after a failure.
    ADD COLUMN retries integer NOT NULL DEFAULT 0 CHECK (retries >= 0),
    -- The lap that the last goto began. A retry opens a lap as well, which belongs to the same round through the plan.
    ADD COLUMN round_lap integer NOT NULL DEFAULT 0 CHECK (round_lap >= 0);
-- The owner of the tables is to see every tenant's enrollments for a moment.
ALTER TABLE enrollments NO FORCE ROW LEVEL SECURITY;
UPDATE enrollments SET round_lap = lap WHERE lap > 0;
ALTER TABLE enrollments FORCE ROW LEVEL SECURITY;
CREATE INDEX enrollments_test_runs ON enrollments (tenant_id, id) WHERE is_test;

-- What had failed before it was taken up again. The records of the failed step stay as they were, in their lap.
CREATE TABLE enrollment_retries (
    tenant_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    node_id text NOT NULL,
    lap integer NOT NULL CHECK (lap >= 0),
    error text NOT NULL,
    failed_at timestamptz NOT NULL,
    retried_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, enrollment_id, number),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);
ALTER TABLE enrollment_retries ENABLE ROW LEVEL SECURITY;
ALTER TABLE enrollment_retries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON enrollment_retries TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT ON enrollment_retries TO touchline_app;

-- Statistics are about real runs. Looked up where counters move, so that nothing that writes a message can forget it.
CREATE FUNCTION is_test_run(tenant uuid, enrollment uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM enrollments e WHERE e.tenant_id = tenant AND e.id = enrollment AND e.is_test);

CREATE OR REPLACE FUNCTION count_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k (tenant_id, sequence_id, node_id, shard, pending, sent, failed, ambiguous, cancelled,
        delivered, undelivered, opened, machine_opened, clicked, machine_clicked, bounced, complained, unsubscribed,
        answered)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id),
        count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'sent'),
        count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'ambiguous'),
        count(*) FILTER (WHERE state = 'cancelled'),
        count(delivered_at), count(undelivered_at), count(opened_at), count(machine_opened_at), count(clicked_at), count(machine_clicked_at),
        count(bounced_at), count(complained_at), count(unsubscribed_at), count(answered_at)
    FROM added
    WHERE NOT EXISTS (
        SELECT FROM enrollments e WHERE e.tenant_id = added.tenant_id AND e.id = added.enrollment_id AND e.is_test
    )
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET
        pending = k.pending + excluded.pending, sent = k.sent + excluded.sent, failed = k.failed + excluded.failed,
        ambiguous = k.ambiguous + excluded.ambiguous, cancelled = k.cancelled + excluded.cancelled,
        delivered = k.delivered + excluded.delivered, undelivered = k.undelivered + excluded.undelivered, opened = k.opened + excluded.opened,
        machine_opened = k.machine_opened + excluded.machine_opened, clicked = k.clicked + excluded.clicked,
        machine_clicked = k.machine_clicked + excluded.machine_clicked, bounced = k.bounced + excluded.bounced,
        complained = k.complained + excluded.complained, unsubscribed = k.unsubscribed + excluded.unsubscribed,
        answered = k.answered + excluded.answered;
    RETURN NULL;
END
$$;

DROP TRIGGER count_moved ON message_jobs;
DROP TRIGGER count_heard ON message_jobs;
DROP TRIGGER count_new ON responses;
DROP TRIGGER count_new ON split_choices;
DROP TRIGGER count_moved ON split_choices;
CREATE TRIGGER count_moved AFTER UPDATE OF state ON message_jobs
    FOR EACH ROW WHEN (
        OLD.state IS DISTINCT FROM NEW.state
        AND NOT (OLD.state IN ('pending', 'sending') AND NEW.state IN ('pending', 'sending'))
        AND NOT is_test_run(NEW.tenant_id, NEW.enrollment_id)
    ) EXECUTE FUNCTION count_moved_job();
CREATE TRIGGER count_heard AFTER UPDATE OF delivered_at, undelivered_at, opened_at, machine_opened_at, clicked_at, machine_clicked_at,
    bounced_at, complained_at, unsubscribed_at, answered_at ON message_jobs
    FOR EACH ROW WHEN (
        num_nonnulls(OLD.delivered_at, OLD.undelivered_at, OLD.opened_at, OLD.machine_opened_at, OLD.clicked_at, OLD.machine_clicked_at,
            OLD.bounced_at, OLD.complained_at, OLD.unsubscribed_at, OLD.answered_at)
        IS DISTINCT FROM
        num_nonnulls(NEW.delivered_at, NEW.undelivered_at, NEW.opened_at, NEW.machine_opened_at, NEW.clicked_at, NEW.machine_clicked_at,
            NEW.bounced_at, NEW.complained_at, NEW.unsubscribed_at, NEW.answered_at)
        AND NOT is_test_run(NEW.tenant_id, NEW.enrollment_id)
    ) EXECUTE FUNCTION count_heard_of_job();
CREATE TRIGGER count_new AFTER INSERT ON responses
    FOR EACH ROW WHEN (NEW.node_id IS NOT NULL AND NOT is_test_run(NEW.tenant_id, NEW.enrollment_id))
    EXECUTE FUNCTION count_response();
CREATE TRIGGER count_new AFTER INSERT ON split_choices
    FOR EACH ROW WHEN (NOT is_test_run(NEW.tenant_id, NEW.enrollment_id)) EXECUTE FUNCTION count_choice();
CREATE TRIGGER count_moved AFTER UPDATE ON split_choices
    FOR EACH ROW WHEN (NOT is_test_run(NEW.tenant_id, NEW.enrollment_id)) EXECUTE FUNCTION count_outcome();

-- migrate:down
DROP TRIGGER count_moved ON message_jobs;
DROP TRIGGER count_heard ON message_jobs;
DROP TRIGGER count_new ON responses;
DROP TRIGGER count_new ON split_choices;
DROP TRIGGER count_moved ON split_choices;
CREATE TRIGGER count_moved AFTER UPDATE OF state ON message_jobs
    FOR EACH ROW WHEN (
        OLD.state IS DISTINCT FROM NEW.state
        AND NOT (OLD.state IN ('pending', 'sending') AND NEW.state IN ('pending', 'sending'))
    ) EXECUTE FUNCTION count_moved_job();
CREATE TRIGGER count_heard AFTER UPDATE OF delivered_at, undelivered_at, opened_at, machine_opened_at, clicked_at, machine_clicked_at,
    bounced_at, complained_at, unsubscribed_at, answered_at ON message_jobs
    FOR EACH ROW WHEN (
        num_nonnulls(OLD.delivered_at, OLD.undelivered_at, OLD.opened_at, OLD.machine_opened_at, OLD.clicked_at, OLD.machine_clicked_at,
            OLD.bounced_at, OLD.complained_at, OLD.unsubscribed_at, OLD.answered_at)
        IS DISTINCT FROM
        num_nonnulls(NEW.delivered_at, NEW.undelivered_at, NEW.opened_at, NEW.machine_opened_at, NEW.clicked_at, NEW.machine_clicked_at,
            NEW.bounced_at, NEW.complained_at, NEW.unsubscribed_at, NEW.answered_at)
    ) EXECUTE FUNCTION count_heard_of_job();
CREATE TRIGGER count_new AFTER INSERT ON responses
    FOR EACH ROW WHEN (NEW.node_id IS NOT NULL) EXECUTE FUNCTION count_response();
CREATE TRIGGER count_new AFTER INSERT ON split_choices FOR EACH ROW EXECUTE FUNCTION count_choice();
CREATE TRIGGER count_moved AFTER UPDATE ON split_choices FOR EACH ROW EXECUTE FUNCTION count_outcome();
CREATE OR REPLACE FUNCTION count_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k (tenant_id, sequence_id, node_id, shard, pending, sent, failed, ambiguous, cancelled,
        delivered, undelivered, opened, machine_opened, clicked, machine_clicked, bounced, complained, unsubscribed,
        answered)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id),
        count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'sent'),
        count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'ambiguous'),
        count(*) FILTER (WHERE state = 'cancelled'),
        count(delivered_at), count(undelivered_at), count(opened_at), count(machine_opened_at), count(clicked_at), count(machine_clicked_at),
        count(bounced_at), count(complained_at), count(unsubscribed_at), count(answered_at)
    FROM added
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET
        pending = k.pending + excluded.pending, sent = k.sent + excluded.sent, failed = k.failed + excluded.failed,
        ambiguous = k.ambiguous + excluded.ambiguous, cancelled = k.cancelled + excluded.cancelled,
        delivered = k.delivered + excluded.delivered, undelivered = k.undelivered + excluded.undelivered, opened = k.opened + excluded.opened,
        machine_opened = k.machine_opened + excluded.machine_opened, clicked = k.clicked + excluded.clicked,
        machine_clicked = k.machine_clicked + excluded.machine_clicked, bounced = k.bounced + excluded.bounced,
        complained = k.complained + excluded.complained, unsubscribed = k.unsubscribed + excluded.unsubscribed,
        answered = k.answered + excluded.answered;
    RETURN NULL;
END
$$;
DROP FUNCTION is_test_run(uuid, uuid);
DROP TABLE enrollment_retries;
DROP INDEX enrollments_test_runs;
ALTER TABLE enrollments DROP COLUMN round_lap, DROP COLUMN retries, DROP COLUMN is_test;
