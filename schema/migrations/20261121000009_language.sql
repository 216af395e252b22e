-- migrate:up

-- Loops: how often a goto has led back. Within a lap no node is visited twice; ids derive from enrollment, node and lap.
ALTER TABLE enrollments
    ADD COLUMN lap integer NOT NULL DEFAULT 0 CHECK (lap >= 0),
    -- The lap of the last step that was sent.
    ADD COLUMN last_lap integer NOT NULL DEFAULT 0 CHECK (last_lap >= 0),
    -- The sequences whose `enroll` actions led here, the first one first: a chain never comes back to one of them.
    ADD COLUMN chain uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE enrollment_steps ADD COLUMN lap integer NOT NULL DEFAULT 0 CHECK (lap >= 0);
ALTER TABLE message_jobs ADD COLUMN lap integer NOT NULL DEFAULT 0 CHECK (lap >= 0);

-- What actions write of a contact; conditions read the status.
ALTER TABLE contacts
    ADD COLUMN status text CHECK (status <> ''),
    ADD COLUMN qualified_at timestamptz,
    -- The user who looks after the contact.
    ADD COLUMN assigned_to text CHECK (assigned_to <> '');

-- Whose turn it is in a round robin.
CREATE TABLE assignment_turns (
    tenant_id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    node_id text NOT NULL,
    taken bigint NOT NULL CHECK (taken > 0),
    PRIMARY KEY (tenant_id, sequence_id, node_id),
    FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences
);

CREATE TABLE campaign_members (
    tenant_id uuid NOT NULL,
    campaign text NOT NULL CHECK (campaign <> ''),
    contact_id uuid NOT NULL,
    -- The enrollment that made the contact a member.
    enrollment_id uuid NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, campaign, contact_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts,
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);

-- What sequences tell users.
CREATE TABLE notifications (
    tenant_id uuid NOT NULL,
    -- That of the step's record.
    id uuid NOT NULL,
    user_name text NOT NULL CHECK (user_name <> ''),
    body text NOT NULL,
    contact_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    node_id text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts,
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);
CREATE INDEX notifications_unread ON notifications (tenant_id, user_name, created_at) WHERE read_at IS NULL;

-- What somebody's own system says that a contact has done, once under its own key.
CREATE TABLE contact_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    name text NOT NULL CHECK (name <> ''),
    key text NOT NULL CHECK (key <> ''),
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts
);
CREATE INDEX contact_events_contact ON contact_events (tenant_id, contact_id, at);

-- Which arm of a split each enrollment took, and what followed from there on: the first of each counts.
CREATE TABLE split_choices (
    tenant_id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    node_id text NOT NULL,
    lap integer NOT NULL CHECK (lap >= 0),
    arm text NOT NULL,
    sequence_id uuid NOT NULL,
    at timestamptz NOT NULL,
    opened boolean NOT NULL DEFAULT false,
    clicked boolean NOT NULL DEFAULT false,
    answered boolean NOT NULL DEFAULT false,
    unsubscribed boolean NOT NULL DEFAULT false,
    reached_goal boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, enrollment_id, node_id, lap),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments
);

-- Exact counts per arm, like step_counters: sixteen rows each, moved in the transaction that moves the choice.
CREATE TABLE arm_counters (
    tenant_id uuid NOT NULL REFERENCES tenants,
    sequence_id uuid NOT NULL,
    node_id text NOT NULL,
    arm text NOT NULL,
    shard smallint NOT NULL CHECK (shard BETWEEN 0 AND 15),
    entered bigint NOT NULL DEFAULT 0,
    opened bigint NOT NULL DEFAULT 0,
    clicked bigint NOT NULL DEFAULT 0,
    answered bigint NOT NULL DEFAULT 0,
    unsubscribed bigint NOT NULL DEFAULT 0,
    reached_goal bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, sequence_id, node_id, arm, shard)
) WITH (fillfactor = 50);

CREATE FUNCTION count_choice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO arm_counters AS k (tenant_id, sequence_id, node_id, arm, shard, entered)
    VALUES (NEW.tenant_id, NEW.sequence_id, NEW.node_id, NEW.arm, counter_shard(NEW.enrollment_id), 1)
    ON CONFLICT (tenant_id, sequence_id, node_id, arm, shard) DO UPDATE SET entered = k.entered + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_new AFTER INSERT ON split_choices FOR EACH ROW EXECUTE FUNCTION count_choice();

CREATE FUNCTION count_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER count_moved AFTER UPDATE ON split_choices FOR EACH ROW EXECUTE FUNCTION count_outcome();

