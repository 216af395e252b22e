-- migrate:up

-- How often PostgreSQL has undone work of workers for the sake of others: workers serve no metrics, so they count here.
-- Under the tenant that the installation is set to, whosever work it was.
CREATE TABLE worker_conflicts (
    tenant_id uuid PRIMARY KEY REFERENCES tenants,
    repeated bigint NOT NULL CHECK (repeated >= 0),
    given_up bigint NOT NULL CHECK (given_up >= 0)
);
ALTER TABLE worker_conflicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE worker_conflicts FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON worker_conflicts TO touchline_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE ON worker_conflicts TO touchline_app;

-- migrate:down
DROP TABLE worker_conflicts;
