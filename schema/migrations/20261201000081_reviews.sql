-- migrate:up

-- Somebody who no longer works there, and an answer through a ticket system that marks everything as automatic: a
-- person should read both.
ALTER TABLE reviews DROP CONSTRAINT reviews_reason_check,
    ADD CONSTRAINT reviews_reason_check CHECK (reason IN ('doubtful_opt_out', 'left', 'ticket'));

-- migrate:down
ALTER TABLE reviews NO FORCE ROW LEVEL SECURITY;
DELETE FROM reviews WHERE reason IN ('left', 'ticket');
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;
ALTER TABLE reviews DROP CONSTRAINT reviews_reason_check,
    ADD CONSTRAINT reviews_reason_check CHECK (reason IN ('doubtful_opt_out'));
