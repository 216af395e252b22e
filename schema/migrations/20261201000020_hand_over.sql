-- migrate:up

ALTER TABLE message_jobs
    -- Rises with each claim: by it the last look before a hand-over knows that the claim is still the one that was made.
    ADD COLUMN claims integer NOT NULL DEFAULT 0 CHECK (claims >= 0),
    -- When the server was started that the claim was made on: another one knows nothing of the sessions of that one.
    ADD COLUMN claimed_on timestamptz,
    -- Its enrollment ended, or its address was barred, while it was being handed over. Sent or in doubt all the same, it
    -- had begun to leave by then.
    ADD COLUMN overtaken_at timestamptz;
ALTER TABLE notices ADD COLUMN claimed_on timestamptz;

-- Whom is a reply from that comes while nobody knows whether the message arrived, and what is on its way to an address
-- that is being barred?
DROP INDEX message_jobs_in_doubt;
CREATE INDEX message_jobs_on_their_way ON message_jobs (tenant_id, channel, recipient) WHERE state IN ('sending', 'ambiguous');

-- The last look before a message leaves, in one round trip and without a lock on any row: what may have ended, barred or
-- held it since its claim. The session that looks keeps an advisory lock on the message until it says that it is done
-- (`finished`, with a later look), so that nobody takes the message for abandoned while its session lives. No row:
-- another attempt is about to settle the message, or there is none.
CREATE FUNCTION last_look(tenant uuid, job uuid, hold bigint, finished bigint[]) RETURNS TABLE (
    state text, claims integer, status text, sequence_status text, suppressed boolean, not_before timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_unlock(done) FROM unnest(finished) AS f (done);
    IF NOT pg_try_advisory_lock(hold) THEN
        RETURN;
    END IF;
    PERFORM set_config('touchline.tenant_id', tenant::text, true);
    RETURN QUERY
        SELECT j.state, j.claims, e.status, s.status, EXISTS (
            SELECT FROM suppressions x WHERE x.channel = j.channel AND x.address = j.recipient AND x.active
        ), e.not_before
        FROM message_jobs j
        JOIN enrollments e ON e.id = j.enrollment_id
        JOIN sequences s ON s.id = e.sequence_id
        WHERE j.id = job;
END
$$;

-- The same for an automatic answer.
CREATE FUNCTION last_look_at_notice(tenant uuid, notice uuid, hold bigint, finished bigint[]) RETURNS TABLE (
    state text, claimed_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM pg_advisory_unlock(done) FROM unnest(finished) AS f (done);
    IF NOT pg_try_advisory_lock(hold) THEN
        RETURN;
    END IF;
    PERFORM set_config('touchline.tenant_id', tenant::text, true);
    RETURN QUERY SELECT n.state, n.claimed_at FROM notices n WHERE n.id = notice;
END
$$;

-- migrate:down
DROP FUNCTION last_look_at_notice(uuid, uuid, bigint, bigint[]);
DROP FUNCTION last_look(uuid, uuid, bigint, bigint[]);
DROP INDEX message_jobs_on_their_way;
CREATE INDEX message_jobs_in_doubt ON message_jobs (tenant_id, channel, recipient) WHERE state = 'ambiguous';
ALTER TABLE notices DROP COLUMN claimed_on;
ALTER TABLE message_jobs DROP COLUMN overtaken_at, DROP COLUMN claimed_on, DROP COLUMN claims;
