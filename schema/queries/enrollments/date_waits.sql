-- name: waiting
-- Which enrollments of these contacts wait for a date of theirs?
SELECT id FROM enrollments
WHERE contact_id = ANY(:contact_ids::uuid[]) AND status = 'running' AND gate = 'date'
    AND id IS DISTINCT FROM :but::uuid;

-- name: waiting_of
-- Enrollments that wait for a date of these contacts, by the ids that the tenant's own system knows.
SELECT e.id FROM contacts c JOIN enrollments e ON e.contact_id = c.id
WHERE c.external_id = ANY(:external_ids::text[]) AND e.status = 'running' AND e.gate = 'date';
