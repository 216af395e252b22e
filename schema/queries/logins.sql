-- name: has_role$
-- Is there a role of that name?
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name);

-- name: creation$
-- The statement that makes a role which may log in, and nothing else: what it may do, it may as touchline_app.
SELECT format('CREATE ROLE %I LOGIN NOINHERIT', :name::text)
    || CASE WHEN :secret::text IS NULL THEN '' ELSE format(' PASSWORD %L', :secret::text) END;

-- name: admission$
-- The statement that lets a role become touchline_app; nothing where it may.
SELECT format('GRANT touchline_app TO %I', rolname) FROM pg_roles
WHERE rolname = :name AND NOT pg_has_role(rolname, 'touchline_app', 'MEMBER');
