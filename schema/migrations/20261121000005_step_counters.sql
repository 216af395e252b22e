-- migrate:up

-- Exact counts per step, moved by triggers in the transaction that moves the job, so that no path can
-- forget them. Sixteen rows per step (`shard`, by enrollment) keep concurrent sends off one hot row.
CREATE TABLE step_counters (
    tenant_id uuid NOT NULL REFERENCES tenants,
    sequence_id uuid NOT NULL,
    node_id text NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    pending bigint NOT NULL DEFAULT 0,
    sending bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    ambiguous bigint NOT NULL DEFAULT 0,
    cancelled bigint NOT NULL DEFAULT 0,
    responses bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, sequence_id, node_id, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION counter_shard(enrollment_id uuid) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (get_byte(uuid_send(enrollment_id), 0) & 15)::smallint;

-- Rows are taken in key order, so that two transactions never wait for each other in a circle.
CREATE FUNCTION count_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k (tenant_id, sequence_id, node_id, shard, pending)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id), count(*)
    FROM added WHERE state = 'pending'
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET pending = k.pending + excluded.pending;
    RETURN NULL;
END
$$;
CREATE FUNCTION count_moved_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k
        (tenant_id, sequence_id, node_id, shard, pending, sending, sent, failed, ambiguous, cancelled)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id),
        coalesce(sum(d) FILTER (WHERE state = 'pending'), 0), coalesce(sum(d) FILTER (WHERE state = 'sending'), 0),
        coalesce(sum(d) FILTER (WHERE state = 'sent'), 0), coalesce(sum(d) FILTER (WHERE state = 'failed'), 0),
        coalesce(sum(d) FILTER (WHERE state = 'ambiguous'), 0), coalesce(sum(d) FILTER (WHERE state = 'cancelled'), 0)
    FROM (
        SELECT a.tenant_id, a.sequence_id, a.node_id, a.enrollment_id, x.state, x.d
        FROM after_update a JOIN before_update b ON b.tenant_id = a.tenant_id AND b.id = a.id AND b.state <> a.state
        CROSS JOIN LATERAL (VALUES (b.state, -1), (a.state, 1)) AS x (state, d)
    ) moved
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET
        pending = k.pending + excluded.pending, sending = k.sending + excluded.sending,
        sent = k.sent + excluded.sent, failed = k.failed + excluded.failed,
        ambiguous = k.ambiguous + excluded.ambiguous,
        cancelled = k.cancelled + excluded.cancelled;
    RETURN NULL;
END
$$;
CREATE FUNCTION count_responses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k (tenant_id, sequence_id, node_id, shard, responses)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id), count(*)
    FROM added WHERE node_id IS NOT NULL
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET responses = k.responses + excluded.responses;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_new AFTER INSERT ON message_jobs
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_jobs();
CREATE TRIGGER count_moved AFTER UPDATE ON message_jobs
    REFERENCING OLD TABLE AS before_update NEW TABLE AS after_update
    FOR EACH STATEMENT EXECUTE FUNCTION count_moved_jobs();
CREATE TRIGGER count_new AFTER INSERT ON responses
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_responses();

-- migrate:down
DROP TRIGGER count_new ON responses;
DROP TRIGGER count_moved ON message_jobs;
DROP TRIGGER count_new ON message_jobs;
DROP FUNCTION count_responses();
DROP FUNCTION count_moved_jobs();
DROP FUNCTION count_new_jobs();
DROP FUNCTION counter_shard(uuid);
DROP TABLE step_counters;
