-- migrate:up

ALTER TABLE message_jobs ADD COLUMN failed_at timestamptz;
-- The owner of the tables is to see every tenant's messages for a moment.
ALTER TABLE message_jobs NO FORCE ROW LEVEL SECURITY;
UPDATE message_jobs SET failed_at = coalesce(claimed_at, due_at) WHERE state = 'failed';
ALTER TABLE message_jobs FORCE ROW LEVEL SECURITY;
ALTER TABLE message_jobs
    ADD CONSTRAINT failed_has_failed_at CHECK ((state = 'failed') = (failed_at IS NOT NULL)),
    -- When it was known what became of its hand-over.
    ADD COLUMN settled_at timestamptz GENERATED ALWAYS AS (coalesce(sent_at, failed_at)) STORED;
-- The last messages of a sequence: do they arrive?
CREATE INDEX message_jobs_settled ON message_jobs (tenant_id, sequence_id, channel, settled_at)
    WHERE settled_at IS NOT NULL;

ALTER TABLE sequences
    -- By the clock of its messages: those that were settled up to then were before it was last taken up again, and say
    -- nothing any more about how it does.
    ADD COLUMN judged_after timestamptz NOT NULL DEFAULT 'epoch';

-- migrate:down
ALTER TABLE sequences DROP COLUMN judged_after;
DROP INDEX message_jobs_settled;
ALTER TABLE message_jobs DROP COLUMN settled_at, DROP COLUMN failed_at;
