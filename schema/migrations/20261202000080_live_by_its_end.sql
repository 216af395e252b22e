-- migrate:up

-- An enrollment lives as long as it has no end, which a CHECK holds to agree with its status: one spelling, for the
-- queries and for the indexes that serve them.
CREATE UNIQUE INDEX enrollments_live ON enrollments (tenant_id, sequence_id, contact_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX enrollments_live_email ON enrollments (tenant_id, sequence_id, live_email)
    WHERE live_email IS NOT NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX enrollments_live_phone ON enrollments (tenant_id, sequence_id, live_phone)
    WHERE live_phone IS NOT NULL AND ended_at IS NULL;
DROP INDEX enrollments_one_live, enrollments_one_live_email, enrollments_one_live_phone;
ALTER INDEX enrollments_live RENAME TO enrollments_one_live;
ALTER INDEX enrollments_live_email RENAME TO enrollments_one_live_email;
ALTER INDEX enrollments_live_phone RENAME TO enrollments_one_live_phone;

-- migrate:down
CREATE UNIQUE INDEX enrollments_live ON enrollments (tenant_id, sequence_id, contact_id)
    WHERE status IN ('pending', 'running', 'paused');
CREATE UNIQUE INDEX enrollments_live_email ON enrollments (tenant_id, sequence_id, live_email)
    WHERE live_email IS NOT NULL AND status IN ('pending', 'running', 'paused');
CREATE UNIQUE INDEX enrollments_live_phone ON enrollments (tenant_id, sequence_id, live_phone)
    WHERE live_phone IS NOT NULL AND status IN ('pending', 'running', 'paused');
DROP INDEX enrollments_one_live, enrollments_one_live_email, enrollments_one_live_phone;
ALTER INDEX enrollments_live RENAME TO enrollments_one_live;
ALTER INDEX enrollments_live_email RENAME TO enrollments_one_live_email;
ALTER INDEX enrollments_live_phone RENAME TO enrollments_one_live_phone;
