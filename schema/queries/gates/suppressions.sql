-- name: suppress!
-- Bar an address on a channel, for one reason; said again, the latest time counts. An opt-out and a complaint bar the
-- contact as well, whichever address it has: the one whom the event names, or :contact_id. What is being handed over to
-- either is let go, and named. `spellings`: every one of the address.
WITH person AS (
    SELECT coalesce(:contact_id::uuid, (SELECT contact_id FROM events WHERE id = :event_id::uuid)) AS id
    WHERE :reason::text IN ('unsubscribed', 'complained')
), under_way AS (
    UPDATE message_jobs SET overtaken_at = coalesce(overtaken_at, :now) WHERE id IN (
        SELECT id FROM message_jobs
        WHERE state = 'sending' AND channel = :channel AND recipient = ANY(:spellings::text[])
        UNION
        SELECT j.id FROM enrollments e JOIN message_jobs j ON j.enrollment_id = e.id
        WHERE e.contact_id = (SELECT id FROM person) AND j.state = 'sending' AND j.channel = :channel
    )
), asked AS (
    INSERT INTO contact_opt_outs AS o (tenant_id, contact_id, channel, reason, event_id, at, created_at)
    SELECT current_tenant(), id, :channel, :reason::text, :event_id::uuid, :at, :now FROM person WHERE id IS NOT NULL
    ON CONFLICT (tenant_id, contact_id, channel, reason) DO UPDATE SET at = greatest(o.at, excluded.at)
)
INSERT INTO suppressions AS x (tenant_id, channel, address, reason, event_id, at, created_at)
SELECT current_tenant(), :channel, :address::text, :address_reason::text, :event_id::uuid, :at, :now
WHERE :address::text IS NOT NULL
ON CONFLICT (tenant_id, channel, address, reason) DO UPDATE SET at = greatest(x.at, excluded.at);

-- name: lift!
-- An opt-out is taken back, and what may be one, in whichever spelling it came, and the contact's own whom the event
-- names. Where none is known yet the time is kept all the same: its report may come later.
WITH person AS (
    INSERT INTO contact_opt_outs AS o (tenant_id, contact_id, channel, reason, event_id, at, lifted_at, created_at)
    SELECT current_tenant(), contact_id, :channel, 'unsubscribed', id, '-infinity', :at, :now
    FROM (SELECT id, contact_id FROM events WHERE id = :event_id::uuid OFFSET 0) e WHERE contact_id IS NOT NULL
    ON CONFLICT (tenant_id, contact_id, channel, reason)
    DO UPDATE SET lifted_at = greatest(o.lifted_at, excluded.lifted_at)
)
INSERT INTO suppressions AS x (tenant_id, channel, address, reason, event_id, at, lifted_at, created_at)
SELECT current_tenant(), :channel, address, reason, :event_id::uuid, '-infinity', :at, :now
FROM unnest(:spellings::text[]) AS s (address) CROSS JOIN unnest(ARRAY['suspected', 'unsubscribed']) AS r (reason)
ORDER BY address, reason
ON CONFLICT (tenant_id, channel, address, reason) DO UPDATE SET lifted_at = greatest(x.lifted_at, excluded.lifted_at);

-- name: is_opted_out$
-- Did somebody at one of these addresses, or this contact at any, ask for no more?
SELECT EXISTS (
    SELECT FROM suppressions
    WHERE channel = :channel AND address = ANY(:addresses::text[]) AND reason = 'unsubscribed' AND active
) OR EXISTS (
    SELECT FROM contact_opt_outs
    WHERE contact_id = :contact_id::uuid AND channel = :channel AND reason = 'unsubscribed' AND active
);

-- name: of_addresses
-- What bars one of these addresses now.
SELECT channel, address, reason, at FROM suppressions WHERE address = ANY(:addresses::text[]) AND active
ORDER BY channel, reason;

-- name: of_contact
-- What bars a contact now, whichever address it has.
SELECT channel, reason, at FROM contact_opt_outs WHERE contact_id = :contact_id AND active ORDER BY channel, reason;

