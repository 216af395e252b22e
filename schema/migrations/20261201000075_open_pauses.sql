-- migrate:up

-- Before each resume: is there word of a pause that its workflow has not heard?
CREATE INDEX enrollment_signals_pauses ON enrollment_signals (tenant_id, enrollment_id)
    WHERE signal = 'pause' AND signalled_at IS NULL;

-- migrate:down
DROP INDEX enrollment_signals_pauses;
