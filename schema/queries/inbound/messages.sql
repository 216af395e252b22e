-- name: record_message$
-- A message that came in: the event under the provider's own id, the conversation, the answer on its step, the proof
-- that what it answers arrived (whoever answers a message has it), and what a person should read. No row comes back
-- when the event is known already; then nothing is written.
WITH event AS (
    INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id,
        job_id, matched_by, machine, payload, occurred_at, received_at)
    VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id,
        :node_id, :job_id, :matched_by, :machine, :payload, :occurred_at, :now)
    ON CONFLICT DO NOTHING
    RETURNING id
), message AS (
    INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, enrollment_id, node_id, order_index,
        address, subject, body, provider, provider_message_id, rfc_message_id, at)
    SELECT current_tenant(), id, :direction, :kind, :channel, :contact_id, :enrollment_id, :node_id, :order_index,
        :address, :subject, :body, :provider, :provider_event_id, :rfc_message_id, :occurred_at
    FROM event
), response AS (
    INSERT INTO responses (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, kind,
        at)
    SELECT current_tenant(), id, :enrollment_id, :sequence_id, :contact_id, :node_id, :order_index, :channel, :kind,
        :occurred_at
    FROM event WHERE :answers::boolean
), review AS (
    INSERT INTO reviews (tenant_id, message_id, reason, detail, addresses, holds, created_at)
    SELECT current_tenant(), id, :review, :doubt, :held::text[], :holds::boolean, :now
    FROM event WHERE :doubt::text IS NOT NULL
), held AS (
    SELECT j.id FROM event CROSS JOIN message_jobs j WHERE j.id IN (:answered_job_id::uuid, :proven_job_id::uuid)
    ORDER BY j.id FOR NO KEY UPDATE OF j
), marked AS (
    -- One update of a row that is both: a second one in the same statement would not be done.
    UPDATE message_jobs j SET
        answered_at = CASE
            WHEN j.id = :answered_job_id::uuid THEN least(j.answered_at, :occurred_at) ELSE j.answered_at
        END,
        unsubscribed_at = CASE
            WHEN j.id = :answered_job_id::uuid AND :opted_out::boolean THEN least(j.unsubscribed_at, :occurred_at)
            ELSE j.unsubscribed_at
        END,
        delivery = CASE
            WHEN j.id = :proven_job_id::uuid AND coalesce(delivery_rank(j.delivery), 0) < delivery_rank('delivered')
                THEN 'delivered'
            ELSE j.delivery
        END
    FROM held WHERE j.id = held.id
)
SELECT id FROM event;

-- name: twin$
-- The message that this one is, where it came in before under another id: the same Message-ID from the same sender,
-- read alike. Under one provider the words must be the same too: senders make Message-IDs up.
SELECT id FROM messages
WHERE direction = 'in' AND channel = :channel AND rfc_message_id = :rfc_message_id::text AND address = :address
    AND kind = :kind AND (provider <> :provider OR body = :body)
ORDER BY at LIMIT 1;

-- name: is_step$
-- Is it a message that one of our steps sent, by its own Message-ID or by the one that a relay gave it?
SELECT EXISTS (SELECT FROM message_jobs WHERE id = :job_id::uuid AND claimed_at IS NOT NULL)
    OR EXISTS (
        SELECT FROM message_jobs WHERE provider_message_id = ANY(:message_ids::text[]) AND claimed_at IS NOT NULL
    )
    OR EXISTS (SELECT FROM message_jobs WHERE relay_message_id = ANY(:message_ids::text[]) AND claimed_at IS NOT NULL);

-- name: store_event$
-- Keep the event under the provider's own id, without effect; no row comes back when it is known already.
INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id,
    job_id, matched_by, machine, payload, occurred_at, received_at)
VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id, :node_id,
    :job_id, :matched_by, :machine, :payload, :occurred_at, :now)
ON CONFLICT DO NOTHING
RETURNING id;
