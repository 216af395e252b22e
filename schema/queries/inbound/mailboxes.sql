-- name: read_mailbox^
-- How far it has been read; no row: never opened yet.
SELECT uid_validity, last_uid, polled_at FROM mailboxes WHERE name = :name;

-- name: save_mailbox!
-- It has been read this far. It may go back: what is read again has no effect twice.
INSERT INTO mailboxes (tenant_id, name, uid_validity, last_uid, polled_at)
VALUES (current_tenant(), :name, :uid_validity, :last_uid, :polled_at)
ON CONFLICT (tenant_id, name) DO UPDATE SET
    uid_validity = excluded.uid_validity, last_uid = excluded.last_uid, polled_at = excluded.polled_at;
