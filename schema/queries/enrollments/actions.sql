-- name: set_status$
-- The contact's status; answers what it was.
UPDATE contacts c SET status = :status, updated_at = :now
FROM (SELECT id, status FROM contacts WHERE id = :contact_id FOR NO KEY UPDATE) old
WHERE c.id = old.id
RETURNING old.status;

-- name: retag$
-- Remove tags and add others at the end; answers all that there are then.
UPDATE contacts SET updated_at = :now, tags = ARRAY(
    SELECT tag FROM (
        SELECT tag, min(place) AS place
        FROM unnest(tags || :added::text[]) WITH ORDINALITY AS t (tag, place)
        WHERE tag <> ALL(:removed::text[]) OR tag = ANY(:added::text[])
        GROUP BY tag
    ) kept ORDER BY place
)
WHERE id = :contact_id
RETURNING tags;

-- name: qualify$
-- Qualified since when; the first time counts.
UPDATE contacts SET qualified_at = coalesce(qualified_at, :now), updated_at = :now WHERE id = :contact_id
RETURNING qualified_at;

-- name: assign!
-- Who looks after the contact.
UPDATE contacts SET assigned_to = :user_name, updated_at = :now WHERE id = :contact_id;

-- name: hold_turns!
-- Locks in one order for everybody who takes turns: the contact, then all turns of the sequence. Loops come to several
-- turns in one transaction, not all of them beginning with the same; and a contact may be in two sequences at once.
SELECT pg_advisory_xact_lock(hashtextextended(:sequence_id::uuid::text, 1))
FROM (SELECT FROM contacts WHERE id = :contact_id FOR NO KEY UPDATE) c;

-- name: take_turn$
-- Whose turn it is, counted from 0: each caller gets a number of its own, without gaps once it commits.
INSERT INTO assignment_turns AS t (tenant_id, sequence_id, node_id, taken)
VALUES (current_tenant(), :sequence_id, :node_id, 1)
ON CONFLICT (tenant_id, sequence_id, node_id) DO UPDATE SET taken = t.taken + 1
RETURNING taken - 1;

-- name: set_attributes!
-- Further columns of the contact.
UPDATE contacts SET attributes = attributes || :attributes, updated_at = :now WHERE id = :contact_id;

-- name: notify!
-- Something for a user to read; one for each visit of its step.
INSERT INTO notifications (tenant_id, id, user_name, body, contact_id, enrollment_id, node_id, created_at)
VALUES (current_tenant(), :id, :user_name, :body, :contact_id, :enrollment_id, :node_id, :now)
ON CONFLICT DO NOTHING;

-- name: notifications
-- What users are told, oldest first; with :user_name only theirs.
SELECT n.id, n.user_name AS user, n.body, c.external_id AS contact, s.key AS sequence, n.node_id AS step, n.created_at
FROM notifications n
JOIN contacts c ON c.id = n.contact_id
JOIN enrollments e ON e.id = n.enrollment_id
JOIN sequences s ON s.id = e.sequence_id
WHERE n.read_at IS NULL AND (:user_name::text IS NULL OR n.user_name = :user_name)
    AND (n.created_at, n.id) > (:at::timestamptz, :after::uuid)
ORDER BY n.created_at, n.id LIMIT :limit;

-- name: read_notification$
-- It was read; no row comes back for one that nobody knows.
UPDATE notifications SET read_at = coalesce(read_at, :now) WHERE id = :id RETURNING id;
