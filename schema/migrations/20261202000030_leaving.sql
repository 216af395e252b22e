-- migrate:up

-- What a workspace does about a contact who no longer works there, whatever a sequence says of bounces.
ALTER TABLE tenants ADD COLUMN on_left text NOT NULL DEFAULT 'end' CHECK (on_left IN ('end', 'hold'));
GRANT UPDATE (on_left) ON tenants TO touchline_app;

-- Whether the message bars its addresses until somebody decides; so far only what might be an opt-out did.
ALTER TABLE reviews ADD COLUMN holds boolean NOT NULL DEFAULT true;
ALTER TABLE reviews NO FORCE ROW LEVEL SECURITY;
UPDATE reviews SET holds = false WHERE reason <> 'doubtful_opt_out';
ALTER TABLE reviews FORCE ROW LEVEL SECURITY;

-- migrate:down
ALTER TABLE reviews DROP COLUMN holds;
REVOKE UPDATE (on_left) ON tenants FROM touchline_app;
ALTER TABLE tenants DROP COLUMN on_left;
