-- name: may_read_migrations$
-- The owner may by itself; others may as touchline_app. NULL: there is no such table.
SELECT coalesce(has_table_privilege(to_regclass('schema_migrations'), 'SELECT'), true);

-- name: become_application#
-- For the rest of the session.
SET ROLE touchline_app;

-- name: applied
-- The numbers that begin the names of the files.
SELECT version FROM schema_migrations;
