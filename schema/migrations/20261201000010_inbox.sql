-- migrate:up

-- What proven callers reported and what has not had its effect yet: committed before the caller is answered, and gone in
-- the transaction of its effect. Until then nothing is handed over to whom it may concern.
CREATE TABLE inbox (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- That of the event that it becomes.
    id uuid NOT NULL,
    -- In the order of coming in.
    place bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- What has the same lane has its effect one after the other.
    lane text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('message', 'status')),
    -- In our words, as domain/events.py has them.
    report jsonb NOT NULL,
    -- The path that was called.
    source text NOT NULL,
    -- What it has not ended yet of others at a barred address, where that takes more than one transaction.
    rest jsonb,
    -- Whether it may end, bar or postpone anything.
    holds boolean NOT NULL,
    -- Whom it may concern, normalised: where it comes from or what it is about; where the message that it names went,
    -- and whose that is.
    address text,
    recipient text,
    contact_id uuid,
    -- Times that it failed for a reason of its own, and the last of them.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    error text,
    received_at timestamptz NOT NULL,
    -- Whoever took it in is at it until then; from then on anybody may.
    due_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT failure_says_why CHECK ((attempts > 0) = (error IS NOT NULL))
);
CREATE INDEX inbox_lane ON inbox (tenant_id, lane, place);
CREATE INDEX inbox_due ON inbox (tenant_id, due_at, place);
-- Before each hand-over: is there anything that may concern this contact?
CREATE INDEX inbox_address ON inbox (tenant_id, address) WHERE holds;
CREATE INDEX inbox_recipient ON inbox (tenant_id, recipient) WHERE holds AND recipient IS NOT NULL;
CREATE INDEX inbox_contact ON inbox (tenant_id, contact_id) WHERE holds AND contact_id IS NOT NULL;

ALTER TABLE inbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON inbox TO touchline_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox TO touchline_app;

-- Whoever applies it learns for whom there is something to do, and nothing else of other tenants.
CREATE POLICY owner_reads ON inbox FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION tenants_with_inbox(before timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT t.id FROM tenants t
    WHERE EXISTS (SELECT FROM inbox i WHERE i.tenant_id = t.id AND i.due_at <= before)
    ORDER BY t.id;
END;

-- Since when does anything wait that may concern this contact, at any of these addresses? Sees what the statement sees
-- that asks.
CREATE FUNCTION inbox_holds(contact uuid, VARIADIC addresses text[]) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN least(
        (SELECT min(i.received_at) FROM inbox i WHERE i.holds AND i.contact_id = contact),
        (SELECT min(i.received_at) FROM inbox i WHERE i.holds AND i.address = ANY(addresses)),
        (SELECT min(i.received_at) FROM inbox i WHERE i.holds AND i.recipient = ANY(addresses)));
END
$$;

-- migrate:down
DROP FUNCTION inbox_holds(uuid, text[]);
DROP FUNCTION tenants_with_inbox(timestamptz);
DROP TABLE inbox;
