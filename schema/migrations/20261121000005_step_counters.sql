-- migrate:up

-- Exact counts per step, moved by triggers in the transaction that moves the job, so that no path can
-- forget them. Sixteen rows per step (`shard`, by enrollment) keep concurrent sends off one hot row.
CREATE TABLE step_counters (
    tenant_id uuid NOT NULL REFERENCES tenants,
    sequence_id uuid NOT NULL,
    node_id text NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    -- Not settled: `pending` and `sending` jobs, so that a claim need not touch the counters.
    pending bigint NOT NULL DEFAULT 0,
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

-- Bulk enrollment adds many at once: rows are taken in key order, so that two batches never wait in a circle.
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
CREATE TRIGGER count_new AFTER INSERT ON message_jobs
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_jobs();

CREATE FUNCTION count_moved_job() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER count_moved AFTER UPDATE OF state ON message_jobs
    FOR EACH ROW WHEN (
        OLD.state IS DISTINCT FROM NEW.state
        AND NOT (OLD.state IN ('pending', 'sending') AND NEW.state IN ('pending', 'sending'))
    ) EXECUTE FUNCTION count_moved_job();

CREATE FUNCTION count_response() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE step_counters SET responses = responses + 1
    WHERE tenant_id = NEW.tenant_id AND sequence_id = NEW.sequence_id AND node_id = NEW.node_id
        AND shard = counter_shard(NEW.enrollment_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER count_new AFTER INSERT ON responses
    FOR EACH ROW WHEN (NEW.node_id IS NOT NULL) EXECUTE FUNCTION count_response();

-- migrate:down
DROP TRIGGER count_new ON responses;
DROP TRIGGER count_moved ON message_jobs;
DROP TRIGGER count_new ON message_jobs;
DROP FUNCTION count_response();
DROP FUNCTION count_moved_job();
DROP FUNCTION count_new_jobs();
DROP FUNCTION counter_shard(uuid);
DROP TABLE step_counters;
