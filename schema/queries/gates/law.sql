-- name: read_law$
-- What the running transaction's tenant has decided.
SELECT law FROM tenants WHERE id = current_tenant();

-- name: hold_law$
-- Decisions are made one after the other.
SELECT law FROM tenants WHERE id = current_tenant() FOR NO KEY UPDATE;

-- name: write_law!
UPDATE tenants SET law = :law WHERE id = current_tenant();

-- name: record_decision!
INSERT INTO law_decisions (tenant_id, id, rule, enforced, block, withdrawn, reason, decided_by, decided_at)
VALUES (current_tenant(), :id, :rule, :enforced, :block, :withdrawn, :reason, :decided_by, :decided_at);

-- name: decisions
-- The newest first.
SELECT id, rule, enforced, block, withdrawn, reason, decided_by, decided_at FROM law_decisions
ORDER BY decided_at DESC, id LIMIT :limit;
