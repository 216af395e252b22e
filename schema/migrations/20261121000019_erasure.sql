-- migrate:up

-- Nobody rewrites what was received or logged; but of a contact who is erased, the log forgets what was said.
CREATE FUNCTION erase_log(contact uuid) RETURNS void
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
CREATE INDEX events_contact ON events (tenant_id, contact_id) WHERE contact_id IS NOT NULL;
GRANT UPDATE (key) ON contact_events TO touchline_app;
GRANT UPDATE (error) ON enrollment_retries TO touchline_app;

-- migrate:down
REVOKE UPDATE (error) ON enrollment_retries FROM touchline_app;
REVOKE UPDATE (key) ON contact_events FROM touchline_app;
DROP INDEX events_contact;
DROP FUNCTION erase_log(uuid);
