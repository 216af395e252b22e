-- name: contacts_of
-- Contacts by our ids.
SELECT id, external_id, name, email, phone, company, timezone, zones, tags, triggers, status, attributes
FROM contacts WHERE id = ANY(:ids::uuid[]) ORDER BY id;

-- name: live_of
-- The live enrollments of these contacts: in one sequence, or in all of them.
SELECT e.id, e.contact_id, s.key AS sequence
FROM enrollments e JOIN sequences s ON s.id = e.sequence_id
WHERE e.contact_id = ANY(:contact_ids::uuid[]) AND e.status IN ('pending', 'running', 'paused')
    AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
ORDER BY e.enrolled_at, e.id;
