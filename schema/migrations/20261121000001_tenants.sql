-- migrate:up

-- The application's role owns nothing and bypasses nothing; whoever logs in becomes it (see store/pool.py).
DO $$
BEGIN
    CREATE ROLE touchline_app NOLOGIN NOBYPASSRLS;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT touchline_app TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO touchline_app;

-- The tenant of the running transaction; NULL outside of one, so that nothing matches.
CREATE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('touchline.tenant_id', true), '')::uuid;

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    -- IANA name: windows with `timezone: tenant`, and contacts whose own zone is unknown.
    timezone text NOT NULL DEFAULT 'America/New_York',
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON tenants FOR SELECT TO touchline_app USING (id = (SELECT current_tenant()));
-- The owner creates tenants, and lists them for the sweeps through tenant_ids().
CREATE POLICY owner_all ON tenants TO CURRENT_USER USING (true) WITH CHECK (true);
GRANT SELECT ON tenants TO touchline_app;

-- Sweeps run tenant by tenant; ids are all that the application's role may learn of the others.
CREATE FUNCTION tenant_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    SELECT id FROM tenants ORDER BY id;
END;

INSERT INTO tenants (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'Default');

-- migrate:down
DROP FUNCTION tenant_ids();
DROP TABLE tenants;
DROP FUNCTION current_tenant();
