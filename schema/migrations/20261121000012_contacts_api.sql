-- migrate:up

-- Whoever asked to be forgotten: the row stays, so that what was counted stays counted, and tells nothing of anybody.
ALTER TABLE contacts
    ADD COLUMN erased_at timestamptz,
    DROP CONSTRAINT reachable,
    ADD CONSTRAINT reachable CHECK (email IS NOT NULL OR phone IS NOT NULL OR erased_at IS NOT NULL),
    ADD CONSTRAINT erased_is_nobody CHECK (
        erased_at IS NULL
        OR (num_nonnulls(name, email, phone, company, timezone, status, assigned_to) = 0
            AND zones = '{}' AND tags = '{}' AND triggers = '{}' AND attributes = '{}')
    ),
    -- Somebody is looked for by the last name as well.
    ADD COLUMN last_name_key text GENERATED ALWAYS AS (lower(substring(name from '\s(\S+)\s*$'))) STORED;
CREATE INDEX contacts_by_last_name ON contacts (tenant_id, last_name_key COLLATE "C") WHERE last_name_key IS NOT NULL;

-- Lists, the newest first.
CREATE INDEX contacts_listed ON contacts (tenant_id, created_at, id) WHERE erased_at IS NULL;
CREATE INDEX contacts_by_status ON contacts (tenant_id, status, created_at, id) WHERE status IS NOT NULL;

-- The tags of contacts once more, each with its contact's place in the list: row-level security lets no index answer
-- which arrays hold a value.
CREATE TABLE contact_tags (
    tenant_id uuid NOT NULL,
    tag text NOT NULL,
    created_at timestamptz NOT NULL,
    contact_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, tag, created_at, contact_id),
    FOREIGN KEY (tenant_id, contact_id) REFERENCES contacts ON DELETE CASCADE
);
CREATE INDEX contact_tags_contact ON contact_tags (tenant_id, contact_id);

-- The owner of the tables is to see every tenant's contacts for a moment.
ALTER TABLE contacts NO FORCE ROW LEVEL SECURITY;
INSERT INTO contact_tags (tenant_id, tag, created_at, contact_id)
SELECT DISTINCT tenant_id, unnest(tags), created_at, id FROM contacts;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;

ALTER TABLE contact_tags ENABLE ROW LEVEL SECURITY;
ALTER TABLE contact_tags FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON contact_tags TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, DELETE ON contact_tags TO touchline_app;

CREATE FUNCTION tag_new_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO contact_tags (tenant_id, tag, created_at, contact_id)
    SELECT DISTINCT n.tenant_id, t.tag, n.created_at, n.id FROM new_rows n CROSS JOIN unnest(n.tags) AS t (tag);
    RETURN NULL;
END
$$;
CREATE TRIGGER tag_new AFTER INSERT ON contacts REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tag_new_contacts();

CREATE FUNCTION tag_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM contact_tags WHERE tenant_id = NEW.tenant_id AND contact_id = NEW.id AND tag <> ALL(NEW.tags);
    INSERT INTO contact_tags (tenant_id, tag, created_at, contact_id)
    SELECT DISTINCT NEW.tenant_id, t.tag, NEW.created_at, NEW.id FROM unnest(NEW.tags) AS t (tag)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER tag_changed AFTER UPDATE OF tags ON contacts
    FOR EACH ROW WHEN (OLD.tags IS DISTINCT FROM NEW.tags) EXECUTE FUNCTION tag_contact();

-- Addresses are no part of a URL: each entry has an id of its own.
ALTER TABLE suppressions
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD UNIQUE (tenant_id, id);
CREATE INDEX suppressions_listed ON suppressions (tenant_id, created_at, id);
CREATE INDEX suppressions_address ON suppressions (tenant_id, address);

-- migrate:down
DROP INDEX suppressions_address, suppressions_listed;
ALTER TABLE suppressions DROP COLUMN id;
DROP TRIGGER tag_changed ON contacts;
DROP TRIGGER tag_new ON contacts;
DROP FUNCTION tag_contact(), tag_new_contacts();
DROP TABLE contact_tags;
DROP INDEX contacts_by_status, contacts_listed, contacts_by_last_name;
ALTER TABLE contacts
    DROP COLUMN last_name_key,
    DROP CONSTRAINT erased_is_nobody,
    DROP CONSTRAINT reachable,
    DROP COLUMN erased_at;
-- Those who were erased can be reached no more, which the older schema has no word for.
ALTER TABLE contacts ADD CONSTRAINT reachable CHECK (email IS NOT NULL OR phone IS NOT NULL) NOT VALID;
