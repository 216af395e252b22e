-- name: tracked^
-- When a message went out (NULL: not recorded yet), and which of these events are known already.
SELECT j.sent_at, ARRAY(SELECT e.id FROM events e WHERE e.id = ANY(:event_ids::uuid[])) AS known
FROM message_jobs j WHERE j.id = :job_id;

-- name: last_wish^
-- What whoever got a message last wished by its links or otherwise: to get no more emails, or to get them again. What
-- came in last counts, had it its effect or not. No row: no such message went out.
SELECT coalesce(
    (
        SELECT i.report ->> 'type' FROM inbox i
        WHERE i.lane = j.recipient AND i.report ->> 'type' IN ('unsubscribed', 'subscribed')
        ORDER BY i.place DESC LIMIT 1
    ),
    (
        SELECT CASE WHEN x.active THEN 'unsubscribed' ELSE 'subscribed' END FROM suppressions x
        WHERE x.channel = 'email' AND x.address = j.recipient AND x.reason = 'unsubscribed'
    ),
    'subscribed'
) AS wish
FROM message_jobs j WHERE j.id = :job_id AND j.claimed_at IS NOT NULL;
