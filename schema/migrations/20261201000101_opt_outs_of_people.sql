-- migrate:up

-- What a person has asked for on a channel, whichever address they have there. Beside the suppression of the address at
-- which it was said: that bars the address for everybody, this the contact on every other one. Like there, each row only
-- moves one way: `at` and `lifted_at` are the latest times of their events, whatever order they were heard in.
CREATE TABLE contact_opt_outs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    contact_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    -- A bounce is an address's, and what is barred by hand an address or this.
    reason text NOT NULL CHECK (reason IN ('unsubscribed', 'complained')),
    event_id uuid,
    at timestamptz NOT NULL,
    lifted_at timestamptz,
    active boolean NOT NULL GENERATED ALWAYS AS (lifted_at IS NULL OR lifted_at < at) STORED,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, contact_id, channel, reason),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts
);
CREATE INDEX contact_opt_outs_listed ON contact_opt_outs (tenant_id, created_at, id);
ALTER TABLE contact_opt_outs ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact_opt_outs FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON contact_opt_outs TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON contact_opt_outs TO touchline_app;

-- As before, and by the contact's own wish.
CREATE OR REPLACE FUNCTION last_look(tenant uuid, job uuid, hold bigint, finished bigint[]) RETURNS TABLE (
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
            SELECT FROM suppressions x
            WHERE x.channel = j.channel AND x.address = ANY(address_spellings(j.recipient)) AND x.active
        ) OR EXISTS (
            SELECT FROM contact_opt_outs o WHERE o.contact_id = e.contact_id AND o.channel = j.channel AND o.active
        ), e.not_before
        FROM message_jobs j
        JOIN enrollments e ON e.id = j.enrollment_id
        JOIN sequences s ON s.id = e.sequence_id
        WHERE j.id = job;
END
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION last_look(tenant uuid, job uuid, hold bigint, finished bigint[]) RETURNS TABLE (
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
            SELECT FROM suppressions x
            WHERE x.channel = j.channel AND x.address = ANY(address_spellings(j.recipient)) AND x.active
        ), e.not_before
        FROM message_jobs j
        JOIN enrollments e ON e.id = j.enrollment_id
        JOIN sequences s ON s.id = e.sequence_id
        WHERE j.id = job;
END
$$;
DROP TABLE contact_opt_outs;
