-- migrate:up

-- The first answer to each writing request that carried an Idempotency-Key, for a day.
CREATE TABLE idempotent_requests (
    tenant_id uuid NOT NULL REFERENCES tenants,
    key text NOT NULL CHECK (key <> ''),
    -- sha256 of who asked for what: API key, method, path, query, body.
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    began_at timestamptz NOT NULL,
    -- Names the attempt that is under way; after `held_until` it counts as dead, and another may begin.
    attempt uuid NOT NULL,
    held_until timestamptz,
    status smallint CHECK (status BETWEEN 100 AND 599),
    -- Headers and body, encrypted by what only the caller has; NULL: the answer was too long to be kept.
    answer bytea,
    PRIMARY KEY (tenant_id, key),
    CONSTRAINT answered_is_not_held CHECK ((status IS NULL) = (held_until IS NOT NULL)),
    CONSTRAINT only_answered_has_an_answer CHECK (answer IS NULL OR status IS NOT NULL)
);
CREATE INDEX idempotent_requests_age ON idempotent_requests (tenant_id, began_at);

-- Whom sequences can name: `assign_to_user`, `notify_user`, tasks. Names that are not here work as well.
CREATE TABLE users (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    -- What sequences call them.
    name text NOT NULL CHECK (name <> ''),
    full_name text CHECK (full_name <> ''),
    email text CHECK (email <> ''),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- Addresses to send from. Without one of a channel, the installation's own is used.
CREATE TABLE senders (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    -- In the one spelling under which addresses are compared; or the SID of a messaging service.
    address text NOT NULL CHECK (address <> ''),
    -- Shown beside an email address.
    name text CHECK (name <> ''),
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, channel, address),
    CONSTRAINT only_email_shows_a_name CHECK (name IS NULL OR channel = 'email')
);
CREATE UNIQUE INDEX senders_one_default ON senders (tenant_id, channel) WHERE is_default;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['idempotent_requests', 'users', 'senders'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I TO touchline_app USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotent_requests, users, senders TO touchline_app;

ALTER TABLE tenants
    -- The tenant's own dates, by the clock of whoever is written to, on which nobody is.
    ADD COLUMN holidays date[] NOT NULL DEFAULT '{}',
    -- For sequences that name no policy of their own.
    ADD COLUMN on_ambiguous text NOT NULL DEFAULT 'hold' CHECK (on_ambiguous IN ('hold', 'resend', 'assume_sent'));
GRANT UPDATE (holidays, on_ambiguous) ON tenants TO touchline_app;

-- From where it goes, the same on every attempt; NULL: from the installation's own.
ALTER TABLE notices ADD COLUMN sender text CHECK (sender <> '');

-- migrate:down
ALTER TABLE notices DROP COLUMN sender;
REVOKE UPDATE (holidays, on_ambiguous) ON tenants FROM touchline_app;
ALTER TABLE tenants DROP COLUMN holidays, DROP COLUMN on_ambiguous;
DROP TABLE senders, users, idempotent_requests;
