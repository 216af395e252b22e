-- migrate:up

-- What people and programs did to enrollments, sequences and the workspace by the API, and who; nothing of contacts.
CREATE TABLE commands (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    -- The key's name; of a session the name of the key that began it. NULL: by the link that signs in.
    by_key text,
    by_session boolean NOT NULL,
    -- Method and route: POST /enrollments/{id}/pause.
    command text NOT NULL CHECK (command <> ''),
    -- What the route names: an enrollment's id, a sequence's key. NULL: the workspace as a whole.
    subject text,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX commands_newest ON commands (tenant_id, at DESC, id DESC);
CREATE INDEX commands_of_subject ON commands (tenant_id, subject, at DESC, id DESC) WHERE subject IS NOT NULL;
ALTER TABLE commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE commands FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON commands TO touchline_app USING (tenant_id = (SELECT current_tenant()))
    WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT ON commands TO touchline_app;

-- migrate:down
DROP TABLE commands;
