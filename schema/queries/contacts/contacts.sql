-- name: merge_arrivals^
-- Upsert the batch by external id, in its order so that two imports never deadlock; the answer counts the new ones, and
-- names those who have other zones by it.
-- Zones follow what holds after the merge: a stored time zone first, otherwise those of the phone number.
WITH arrivals AS MATERIALIZED (
    SELECT contact.*
    FROM unnest(:arrivals::jsonb[]) AS arrived, jsonb_to_record(arrived) AS contact (
        id uuid, external_id text, name text, email text, phone text, company text, timezone text,
        zones text[], tags text[], triggers text[], status text, attributes jsonb
    )
), before AS (
    SELECT c.id, c.zones FROM arrivals a JOIN contacts c ON c.external_id = a.external_id
), merged AS (
    INSERT INTO contacts (
        tenant_id, id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes
    )
    SELECT
        current_tenant(), id, external_id, name, email, phone, company, timezone, zones, tags, triggers,
        status, attributes
    FROM arrivals
    ORDER BY external_id
    ON CONFLICT (tenant_id, external_id) DO UPDATE SET
        name = coalesce(excluded.name, contacts.name),
        email = coalesce(excluded.email, contacts.email),
        phone = coalesce(excluded.phone, contacts.phone),
        company = coalesce(excluded.company, contacts.company),
        timezone = coalesce(excluded.timezone, contacts.timezone),
        zones = CASE
            WHEN excluded.timezone IS NOT NULL THEN excluded.zones
            WHEN contacts.timezone IS NOT NULL OR excluded.phone IS NULL THEN contacts.zones
            ELSE excluded.zones
        END,
        tags = CASE WHEN excluded.tags = '{}' THEN contacts.tags ELSE excluded.tags END,
        triggers = CASE WHEN excluded.triggers = '{}' THEN contacts.triggers ELSE excluded.triggers END,
        status = coalesce(excluded.status, contacts.status),
        attributes = contacts.attributes || excluded.attributes,
        updated_at = now()
    RETURNING id, zones
)
SELECT (SELECT count(*) FROM merged JOIN arrivals USING (id)) AS created,
    ARRAY(SELECT m.id FROM merged m JOIN before b ON b.id = m.id WHERE b.zones <> m.zones) AS moved;

-- name: by_external_ids
-- Contacts by the ids that the tenant's own system knows.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes
FROM contacts WHERE external_id = ANY(:external_ids::text[]);

-- name: page
-- Contacts in the order of their ids, from after one of them on.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes
FROM contacts
WHERE erased_at IS NULL AND (:after::uuid IS NULL OR id > :after)
    AND (:trigger::text IS NULL OR :trigger = ANY(triggers))
ORDER BY id LIMIT :limit;

-- name: matching
-- Contacts whose name, last name, email, phone or external id begins with a text; `behind` follows every text that
-- does.
SELECT id FROM (
    (SELECT id FROM contacts WHERE name_key COLLATE "C" >= :lower AND name_key COLLATE "C" < :lower_behind LIMIT :limit)
    UNION
    (SELECT id FROM contacts WHERE last_name_key COLLATE "C" >= :lower AND last_name_key COLLATE "C" < :lower_behind
        LIMIT :limit)
    UNION
    (SELECT id FROM contacts WHERE email COLLATE "C" >= :lower AND email COLLATE "C" < :lower_behind LIMIT :limit)
    UNION
    (SELECT id FROM contacts WHERE phone COLLATE "C" >= :text AND phone COLLATE "C" < :behind LIMIT :limit)
    UNION
    (SELECT id FROM contacts WHERE external_id COLLATE "C" >= :text AND external_id COLLATE "C" < :behind LIMIT :limit)
) found LIMIT :limit;

-- name: count_known$
-- How many of these external ids there are.
SELECT count(*) FROM contacts WHERE external_id = ANY(:external_ids::text[]);

-- name: sharing
-- Who else has the email or the phone of each of these contacts; one of them is named for each address.
SELECT DISTINCT ON (mine.external_id, other.kind) mine.external_id, other.kind, other.external_id AS other
FROM unnest(:external_ids::text[], :emails::text[], :phones::text[]) AS mine (external_id, email, phone)
CROSS JOIN LATERAL (
    SELECT c.external_id, 'email' AS kind FROM contacts c WHERE c.email = mine.email
    UNION ALL
    SELECT c.external_id, 'phone' FROM contacts c WHERE c.phone = mine.phone
) other
WHERE other.external_id <> mine.external_id
ORDER BY mine.external_id, other.kind, other.external_id;

-- name: count_contacts$
-- Contacts of the tenant; with :trigger, those that carry it.
SELECT count(*) FROM contacts WHERE :trigger::text IS NULL OR :trigger = ANY(triggers);

-- name: contacts_of
-- Contacts by our ids.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes
FROM contacts WHERE id = ANY(:ids::uuid[]) ORDER BY id;
