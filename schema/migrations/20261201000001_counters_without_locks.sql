-- migrate:up

-- Counts of steps and arms become rows that are only added, as those of enrollments are. To move a row of counters was to
-- lock it, in the order in which a transaction came to its steps, and two of them met in a circle. Now nobody waits for
-- anybody; whoever reads adds the rows up, and the sweep folds them together. They look no tenant up: that would lock
-- its row at each count.
ALTER TABLE step_counters
    DROP CONSTRAINT step_counters_pkey,
    DROP CONSTRAINT step_counters_tenant_id_fkey,
    DROP COLUMN shard,
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY,
    ADD PRIMARY KEY (tenant_id, id),
    RESET (fillfactor);
CREATE INDEX step_counters_read ON step_counters (tenant_id, sequence_id, node_id);
ALTER TABLE arm_counters
    DROP CONSTRAINT arm_counters_pkey,
    DROP CONSTRAINT arm_counters_tenant_id_fkey,
    DROP COLUMN shard,
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY,
    ADD PRIMARY KEY (tenant_id, id),
    RESET (fillfactor);
CREATE INDEX arm_counters_read ON arm_counters (tenant_id, sequence_id, node_id, arm);
REVOKE UPDATE ON step_counters, arm_counters FROM touchline_app;
GRANT DELETE ON step_counters, arm_counters TO touchline_app;

CREATE OR REPLACE FUNCTION count_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters (tenant_id, sequence_id, node_id, pending, sent, failed, ambiguous, cancelled,
        delivered, undelivered, opened, machine_opened, clicked, machine_clicked, bounced, complained, unsubscribed,
        answered)
    SELECT tenant_id, sequence_id, node_id,
        count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'sent'),
        count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'ambiguous'),
        count(*) FILTER (WHERE state = 'cancelled'),
        count(delivered_at), count(undelivered_at), count(opened_at), count(machine_opened_at), count(clicked_at), count(machine_clicked_at),
        count(bounced_at), count(complained_at), count(unsubscribed_at), count(answered_at)
    FROM added
    WHERE NOT EXISTS (
        SELECT FROM enrollments e WHERE e.tenant_id = added.tenant_id AND e.id = added.enrollment_id AND e.is_test
    )
    GROUP BY 1, 2, 3;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_moved_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters (tenant_id, sequence_id, node_id, pending, sent, failed, ambiguous, cancelled)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id,
        (NEW.state IN ('pending', 'sending'))::int - (OLD.state IN ('pending', 'sending'))::int,
        (NEW.state = 'sent')::int - (OLD.state = 'sent')::int,
        (NEW.state = 'failed')::int - (OLD.state = 'failed')::int,
        (NEW.state = 'ambiguous')::int - (OLD.state = 'ambiguous')::int,
        (NEW.state = 'cancelled')::int - (OLD.state = 'cancelled')::int);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_heard_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters (tenant_id, sequence_id, node_id, delivered, undelivered, opened, machine_opened, clicked,
        machine_clicked, bounced, complained, unsubscribed, answered)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id,
        (NEW.delivered_at IS NOT NULL)::int - (OLD.delivered_at IS NOT NULL)::int,
        (NEW.undelivered_at IS NOT NULL)::int - (OLD.undelivered_at IS NOT NULL)::int,
        (NEW.opened_at IS NOT NULL)::int - (OLD.opened_at IS NOT NULL)::int,
        (NEW.machine_opened_at IS NOT NULL)::int - (OLD.machine_opened_at IS NOT NULL)::int,
        (NEW.clicked_at IS NOT NULL)::int - (OLD.clicked_at IS NOT NULL)::int,
        (NEW.machine_clicked_at IS NOT NULL)::int - (OLD.machine_clicked_at IS NOT NULL)::int,
        (NEW.bounced_at IS NOT NULL)::int - (OLD.bounced_at IS NOT NULL)::int,
        (NEW.complained_at IS NOT NULL)::int - (OLD.complained_at IS NOT NULL)::int,
        (NEW.unsubscribed_at IS NOT NULL)::int - (OLD.unsubscribed_at IS NOT NULL)::int,
        (NEW.answered_at IS NOT NULL)::int - (OLD.answered_at IS NOT NULL)::int);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_response() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters (tenant_id, sequence_id, node_id, responses)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id, 1);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_choice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO arm_counters (tenant_id, sequence_id, node_id, arm, entered)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id, NEW.arm, 1);
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO arm_counters (tenant_id, sequence_id, node_id, arm, opened, clicked, answered, unsubscribed, reached_goal)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id, NEW.arm,
        NEW.opened::int - OLD.opened::int, NEW.clicked::int - OLD.clicked::int, NEW.answered::int - OLD.answered::int,
        NEW.unsubscribed::int - OLD.unsubscribed::int, NEW.reached_goal::int - OLD.reached_goal::int);
    RETURN NULL;