CREATE FUNCTION credit_arms_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE split_choices c SET
        opened = c.opened OR NEW.opened_at IS NOT NULL,
        clicked = c.clicked OR NEW.clicked_at IS NOT NULL,
        answered = c.answered OR NEW.answered_at IS NOT NULL,
        unsubscribed = c.unsubscribed OR NEW.unsubscribed_at IS NOT NULL
    -- What was sent before the choice tells nothing about it; what was settled with it bears the same time.
    WHERE c.tenant_id = NEW.tenant_id AND c.enrollment_id = NEW.enrollment_id AND c.at < coalesce(NEW.sent_at, NEW.claimed_at)
        AND (c.opened, c.clicked, c.answered, c.unsubscribed) IS DISTINCT FROM (
            c.opened OR NEW.opened_at IS NOT NULL, c.clicked OR NEW.clicked_at IS NOT NULL,
            c.answered OR NEW.answered_at IS NOT NULL, c.unsubscribed OR NEW.unsubscribed_at IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER credit_arms AFTER UPDATE OF opened_at, clicked_at, answered_at, unsubscribed_at ON message_jobs
    FOR EACH ROW WHEN (
        num_nonnulls(OLD.opened_at, OLD.clicked_at, OLD.answered_at, OLD.unsubscribed_at)
        IS DISTINCT FROM num_nonnulls(NEW.opened_at, NEW.clicked_at, NEW.answered_at, NEW.unsubscribed_at)
    ) EXECUTE FUNCTION credit_arms_of_job();

CREATE FUNCTION credit_arms_of_goal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE split_choices SET reached_goal = true
    WHERE tenant_id = NEW.tenant_id AND enrollment_id = NEW.id AND NOT reached_goal;
    RETURN NULL;
END
$$;
CREATE TRIGGER credit_arms AFTER UPDATE OF status ON enrollments
    FOR EACH ROW WHEN (NEW.status = 'stopped' AND NEW.reason = 'goal' AND OLD.status <> 'stopped')
    EXECUTE FUNCTION credit_arms_of_goal();

-- What people have to do before an enrollment goes on.
CREATE TABLE tasks (
    tenant_id uuid NOT NULL,
    -- That of the step's record.
    id uuid NOT NULL,
    enrollment_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    node_id text NOT NULL,
    title text NOT NULL,
    instructions text,
    assignee text CHECK (assignee <> ''),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'completed', 'skipped', 'lapsed', 'cancelled')),
    created_at timestamptz NOT NULL,
    lapses_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollments,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts,
    CONSTRAINT open_is_not_closed CHECK ((state = 'open') = (closed_at IS NULL))
);
CREATE INDEX tasks_open ON tasks (tenant_id, created_at) WHERE state = 'open';
CREATE INDEX tasks_enrollment ON tasks (tenant_id, enrollment_id) WHERE state = 'open';

-- What webhooks and tasks say is content like that of messages.
ALTER TABLE version_contents
    DROP CONSTRAINT version_contents_channel_check,
    ADD CONSTRAINT version_contents_channel_check
        CHECK (channel IN ('email', 'sms', 'whatsapp', 'webhook', 'task'));

-- A webhook is handed over through the ledger like a message; it is part of no conversation.
ALTER TABLE message_jobs
    DROP CONSTRAINT message_jobs_channel_check,
    ADD CONSTRAINT message_jobs_channel_check CHECK (channel IN ('email', 'sms', 'whatsapp', 'webhook'));

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'assignment_turns', 'campaign_members', 'notifications', 'contact_events', 'tasks', 'split_choices', 'arm_counters'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I TO touchline_app USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON assignment_turns, campaign_members, notifications, tasks, split_choices, arm_counters
    TO touchline_app;
GRANT SELECT, INSERT ON contact_events TO touchline_app;

-- migrate:down
ALTER TABLE message_jobs
    DROP CONSTRAINT message_jobs_channel_check,
    ADD CONSTRAINT message_jobs_channel_check CHECK (channel IN ('email', 'sms', 'whatsapp')) NOT VALID;
ALTER TABLE version_contents
    DROP CONSTRAINT version_contents_channel_check,
    ADD CONSTRAINT version_contents_channel_check CHECK (channel IN ('email', 'sms', 'whatsapp')) NOT VALID;
DROP TRIGGER credit_arms ON enrollments;
DROP TRIGGER credit_arms ON message_jobs;
DROP TABLE split_choices, arm_counters;
DROP FUNCTION count_choice(), count_outcome(), credit_arms_of_job(), credit_arms_of_goal();
DROP TABLE tasks, contact_events, notifications, campaign_members, assignment_turns;
ALTER TABLE contacts DROP COLUMN assigned_to, DROP COLUMN qualified_at, DROP COLUMN status;
ALTER TABLE message_jobs DROP COLUMN lap;
ALTER TABLE enrollment_steps DROP COLUMN lap;
ALTER TABLE enrollments DROP COLUMN chain, DROP COLUMN last_lap, DROP COLUMN lap;
