-- name: read_tenant^
-- The running transaction's own.
SELECT id, name, timezone, help_text, opt_out_text, postal_address, track_opens, track_clicks, webhook_allow,
    holidays, review_days, on_ambiguous, on_left
FROM tenants;

-- name: hold_tenant$
-- Whoever changes it does so one after the other.
SELECT id FROM tenants FOR NO KEY UPDATE;

-- name: change_tenant!
UPDATE tenants SET timezone = :timezone, help_text = :help_text, opt_out_text = :opt_out_text,
    postal_address = :postal_address, track_opens = :track_opens, track_clicks = :track_clicks,
    webhook_allow = :webhook_allow, holidays = :holidays, review_days = :review_days, on_ambiguous = :on_ambiguous,
    on_left = :on_left
WHERE id = :id;
