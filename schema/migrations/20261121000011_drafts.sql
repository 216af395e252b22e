-- migrate:up

ALTER TABLE sequences ADD COLUMN description text CHECK (description <> '');

-- The working copy of each sequence. It may be wrong; what runs are the versions that were published from it.
CREATE TABLE sequence_drafts (
    tenant_id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    -- Drawn anew by each change: whoever changes the draft names the one that the change is based on.
    revision uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The revision that the newest version says the same as; NULL: there is no version.
    published_revision uuid,
    definition jsonb NOT NULL CHECK (jsonb_typeof(definition) = 'object'),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, sequence_id),
    FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences ON DELETE CASCADE
);

-- The owner of the tables is to see every tenant's sequences for a moment.
ALTER TABLE sequences NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sequence_versions NO FORCE ROW LEVEL SECURITY;
INSERT INTO sequence_drafts (tenant_id, sequence_id, definition)
SELECT DISTINCT ON (v.tenant_id, v.sequence_id) v.tenant_id, v.sequence_id, v.definition || jsonb_build_object('sequence', s.key)
FROM sequence_versions v JOIN sequences s ON s.tenant_id = v.tenant_id AND s.id = v.sequence_id
ORDER BY v.tenant_id, v.sequence_id, v.version DESC;
UPDATE sequence_drafts SET published_revision = revision;
UPDATE sequences s SET description = nullif(btrim(d.definition ->> 'description'), '')
FROM sequence_drafts d WHERE d.tenant_id = s.tenant_id AND d.sequence_id = s.id;
ALTER TABLE sequence_versions FORCE ROW LEVEL SECURITY;
ALTER TABLE sequences FORCE ROW LEVEL SECURITY;

ALTER TABLE sequence_drafts ENABLE ROW LEVEL SECURITY;
ALTER TABLE sequence_drafts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON sequence_drafts TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON sequence_drafts TO touchline_app;
-- What was never published; versions, which nobody deletes, keep every other.
GRANT DELETE ON sequences TO touchline_app;

-- migrate:down
REVOKE DELETE ON sequences FROM touchline_app;
DROP TABLE sequence_drafts;
ALTER TABLE sequences DROP COLUMN description;
