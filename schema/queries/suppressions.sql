-- name: suppress!
-- Bar an address on a channel, for one reason; said again, the latest time counts. What is being handed over to it is
-- let go, and named. `spellings`: every one of the address.
WITH under_way AS (
    UPDATE message_jobs SET overtaken_at = coalesce(overtaken_at, :now)
    WHERE state = 'sending' AND channel = :channel AND recipient = ANY(:spellings::text[])
)
INSERT INTO suppressions AS x (tenant_id, channel, address, reason, event_id, at, created_at)
VALUES (current_tenant(), :channel, :address, :reason, :event_id, :at, :now)
ON CONFLICT (tenant_id, channel, address, reason) DO UPDATE SET at = greatest(x.at, excluded.at);

-- name: lift!
-- An opt-out is taken back, in whichever spelling it came. Where none is known yet the time is kept all the same: its
-- report may come later.
INSERT INTO suppressions AS x (tenant_id, channel, address, reason, event_id, at, lifted_at, created_at)
SELECT current_tenant(), :channel, address, 'unsubscribed', :event_id, '-infinity', :at, :now
FROM unnest(:spellings::text[]) AS s (address) ORDER BY address
ON CONFLICT (tenant_id, channel, address, reason) DO UPDATE SET lifted_at = greatest(x.lifted_at, excluded.lifted_at);

-- name: is_opted_out$
-- Did somebody at one of these addresses ask for no more?
SELECT EXISTS (
    SELECT FROM suppressions
    WHERE channel = :channel AND address = ANY(:addresses::text[]) AND reason = 'unsubscribed' AND active
);

-- name: of_addresses
-- What bars one of these addresses now.
SELECT channel, address, reason, at FROM suppressions WHERE address = ANY(:addresses::text[]) AND active
ORDER BY channel, reason;

-- name: listed
-- What is and was barred, the newest first, behind a place. A START that no opt-out has come before bars nothing.
SELECT id, channel, address, reason, at, lifted_at, active, created_at FROM suppressions
WHERE at > '-infinity' AND (created_at, id) < (:before::timestamptz, :behind::uuid)
    AND (:channel::text IS NULL OR channel = :channel) AND (:reason::text IS NULL OR reason = :reason)
    AND (:active::boolean IS NULL OR active = :active)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: records_of
-- The same of these addresses, whole.
SELECT id, channel, address, reason, at, lifted_at, active, created_at FROM suppressions
WHERE at > '-infinity' AND address = ANY(:addresses::text[])
ORDER BY created_at DESC, id DESC;

-- name: record^
-- One of them, which nobody changes before the transaction ends.
SELECT id, channel, address, reason, at, lifted_at, active, created_at FROM suppressions
WHERE id = :id AND at > '-infinity' FOR NO KEY UPDATE;

-- name: take_back!
-- It bars nothing from now on, and no other spelling of it does for that reason; said again, the latest time counts.
WITH held AS (
    SELECT id FROM suppressions
    WHERE channel = :channel AND address = ANY(:spellings::text[]) AND reason = :reason AND at > '-infinity'
    ORDER BY address FOR NO KEY UPDATE
)
UPDATE suppressions x SET lifted_at = greatest(x.lifted_at, x.at, :now) FROM held WHERE x.id = held.id;
