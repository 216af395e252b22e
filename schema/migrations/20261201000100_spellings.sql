-- migrate:up

-- Every way in which the phone of this address is written (content/spellings.py has the same table and its reasons).
-- Rows keep the spelling that they came with; they are found by all of them, so none has to be rewritten.
CREATE FUNCTION address_spellings(address text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN address IS NULL THEN '{}'
    WHEN address !~ '^\+(52|54|55|225|229)' THEN ARRAY[address]
    WHEN address ~ '^\+52[2-9][0-9]{9}$' THEN ARRAY[address, '+521' || substr(address, 4)]
    WHEN address ~ '^\+521[2-9][0-9]{9}$' THEN ARRAY[address, '+52' || substr(address, 5)]
    WHEN address ~ '^\+54[1-8][0-9]{9}$' THEN ARRAY[address, '+549' || substr(address, 4)]
    WHEN address ~ '^\+549[1-8][0-9]{9}$' THEN ARRAY[address, '+54' || substr(address, 5)]
    WHEN address ~ '^\+55[1-9]{2}[6-9][0-9]{7}$' THEN ARRAY[address, left(address, 5) || '9' || substr(address, 6)]
    WHEN address ~ '^\+55[1-9]{2}9[6-9][0-9]{7}$' THEN ARRAY[address, left(address, 5) || substr(address, 7)]
    WHEN address ~ '^\+229[2-9][0-9]{7}$' THEN ARRAY[address, '+22901' || substr(address, 5)]
    WHEN address ~ '^\+22901[2-9][0-9]{7}$' THEN ARRAY[address, '+229' || substr(address, 7)]
    WHEN address ~ '^\+225[04-9][0-3][0-9]{6}$' THEN ARRAY[address, '+22501' || substr(address, 5)]
    WHEN address ~ '^\+225[04-9][4-6][0-9]{6}$' THEN ARRAY[address, '+22505' || substr(address, 5)]
    WHEN address ~ '^\+225[04-9][7-9][0-9]{6}$' THEN ARRAY[address, '+22507' || substr(address, 5)]
    WHEN address ~ '^\+225(01[04-9][0-3]|05[04-9][4-6]|07[04-9][7-9])[0-9]{6}$'
        THEN ARRAY[address, '+225' || substr(address, 7)]
    ELSE ARRAY[address]
END;

-- As before, by every spelling.
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
            SELECT FROM suppressions x WHERE x.channel = j.channel AND x.address = j.recipient AND x.active
        ), e.not_before
        FROM message_jobs j
        JOIN enrollments e ON e.id = j.enrollment_id
        JOIN sequences s ON s.id = e.sequence_id
        WHERE j.id = job;
END
$$;
DROP FUNCTION address_spellings(text);
