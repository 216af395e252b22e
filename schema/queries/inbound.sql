-- name: record_message$
-- A message that came in: the event under the provider's own id, the conversation, the answer on its step, and what a
-- person should read. No row comes back when the event is known already; then nothing is written.
WITH event AS (
    INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id,
        job_id, matched_by, machine, payload, occurred_at, received_at)
    VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id, :node_id,
        :job_id, :matched_by, :machine, :payload, :occurred_at, :now)
    ON CONFLICT DO NOTHING
    RETURNING id
), message AS (
    INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, enrollment_id, node_id, order_index,
        address, subject, body, provider, provider_message_id, rfc_message_id, at)
    SELECT current_tenant(), id, :direction, :kind, :channel, :contact_id, :enrollment_id, :node_id, :order_index,
        :address, :subject, :body, :provider, :provider_event_id, :rfc_message_id, :occurred_at
    FROM event
), response AS (
    INSERT INTO responses (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, kind, at)
    SELECT current_tenant(), id, :enrollment_id, :sequence_id, :contact_id, :node_id, :order_index, :channel, :kind, :occurred_at
    FROM event WHERE :answers::boolean
), review AS (
    INSERT INTO reviews (tenant_id, message_id, reason, detail, created_at)
    SELECT current_tenant(), id, 'doubtful_opt_out', :doubt, :now FROM event WHERE :doubt::text IS NOT NULL
), answered AS (
    UPDATE message_jobs j SET
        answered_at = least(j.answered_at, :occurred_at),
        unsubscribed_at = CASE WHEN :opted_out::boolean THEN least(j.unsubscribed_at, :occurred_at) ELSE j.unsubscribed_at END
    FROM event WHERE j.id = :answered_job_id::uuid
)
SELECT id FROM event;

-- name: is_step$
-- Is it a message that one of our steps sent?
SELECT EXISTS (SELECT FROM message_jobs WHERE id = :job_id AND claimed_at IS NOT NULL);

-- name: store_event$
-- Keep the event under the provider's own id; no row comes back when it is known already.
INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id,
    job_id, matched_by, machine, payload, occurred_at, received_at)
VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id, :node_id,
    :job_id, :matched_by, :machine, :payload, :occurred_at, :now)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: read_event^
-- How an event that came before was attributed.
SELECT e.contact_id, e.enrollment_id, e.node_id, coalesce(m.order_index + 1, 0) AS step_number, m.kind
FROM events e LEFT JOIN messages m ON m.id = e.id
WHERE e.id = :id;

-- name: mark!
-- What is known of a message after its hand-over only grows: the highest rank, the earliest time of each thing.
UPDATE message_jobs SET
    delivery = CASE
        WHEN delivery_rank(:delivery::text) > coalesce(delivery_rank(delivery), 0) THEN :delivery ELSE delivery
    END,
    provider_message_id = coalesce(
        provider_message_id, CASE WHEN provider = :provider THEN :provider_message_id::text END),
    delivered_at = CASE WHEN :what = 'delivered' THEN least(delivered_at, :at) ELSE delivered_at END,
    undelivered_at = CASE WHEN :what = 'failed' THEN least(undelivered_at, :at) ELSE undelivered_at END,
    opened_at = CASE WHEN :what = 'opened' THEN least(opened_at, :at) ELSE opened_at END,
    machine_opened_at = CASE WHEN :what = 'machine_opened' THEN least(machine_opened_at, :at) ELSE machine_opened_at END,
    clicked_at = CASE WHEN :what = 'clicked' THEN least(clicked_at, :at) ELSE clicked_at END,
    machine_clicked_at = CASE WHEN :what = 'machine_clicked' THEN least(machine_clicked_at, :at) ELSE machine_clicked_at END,
    bounced_at = CASE WHEN :what = 'bounced' THEN least(bounced_at, :at) ELSE bounced_at END,
    soft_bounced_at = CASE
        WHEN :what = 'bounced' AND NOT :permanent::boolean THEN least(soft_bounced_at, :at) ELSE soft_bounced_at
    END,
    complained_at = CASE WHEN :what = 'complained' THEN least(complained_at, :at) ELSE complained_at END,
    unsubscribed_at = CASE WHEN :what = 'unsubscribed' THEN least(unsubscribed_at, :at) ELSE unsubscribed_at END
WHERE id = :job_id;

-- name: is_refused_in_a_row$
-- Were the last messages to this address refused, each of them, and none delivered?
SELECT count(*) FILTER (WHERE soft_bounced_at IS NOT NULL AND delivered_at IS NULL) >= :times::int
FROM (
    SELECT soft_bounced_at, delivered_at FROM message_jobs
    WHERE channel = :channel AND recipient = :address AND state = 'sent'
    ORDER BY sent_at DESC LIMIT :times::int
) last;

-- name: stop_rules
-- What ends each of these enrollments, and whether it uses the channel.
SELECT e.id, e.contact_id, v.plan -> 'settings' -> 'stop_on' AS stop_on,
    EXISTS (SELECT FROM version_contents c WHERE c.version_id = e.version_id AND c.channel = :channel) AS uses_channel
FROM enrollments e
JOIN sequence_versions v ON v.id = e.version_id
WHERE e.id = ANY(:ids::uuid[]) AND e.status IN ('pending', 'running', 'paused');

-- name: correct_reason!
-- Reports come in any order: of those that would have ended an enrollment, the one that happened first names the reason.
WITH corrected AS (
    UPDATE enrollments e SET reason = :reason, ended_by_at = :at
    FROM sequence_versions v
    WHERE e.contact_id = :contact_id AND e.status = 'stopped' AND (e.ended_by_at, e.reason) > (:at, :reason)
        AND e.enrolled_at <= :at
        AND v.id = e.version_id AND v.plan -> 'settings' -> 'stop_on' ?| :events::text[]
        AND (
            EXISTS (SELECT FROM version_contents c WHERE c.version_id = e.version_id AND c.channel = :channel)
            OR (:everywhere::boolean AND NOT v.plan -> 'settings' -> 'stop_on' ? 'own_channel')
        )
    RETURNING e.id
), jobs AS (
    UPDATE message_jobs SET cancel_reason = :reason
    WHERE enrollment_id IN (SELECT id FROM corrected) AND state = 'cancelled'
)
UPDATE enrollment_steps SET result = result || jsonb_build_object('ended', :reason::text)
WHERE enrollment_id IN (SELECT id FROM corrected) AND result ? 'ended';
