-- migrate:up

-- What came in, the newest first, for the people who answer it.
CREATE INDEX messages_received ON messages (tenant_id, at DESC, id DESC) WHERE direction = 'in';

-- migrate:down
DROP INDEX messages_received;
