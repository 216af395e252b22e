-- name: owns_tables$
-- Whoever only becomes the application's role sees its own tenant at most, and would find every list empty.
SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'public.tenants'::regclass;

-- name: hold_names!
-- Whoever adds one waits for whoever is adding one; everybody else goes on.
LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE;

-- name: named$
-- The tenant of that name, however it is capitalised.
SELECT id FROM tenants WHERE lower(name) = lower(:name) ORDER BY created_at LIMIT 1;

-- name: add_tenant^
INSERT INTO tenants (id, name, timezone) VALUES (:id, :name, :timezone)
RETURNING id, name, timezone, created_at, 0 AS api_keys;

-- name: list_tenants
-- Every tenant, with the keys that open it.
SELECT t.id, t.name, t.timezone, t.created_at,
    (SELECT count(*) FROM api_keys k WHERE k.tenant_id = t.id AND k.revoked_at IS NULL) AS api_keys
FROM tenants t
ORDER BY t.created_at, t.id;
