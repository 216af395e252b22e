-- name: add!
INSERT INTO webhook_subscriptions (tenant_id, id, url, description, types, test_runs, secret, active_since, created_at)
VALUES (current_tenant(), :id, :url, :description, :types::text[], :test_runs, :secret, :active_since, :now);

-- name: begin_feed!
-- What happens from now on becomes deliveries.
INSERT INTO webhook_feeds (tenant_id, xid, id) VALUES (current_tenant(), pg_snapshot_xmin(pg_current_snapshot()), 0)
ON CONFLICT DO NOTHING;

-- name: read^
SELECT id, url, description, types, test_runs, active_since, disabled_reason, failures, failing_since, previous_until,
    created_at
FROM webhook_subscriptions WHERE id = :id;

-- name: listed
-- The oldest first, behind a place.
SELECT id, url, description, types, test_runs, active_since, disabled_reason, failures, failing_since, previous_until,
    created_at
FROM webhook_subscriptions
WHERE (created_at, id) > (:at::timestamptz, :behind::uuid)
ORDER BY created_at, id
LIMIT :limit;

-- name: change^
-- Switched on again it begins afresh; what is off stays off for the reason that it has.
UPDATE webhook_subscriptions SET
    url = :url, description = :description, types = :types::text[], test_runs = :test_runs,
    active_since = CASE WHEN :active::boolean THEN coalesce(active_since, :now::timestamptz) END,
    disabled_reason = CASE WHEN :active::boolean THEN NULL ELSE disabled_reason END,
    failures = CASE WHEN active_since IS NULL OR NOT :active::boolean THEN 0 ELSE failures END,
    failing_since = CASE WHEN active_since IS NULL OR NOT :active::boolean THEN NULL ELSE failing_since END
WHERE id = :id
RETURNING id;

-- name: rotate$
UPDATE webhook_subscriptions SET secret = :secret, previous_secret = secret, previous_until = :until
WHERE id = :id
RETURNING id;

-- name: hold$
-- No delivery is made for it meanwhile.
SELECT id FROM webhook_subscriptions WHERE id = :id FOR UPDATE;

-- name: remove_deliveries!
DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE subscription_id = :id ORDER BY id FOR UPDATE
);

-- name: remove!
DELETE FROM webhook_subscriptions WHERE id = :id;

-- name: switch_off!
UPDATE webhook_subscriptions SET active_since = NULL, disabled_reason = :reason, failures = 0, failing_since = NULL
WHERE id = :id AND active_since IS NOT NULL;

-- name: give_up!
-- Whatever is still to be delivered is not.
UPDATE webhook_deliveries SET state = 'failed', last_error = :error, next_attempt_at = NULL, ended_at = :now
WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE subscription_id = :id AND state = 'pending' ORDER BY id FOR NO KEY UPDATE
);

-- name: active
-- Who is told of what.
SELECT id, types, test_runs, active_since FROM webhook_subscriptions WHERE active_since IS NOT NULL;

-- name: lock_feed^
SELECT xid::text::bigint AS xid, id FROM webhook_feeds FOR UPDATE;

-- name: has_feed$
SELECT EXISTS (SELECT FROM webhook_feeds);

-- name: move_feed!
UPDATE webhook_feeds SET xid = :xid::bigint::text::xid8, id = :id;

-- name: owe!
INSERT INTO webhook_deliveries (tenant_id, id, subscription_id, enrollment_id, number, type, body, created_at,
    next_attempt_at)
SELECT current_tenant(), n.*, :now::timestamptz, :now::timestamptz
FROM unnest(
    :ids::uuid[], :subscription_ids::uuid[], :enrollment_ids::uuid[], :numbers::bigint[], :types::text[],
    :bodies::text[]
) AS n (id, subscription_id, enrollment_id, number, type, body)
ON CONFLICT DO NOTHING;

-- name: receiver^
-- Where a subscription's deliveries go, and what signs them now.
SELECT s.url, s.secret, CASE WHEN s.previous_until > :now THEN s.previous_secret END AS previous_secret,
    s.active_since IS NOT NULL AS active, t.webhook_allow
FROM webhook_subscriptions s JOIN tenants t ON t.id = s.tenant_id
WHERE s.id = :id;

-- name: due
-- What is to be posted now: of each enrollment the first alone, for the next goes out behind it.
SELECT d.id, d.body, d.tries FROM webhook_deliveries d
WHERE d.subscription_id = :id AND d.state = 'pending' AND d.next_attempt_at <= :now
    AND NOT EXISTS (
        SELECT FROM webhook_deliveries e
        WHERE e.subscription_id = d.subscription_id AND e.enrollment_id = d.enrollment_id AND e.state = 'pending'
            AND e.number < d.number
    )
ORDER BY d.next_attempt_at, d.number
LIMIT :limit;

-- name: next_due$
SELECT min(d.next_attempt_at) FROM webhook_deliveries d
WHERE d.subscription_id = :id AND d.state = 'pending'
    AND NOT EXISTS (
        SELECT FROM webhook_deliveries e
        WHERE e.subscription_id = d.subscription_id AND e.enrollment_id = d.enrollment_id AND e.state = 'pending'
            AND e.number < d.number
    );

-- name: settle!
-- How an attempt ended: delivered, to be tried again at a time, or given up.
UPDATE webhook_deliveries SET
    state = :state::text, attempts = attempts + 1, tries = tries + 1, last_status = :status, last_error = :error,
    last_attempt_at = :now::timestamptz, next_attempt_at = :next_attempt_at,
    ended_at = CASE WHEN :state::text <> 'pending' THEN :now::timestamptz END
WHERE id = :id AND state = 'pending';

-- name: took!
-- The receiver took something: whatever failed before is over.
UPDATE webhook_subscriptions SET failures = 0, failing_since = NULL WHERE id = :id AND failures > 0;

-- name: took_not^
UPDATE webhook_subscriptions SET failures = failures + 1, failing_since = coalesce(failing_since, :now)
WHERE id = :id AND active_since IS NOT NULL
RETURNING failures, failing_since;

-- name: deliveries
-- The newest of a subscription, before a place.
SELECT id, subscription_id, enrollment_id, type, state, attempts, last_status, last_error, created_at, last_attempt_at,
    next_attempt_at, ended_at
FROM webhook_deliveries
WHERE subscription_id = :id AND (:state::text IS NULL OR state = :state)
    AND (created_at, id) < (:at::timestamptz, :behind::uuid)
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: delivery^
SELECT id, subscription_id, enrollment_id, type, state, attempts, last_status, last_error, created_at, last_attempt_at,
    next_attempt_at, ended_at, body
FROM webhook_deliveries WHERE id = :id;

-- name: redeliver^
-- Once more from the beginning, under the same id.
UPDATE webhook_deliveries d SET state = 'pending', tries = 0, next_attempt_at = :now, ended_at = NULL
FROM webhook_subscriptions s
WHERE d.id = :id AND d.state <> 'pending' AND s.id = d.subscription_id AND s.active_since IS NOT NULL
RETURNING d.subscription_id;

-- name: forget!
-- The log is kept for a while. What somebody holds, the next sweep finds.
DELETE FROM webhook_deliveries WHERE id IN (
    SELECT id FROM webhook_deliveries WHERE state <> 'pending' AND ended_at < :before LIMIT :limit
    FOR UPDATE SKIP LOCKED
);
