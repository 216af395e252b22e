-- migrate:up

-- The ids that a person's own mail program or provider gave to what they wrote are forgotten as well. What was reported
-- once is still known: an event's own id is made of the provider's.
CREATE OR REPLACE FUNCTION erase_log(contact uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE messages m SET address = 'erased', subject = NULL, body = '', rfc_message_id = NULL,
        provider_message_id = CASE WHEN m.direction = 'out' THEN m.provider_message_id END
    FROM contacts c
    WHERE c.tenant_id = current_tenant() AND c.id = contact AND c.erased_at IS NOT NULL
        AND m.tenant_id = c.tenant_id AND m.contact_id = c.id;
    UPDATE events e SET payload = '{}', provider_event_id = 'erased-' || e.id
    FROM contacts c
    WHERE c.tenant_id = current_tenant() AND c.id = contact AND c.erased_at IS NOT NULL
        AND e.tenant_id = c.tenant_id AND e.contact_id = c.id;
END;
GRANT UPDATE (detail) ON batch_refusals TO touchline_app;

-- Of those who were erased before.
ALTER TABLE contacts NO FORCE ROW LEVEL SECURITY;
ALTER TABLE messages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE enrollments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE batch_refusals NO FORCE ROW LEVEL SECURITY;
UPDATE messages m SET provider_message_id = NULL FROM contacts c
WHERE c.erased_at IS NOT NULL AND m.tenant_id = c.tenant_id AND m.contact_id = c.id AND m.direction = 'in';
UPDATE events e SET provider_event_id = 'erased-' || e.id FROM contacts c
WHERE c.erased_at IS NOT NULL AND e.tenant_id = c.tenant_id AND e.contact_id = c.id;
UPDATE enrollments e SET source = 'erased' FROM contacts c
WHERE c.erased_at IS NOT NULL AND e.tenant_id = c.tenant_id AND e.contact_id = c.id;
UPDATE batch_refusals r SET detail = 'erased' FROM contacts c
WHERE c.erased_at IS NOT NULL AND r.tenant_id = c.tenant_id AND r.contact_id = c.id AND r.detail IS NOT NULL;
ALTER TABLE contacts FORCE ROW LEVEL SECURITY;
ALTER TABLE messages FORCE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
ALTER TABLE enrollments FORCE ROW LEVEL SECURITY;
ALTER TABLE batch_refusals FORCE ROW LEVEL SECURITY;

-- migrate:down
REVOKE UPDATE (detail) ON batch_refusals FROM touchline_app;
CREATE OR REPLACE FUNCTION erase_log(contact uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE messages m SET address = 'erased', subject = NULL, body = '', rfc_message_id = NULL
    FROM contacts c
    WHERE c.tenant_id = current_tenant() AND c.id = contact AND c.erased_at IS NOT NULL
        AND m.tenant_id = c.tenant_id AND m.contact_id = c.id;
    UPDATE events e SET payload = '{}'
    FROM contacts c
    WHERE c.tenant_id = current_tenant() AND c.id = contact AND c.erased_at IS NOT NULL
        AND e.tenant_id = c.tenant_id AND e.contact_id = c.id;
END;
