-- migrate:up

-- How often in a row a report was put off for a reason that is not its own, such as a row that somebody holds: each time
-- it waits longer.
ALTER TABLE inbox ADD COLUMN put_off integer NOT NULL DEFAULT 0 CHECK (put_off >= 0);

-- migrate:down

ALTER TABLE inbox DROP COLUMN put_off;
