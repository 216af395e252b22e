-- name: add_sender!
-- A new address to send from.
INSERT INTO senders (tenant_id, id, channel, address, name, is_default, created_at)
VALUES (current_tenant(), :id, :channel, :address, :name, :is_default, :now);

-- name: sender_named$
SELECT id FROM senders WHERE channel = :channel AND address = :address;

-- name: hold_channel!
-- Whoever changes the senders of a channel does so one after the other. Held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('senders ' || current_tenant() || ' ' || :channel::text, 0));

-- name: list_senders
-- In the order of channel and address.
SELECT id, channel, address, name, is_default, created_at FROM senders
WHERE (channel, address) > (:channel::text, :address::text)
ORDER BY channel, address LIMIT :limit;

-- name: read_sender^
SELECT id, channel, address, name, is_default, created_at FROM senders WHERE id = :id;

-- name: has_default$
SELECT EXISTS (SELECT FROM senders WHERE channel = :channel AND is_default);

-- name: others$
-- Whether its channel has another sender.
SELECT EXISTS (SELECT FROM senders WHERE channel = :channel AND id <> :id);

-- name: unset_default!
UPDATE senders SET is_default = false WHERE channel = :channel AND is_default;

-- name: set_default!
UPDATE senders SET is_default = true WHERE id = :id;

-- name: remove_sender!
DELETE FROM senders WHERE id = :id;

-- name: sends_from$
-- Whether the tenant sends from this address.
SELECT EXISTS (SELECT FROM senders WHERE address = :address);
