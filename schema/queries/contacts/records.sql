-- name: find^
-- The contact that the tenant's own id or ours names; not one that was erased.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, attributes, status, qualified_at,
    assigned_to, created_at, updated_at
FROM contacts WHERE (external_id = :external_id OR id = :id::uuid) AND erased_at IS NULL
ORDER BY (external_id = :external_id) DESC LIMIT 1;

-- name: hold^
-- A contact by our id, which nobody changes before the transaction ends.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, attributes, status, qualified_at,
    assigned_to, created_at, updated_at
FROM contacts WHERE id = :id AND erased_at IS NULL
FOR NO KEY UPDATE;

-- name: insert$
-- A new contact; no row comes back where the external id is taken.
INSERT INTO contacts (tenant_id, id, external_id, name, email, phone, company, timezone, zones, tags, triggers,
    attributes, status, assigned_to, created_at, updated_at)
VALUES (current_tenant(), :id, :external_id, :name, :email, :phone, :company, :timezone, :zones, :tags, :triggers,
    :attributes, :status, :assigned_to, :now, :now)
ON CONFLICT (tenant_id, external_id) DO NOTHING
RETURNING id;

-- name: update!
-- All that can be changed of a contact.
UPDATE contacts SET name = :name, email = :email, phone = :phone, company = :company, timezone = :timezone,
    zones = :zones, tags = :tags, triggers = :triggers, attributes = :attributes, status = :status,
    assigned_to = :assigned_to, updated_at = :now
WHERE id = :id;

-- name: listed
-- Contacts, the newest first, behind a place.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, attributes, status, qualified_at,
    assigned_to, created_at, updated_at
FROM contacts
WHERE erased_at IS NULL AND (created_at, id) < (:at::timestamptz, :behind::uuid)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: of_status
-- Those of one status.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, attributes, status, qualified_at,
    assigned_to, created_at, updated_at
FROM contacts
WHERE status = :status AND erased_at IS NULL AND (created_at, id) < (:at::timestamptz, :behind::uuid)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: of_tag
-- Those with a tag; of one status, when it is given.
SELECT c.id, c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, c.tags, c.triggers, c.attributes,
    c.status, c.qualified_at, c.assigned_to, c.created_at, c.updated_at
FROM contact_tags t
-- OFFSET keeps the planner from reading all contacts: one by one, in the order of the index, until there are enough.
CROSS JOIN LATERAL (SELECT * FROM contacts x WHERE x.id = t.contact_id OFFSET 0) c
WHERE t.tag = :tag AND (t.created_at, t.contact_id) < (:at::timestamptz, :behind::uuid)
    AND (:status::text IS NULL OR c.status = :status)
ORDER BY t.created_at DESC, t.contact_id DESC LIMIT :limit;

-- name: of_ids
-- Of these contacts those with a tag and of a status, as far as they are given.
SELECT c.id, c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, c.tags, c.triggers, c.attributes,
    c.status, c.qualified_at, c.assigned_to, c.created_at, c.updated_at
FROM contacts c
WHERE c.id = ANY(:ids::uuid[]) AND c.erased_at IS NULL AND (c.created_at, c.id) < (:at::timestamptz, :behind::uuid)
    AND (:status::text IS NULL OR c.status = :status) AND (:tag::text IS NULL OR :tag = ANY(c.tags))
ORDER BY c.created_at DESC, c.id DESC LIMIT :limit;

-- name: every
-- All that a contact file holds; with the first one, every name that an attribute has.
SELECT external_id, name, email, phone, company, timezone, tags, triggers, status, attributes,
    CASE WHEN row_number() OVER (ORDER BY created_at, id) = 1
        THEN array(SELECT DISTINCT jsonb_object_keys(attributes) FROM contacts WHERE erased_at IS NULL ORDER BY 1)
    END AS names
FROM contacts WHERE erased_at IS NULL ORDER BY created_at, id;
