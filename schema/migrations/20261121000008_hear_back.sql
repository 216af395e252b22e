-- migrate:up

-- What became of a message after its hand-over. Each column only ever moves one way (the highest rank, the earliest
-- time), so that any order and any number of reports end in the same row.
CREATE FUNCTION delivery_rank(delivery text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(
    ARRAY['queued', 'sent', 'deferred', 'delivered', 'failed', 'bounced', 'complained'], delivery)::smallint;

ALTER TABLE message_jobs
    ADD COLUMN delivery text CHECK (delivery IS NULL OR delivery_rank(delivery) IS NOT NULL),
    ADD COLUMN delivered_at timestamptz,
    -- Taken over, and reported later as never to arrive, for a reason that says nothing about the address.
    ADD COLUMN undelivered_at timestamptz,
    ADD COLUMN opened_at timestamptz,
    -- By a scanner or a prefetching proxy: known, and not counted as opened.
    ADD COLUMN machine_opened_at timestamptz,
    ADD COLUMN clicked_at timestamptz,
    ADD COLUMN machine_clicked_at timestamptz,
    ADD COLUMN bounced_at timestamptz,
    -- The address refused it this time; three messages in a row count as a bounce.
    ADD COLUMN soft_bounced_at timestamptz,
    ADD COLUMN complained_at timestamptz,
    ADD COLUMN unsubscribed_at timestamptz,
    ADD COLUMN answered_at timestamptz;

-- What is heard of a message proves that it went out, also of one that waits for another try, or was cancelled after
-- one; nothing else makes such a message sent.
CREATE OR REPLACE FUNCTION guard_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (
        (OLD.state = 'pending' AND NEW.state IN ('sending', 'failed', 'cancelled'))
        OR (OLD.state = 'sending' AND NEW.state IN ('sent', 'failed', 'ambiguous', 'pending', 'cancelled'))
        OR (OLD.state = 'ambiguous' AND NEW.state IN ('sent', 'failed', 'sending', 'pending', 'cancelled'))
        OR (OLD.state IN ('pending', 'cancelled') AND NEW.state = 'sent'
            AND (OLD.provider_message_id IS NOT NULL OR OLD.delivery IS NOT NULL))
    ) THEN
        RAISE EXCEPTION 'message job % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Providers name a message by their own id.
CREATE INDEX message_jobs_provider_message ON message_jobs (tenant_id, provider_message_id)
    WHERE provider_message_id IS NOT NULL;
-- The last messages to an address: three soft bounces in a row.
CREATE INDEX message_jobs_address ON message_jobs (tenant_id, channel, recipient, sent_at DESC) WHERE state = 'sent';

ALTER TABLE step_counters
    ADD COLUMN delivered bigint NOT NULL DEFAULT 0,
    ADD COLUMN undelivered bigint NOT NULL DEFAULT 0,
    ADD COLUMN opened bigint NOT NULL DEFAULT 0,
    ADD COLUMN machine_opened bigint NOT NULL DEFAULT 0,
    ADD COLUMN clicked bigint NOT NULL DEFAULT 0,
    ADD COLUMN machine_clicked bigint NOT NULL DEFAULT 0,
    ADD COLUMN bounced bigint NOT NULL DEFAULT 0,
    ADD COLUMN complained bigint NOT NULL DEFAULT 0,
    ADD COLUMN unsubscribed bigint NOT NULL DEFAULT 0,
    -- Messages that were answered at least once; `responses` counts the answers.
    ADD COLUMN answered bigint NOT NULL DEFAULT 0;

-- Counts whatever state rows are inserted in, so that imported history is counted like lived history.
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

CREATE FUNCTION count_heard_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER count_heard AFTER UPDATE OF delivered_at, undelivered_at, opened_at, machine_opened_at, clicked_at, machine_clicked_at,
    bounced_at, complained_at, unsubscribed_at, answered_at ON message_jobs
    FOR EACH ROW WHEN (
        num_nonnulls(OLD.delivered_at, OLD.undelivered_at, OLD.opened_at, OLD.machine_opened_at, OLD.clicked_at, OLD.machine_clicked_at,
            OLD.bounced_at, OLD.complained_at, OLD.unsubscribed_at, OLD.answered_at)
        IS DISTINCT FROM
        num_nonnulls(NEW.delivered_at, NEW.undelivered_at, NEW.opened_at, NEW.machine_opened_at, NEW.clicked_at, NEW.machine_clicked_at,
            NEW.bounced_at, NEW.complained_at, NEW.unsubscribed_at, NEW.answered_at)
    ) EXECUTE FUNCTION count_heard_of_job();

ALTER TABLE events
    -- The message that it is about; NULL: none of ours, or nobody knows which.
    ADD COLUMN job_id uuid,
    -- By what it was matched: token, provider_id, message_id, address, named.
    ADD COLUMN matched_by text,
    -- When it happened, by the provider's account.
    ADD COLUMN occurred_at timestamptz,
    ADD COLUMN machine boolean NOT NULL DEFAULT false;
UPDATE events SET occurred_at = received_at;
ALTER TABLE events ALTER COLUMN occurred_at SET NOT NULL;
ALTER TABLE events ADD CONSTRAINT events_type_check CHECK (type IN (
    'queued', 'sent', 'deferred', 'delivered', 'failed', 'bounced', 'complained', 'opened', 'clicked',
    'unsubscribed', 'subscribed', 'autoresponded', 'inbound', 'unknown'));
CREATE INDEX events_job ON events (tenant_id, job_id) WHERE job_id IS NOT NULL;

ALTER TABLE messages
    -- Outbound: a step of a sequence, an automatic answer (confirmation, help), an operator's own.
    -- Inbound: what it was taken for.
    ADD COLUMN kind text,
    ADD COLUMN rfc_message_id text;
UPDATE messages m SET kind = CASE direction WHEN 'out' THEN 'step' ELSE
    coalesce((SELECT r.kind FROM responses r WHERE r.tenant_id = m.tenant_id AND r.id = m.id), 'reply') END;
ALTER TABLE messages ALTER COLUMN kind SET NOT NULL;
ALTER TABLE messages ADD CONSTRAINT messages_kind_fits_direction CHECK (
    (direction = 'out' AND kind IN ('step', 'confirmation', 'help', 'operator'))
    OR (direction = 'in' AND kind IN ('reply', 'opt_out', 'help', 'start', 'auto_reply')));
ALTER TABLE messages DROP CONSTRAINT outbound_is_attributed;
ALTER TABLE messages ADD CONSTRAINT step_is_attributed CHECK (
    kind <> 'step' OR (contact_id IS NOT NULL AND enrollment_id IS NOT NULL));
DROP INDEX messages_last_written;
CREATE INDEX messages_last_written ON messages (tenant_id, channel, address, at DESC) WHERE kind = 'step';

-- An address may be barred for several reasons at once; START lifts one of them. Like deliveries, each row only moves
-- one way: `at` and `lifted_at` are the latest times of their events, whatever order they were heard in.
ALTER TABLE suppressions
    ADD COLUMN at timestamptz,
    ADD COLUMN lifted_at timestamptz;
UPDATE suppressions SET at = created_at;
ALTER TABLE suppressions
    ALTER COLUMN at SET NOT NULL,
    ADD COLUMN active boolean NOT NULL GENERATED ALWAYS AS (lifted_at IS NULL OR lifted_at < at) STORED,
    ADD CONSTRAINT suppressions_reason_check CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual')),
    DROP CONSTRAINT suppressions_pkey,
    ADD PRIMARY KEY (tenant_id, channel, address, reason);

ALTER TABLE enrollments
    -- A contact who is away: nothing goes out before this instant.
    ADD COLUMN not_before timestamptz,
    -- When the report happened that ended it; of several, the earliest gives the reason, whatever order they come in.
    ADD COLUMN ended_by_at timestamptz,
    ADD CONSTRAINT only_stopped_by_report CHECK (ended_by_at IS NULL OR status = 'stopped');

ALTER TABLE enrollment_signals
    DROP CONSTRAINT enrollment_signals_signal_check,
    ADD CONSTRAINT enrollment_signals_signal_check CHECK (signal IN ('reply', 'suppress', 'nudge', 'postpone')),
    -- With `postpone`: the node that is next, and when.
    ADD COLUMN upcoming jsonb;

-- The one automatic answer that an inbound message may get: a confirmation of an opt-out, or the help text.
CREATE TABLE notices (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- Derived from the event.
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('confirmation', 'help')),
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    address text NOT NULL,
    contact_id uuid,
    body text NOT NULL CHECK (body <> ''),
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'ambiguous', 'expired')),
    -- After this it would come too late to be permitted, or to make sense.
    expires_at timestamptz NOT NULL,
    provider text,
    provider_message_id text,
    error text,
    created_at timestamptz NOT NULL,
    claimed_at timestamptz,
    sent_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT sending_was_claimed CHECK (state <> 'sending' OR (claimed_at IS NOT NULL AND provider IS NOT NULL)),
    CONSTRAINT sent_has_sent_at CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT failed_has_error CHECK (state NOT IN ('failed', 'ambiguous') OR error IS NOT NULL)
);
CREATE INDEX notices_open ON notices (tenant_id, created_at) WHERE state IN ('pending', 'sending');
-- Was this address owed one lately?
CREATE INDEX notices_address ON notices (tenant_id, channel, address, kind, created_at);

