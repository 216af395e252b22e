-- migrate:up

-- Word of a pause that was recorded while nobody answered for the workflow.
ALTER TABLE enrollment_signals
    DROP CONSTRAINT enrollment_signals_signal_check,
    ADD CONSTRAINT enrollment_signals_signal_check
        CHECK (signal IN ('reply', 'suppress', 'nudge', 'postpone', 'pause'));

-- migrate:down
DELETE FROM enrollment_signals WHERE signal = 'pause';
ALTER TABLE enrollment_signals
    DROP CONSTRAINT enrollment_signals_signal_check,
    ADD CONSTRAINT enrollment_signals_signal_check CHECK (signal IN ('reply', 'suppress', 'nudge', 'postpone'));
