-- migrate:up

-- Hosts, and networks in CIDR notation, that this tenant's webhooks may call although they are not public.
ALTER TABLE tenants ADD COLUMN webhook_allow text[] NOT NULL DEFAULT '{}';
GRANT UPDATE (webhook_allow) ON tenants TO touchline_app;

-- An enrollment counts once for a split, however often a loop leads through it: each lap takes the same arm, and a
-- comparison of arms takes the counted for independent of each other. The first lap has what followed from all of them.
ALTER TABLE split_choices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE arm_counters NO FORCE ROW LEVEL SECURITY;
DELETE FROM split_choices c USING split_choices earlier
WHERE (earlier.tenant_id, earlier.enrollment_id, earlier.node_id) = (c.tenant_id, c.enrollment_id, c.node_id)
    AND earlier.lap < c.lap;
DELETE FROM arm_counters;
INSERT INTO arm_counters
    (tenant_id, sequence_id, node_id, arm, shard, entered, opened, clicked, answered, unsubscribed, reached_goal)
SELECT tenant_id, sequence_id, node_id, arm, counter_shard(enrollment_id), count(*), count(*) FILTER (WHERE opened),
    count(*) FILTER (WHERE clicked), count(*) FILTER (WHERE answered), count(*) FILTER (WHERE unsubscribed),
    count(*) FILTER (WHERE reached_goal)
FROM split_choices GROUP BY tenant_id, sequence_id, node_id, arm, counter_shard(enrollment_id);
ALTER TABLE split_choices FORCE ROW LEVEL SECURITY;
ALTER TABLE arm_counters FORCE ROW LEVEL SECURITY;
ALTER TABLE split_choices DROP CONSTRAINT split_choices_pkey, DROP COLUMN lap,
    ADD PRIMARY KEY (tenant_id, enrollment_id, node_id);

-- migrate:down
ALTER TABLE split_choices DROP CONSTRAINT split_choices_pkey;
ALTER TABLE split_choices ADD COLUMN lap integer NOT NULL DEFAULT 0 CHECK (lap >= 0);
ALTER TABLE split_choices ALTER COLUMN lap DROP DEFAULT, ADD PRIMARY KEY (tenant_id, enrollment_id, node_id, lap);
REVOKE UPDATE (webhook_allow) ON tenants FROM touchline_app;
ALTER TABLE tenants DROP COLUMN webhook_allow;
