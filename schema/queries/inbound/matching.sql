-- name: match^
-- What is a report about, and which step does an answer in that enrollment answer? The branches from the surest to the
-- least; only what was handed over can be reported on. The step is the last that was sent; a hand-over without a known
-- outcome counts only where something was heard of it, where the report is about it, or where nothing else was sent.
SELECT m.by, m.contact_id, m.enrollment_id, m.job_id, m.node_id, m.recipient, m.unsettled,
    e.sequence_id, s.node_id AS last_node, s.order_index AS last_order_index, s.lap AS last_lap
FROM (
    SELECT * FROM (
        (
            SELECT 1 AS rank, 'named' AS by, e.contact_id, e.id AS enrollment_id, NULL::uuid AS job_id,
                NULL AS node_id, NULL AS recipient, false AS unsettled
            FROM enrollments e WHERE e.id = :enrollment_id::uuid
        ) UNION ALL (
            SELECT 2, 'token', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM message_jobs j WHERE j.id = :job_id::uuid AND j.claimed_at IS NOT NULL
        ) UNION ALL (
            SELECT 3, 'provider_id', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM message_jobs j WHERE j.provider_message_id = :provider_message_id::text AND j.claimed_at IS NOT NULL
            ORDER BY j.claimed_at DESC LIMIT 1
        ) UNION ALL (
            SELECT 3, 'provider_id', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM message_jobs j WHERE j.relay_message_id = :provider_message_id::text AND j.claimed_at IS NOT NULL
            ORDER BY j.claimed_at DESC LIMIT 1
        ) UNION ALL (
            SELECT 4, 'message_id', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM unnest(:message_job_ids::uuid[]) WITH ORDINALITY AS n (id, place)
            JOIN message_jobs j ON j.id = n.id AND j.claimed_at IS NOT NULL
            ORDER BY n.place LIMIT 1
        ) UNION ALL (
            SELECT 5, 'message_id', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM unnest(:message_ids::text[]) WITH ORDINALITY AS n (id, place)
            JOIN message_jobs j ON j.provider_message_id = n.id AND j.claimed_at IS NOT NULL
            ORDER BY n.place LIMIT 1
        ) UNION ALL (
            SELECT 5, 'message_id', j.contact_id, j.enrollment_id, j.id, j.node_id, j.recipient,
                j.state NOT IN ('sent', 'failed')
            FROM unnest(:message_ids::text[]) WITH ORDINALITY AS n (id, place)
            JOIN message_jobs j ON j.relay_message_id = n.id AND j.claimed_at IS NOT NULL
            ORDER BY n.place LIMIT 1
        ) UNION ALL (
            -- What comes back with the subject of the last message to that address is that message, whatever id it got
            -- on the way.
            SELECT 6, 'returned', w.contact_id, w.enrollment_id, w.id, w.node_id, w.address, false
            FROM (
                SELECT contact_id, enrollment_id, id, node_id, address, subject FROM messages
                WHERE kind = 'step' AND channel = :channel AND address = ANY(:addresses::text[])
                    AND at >= :written_since
                ORDER BY at DESC LIMIT 1
            ) w
            WHERE w.subject = :returned_subject::text
        ) UNION ALL (
            -- Two contacts with one number: the one last written to.
            SELECT 7, 'address', w.contact_id, w.enrollment_id, w.id, w.node_id, w.address, w.unsettled
            FROM (
                (
                    SELECT contact_id, enrollment_id, id, node_id, address, at, provider, false AS unsettled
                    FROM messages
                    WHERE kind = 'step' AND channel = :channel AND address = ANY(:addresses::text[])
                        AND at >= :written_since
                    ORDER BY at DESC LIMIT 1
                ) UNION ALL (
                    -- Where nothing else was written there, what is answered is the message in doubt: it arrived.
                    SELECT contact_id, enrollment_id, id, node_id, recipient, claimed_at, provider, true
                    FROM message_jobs
                    WHERE state = 'ambiguous' AND channel = :channel AND recipient = ANY(:addresses::text[])
                    ORDER BY claimed_at DESC LIMIT 1
                )
                ORDER BY unsettled, at DESC LIMIT 1
            ) w
            WHERE NOT :of_another::boolean AND (:other_than::text IS NULL OR w.provider <> :other_than)
        ) UNION ALL (
            -- Who has not been written to there answers what they got elsewhere, unless the sequence says that this is
            -- no answer to it.
            SELECT 8, 'contact', c.id, (
                SELECT w.enrollment_id FROM messages w
                JOIN enrollments n ON n.id = w.enrollment_id
                JOIN sequence_versions v ON v.id = n.version_id
                WHERE :answers_anywhere::boolean AND w.contact_id = c.id AND w.kind = 'step' AND w.at >= :written_since
                    AND NOT v.plan -> 'settings' -> 'stop_on' ? 'own_channel'
                ORDER BY w.at DESC LIMIT 1
            ), NULL, NULL, NULL, false FROM contacts c
            WHERE (:channel = 'email' AND c.email = ANY(:addresses::text[]))
                OR (:channel <> 'email' AND c.phone = ANY(:addresses::text[]))
            ORDER BY c.created_at DESC LIMIT 1
        )
    ) found
    ORDER BY rank LIMIT 1
) m
LEFT JOIN enrollments e ON e.id = m.enrollment_id
LEFT JOIN LATERAL (
    SELECT d.node_id, d.order_index, d.lap FROM message_jobs d
    WHERE d.enrollment_id = e.id AND d.channel <> 'webhook' AND (
        d.state IN ('pending', 'sending', 'ambiguous', 'cancelled') AND d.claimed_at IS NOT NULL
            AND (d.delivery IS NOT NULL OR d.provider_message_id IS NOT NULL OR d.id = m.job_id)
        OR d.state = 'ambiguous' AND e.last_node IS NULL
    )
    UNION ALL
    SELECT e.last_node, e.last_order_index, e.last_lap
    ORDER BY lap DESC, order_index DESC NULLS LAST LIMIT 1
) s ON true;

-- name: texts_written
-- What an answer may quote: the messages that it names, and those last written to its address.
SELECT content ->> 'subject' AS subject, coalesce(content ->> 'text', content ->> 'body') AS body
FROM message_jobs WHERE id = ANY(:job_ids::uuid[]) AND claimed_at IS NOT NULL
UNION ALL
(
    SELECT subject, body FROM messages WHERE kind = 'step' AND channel = :channel AND address = :address
    ORDER BY at DESC LIMIT :most
);
