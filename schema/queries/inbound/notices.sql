-- name: one_at_a_time!
-- Two messages from one address that come together must see each other's notice. Held until the transaction ends.
SELECT pg_advisory_xact_lock(
    hashtextextended('notice ' || current_tenant() || ' ' || :channel::text || ' ' || :address::text, 0)
);

-- name: owe$
-- The tenant's text, to be sent once; no row comes back when it has none, or when the address was owed one lately.
WITH said AS (
    SELECT CASE :kind::text WHEN 'help' THEN help_text ELSE opt_out_text END AS body
    FROM tenants WHERE id = current_tenant()
)
INSERT INTO notices (tenant_id, id, event_id, kind, channel, address, contact_id, sender, body, expires_at, created_at)
SELECT current_tenant(), :id, :event_id, :kind::text, :channel::text, :address::text, :contact_id, (
    -- From where it was written to, if that is one of the tenant's.
    SELECT s.address FROM senders s WHERE s.channel = :channel::text AND (s.address = :recipient::text OR s.is_default)
    ORDER BY s.address = :recipient::text DESC NULLS LAST LIMIT 1
), said.body, :expires_at, :now
FROM said
WHERE said.body IS NOT NULL AND NOT EXISTS (
    SELECT FROM notices n
    WHERE n.channel = :channel::text AND n.address = :address::text AND n.kind = :kind::text AND n.created_at > :since
)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: lock_notice^
-- Whoever claims or settles it holds its row; during the hand-over nobody does.
SELECT id, kind, channel, address, sender, body, state, expires_at, provider, claimed_at, claimed_on
FROM notices WHERE id = :id FOR UPDATE;

-- name: begin_sending!
-- Claim: from the commit on, a crash leaves a notice that says `sending`.
UPDATE notices SET state = 'sending', provider = :provider, claimed_at = :now, claimed_on = pg_postmaster_start_time()
WHERE id = :id;

-- name: settle_sent!
-- A provider took it over: notice and conversation in one statement.
WITH sent AS (
    UPDATE notices SET state = 'sent', sent_at = :now, provider_message_id = :provider_message_id, error = NULL
    WHERE id = :id
    RETURNING *
)
INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, address, body, provider, provider_message_id,
    at)
SELECT tenant_id, id, 'out', kind, channel, contact_id, address, body, provider, provider_message_id, sent_at FROM sent;

-- name: settle!
-- It waits for another attempt, or it is over; the latest error is the record.
UPDATE notices SET state = :state, error = coalesce(:error, error) WHERE id = :id;

-- name: still_open
-- Owed before `before` and not settled, oldest first.
SELECT id, expires_at FROM notices
WHERE state IN ('pending', 'sending') AND created_at <= :before AND id <> ALL(:but::uuid[])
ORDER BY created_at LIMIT :limit;
