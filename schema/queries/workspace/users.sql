-- name: add_user$
-- A new user; no row comes back where the name is taken.
INSERT INTO users (tenant_id, id, name, full_name, email, created_at)
VALUES (current_tenant(), :id, :name, :full_name, :email, :now)
ON CONFLICT (tenant_id, name) DO NOTHING
RETURNING id;

-- name: list_users
-- In the order of their names.
SELECT id, name, full_name, email, created_at FROM users
WHERE :after::text IS NULL OR name > :after
ORDER BY name LIMIT :limit;

-- name: read_user^
SELECT id, name, full_name, email, created_at FROM users WHERE id = :id;

-- name: change_user$
-- What people read of them; what sequences call them stays.
UPDATE users SET full_name = :full_name, email = :email WHERE id = :id RETURNING id;

-- name: remove_user$
DELETE FROM users WHERE id = :id RETURNING id;
