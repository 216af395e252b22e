-- name: match^
-- What is a report about? The branches from the surest to the least; only what was handed over can be reported on.
SELECT m.by, m.contact_id, m.enrollment_id, m.job_id, m.recipient, m.in_doubt
FROM (
    (
        SELECT 1 AS rank, 'named' AS by, e.contact_id, e.id AS enrollment_id, NULL::uuid AS job_id, NULL AS recipient,
            false AS in_doubt
        FROM enrollments e WHERE e.id = :enrollment_id::uuid
    ) UNION ALL (
        SELECT 2, 'token', j.contact_id, j.enrollment_id, j.id, j.recipient, j.state IN ('sending', 'ambiguous')
        FROM message_jobs j WHERE j.id = :job_id::uuid AND j.claimed_at IS NOT NULL
    ) UNION ALL (
        SELECT 3, 'provider_id', j.contact_id, j.enrollment_id, j.id, j.recipient, j.state IN ('sending', 'ambiguous')
        FROM message_jobs j WHERE j.provider_message_id = :provider_message_id::text
        ORDER BY j.claimed_at DESC LIMIT 1
    ) UNION ALL (
        SELECT 4, 'message_id', j.contact_id, j.enrollment_id, j.id, j.recipient, j.state IN ('sending', 'ambiguous')
        FROM unnest(:message_job_ids::uuid[]) WITH ORDINALITY AS n (id, place)
        JOIN message_jobs j ON j.id = n.id AND j.claimed_at IS NOT NULL
        ORDER BY n.place LIMIT 1
    ) UNION ALL (
        SELECT 5, 'message_id', j.contact_id, j.enrollment_id, j.id, j.recipient, j.state IN ('sending', 'ambiguous')
        FROM unnest(:message_ids::text[]) WITH ORDINALITY AS n (id, place)
        JOIN message_jobs j ON j.provider_message_id = n.id
        ORDER BY n.place LIMIT 1
    ) UNION ALL (
        -- Two contacts with one number: the one last written to.
        SELECT 6, 'address', w.contact_id, w.enrollment_id, w.id, w.address, w.in_doubt
        FROM (
            (
                SELECT contact_id, enrollment_id, id, address, at, provider, false AS in_doubt FROM messages
                WHERE kind = 'step' AND channel = :channel AND address = :address::text AND at >= :written_since
                ORDER BY at DESC LIMIT 1
            ) UNION ALL (
                -- A message in doubt counts: what is heard of it is the best sign that it arrived.
                SELECT contact_id, enrollment_id, id, recipient, claimed_at, provider, true FROM message_jobs
                WHERE state = 'ambiguous' AND channel = :channel AND recipient = :address::text
                ORDER BY claimed_at DESC LIMIT 1
            )
            ORDER BY at DESC LIMIT 1
        ) w
        WHERE :other_than::text IS NULL OR w.provider <> :other_than
    ) UNION ALL (
        SELECT 7, 'contact', c.id, NULL, NULL, NULL, false FROM contacts c
        WHERE (:channel = 'email' AND c.email = :address::text) OR (:channel <> 'email' AND c.phone = :address::text)
        ORDER BY c.created_at DESC LIMIT 1
    )
) m
ORDER BY m.rank LIMIT 1;

-- name: lock_live
-- Every live enrollment of a contact and of whoever else is reached at these addresses.
SELECT e.id FROM enrollments e
WHERE e.status IN ('pending', 'running', 'paused') AND e.contact_id IN (
    SELECT :contact_id::uuid
    UNION ALL
    SELECT c.id FROM contacts c
    WHERE (:channel = 'email' AND c.email = ANY(:addresses::text[]))
        OR (:channel <> 'email' AND c.phone = ANY(:addresses::text[]))
)
ORDER BY e.id
FOR NO KEY UPDATE OF e;

-- name: last_step^
-- The step that an answer in this enrollment answers: the last that was sent, or the one in doubt after it. A hand-over
-- that was begun counts only where something was heard of it, or the answer names it: it may not have gone out yet.
SELECT e.sequence_id, e.contact_id, coalesce(d.node_id, e.last_node) AS node_id,
    coalesce(d.order_index, e.last_order_index) AS order_index
FROM enrollments e
LEFT JOIN message_jobs d ON d.enrollment_id = e.id AND (
    d.state = 'ambiguous' OR d.state = 'sending' AND (d.delivery IS NOT NULL OR d.id = :named_job_id::uuid)
)
WHERE e.id = :enrollment_id
ORDER BY d.order_index DESC NULLS LAST LIMIT 1;

-- name: outbound^
-- How a message job stands; held until the end of the transaction.
SELECT j.enrollment_id, j.node_id, j.state, j.provider, j.recipient, (
    SELECT e.ended_at IS NOT NULL FROM enrollments e WHERE e.id = j.enrollment_id
) AS ended
FROM message_jobs j WHERE j.id = :job_id
FOR NO KEY UPDATE OF j;
