-- migrate:up

-- Whether it is told of test runs as well: a receiver that acts on what it hears must not take them for real ones.
ALTER TABLE webhook_subscriptions ADD COLUMN test_runs boolean NOT NULL DEFAULT false;

-- migrate:down
ALTER TABLE webhook_subscriptions DROP COLUMN test_runs;
