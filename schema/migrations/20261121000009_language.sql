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

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'assignment_turns', 'campaign_members', 'notifications', 'contact_events', 'tasks'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I TO touchline_app USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON assignment_turns, campaign_members, notifications, tasks TO touchline_app;
GRANT SELECT, INSERT ON contact_events TO touchline_app;

-- migrate:down
ALTER TABLE version_contents
    DROP CONSTRAINT version_contents_channel_check,
    ADD CONSTRAINT version_contents_channel_check CHECK (channel IN ('email', 'sms', 'whatsapp')) NOT VALID;
DROP TABLE tasks, contact_events, notifications, campaign_members, assignment_turns;
ALTER TABLE contacts DROP COLUMN assigned_to, DROP COLUMN qualified_at, DROP COLUMN status;
ALTER TABLE message_jobs DROP COLUMN lap;
ALTER TABLE enrollment_steps DROP COLUMN lap;
ALTER TABLE enrollments DROP COLUMN chain, DROP COLUMN last_lap, DROP COLUMN lap;
