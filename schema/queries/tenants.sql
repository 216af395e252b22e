-- name: read_tenant^
-- The running transaction's own.
SELECT id, name, timezone, help_text, opt_out_text, postal_address, track_opens, track_clicks, webhook_allow
FROM tenants;

-- name: change_tenant!
UPDATE tenants SET timezone = :timezone, help_text = :help_text, opt_out_text = :opt_out_text,
    postal_address = :postal_address, track_opens = :track_opens, track_clicks = :track_clicks,
    webhook_allow = :webhook_allow
WHERE id = :id;
