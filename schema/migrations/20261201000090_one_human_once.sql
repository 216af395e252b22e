-- migrate:up

-- Whom a live enrollment writes to: contacts that share an address are not in a sequence at the same time, however many
-- callers race. NULL: the sequence does not write there, or says `shared_addresses: allow`, or it is a test run.
ALTER TABLE enrollments ADD COLUMN live_email text, ADD COLUMN live_phone text;
CREATE UNIQUE INDEX enrollments_one_live_email ON enrollments (tenant_id, sequence_id, live_email)
    WHERE live_email IS NOT NULL AND status IN ('pending', 'running', 'paused');
CREATE UNIQUE INDEX enrollments_one_live_phone ON enrollments (tenant_id, sequence_id, live_phone)
    WHERE live_phone IS NOT NULL AND status IN ('pending', 'running', 'paused');

ALTER TABLE batch_refusals DROP CONSTRAINT batch_refusals_reason_check;
ALTER TABLE batch_refusals ADD CONSTRAINT batch_refusals_reason_check
    CHECK (reason IN ('live', 'once_only', 'shared_address', 'unschedulable', 'error'));

-- migrate:down
DELETE FROM batch_refusals WHERE reason = 'shared_address';
ALTER TABLE batch_refusals DROP CONSTRAINT batch_refusals_reason_check;
ALTER TABLE batch_refusals ADD CONSTRAINT batch_refusals_reason_check
    CHECK (reason IN ('live', 'once_only', 'unschedulable', 'error'));
DROP INDEX enrollments_one_live_phone, enrollments_one_live_email;
ALTER TABLE enrollments DROP COLUMN live_phone, DROP COLUMN live_email;
