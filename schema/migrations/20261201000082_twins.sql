-- migrate:up

-- Did this mail come in already, by another way and under another id?
CREATE INDEX messages_rfc_message ON messages (tenant_id, rfc_message_id) WHERE rfc_message_id IS NOT NULL;

-- migrate:down
DROP INDEX messages_rfc_message;
