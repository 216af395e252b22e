-- migrate:up

-- Conditions ask for the last event of a name.
DROP INDEX contact_events_contact;
CREATE INDEX contact_events_asked ON contact_events (tenant_id, contact_id, name, at);

-- migrate:down
DROP INDEX contact_events_asked;
CREATE INDEX contact_events_contact ON contact_events (tenant_id, contact_id, at);
