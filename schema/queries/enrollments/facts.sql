-- name: read
-- All that conditions of these enrollments ask about: what the contact has, when each thing last happened to each of
-- the messages, and each of :events to the contact since the enrollment began; up to :until if that is given. A message
-- bounced when its address is barred for that, not when it was refused this once, nor when the contact has another by
-- now.
SELECT e.id AS enrollment_id, c.id, c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, c.tags,
    c.triggers, c.attributes, c.status,
    (
        SELECT jsonb_agg(jsonb_build_object('event', h.event, 'step', h.node_id, 'at', h.at))
        FROM (
            SELECT v.event, j.node_id, v.at
            FROM message_jobs j
            CROSS JOIN LATERAL (
                VALUES ('replied', j.answered_at), ('opened', j.opened_at), ('clicked', j.clicked_at),
                    ('bounced', j.bounced_at), ('unsubscribed', j.unsubscribed_at)
            ) v (event, at)
            CROSS JOIN LATERAL (
                SELECT j.bounced_at IS NOT NULL AND EXISTS (
                    SELECT FROM suppressions s
                    WHERE s.channel = j.channel AND s.address = ANY(address_spellings(j.recipient))
                        AND s.reason = 'bounced' AND s.active
                        AND s.address = ANY(address_spellings(
                            coalesce(CASE j.channel WHEN 'email' THEN c.email ELSE c.phone END, j.recipient)))
                ) AS bounced
            ) d
            WHERE j.enrollment_id = e.id AND (v.event <> 'bounced' OR d.bounced)
                AND v.at <= coalesce(:until::timestamptz, 'infinity')
            UNION ALL
            -- A message remembers the first of each; a question about lately needs the last.
            SELECT x.type, j.node_id, max(x.occurred_at)
            FROM message_jobs j JOIN events x ON x.job_id = j.id
            CROSS JOIN LATERAL (
                SELECT j.bounced_at IS NOT NULL AND EXISTS (
                    SELECT FROM suppressions s
                    WHERE s.channel = j.channel AND s.address = ANY(address_spellings(j.recipient))
                        AND s.reason = 'bounced' AND s.active
                        AND s.address = ANY(address_spellings(
                            coalesce(CASE j.channel WHEN 'email' THEN c.email ELSE c.phone END, j.recipient)))
                ) AS bounced
            ) d
            WHERE j.enrollment_id = e.id AND x.type IN ('opened', 'clicked', 'bounced', 'unsubscribed')
                AND NOT x.machine
                AND (x.type <> 'bounced' OR d.bounced) AND x.occurred_at <= coalesce(:until, 'infinity')
            GROUP BY 1, 2
            UNION ALL
            SELECT 'replied', r.node_id, max(r.at) FROM responses r
            WHERE r.enrollment_id = e.id AND r.at <= coalesce(:until, 'infinity') GROUP BY 2
            UNION ALL
            SELECT n.name, NULL, x.at
            FROM unnest(:events::text[]) n (name)
            CROSS JOIN LATERAL (
                SELECT at FROM contact_events
                WHERE contact_id = e.contact_id AND name = n.name
                    AND at BETWEEN e.enrolled_at AND coalesce(:until, 'infinity')
                ORDER BY at DESC LIMIT 1
            ) x
        ) h
    ) AS happened
FROM enrollments e JOIN contacts c ON c.id = e.contact_id
WHERE e.id = ANY(:enrollment_ids::uuid[]);