END
$$;

DROP FUNCTION counter_shard(uuid);

-- migrate:down
CREATE FUNCTION counter_shard(enrollment_id uuid) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (get_byte(uuid_send(enrollment_id), 0) & 15)::smallint;
REVOKE DELETE ON step_counters, arm_counters FROM touchline_app;
GRANT UPDATE ON step_counters, arm_counters TO touchline_app;
DROP INDEX step_counters_read, arm_counters_read;
-- All counts of a step or arm in its first shard, and the other shards at nothing, since they are moved and never added.
-- The owner of the tables is to see every tenant's for a moment.
ALTER TABLE step_counters NO FORCE ROW LEVEL SECURITY;
ALTER TABLE arm_counters NO FORCE ROW LEVEL SECURITY;
CREATE TEMP TABLE step_counts AS
SELECT tenant_id, sequence_id, node_id,
    sum(pending)::bigint AS pending, sum(sent)::bigint AS sent, sum(failed)::bigint AS failed,
    sum(ambiguous)::bigint AS ambiguous, sum(cancelled)::bigint AS cancelled, sum(responses)::bigint AS responses,
    sum(delivered)::bigint AS delivered, sum(undelivered)::bigint AS undelivered, sum(opened)::bigint AS opened,
    sum(machine_opened)::bigint AS machine_opened, sum(clicked)::bigint AS clicked,
    sum(machine_clicked)::bigint AS machine_clicked, sum(bounced)::bigint AS bounced,
    sum(complained)::bigint AS complained, sum(unsubscribed)::bigint AS unsubscribed,
    sum(answered)::bigint AS answered
FROM step_counters GROUP BY 1, 2, 3;
DELETE FROM step_counters;
ALTER TABLE step_counters
    DROP CONSTRAINT step_counters_pkey,
    DROP COLUMN id,
    ADD COLUMN shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    ADD PRIMARY KEY (tenant_id, sequence_id, node_id, shard),
    ADD FOREIGN KEY (tenant_id) REFERENCES tenants,
    SET (fillfactor = 50);
INSERT INTO step_counters (tenant_id, sequence_id, node_id, shard,
    pending, sent, failed, ambiguous, cancelled, responses, delivered, undelivered, opened, machine_opened, clicked,
    machine_clicked, bounced, complained, unsubscribed, answered)
SELECT tenant_id, sequence_id, node_id, 0,
    pending, sent, failed, ambiguous, cancelled, responses, delivered, undelivered, opened, machine_opened, clicked,
    machine_clicked, bounced, complained, unsubscribed, answered
FROM step_counts;
INSERT INTO step_counters (tenant_id, sequence_id, node_id, shard)
SELECT tenant_id, sequence_id, node_id, shard FROM step_counts, generate_series(1, 15) AS shard;
DROP TABLE step_counts;
ALTER TABLE step_counters FORCE ROW LEVEL SECURITY;
CREATE TEMP TABLE arm_counts AS
SELECT tenant_id, sequence_id, node_id, arm,
    sum(entered)::bigint AS entered, sum(opened)::bigint AS opened, sum(clicked)::bigint AS clicked,
    sum(answered)::bigint AS answered, sum(unsubscribed)::bigint AS unsubscribed,
    sum(reached_goal)::bigint AS reached_goal
FROM arm_counters GROUP BY 1, 2, 3, 4;
DELETE FROM arm_counters;
ALTER TABLE arm_counters
    DROP CONSTRAINT arm_counters_pkey,
    DROP COLUMN id,
    ADD COLUMN shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    ADD PRIMARY KEY (tenant_id, sequence_id, node_id, arm, shard),
    ADD FOREIGN KEY (tenant_id) REFERENCES tenants,
    SET (fillfactor = 50);
