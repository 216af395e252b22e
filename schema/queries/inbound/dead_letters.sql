-- name: keep_dead_letter!
INSERT INTO dead_letters (tenant_id, id, source, reason, content_type, body, received_at)
VALUES (:tenant_id, :id, :source, :reason, :content_type, :body, :now)
ON CONFLICT DO NOTHING;

-- name: list_dead_letters
SELECT id, source, reason, content_type, length(body) AS bytes, received_at
FROM dead_letters ORDER BY received_at DESC, id LIMIT :limit;

-- name: read_dead_letter^
SELECT id, source, reason, content_type, length(body) AS bytes, received_at, body
FROM dead_letters WHERE id = :id;
