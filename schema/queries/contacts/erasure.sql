-- name: hold_enrollments
-- All enrollments of a contact, locked: a claim or settlement that is under way is waited for.
SELECT id, status FROM enrollments WHERE contact_id = :contact_id ORDER BY id FOR NO KEY UPDATE;

-- name: hold_jobs!
-- Whoever hears of one of the contact's messages locks that one before it looks the contact up.
SELECT j.id FROM enrollments e JOIN message_jobs j ON j.enrollment_id = e.id
WHERE e.contact_id = :contact_id ORDER BY j.id FOR NO KEY UPDATE OF j;

-- name: hold_notices!
-- As does whoever sends the contact an automatic answer.
SELECT id FROM notices WHERE contact_id = :contact_id ORDER BY id FOR NO KEY UPDATE;

-- name: hold_contact$
-- The contact's external id; nobody changes the contact, and nobody is enrolled, before the transaction ends.
SELECT external_id FROM contacts WHERE id = :contact_id AND erased_at IS NULL FOR UPDATE;

-- name: count_enrollments$
-- How many there are, without a lock.
SELECT count(*) FROM enrollments WHERE contact_id = :contact_id;

-- name: is_under_way$
-- Is a message of the contact between its claim and its settlement?
SELECT EXISTS (
    SELECT FROM enrollments e JOIN message_jobs j ON j.enrollment_id = e.id
    WHERE e.contact_id = :contact_id AND j.state = 'sending'
);

-- name: is_awaited$
-- Does anything that came in of the contact, or about one of its messages, wait for its effect?
SELECT EXISTS (
    SELECT FROM contacts c JOIN inbox i ON i.contact_id = c.id OR i.address IN (c.email, c.phone)
        OR i.recipient IN (c.email, c.phone)
    WHERE c.id = :contact_id
);

-- name: forget_jobs!
-- To whom and with which words: gone. That, when, by which provider and with what success stays.
UPDATE message_jobs j SET
    recipient = CASE WHEN recipient IS NULL THEN NULL ELSE 'erased' END,
    content = CASE WHEN content IS NULL THEN NULL ELSE '{}'::jsonb END,
    error = CASE WHEN j.error IS NULL THEN NULL ELSE 'erased' END
FROM enrollments e WHERE e.contact_id = :contact_id AND j.enrollment_id = e.id;

-- name: forget_steps!
-- Which way was taken and why it ended stays; what was written, answered and refused goes.
UPDATE enrollment_steps s SET result = (
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.result) WHERE key = ANY(ARRAY[
        'branch', 'arm', 'way', 'ended', 'event', 'event_at', 'outcome', 'skipped', 'class', 'code', 'assumed',
        'migrated', 'bypassed_at', 'provider'])
)
FROM enrollments e WHERE e.contact_id = :contact_id AND s.enrollment_id = e.id;

-- name: forget_errors!
-- Providers name addresses in their errors, and people whom they like where they say why somebody was enrolled.
WITH retries AS (
    UPDATE enrollment_retries r SET error = 'erased' FROM enrollments e
    WHERE e.contact_id = :contact_id AND r.enrollment_id = e.id
), refusals AS (
    UPDATE batch_refusals SET detail = 'erased' WHERE contact_id = :contact_id AND detail IS NOT NULL
)
UPDATE enrollments SET source = 'erased', live_email = NULL, live_phone = NULL,
    error = CASE WHEN error IS NULL THEN NULL ELSE 'erased' END
WHERE contact_id = :contact_id;

-- name: forget_words!
-- What was written about the contact, for people and for other systems.
WITH tasks AS (
    UPDATE tasks SET title = 'erased', instructions = NULL WHERE contact_id = :contact_id
), notifications AS (
    UPDATE notifications SET body = 'erased' WHERE contact_id = :contact_id
), notices AS (
    UPDATE notices SET
        address = 'erased', body = 'erased', error = CASE WHEN error IS NULL THEN NULL ELSE 'erased' END,
        state = CASE WHEN state = 'pending' THEN 'expired' ELSE state END
    WHERE contact_id = :contact_id
), reviews AS (
    UPDATE reviews r SET detail = 'erased', addresses = '{}', resolved_at = coalesce(r.resolved_at, :now)
    FROM messages m WHERE m.contact_id = :contact_id AND r.message_id = m.id
), happened AS (
    UPDATE contact_events SET key = id::text WHERE contact_id = :contact_id
), posts AS (
    SELECT d.id FROM enrollments e JOIN webhook_deliveries d ON d.enrollment_id = e.id
    WHERE e.contact_id = :contact_id ORDER BY d.id FOR NO KEY UPDATE OF d
), deliveries AS (
    UPDATE webhook_deliveries d SET
        body = replace(d.body, to_json(:external_id::text)::text, to_json(:alias::text)::text)
    FROM posts WHERE d.id = posts.id
)
DELETE FROM campaign_members WHERE contact_id = :contact_id;

-- name: forget_contact!
-- Only that there was somebody.
UPDATE contacts SET
    external_id = :alias, name = NULL, email = NULL, phone = NULL, company = NULL, timezone = NULL, zones = '{}',
    tags = '{}', triggers = '{}', attributes = '{}', status = NULL, assigned_to = NULL, erased_at = :now,
    updated_at = :now
WHERE id = :contact_id;

-- name: forget_log$
-- What was said, both ways, and what providers reported of it.
SELECT erase_log(:contact_id);
