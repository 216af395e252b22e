-- migrate:up

-- What may be an opt-out bars its address until a person decides, or until the tenant's time for that is over.
ALTER TABLE suppressions
    DROP CONSTRAINT suppressions_reason_check,
    ADD CONSTRAINT suppressions_reason_check
        CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual', 'suspected'));

ALTER TABLE reviews
    -- The addresses that it bars meanwhile.
    ADD COLUMN addresses text[] NOT NULL DEFAULT '{}',
    -- What a person has decided; `overdue`: nobody did in time, and it counts as an opt-out. NULL: nothing yet, or it
    -- was only taken off the list, as was once done.
    ADD COLUMN decision text CHECK (decision IN ('opt_out', 'no_opt_out', 'overdue')),
    ADD CONSTRAINT decided_is_resolved CHECK (decision IS NULL OR resolved_at IS NOT NULL);

ALTER TABLE tenants
    -- Days; within the ten business days of 47 CFR 64.1200(a)(10). NULL: until somebody decides.
    ADD COLUMN review_days integer DEFAULT 10 CHECK (review_days BETWEEN 1 AND 365);
GRANT UPDATE (review_days) ON tenants TO touchline_app;

-- migrate:down
REVOKE UPDATE (review_days) ON tenants FROM touchline_app;
ALTER TABLE tenants DROP COLUMN review_days;
ALTER TABLE reviews DROP CONSTRAINT decided_is_resolved, DROP COLUMN decision, DROP COLUMN addresses;
-- The older schema has no word for what is undecided: silence is the lesser harm.
INSERT INTO suppressions (tenant_id, channel, address, reason, event_id, at, lifted_at, created_at)
SELECT tenant_id, channel, address, 'unsubscribed', event_id, at, lifted_at, created_at
FROM suppressions WHERE reason = 'suspected' AND active
ON CONFLICT (tenant_id, channel, address, reason) DO UPDATE SET at = greatest(suppressions.at, excluded.at);
DELETE FROM suppressions WHERE reason = 'suspected';
ALTER TABLE suppressions
    DROP CONSTRAINT suppressions_reason_check,
    ADD CONSTRAINT suppressions_reason_check CHECK (reason IN ('unsubscribed', 'bounced', 'complained', 'manual'));
