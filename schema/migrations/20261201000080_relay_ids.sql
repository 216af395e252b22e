-- migrate:up

-- Some relays give a message an id of their own, and name it in their answer: bounces and answers know no other one.
ALTER TABLE message_jobs ADD COLUMN relay_message_id text;
CREATE INDEX message_jobs_relay_message ON message_jobs (tenant_id, relay_message_id)
    WHERE relay_message_id IS NOT NULL;

-- migrate:down
DROP INDEX message_jobs_relay_message;
ALTER TABLE message_jobs DROP COLUMN relay_message_id;
