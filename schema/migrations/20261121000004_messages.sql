-- migrate:up

-- The ledger: one row per outbound message, there before the message leaves.
CREATE TABLE message_jobs (
    tenant_id uuid NOT NULL,
    -- Derived from enrollment and node: idempotency key, callback token, seed of the Message-ID.
    id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    node_id text NOT NULL,
    order_index integer NOT NULL CHECK (order_index >= 0),
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'ambiguous', 'cancelled')),
    due_at timestamptz NOT NULL,
    -- What held it back last, and until when.
    gate text,
    held_until timestamptz,
    -- Frozen at the claim, so that every attempt sends the same bytes to the same address.
    recipient text,
    content jsonb,
    provider text,
    provider_message_id text,
    -- How often it was handed to the provider.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    claimed_at timestamptz,
    sent_at timestamptz,
    -- Counted as sent by the sequence's policy for ambiguous jobs, without a receipt.
    assumed boolean NOT NULL DEFAULT false,
    error text,
    error_class text CHECK (error_class IN ('permanent', 'transient', 'configuration', 'ambiguous', 'content')),
    error_code text,
    cancel_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments,
    CONSTRAINT claimed_is_frozen CHECK (
        state NOT IN ('sending', 'sent', 'ambiguous')
        OR (claimed_at IS NOT NULL AND content IS NOT NULL AND recipient IS NOT NULL AND provider IS NOT NULL)
    ),
    CONSTRAINT sent_has_sent_at CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT failed_has_error CHECK (state NOT IN ('failed', 'ambiguous') OR (error IS NOT NULL AND error_class IS NOT NULL)),
    CONSTRAINT cancelled_says_why CHECK ((state = 'cancelled') = (cancel_reason IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX message_jobs_enrollment ON message_jobs (tenant_id, enrollment_id);
-- Left behind by a dead worker, or waiting for a person.
CREATE INDEX message_jobs_unsettled ON message_jobs (tenant_id, claimed_at) WHERE state IN ('sending', 'ambiguous');

-- Whom is a reply from, that comes while nobody knows whether the message arrived?
CREATE INDEX message_jobs_in_doubt ON message_jobs (tenant_id, channel, recipient) WHERE state = 'ambiguous';

-- A message that was settled stays settled: no statement can make a sent job send again.
CREATE FUNCTION guard_job_state() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER guard_state BEFORE UPDATE OF state ON message_jobs
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION guard_job_state();

-- Every report from outside, stored once under the provider's own event id, raw payload included.
CREATE TABLE events (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    provider text NOT NULL,
    provider_event_id text NOT NULL,
    -- The normalised vocabulary: inbound, delivered, bounced, …
    type text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    contact_id uuid,
    enrollment_id uuid,
    node_id text,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, provider, provider_event_id)
);

-- The conversation with a contact, both directions. An outbound message has its job's id.
CREATE TABLE messages (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    direction text NOT NULL CHECK (direction IN ('out', 'in')),
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    contact_id uuid,
    enrollment_id uuid,
    node_id text,
    order_index integer,
    -- The contact's address, whichever direction.
    address text NOT NULL,
    subject text,
    body text NOT NULL,
    provider text NOT NULL,
    provider_message_id text,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts,
    CONSTRAINT outbound_is_attributed CHECK (direction = 'in' OR (contact_id IS NOT NULL AND enrollment_id IS NOT NULL))
);
CREATE INDEX messages_conversation ON messages (tenant_id, contact_id, at);
-- Whom did we write to last at this address? (a reply's way in)
CREATE INDEX messages_last_written ON messages (tenant_id, channel, address, at DESC) WHERE direction = 'out';

-- An inbound message attributed to an enrollment and to the step that it answers.
CREATE TABLE responses (
    tenant_id uuid NOT NULL,
    -- The id of the event, and of the inbound message.
    id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    node_id text,
    order_index integer CHECK (order_index >= 0),
    -- The step as people count: 1 is the first; 0 only when nothing had been sent yet.
    step_number integer NOT NULL GENERATED ALWAYS AS (coalesce(order_index + 1, 0)) STORED,
    channel text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reply', 'opt_out')),
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments,
    CONSTRAINT step_is_whole CHECK ((node_id IS NULL) = (order_index IS NULL))
);
CREATE INDEX responses_enrollment ON responses (tenant_id, enrollment_id);

CREATE TABLE suppressions (
    tenant_id uuid NOT NULL REFERENCES tenants,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    address text NOT NULL,
    reason text NOT NULL,
    event_id uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, channel, address)
);

-- What the database has decided and a workflow has yet to hear (written with the decision).
CREATE TABLE enrollment_signals (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    signal text NOT NULL CHECK (signal IN ('reply', 'suppress')),
    -- How the enrollment ended by it; NULL: it goes on.
    ending jsonb,
    created_at timestamptz NOT NULL,
    signalled_at timestamptz,
    PRIMARY KEY (tenant_id, event_id, enrollment_id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);
CREATE INDEX enrollment_signals_open ON enrollment_signals (tenant_id, created_at) WHERE signalled_at IS NULL;

-- What the reconciler found to disagree and could not mend by itself.
CREATE TABLE disagreements (
    tenant_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL,
    found_at timestamptz NOT NULL,
    resolved_at timestamptz,
    PRIMARY KEY (tenant_id, enrollment_id, kind),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);

-- migrate:down
DROP TABLE disagreements;
DROP TABLE enrollment_signals;
DROP TABLE suppressions;
DROP TABLE responses;
DROP TABLE messages;
DROP TABLE events;
DROP TABLE message_jobs;
DROP FUNCTION guard_job_state();
