-- name: open_batch$
-- A batch of everybody who is in the campaign by now; no row comes back while another is under way.
INSERT INTO enrollment_batches (tenant_id, id, campaign_id, campaign, sequence_id, version_id, total, created_at,
    moved_at)
SELECT current_tenant(), :id, c.id, c.key, :sequence_id, :version_id,
    (SELECT count(*) FROM campaign_members m WHERE m.campaign_id = c.id AND m.added_at <= :now), :now, :now
FROM campaigns c WHERE c.id = :campaign_id
ON CONFLICT (tenant_id, campaign_id, sequence_id) WHERE status IN ('pending', 'running') DO NOTHING
RETURNING id;

-- name: live_batch$
-- The batch of this campaign and sequence that is under way.
SELECT id FROM enrollment_batches
WHERE campaign_id = :campaign_id AND sequence_id = :sequence_id AND status IN ('pending', 'running');

-- name: any_live$
-- Whether a batch of this campaign is under way.
SELECT EXISTS (SELECT FROM enrollment_batches WHERE campaign_id = :campaign_id AND status IN ('pending', 'running'));

-- name: read_batch^
-- One batch.
SELECT b.id, b.campaign_id, b.campaign, s.key AS sequence, v.version, b.status, b.total, b.enrolled, b.skipped,
    b.failed, b.held, b.error, b.created_at, b.moved_at, b.ended_at
FROM enrollment_batches b
JOIN sequences s ON s.id = b.sequence_id
JOIN sequence_versions v ON v.id = b.version_id
WHERE b.id = :id;

-- name: list_batches
-- Batches of a campaign (or of all), the newest first, behind a place.
SELECT b.id, b.campaign_id, b.campaign, s.key AS sequence, v.version, b.status, b.total, b.enrolled, b.skipped,
    b.failed, b.held, b.error, b.created_at, b.moved_at, b.ended_at
FROM enrollment_batches b
JOIN sequences s ON s.id = b.sequence_id
JOIN sequence_versions v ON v.id = b.version_id
WHERE (:campaign_id::uuid IS NULL OR b.campaign_id = :campaign_id)
    AND (b.created_at, b.id) < (:at, :after)
ORDER BY b.created_at DESC, b.id DESC LIMIT :limit;

-- name: between
-- Batches with an id from :low to :high; two are enough to tell one from several.
SELECT id FROM enrollment_batches WHERE id BETWEEN :low AND :high ORDER BY id LIMIT 2;

-- name: reasons
-- Why contacts of a batch were not enrolled, and how many for each reason.
SELECT reason, count(*) AS contacts FROM batch_refusals WHERE batch_id = :id GROUP BY reason;

-- name: list_refusals
-- Whom a batch did not enroll, by contact, behind one.
SELECT r.contact_id AS id, c.external_id, c.name, r.reason, r.detail
FROM batch_refusals r
JOIN contacts c ON c.id = r.contact_id
WHERE r.batch_id = :id AND r.contact_id > :after
    AND (:reason::text IS NULL OR r.reason = :reason)
ORDER BY r.contact_id LIMIT :limit;

-- name: work_of^
-- What whoever works on a batch needs to know of it.
SELECT campaign_id, campaign, sequence_id, version_id, status, inserted_to, started_to, created_at
FROM enrollment_batches WHERE id = :id;

-- name: page
-- Who was in the campaign when the batch was asked for, in the order of their ids, from after one of them on.
SELECT c.id, c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, c.tags, c.triggers, c.status,
    c.attributes
FROM campaign_members m
JOIN contacts c ON c.id = m.contact_id
WHERE m.campaign_id = :campaign_id AND m.added_at <= :asked_at AND m.contact_id > :after
ORDER BY m.contact_id LIMIT :limit;

-- name: refuse!
-- Whom the batch did not enroll, and why.
INSERT INTO batch_refusals (tenant_id, batch_id, contact_id, reason, detail)
SELECT current_tenant(), :id, r.contact_id, r.reason, r.detail
FROM unnest(:contact_ids::uuid[], :reasons::text[], :details::text[]) AS r (contact_id, reason, detail)
ON CONFLICT DO NOTHING;

-- name: move_on$
-- A page is dealt with; no row comes back when somebody else has dealt with it, or the batch has ended.
UPDATE enrollment_batches SET
    status = 'running', inserted_to = :to::uuid, held = NULL, moved_at = :now,
    enrolled = enrolled + :enrolled, skipped = skipped + :skipped, failed = failed + :failed
WHERE id = :id AND status IN ('pending', 'running') AND inserted_to IS NOT DISTINCT FROM :after::uuid
RETURNING id;

-- name: mark_started!
-- The workflows of those up to this contact are started.
UPDATE enrollment_batches SET started_to = :to WHERE id = :id AND (started_to IS NULL OR started_to < :to);

-- name: unstarted
-- Enrollments of these ids that nobody has started.
SELECT id, contact_id, current_node, next_run_at, gate, lap FROM enrollments
WHERE id = ANY(:ids::uuid[]) AND status = 'pending';

-- name: members_between
-- Contacts that the batch has dealt with, by id, from after one of them up to another.
SELECT m.contact_id FROM campaign_members m
WHERE m.campaign_id = :campaign_id AND m.added_at <= :asked_at AND m.contact_id > :after
    AND m.contact_id <= :to
ORDER BY m.contact_id;

-- name: hold!
-- It waits, and why.
UPDATE enrollment_batches SET status = 'running', held = :why, moved_at = :now
WHERE id = :id AND status IN ('pending', 'running');

-- name: end$
-- It has ended; no row comes back for one that had.
UPDATE enrollment_batches SET status = :status, error = :error, held = NULL, ended_at = :now, moved_at = :now
WHERE id = :id AND status IN ('pending', 'running')
RETURNING id;

-- name: at_rest
-- Batches that are under way and have not got on since.
SELECT id, status FROM enrollment_batches
WHERE ((status = 'pending' AND moved_at < :pending_before) OR (status = 'running' AND moved_at < :running_before))
    AND id <> ALL(:but::uuid[])
ORDER BY moved_at LIMIT :limit;
