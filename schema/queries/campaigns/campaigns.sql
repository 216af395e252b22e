-- name: create_campaign$
-- A new campaign; no row comes back where the key is taken.
INSERT INTO campaigns (tenant_id, id, key, name, description, created_at, updated_at)
VALUES (current_tenant(), :id, :key, :name, :description, :now, :now)
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING id;

-- name: hold_campaign$
-- The campaign of that key, which nobody deletes before the transaction ends.
SELECT id FROM campaigns WHERE key = :key FOR KEY SHARE;

-- name: make_campaign$
-- The campaign of that key, made where there is none.
INSERT INTO campaigns (tenant_id, id, key, name, created_at, updated_at)
VALUES (current_tenant(), :id, :key, :key, :now, :now)
ON CONFLICT (tenant_id, key) DO UPDATE SET key = excluded.key
RETURNING id;

-- name: find_campaign^
-- A campaign by its key, or else by its id.
SELECT id, key, name, description, created_at, updated_at
FROM campaigns WHERE key = :key OR id = :id::uuid
ORDER BY key = :key DESC LIMIT 1;

-- name: list_campaigns
-- Campaigns in the order of their keys.
SELECT id, key, name, description, created_at, updated_at
FROM campaigns WHERE key > :after
ORDER BY key LIMIT :limit;

-- name: describe_campaign!
-- What people read of it.
UPDATE campaigns SET name = :name, description = :description, updated_at = :now WHERE id = :id;

-- name: delete_campaign!
-- The campaign and who is in it; its batches stay.
DELETE FROM campaigns WHERE id = :id;

-- name: lock_campaign$
-- Nothing is added to the campaign and no batch of it begins until the transaction ends.
SELECT id FROM campaigns WHERE id = :id FOR UPDATE;

-- name: count_members$
-- How many are in it.
SELECT count(*) FROM campaign_members WHERE campaign_id = :id;

-- name: known_contacts
-- Of these names, external ids or our own, those that are contacts, and stay so until the transaction ends.
SELECT id, external_id FROM contacts
WHERE (external_id = ANY(:names::text[]) OR id = ANY(:ids::uuid[])) AND erased_at IS NULL
ORDER BY id FOR KEY SHARE;

-- name: add_members
-- Members from now on; whoever is one already stays as they are and is not among the answers.
INSERT INTO campaign_members (tenant_id, campaign_id, contact_id, added_by, enrollment_id, added_at)
SELECT current_tenant(), :id, c.contact_id, :added_by, :enrollment_id::uuid, :now
FROM unnest(:contact_ids::uuid[]) AS c (contact_id)
ORDER BY c.contact_id
ON CONFLICT DO NOTHING
RETURNING contact_id;

-- name: remove_member$
-- No member any more; no row comes back for one who was none.
DELETE FROM campaign_members WHERE campaign_id = :id AND contact_id = :contact_id RETURNING contact_id;

-- name: list_members
-- Members, the newest first, behind a place.
SELECT m.contact_id AS id, c.external_id, c.name, c.email, c.phone, m.added_by, m.enrollment_id, m.added_at
FROM campaign_members m
JOIN contacts c ON c.id = m.contact_id
WHERE m.campaign_id = :id AND (m.added_at, m.contact_id) < (:at, :after)
ORDER BY m.added_at DESC, m.contact_id DESC LIMIT :limit;
