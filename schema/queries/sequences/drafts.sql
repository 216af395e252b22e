-- name: add_sequence$
-- A sequence that was never published; none when the key is taken.
INSERT INTO sequences (tenant_id, id, key, name, description, status)
VALUES (current_tenant(), :id, :key, :name, :description, 'draft')
ON CONFLICT DO NOTHING RETURNING id;

-- name: add_draft!
INSERT INTO sequence_drafts (tenant_id, sequence_id, definition) VALUES (current_tenant(), :sequence_id, :definition);

-- name: follow!
-- The working copy becomes what was published.
INSERT INTO sequence_drafts AS d (tenant_id, sequence_id, revision, published_revision, definition)
VALUES (current_tenant(), :sequence_id, :revision, :revision, :definition)
ON CONFLICT (tenant_id, sequence_id) DO UPDATE SET
    revision = excluded.revision, published_revision = excluded.revision, definition = excluded.definition,
    updated_at = now();

-- name: published!
-- The newest version says what the working copy says.
UPDATE sequence_drafts SET published_revision = revision WHERE sequence_id = :sequence_id;

-- name: hold_draft$
-- Of the sequence with this key, or else this id: nobody else changes its working copy before the transaction ends.
SELECT d.sequence_id FROM sequence_drafts d
WHERE d.sequence_id = (
    SELECT id FROM sequences WHERE key = :key OR id = :id::uuid ORDER BY (key = :key) DESC LIMIT 1
)
FOR UPDATE;

-- name: find_sheet^
-- A sequence by the author's key, or else by its id, with its working copy.
SELECT s.id, s.key, s.name, s.description, s.status, s.paused_reason, s.triggers, s.created_at,
    v.version, v.published_at, d.revision, d.updated_at, d.definition,
    d.revision IS DISTINCT FROM d.published_revision AS unpublished_changes
FROM sequences s
JOIN sequence_drafts d ON d.sequence_id = s.id
LEFT JOIN LATERAL (
    SELECT version, published_at FROM sequence_versions v WHERE v.sequence_id = s.id ORDER BY version DESC LIMIT 1
) v ON true
WHERE s.key = :key OR s.id = :id::uuid
ORDER BY (s.key = :key) DESC LIMIT 1;

-- name: page
-- Sequences by their keys, without their working copies.
SELECT s.id, s.key, s.name, s.description, s.status, s.paused_reason, s.triggers, s.created_at,
    v.version, v.published_at, d.updated_at,
    d.revision IS DISTINCT FROM d.published_revision AS unpublished_changes
FROM sequences s
JOIN sequence_drafts d ON d.sequence_id = s.id
LEFT JOIN LATERAL (
    SELECT version, published_at FROM sequence_versions v WHERE v.sequence_id = s.id ORDER BY version DESC LIMIT 1
) v ON true
WHERE (:after::text IS NULL OR s.key > :after)
    AND (:status::text IS NULL OR s.status = :status)
    AND (:search::text IS NULL OR strpos(lower(s.name), lower(:search)) > 0 OR strpos(lower(s.key), lower(:search)) > 0)
ORDER BY s.key LIMIT :limit;

-- name: change_draft$
UPDATE sequence_drafts SET revision = gen_random_uuid(), definition = :definition, updated_at = now()
WHERE sequence_id = :sequence_id RETURNING revision;

-- name: name_sequence!
-- Lists and messages call it as its working copy does; a row that says so already is left alone.
UPDATE sequences SET name = :name, description = :description
WHERE id = :id AND (name, description) IS DISTINCT FROM (:name, :description);

-- name: delete_unpublished$
-- The draft goes with it.
DELETE FROM sequences s
WHERE s.id = :id AND NOT EXISTS (SELECT FROM sequence_versions v WHERE v.sequence_id = s.id)
RETURNING s.id;

-- name: versions
-- The newest first, without what they say.
SELECT version, content_hash, published_at FROM sequence_versions
WHERE sequence_id = :sequence_id AND (:before::int IS NULL OR version < :before)
ORDER BY version DESC LIMIT :limit;

-- name: version^
SELECT version, content_hash, published_at, definition FROM sequence_versions
WHERE sequence_id = :sequence_id AND version = :version;
