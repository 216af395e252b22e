-- name: record_status$
-- What became of a message of ours: the event under the provider's own id, and what it proves about the message. No row
-- comes back when the event is known already; then nothing is written. What is known of a message only grows: the
-- highest rank, the earliest time of each thing.
WITH event AS (
    INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id,
        job_id, matched_by, machine, payload, occurred_at, received_at)
    VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id,
        :node_id, :job_id, :matched_by, :machine, :payload, :occurred_at, :now)
    ON CONFLICT DO NOTHING
    RETURNING id
), marked AS (
    UPDATE message_jobs j SET
        delivery = CASE
            WHEN delivery_rank(:delivery::text) > coalesce(delivery_rank(j.delivery), 0) THEN :delivery ELSE j.delivery
        END,
        provider_message_id = coalesce(
            j.provider_message_id, CASE WHEN j.provider = :provider THEN :provider_message_id::text END),
        delivered_at = CASE WHEN :what = 'delivered' THEN least(j.delivered_at, :occurred_at) ELSE j.delivered_at END,
        undelivered_at = CASE
            WHEN :what = 'failed' THEN least(j.undelivered_at, :occurred_at) ELSE j.undelivered_at
        END,
        opened_at = CASE WHEN :what = 'opened' THEN least(j.opened_at, :occurred_at) ELSE j.opened_at END,
        machine_opened_at = CASE
            WHEN :what = 'machine_opened' THEN least(j.machine_opened_at, :occurred_at) ELSE j.machine_opened_at
        END,
        clicked_at = CASE WHEN :what = 'clicked' THEN least(j.clicked_at, :occurred_at) ELSE j.clicked_at END,
        machine_clicked_at = CASE
            WHEN :what = 'machine_clicked' THEN least(j.machine_clicked_at, :occurred_at) ELSE j.machine_clicked_at
        END,
        bounced_at = CASE WHEN :what = 'bounced' THEN least(j.bounced_at, :occurred_at) ELSE j.bounced_at END,
        soft_bounced_at = CASE
            WHEN :what = 'bounced' AND NOT :permanent::boolean THEN least(j.soft_bounced_at, :occurred_at)
            ELSE j.soft_bounced_at
        END,
        complained_at = CASE
            WHEN :what = 'complained' THEN least(j.complained_at, :occurred_at) ELSE j.complained_at
        END,
        unsubscribed_at = CASE
            WHEN :what = 'unsubscribed' THEN least(j.unsubscribed_at, :occurred_at) ELSE j.unsubscribed_at
        END
    FROM event WHERE j.id = :job_id::uuid
)
SELECT id FROM event;

-- name: is_refused_in_a_row$
-- Were the last messages to this address refused, each of them, and none delivered?
SELECT count(*) FILTER (WHERE soft_bounced_at IS NOT NULL AND delivered_at IS NULL) >= :times::int
FROM (
    SELECT soft_bounced_at, delivered_at FROM message_jobs
    WHERE channel = :channel AND recipient = ANY(:addresses::text[]) AND state = 'sent'
    ORDER BY sent_at DESC LIMIT :times::int
) last;
