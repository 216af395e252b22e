-- name: lock_sequence^
-- Create the sequence if it is new, and hold it while a version is added.
INSERT INTO sequences (tenant_id, id, key, name, triggers)
VALUES (current_tenant(), :id, :key, :name, :triggers)
ON CONFLICT (tenant_id, id) DO UPDATE SET name = sequences.name
RETURNING id, status;

-- name: latest_version^
-- The newest published version of a sequence.
SELECT id, version, content_hash FROM sequence_versions WHERE sequence_id = :sequence_id ORDER BY version DESC LIMIT 1;

-- name: insert_version!
-- Published once, never changed.
INSERT INTO sequence_versions (tenant_id, id, sequence_id, version, content_hash, definition, plan)
VALUES (current_tenant(), :id, :sequence_id, :version, :content_hash, :definition, :plan);

-- name: insert_content!
-- What one message step of the version says.
INSERT INTO version_contents (tenant_id, version_id, node_id, order_index, channel, templates)
VALUES (current_tenant(), :version_id, :node_id, :order_index, :channel, :templates);

-- name: describe_sequence!
-- Triggers follow the newest version; with its first one a draft goes into service.
UPDATE sequences SET triggers = :triggers, status = CASE status WHEN 'draft' THEN 'active' ELSE status END
WHERE id = :id;

-- name: set_status!
-- Pause (with the reason), go on, or archive. What failed before it goes on is forgotten.
UPDATE sequences s SET status = :status, paused_reason = :reason,
    judged_after = CASE WHEN :status = 'active' THEN greatest(s.judged_after, (
        SELECT max(j.settled_at)
        FROM unnest(ARRAY['email', 'sms', 'whatsapp', 'webhook']) c (channel),
            LATERAL (
                SELECT settled_at FROM message_jobs
                WHERE sequence_id = s.id AND channel = c.channel AND settled_at IS NOT NULL
                ORDER BY settled_at DESC LIMIT 1
            ) j
    )) ELSE s.judged_after END
WHERE s.id = :id;

-- name: find_sequence^
-- A sequence by the author's key, or else by its id.
SELECT s.id, s.key, s.name, s.status, s.paused_reason, s.triggers, v.id AS version_id, v.version
FROM sequences s
LEFT JOIN LATERAL (
    SELECT id, version FROM sequence_versions v WHERE v.sequence_id = s.id ORDER BY version DESC LIMIT 1
) v ON true
WHERE s.key = :key OR s.id = :id::uuid
ORDER BY (s.key = :key) DESC LIMIT 1;

-- name: list_sequences
-- Every sequence with its newest version.
SELECT s.id, s.key, s.name, s.status, s.paused_reason, s.triggers, v.id AS version_id, v.version
FROM sequences s
LEFT JOIN LATERAL (
    SELECT id, version FROM sequence_versions v WHERE v.sequence_id = s.id ORDER BY version DESC LIMIT 1
) v ON true
ORDER BY s.key;

-- name: read_version^
-- The plan and the contents of a version.
SELECT v.id, v.sequence_id, v.version, v.plan,
    (SELECT jsonb_object_agg(c.node_id, c.templates) FROM version_contents c WHERE c.version_id = v.id) AS contents
FROM sequence_versions v
WHERE v.id = :id;

-- name: numbered$
-- The id of the version of that number.
SELECT id FROM sequence_versions WHERE sequence_id = :sequence_id AND version = :number;

-- name: hold_status$
-- How a sequence stands; it cannot change while the transaction lasts.
SELECT status FROM sequences WHERE id = :id FOR SHARE;

-- name: hold_sequence!
-- Its status is changed by nobody else, and nobody is being enrolled, before the transaction ends.
SELECT 1 FROM sequences WHERE id = :id FOR NO KEY UPDATE;

-- name: home^
-- What local time means for the tenant.
SELECT timezone, holidays, law FROM tenants WHERE id = current_tenant();