-- Inbound messages that a person should read.
CREATE TABLE reviews (
    tenant_id uuid NOT NULL,
    message_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('doubtful_opt_out')),
    -- The words that raised the doubt.
    detail text NOT NULL,
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (tenant_id, message_id),
    FOREIGN KEY (tenant_id, message_id) REFERENCES messages
);
CREATE INDEX reviews_open ON reviews (tenant_id, created_at) WHERE resolved_at IS NULL;

-- Calls of proven senders that could not be read: nothing that somebody reported is lost.
CREATE TABLE dead_letters (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    -- The path that was called.
    source text NOT NULL,
    reason text NOT NULL,
    content_type text NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX dead_letters_received ON dead_letters (tenant_id, received_at);

-- Keys of the API: shown once, kept as a hash.
CREATE TABLE api_keys (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    -- sha256; the key is 256 random bits, so no salt and no slow hash is needed.
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND cardinality(scopes) > 0),
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- Whose is this key? Asked before a tenant is known; answers nothing else, and to nobody without the key.
CREATE FUNCTION api_key_owner(key_hash bytea)
RETURNS TABLE (tenant_id uuid, id uuid, scopes text[], last_used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT k.tenant_id, k.id, k.scopes, k.last_used_at FROM api_keys k
    WHERE k.hash = key_hash AND k.revoked_at IS NULL;
END;

-- How far a polled mailbox has been read. UIDs only mean something within one UIDVALIDITY (RFC 3501 2.3.1.1).
CREATE TABLE mailboxes (
    tenant_id uuid NOT NULL REFERENCES tenants,
    -- user@host/folder
    name text NOT NULL CHECK (name <> ''),
    uid_validity bigint NOT NULL CHECK (uid_validity > 0),
    last_uid bigint NOT NULL CHECK (last_uid >= 0),
    polled_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

ALTER TABLE tenants
    -- What HELP is answered with, and what confirms an opt-out; NULL: nothing is answered.
    ADD COLUMN help_text text CHECK (help_text <> ''),
    ADD COLUMN opt_out_text text CHECK (opt_out_text <> '')
        DEFAULT 'You are unsubscribed and will get no more messages. Reply START to come back.',
    ADD COLUMN postal_address text CHECK (postal_address <> ''),
    ADD COLUMN track_opens boolean NOT NULL DEFAULT false,
    ADD COLUMN track_clicks boolean NOT NULL DEFAULT false;
CREATE POLICY own_tenant_changes ON tenants FOR UPDATE TO touchline_app
    USING (id = (SELECT current_tenant())) WITH CHECK (id = (SELECT current_tenant()));
GRANT UPDATE (timezone, help_text, opt_out_text, postal_address, track_opens, track_clicks) ON tenants TO touchline_app;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['notices', 'reviews', 'dead_letters', 'api_keys', 'mailboxes'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I TO touchline_app USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;
-- The owner looks a key's tenant up through api_key_owner().
CREATE POLICY owner_reads ON api_keys FOR SELECT TO CURRENT_USER USING (true);
GRANT SELECT, INSERT, UPDATE ON notices, reviews, api_keys, mailboxes TO touchline_app;
GRANT SELECT, INSERT, DELETE ON dead_letters TO touchline_app;

-- migrate:down
DROP POLICY own_tenant_changes ON tenants;
REVOKE UPDATE (timezone, help_text, opt_out_text, postal_address, track_opens, track_clicks) ON tenants FROM touchline_app;
ALTER TABLE tenants DROP COLUMN help_text, DROP COLUMN opt_out_text, DROP COLUMN postal_address,
    DROP COLUMN track_opens, DROP COLUMN track_clicks;
DROP FUNCTION api_key_owner(bytea);
DROP TABLE mailboxes, api_keys, dead_letters, reviews, notices;
ALTER TABLE enrollment_signals DROP COLUMN upcoming, DROP CONSTRAINT enrollment_signals_signal_check;
DELETE FROM enrollment_signals WHERE signal NOT IN ('reply', 'suppress');
ALTER TABLE enrollment_signals ADD CONSTRAINT enrollment_signals_signal_check CHECK (signal IN ('reply', 'suppress'));
ALTER TABLE enrollments DROP COLUMN not_before, DROP COLUMN ended_by_at;
DELETE FROM suppressions x WHERE NOT active OR EXISTS (
    SELECT FROM suppressions y WHERE y.active AND y.tenant_id = x.tenant_id AND y.channel = x.channel
        AND y.address = x.address AND y.reason < x.reason);
ALTER TABLE suppressions DROP CONSTRAINT suppressions_pkey, DROP CONSTRAINT suppressions_reason_check,
    DROP COLUMN active, DROP COLUMN lifted_at, DROP COLUMN at, ADD PRIMARY KEY (tenant_id, channel, address);
DROP INDEX messages_last_written;
DELETE FROM messages WHERE direction = 'out' AND kind <> 'step';
ALTER TABLE messages DROP CONSTRAINT step_is_attributed, DROP CONSTRAINT messages_kind_fits_direction,
    DROP COLUMN kind, DROP COLUMN rfc_message_id,
    ADD CONSTRAINT outbound_is_attributed CHECK (direction = 'in' OR (contact_id IS NOT NULL AND enrollment_id IS NOT NULL));
CREATE INDEX messages_last_written ON messages (tenant_id, channel, address, at DESC) WHERE direction = 'out';
DROP INDEX events_job;
ALTER TABLE events DROP CONSTRAINT events_type_check, DROP COLUMN job_id, DROP COLUMN matched_by,
    DROP COLUMN occurred_at, DROP COLUMN machine;
DROP TRIGGER count_heard ON message_jobs;
DROP FUNCTION count_heard_of_job();
CREATE OR REPLACE FUNCTION count_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO step_counters AS k (tenant_id, sequence_id, node_id, shard, pending)
    SELECT tenant_id, sequence_id, node_id, counter_shard(enrollment_id), count(*)
    FROM added WHERE state = 'pending'
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (tenant_id, sequence_id, node_id, shard) DO UPDATE SET pending = k.pending + excluded.pending;
    RETURN NULL;
END
$$;
ALTER TABLE step_counters DROP COLUMN delivered, DROP COLUMN undelivered, DROP COLUMN opened, DROP COLUMN machine_opened, DROP COLUMN clicked,
    DROP COLUMN machine_clicked, DROP COLUMN bounced, DROP COLUMN complained, DROP COLUMN unsubscribed, DROP COLUMN answered;
DROP INDEX message_jobs_address;
DROP INDEX message_jobs_provider_message;
CREATE OR REPLACE FUNCTION guard_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (
        (OLD.state = 'pending' AND NEW.state IN ('sending', 'failed', 'cancelled'))
        OR (OLD.state = 'sending' AND NEW.state IN ('sent', 'failed', 'ambiguous', 'pending', 'cancelled'))
        OR (OLD.state = 'ambiguous' AND NEW.state IN ('sent', 'failed', 'sending', 'pending', 'cancelled'))
    ) THEN
        RAISE EXCEPTION 'message job % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
ALTER TABLE message_jobs DROP COLUMN delivery, DROP COLUMN delivered_at, DROP COLUMN undelivered_at, DROP COLUMN opened_at,
    DROP COLUMN machine_opened_at, DROP COLUMN clicked_at, DROP COLUMN machine_clicked_at, DROP COLUMN bounced_at,
    DROP COLUMN soft_bounced_at, DROP COLUMN complained_at, DROP COLUMN unsubscribed_at, DROP COLUMN answered_at;
DROP FUNCTION delivery_rank(text);
