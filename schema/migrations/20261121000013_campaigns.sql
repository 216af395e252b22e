-- migrate:up

-- Groups of contacts that are enrolled together; `add_to_campaign` makes the one that it names.
CREATE TABLE campaigns (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    -- What sequences and programs call it; never changes.
    key text NOT NULL CHECK (key <> ''),
    name text NOT NULL CHECK (name <> ''),
    description text CHECK (description <> ''),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key)
);

-- The owner of the tables is to see every tenant's members for a moment.
ALTER TABLE campaign_members NO FORCE ROW LEVEL SECURITY;
INSERT INTO campaigns (tenant_id, id, key, name, created_at, updated_at)
SELECT tenant_id, gen_random_uuid(), campaign, campaign, min(added_at), min(added_at)
FROM campaign_members GROUP BY tenant_id, campaign;

ALTER TABLE campaign_members
    DROP CONSTRAINT campaign_members_pkey,
    DROP CONSTRAINT campaign_members_tenant_id_contact_id_fkey,
    ALTER COLUMN enrollment_id DROP NOT NULL,
    ADD COLUMN campaign_id uuid,
    -- Who made the contact a member.
    ADD COLUMN added_by text NOT NULL DEFAULT 'action' CHECK (added_by IN ('action', 'api', 'cli'));
UPDATE campaign_members m SET campaign_id = c.id FROM campaigns c WHERE c.tenant_id = m.tenant_id AND c.key = m.campaign;
ALTER TABLE campaign_members
    FORCE ROW LEVEL SECURITY,
    DROP COLUMN campaign,
    ALTER COLUMN campaign_id SET NOT NULL,
    ALTER COLUMN added_by DROP DEFAULT,
    -- In the order in which a batch goes through them.
    ADD PRIMARY KEY (tenant_id, campaign_id, contact_id),
    ADD FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns ON DELETE CASCADE,
    ADD FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts ON DELETE CASCADE,
    ADD CONSTRAINT action_names_its_enrollment CHECK ((added_by = 'action') = (enrollment_id IS NOT NULL));
CREATE INDEX campaign_members_listed ON campaign_members (tenant_id, campaign_id, added_at, contact_id);
CREATE INDEX campaign_members_contact ON campaign_members (tenant_id, contact_id);

-- All contacts of a campaign enrolled in one sequence, page by page, by one workflow.
CREATE TABLE enrollment_batches (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- NULL: the campaign was deleted since.
    campaign_id uuid,
    -- Its key.
    campaign text NOT NULL,
    sequence_id uuid NOT NULL,
    version_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'cancelled', 'failed')),
    -- Members when it was asked for.
    total integer NOT NULL CHECK (total >= 0),
    enrolled integer NOT NULL DEFAULT 0 CHECK (enrolled >= 0),
    skipped integer NOT NULL DEFAULT 0 CHECK (skipped >= 0),
    failed integer NOT NULL DEFAULT 0 CHECK (failed >= 0),
    -- Contacts up to this id are dealt with, in the transaction that says so …
    inserted_to uuid,
    -- … and the workflows of those up to this one are started.
    started_to uuid,
    -- Why it waits, while it does: its sequence is paused.
    held text CHECK (held <> ''),
    error text,
    created_at timestamptz NOT NULL,
    -- When it last got on.
    moved_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns ON DELETE SET NULL (campaign_id),
    FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences,
    FOREIGN KEY (tenant_id, version_id) REFERENCES sequence_versions,
    CONSTRAINT batch_ended_has_ended_at CHECK ((status IN ('completed', 'cancelled', 'failed')) = (ended_at IS NOT NULL)),
    CONSTRAINT batch_failure_says_why CHECK ((status = 'failed') = (error IS NOT NULL)),
    CONSTRAINT batch_starts_what_it_inserted CHECK (started_to IS NULL OR started_to <= inserted_to),
    CONSTRAINT batch_ended_is_not_held CHECK (ended_at IS NULL OR held IS NULL)
) WITH (fillfactor = 50);
-- The same request, said again while its batch is under way, is that batch.
CREATE UNIQUE INDEX enrollment_batches_one_live ON enrollment_batches (tenant_id, campaign_id, sequence_id)
    WHERE status IN ('pending', 'running');
CREATE INDEX enrollment_batches_listed ON enrollment_batches (tenant_id, campaign_id, created_at, id);
CREATE INDEX enrollment_batches_live ON enrollment_batches (tenant_id, moved_at) WHERE status IN ('pending', 'running');

-- Whom a batch did not enroll.
CREATE TABLE batch_refusals (
    tenant_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    reason text NOT NULL CHECK (reason IN ('live', 'once_only', 'unschedulable', 'error')),
    detail text CHECK (detail <> ''),
    PRIMARY KEY (tenant_id, batch_id, contact_id),
    FOREIGN KEY (tenant_id, batch_id) REFERENCES enrollment_batches,
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts ON DELETE CASCADE
);
CREATE INDEX batch_refusals_contact ON batch_refusals (tenant_id, contact_id);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['campaigns', 'enrollment_batches', 'batch_refusals'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I TO touchline_app USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON campaigns TO touchline_app;
GRANT DELETE ON campaign_members TO touchline_app;
GRANT SELECT, INSERT, UPDATE ON enrollment_batches TO touchline_app;
GRANT SELECT, INSERT ON batch_refusals TO touchline_app;

-- migrate:down
DROP TABLE batch_refusals, enrollment_batches;
ALTER TABLE campaigns NO FORCE ROW LEVEL SECURITY;
ALTER TABLE campaign_members NO FORCE ROW LEVEL SECURITY;
DROP INDEX campaign_members_listed, campaign_members_contact;
REVOKE DELETE ON campaign_members FROM touchline_app;
ALTER TABLE campaign_members
    DROP CONSTRAINT campaign_members_pkey,
    DROP CONSTRAINT campaign_members_tenant_id_campaign_id_fkey,
    DROP CONSTRAINT campaign_members_tenant_id_contact_id_fkey,
    DROP CONSTRAINT action_names_its_enrollment,
    ADD COLUMN campaign text CHECK (campaign <> '');
UPDATE campaign_members m SET campaign = c.key FROM campaigns c WHERE c.tenant_id = m.tenant_id AND c.id = m.campaign_id;
-- Members that no enrollment has brought in cannot be told to the older schema.
DELETE FROM campaign_members WHERE enrollment_id IS NULL;
ALTER TABLE campaign_members
    FORCE ROW LEVEL SECURITY,
    DROP COLUMN campaign_id,
    DROP COLUMN added_by,
    ALTER COLUMN campaign SET NOT NULL,
    ALTER COLUMN enrollment_id SET NOT NULL,
    ADD PRIMARY KEY (tenant_id, campaign, contact_id),
    ADD FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts;
DROP TABLE campaigns;