INSERT INTO arm_counters (tenant_id, sequence_id, node_id, arm, shard,
    entered, opened, clicked, answered, unsubscribed, reached_goal)
SELECT tenant_id, sequence_id, node_id, arm, 0,
    entered, opened, clicked, answered, unsubscribed, reached_goal
FROM arm_counts;
INSERT INTO arm_counters (tenant_id, sequence_id, node_id, arm, shard)
SELECT tenant_id, sequence_id, node_id, arm, shard FROM arm_counts, generate_series(1, 15) AS shard;
DROP TABLE arm_counts;
ALTER TABLE arm_counters FORCE ROW LEVEL SECURITY;
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
CREATE OR REPLACE FUNCTION count_moved_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE step_counters SET
        pending = pending + (NEW.state IN ('pending', 'sending'))::int - (OLD.state IN ('pending', 'sending'))::int,
        sent = sent + (NEW.state = 'sent')::int - (OLD.state = 'sent')::int,
        failed = failed + (NEW.state = 'failed')::int - (OLD.state = 'failed')::int,
        ambiguous = ambiguous + (NEW.state = 'ambiguous')::int - (OLD.state = 'ambiguous')::int,
        cancelled = cancelled + (NEW.state = 'cancelled')::int - (OLD.state = 'cancelled')::int
    WHERE tenant_id = NEW.tenant_id AND sequence_id = NEW.sequence_id AND node_id = NEW.node_id
        AND shard = counter_shard(NEW.enrollment_id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_heard_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE step_counters SET
        delivered = delivered + (NEW.delivered_at IS NOT NULL)::int - (OLD.delivered_at IS NOT NULL)::int,
        undelivered = undelivered + (NEW.undelivered_at IS NOT NULL)::int - (OLD.undelivered_at IS NOT NULL)::int,
        opened = opened + (NEW.opened_at IS NOT NULL)::int - (OLD.opened_at IS NOT NULL)::int,
        machine_opened = machine_opened + (NEW.machine_opened_at IS NOT NULL)::int - (OLD.machine_opened_at IS NOT NULL)::int,
        clicked = clicked + (NEW.clicked_at IS NOT NULL)::int - (OLD.clicked_at IS NOT NULL)::int,
        machine_clicked = machine_clicked + (NEW.machine_clicked_at IS NOT NULL)::int - (OLD.machine_clicked_at IS NOT NULL)::int,
        bounced = bounced + (NEW.bounced_at IS NOT NULL)::int - (OLD.bounced_at IS NOT NULL)::int,
        complained = complained + (NEW.complained_at IS NOT NULL)::int - (OLD.complained_at IS NOT NULL)::int,
        unsubscribed = unsubscribed + (NEW.unsubscribed_at IS NOT NULL)::int - (OLD.unsubscribed_at IS NOT NULL)::int,
        answered = answered + (NEW.answered_at IS NOT NULL)::int - (OLD.answered_at IS NOT NULL)::int
    WHERE tenant_id = NEW.tenant_id AND sequence_id = NEW.sequence_id AND node_id = NEW.node_id
        AND shard = counter_shard(NEW.enrollment_id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_response() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE step_counters SET responses = responses + 1
    WHERE tenant_id = NEW.tenant_id AND sequence_id = NEW.sequence_id AND node_id = NEW.node_id
        AND shard = counter_shard(NEW.enrollment_id);
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_choice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO arm_counters AS k (tenant_id, sequence_id, node_id, arm, shard, entered)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id, NEW.arm, counter_shard(NEW.enrollment_id), 1)
    ON CONFLICT (tenant_id, sequence_id, node_id, arm, shard) DO UPDATE SET entered = k.entered + 1;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION count_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE arm_counters SET
        opened = opened + NEW.opened::int - OLD.opened::int,
        clicked = clicked + NEW.clicked::int - OLD.clicked::int,
        answered = answered + NEW.answered::int - OLD.answered::int,
        unsubscribed = unsubscribed + NEW.unsubscribed::int - OLD.unsubscribed::int,
        reached_goal = reached_goal + NEW.reached_goal::int - OLD.reached_goal::int
    WHERE tenant_id = NEW.tenant_id AND sequence_id = NEW.sequence_id AND node_id = NEW.node_id AND arm = NEW.arm
        AND shard = counter_shard(NEW.enrollment_id);
    RETURN NULL;
END
$$;
