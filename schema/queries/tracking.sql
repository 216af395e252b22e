-- name: tracked^
-- When a message went out (NULL: not recorded yet), and which of these events are known already.
SELECT j.sent_at, ARRAY(SELECT e.id FROM events e WHERE e.id = ANY(:event_ids::uuid[])) AS known
FROM message_jobs j WHERE j.id = :job_id;