-- name: listed
-- What is and was barred, addresses and contacts, the newest first, behind a place. A START that no opt-out has come
-- before bars nothing.
(
    SELECT id, channel, address, NULL::text AS contact, reason, at, lifted_at, active, created_at FROM suppressions
    WHERE at > '-infinity' AND (created_at, id) < (:before::timestamptz, :behind::uuid)
        AND (:channel::text IS NULL OR channel = :channel) AND (:reason::text IS NULL OR reason = :reason)
        AND (:active::boolean IS NULL OR active = :active)
    ORDER BY created_at DESC, id DESC LIMIT :limit
) UNION ALL (
    SELECT id, channel, NULL, (SELECT c.external_id FROM contacts c WHERE c.id = o.contact_id), reason, at, lifted_at,
        active, created_at
    FROM contact_opt_outs o
    WHERE at > '-infinity' AND (created_at, id) < (:before::timestamptz, :behind::uuid)
        AND (:channel::text IS NULL OR channel = :channel) AND (:reason::text IS NULL OR reason = :reason)
        AND (:active::boolean IS NULL OR active = :active)
    ORDER BY created_at DESC, id DESC LIMIT :limit
)
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- name: records_of
-- Suppressions of these addresses and of this contact, whole.
(
    SELECT id, channel, address, NULL::text AS contact, reason, at, lifted_at, active, created_at FROM suppressions
    WHERE at > '-infinity' AND address = ANY(:addresses::text[])
) UNION ALL (
    SELECT id, channel, NULL, (SELECT c.external_id FROM contacts c WHERE c.id = o.contact_id), reason, at, lifted_at,
        active, created_at
    FROM contact_opt_outs o
    WHERE at > '-infinity' AND contact_id = :contact_id::uuid
)
ORDER BY created_at DESC, id DESC;

-- name: record^
-- One of them.
(
    SELECT id, channel, address, NULL::text AS contact, reason, at, lifted_at, active, created_at FROM suppressions
    WHERE id = :id AND at > '-infinity'
) UNION ALL (
    SELECT id, channel, NULL, (SELECT c.external_id FROM contacts c WHERE c.id = o.contact_id), reason, at, lifted_at,
        active, created_at
    FROM contact_opt_outs o
    WHERE id = :id AND at > '-infinity'
);

-- name: take_back!
-- It bars nothing from now on, and no other spelling of it does for that reason; said again, the latest time counts. An
-- opt-out of an address is taken back by its person too: by whoever has the address, and whose opt-out it was.
WITH people AS (
    UPDATE contact_opt_outs o SET lifted_at = greatest(o.lifted_at, o.at, :now)
    WHERE at > '-infinity' AND reason = :reason AND channel = :channel AND contact_id = ANY(ARRAY(
        SELECT contact_id FROM contact_opt_outs WHERE id = :id
        UNION ALL
        SELECT id FROM contacts
        WHERE :reason = 'unsubscribed' AND :channel = 'email' AND email = ANY(:spellings::text[])
        UNION ALL
        SELECT id FROM contacts
        WHERE :reason = 'unsubscribed' AND :channel <> 'email' AND phone = ANY(:spellings::text[])
        UNION ALL
        SELECT (SELECT e.contact_id FROM events e WHERE e.id = x.event_id) FROM suppressions x WHERE x.id = :id
    ))
), held AS (
    SELECT id FROM suppressions
    WHERE channel = :channel AND address = ANY(:spellings::text[]) AND reason = :reason AND at > '-infinity'
    ORDER BY address FOR NO KEY UPDATE
)
UPDATE suppressions x SET lifted_at = greatest(x.lifted_at, x.at, :now) FROM held WHERE x.id = held.id;

-- name: release!
-- What was suspected is decided: that alone bars these addresses no more.
WITH held AS (
    SELECT id FROM suppressions
    WHERE channel = :channel AND address = ANY(:spellings::text[]) AND reason = 'suspected'
    ORDER BY address FOR NO KEY UPDATE
)
UPDATE suppressions x SET lifted_at = greatest(x.lifted_at, x.at, :now) FROM held WHERE x.id = held.id;

-- name: has_moved$
-- Has the contact another address on the channel by now than this one, in whichever spelling?
SELECT CASE :channel WHEN 'email' THEN email ELSE phone END <> ALL(:spellings::text[])
FROM contacts WHERE id = :contact_id;
