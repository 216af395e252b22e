-- name: create_enrollments
-- Insert pending enrollments; a contact that already has a live one in this sequence is left out of the answer, and so
-- is one whose address a live one holds.
INSERT INTO enrollments (tenant_id, id, sequence_id, version_id, contact_id, source, chain, is_test, current_node,
    next_run_at, gate, enrolled_at, live_email, live_phone)
SELECT current_tenant(), n.id, :sequence_id, :version_id, n.contact_id, :source, :chain, :is_test, n.node_id, n.at,
    n.gate, :now, n.email, n.phone
FROM unnest(:ids::uuid[], :contact_ids::uuid[], :node_ids::text[], :ats::timestamptz[], :gates::text[], :emails::text[],
    :phones::text[]) AS n (id, contact_id, node_id, at, gate, email, phone)
-- In one order for everybody: whoever enrolls the same contact at this moment is waited for.
ORDER BY n.contact_id
ON CONFLICT DO NOTHING
RETURNING id;

-- name: made
-- Which of these there are, and how they stand.
SELECT id, contact_id, status FROM enrollments WHERE id = ANY(:ids::uuid[]);

-- name: origin_of^
-- The sequences whose actions led to this enrollment, and whether it is a test run.
SELECT chain, is_test FROM enrollments WHERE id = :enrollment_id;

-- name: contacts_once_enrolled
-- Which of these contacts were ever in the sequence (for `reenroll: never`)? To have tried it on somebody is no reason.
SELECT DISTINCT contact_id FROM enrollments
WHERE sequence_id = :sequence_id AND contact_id = ANY(:contact_ids::uuid[]) AND NOT is_test;

-- name: sharers
-- Who else of a contact's email or phone is live in the sequence, or (`ever`) was in it; test runs aside. An address
-- counts that the other one has now, or had when it was enrolled.
SELECT DISTINCT ON (mine.contact_id) mine.contact_id, other.id AS other_id, other.external_id AS other, other.kind
FROM unnest(:contact_ids::uuid[], :emails::text[], :phones::text[]) AS mine (contact_id, email, phone)
CROSS JOIN LATERAL (
    SELECT c.id, c.external_id, 'email' AS kind FROM contacts c JOIN enrollments e ON e.contact_id = c.id
    WHERE c.email = mine.email AND e.sequence_id = :sequence_id AND NOT e.is_test AND (:ever OR e.ended_at IS NULL)
    UNION ALL
    SELECT c.id, c.external_id, 'phone' FROM contacts c JOIN enrollments e ON e.contact_id = c.id
    WHERE c.phone = mine.phone AND e.sequence_id = :sequence_id AND NOT e.is_test AND (:ever OR e.ended_at IS NULL)
    UNION ALL
    SELECT c.id, c.external_id, 'email' FROM enrollments e JOIN contacts c ON c.id = e.contact_id
    WHERE e.sequence_id = :sequence_id AND e.live_email = mine.email AND e.ended_at IS NULL
    UNION ALL
    SELECT c.id, c.external_id, 'phone' FROM enrollments e JOIN contacts c ON c.id = e.contact_id
    WHERE e.sequence_id = :sequence_id AND e.live_phone = mine.phone AND e.ended_at IS NULL
) other
WHERE other.id <> mine.contact_id
ORDER BY mine.contact_id, other.kind, other.id;

-- name: mark_started!
-- The workflows of these enrollments exist now. Who holds a row's lock executes its first node and says so itself;
-- waiting for that would make a bulk enrollment wait for the provider.
UPDATE enrollments SET status = 'running', started_at = coalesce(started_at, :now)
WHERE id IN (
    SELECT id FROM enrollments WHERE id = ANY(:ids::uuid[]) AND status = 'pending' FOR NO KEY UPDATE SKIP LOCKED
);

-- name: move_on!
-- The enrollment's next node is decided; `last_*` name the step that was just sent, or stay as they are. A pause that
-- came during the hand-over goes on.
UPDATE enrollments SET
    status = CASE WHEN status = 'pending' THEN 'running' ELSE status END,
    started_at = coalesce(started_at, :now),
    current_node = :node_id,
    next_run_at = CASE WHEN status = 'paused' THEN NULL ELSE :at::timestamptz END,
    gate = CASE WHEN status = 'paused' THEN gate ELSE :gate END,
    lap = :lap, round_lap = CASE WHEN :lap > lap THEN :lap ELSE round_lap END,
    last_node = coalesce(:last_node::text, last_node),
    last_order_index = coalesce(:last_order_index::int, last_order_index),
    last_lap = coalesce(:last_lap::int, last_lap)
WHERE id = :enrollment_id;

-- name: end_enrollments
-- End live enrollments: cancel what was planned, name what was under way and is now in doubt, and leave word for the
-- workflows where an event ends them.
WITH ended AS (
    UPDATE enrollments SET
        status = :status, reason = :reason, error = :error, ended_at = :now, ended_by_at = :ended_by_at,
        started_at = coalesce(started_at, :now),
        ended_node = CASE WHEN :status = 'completed' THEN NULL ELSE coalesce(:failed_at::text, current_node) END,
        current_node = NULL, next_run_at = NULL, gate = NULL, live_email = NULL, live_phone = NULL,
        last_node = coalesce(:last_node::text, last_node),
        last_order_index = coalesce(:last_order_index::int, last_order_index),
        last_lap = coalesce(:last_lap::int, last_lap)
    WHERE id = ANY(:ids::uuid[]) AND ended_at IS NULL
    RETURNING id
), tasks AS (
    UPDATE tasks SET state = 'cancelled', closed_at = :now
    WHERE enrollment_id IN (SELECT id FROM ended) AND state = 'open'
), open AS (
    -- In one order for everybody. Those in doubt too, so that what is being heard of one at this moment is waited for.
    SELECT id, enrollment_id, node_id, state, provider_message_id IS NOT NULL OR delivery IS NOT NULL AS heard_of
    FROM message_jobs
    WHERE enrollment_id IN (SELECT id FROM ended) AND state IN ('pending', 'sending', 'ambiguous')
    ORDER BY id
    FOR NO KEY UPDATE
), jobs AS (
    UPDATE message_jobs j SET state = 'cancelled', cancel_reason = coalesce(:reason, :error, :status)
    FROM open WHERE j.id = open.id AND open.state = 'pending'
), overtaken AS (
    -- What is being handed over is let go, and named.
    UPDATE message_jobs j SET overtaken_at = coalesce(j.overtaken_at, :now)
    FROM open WHERE j.id = open.id AND open.state = 'sending'
), held AS (
    SELECT id FROM enrollment_steps
    WHERE enrollment_id IN (SELECT id FROM ended) AND status IN ('pending', 'running')
    ORDER BY enrollment_id, id
    FOR NO KEY UPDATE
), steps AS (
    UPDATE enrollment_steps s SET
        status = CASE
            WHEN s.status = 'running' AND s.node_type = 'delay' AND s.due_at <= :now THEN 'success'
            WHEN EXISTS (
                SELECT FROM open o
                WHERE o.enrollment_id = s.enrollment_id AND o.node_id = s.node_id AND o.state <> 'pending'
            ) THEN 'failed'
            ELSE 'skipped'
        END,
        completed_at = CASE
            WHEN s.status = 'running' AND s.node_type = 'delay' THEN least(s.due_at, :now) ELSE :now
        END,
        result = s.result || jsonb_build_object('ended', coalesce(:reason, :error, :status))
    FROM held WHERE s.id = held.id
), word AS (
    INSERT INTO enrollment_signals (tenant_id, event_id, enrollment_id, signal, ending, created_at)
    SELECT current_tenant(), :event_id::uuid, id, :signal, :word::jsonb, :now FROM ended WHERE :signal::text IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT id, (
    -- Heard of since its last attempt: it went out, whatever was known before.
    SELECT o.id FROM open o WHERE o.enrollment_id = ended.id AND o.heard_of
) AS heard_of
FROM ended;

-- name: pause!
-- Hold everything; what is left of the wait lives in the workflow.
UPDATE enrollments SET
    status = 'paused', started_at = coalesce(started_at, :now), next_run_at = NULL, gate = 'enrollment_paused'
WHERE id = :enrollment_id AND ended_at IS NULL;

-- name: resume!
-- Go on: the wait that was left starts again.
UPDATE enrollments SET status = 'running', next_run_at = :at, gate = :gate
WHERE id = :enrollment_id AND status IN ('running', 'paused');

-- name: due_again!
-- The next message and its step are due at another time than first planned; the waits before it end later.
WITH job AS (
    UPDATE message_jobs SET due_at = :at WHERE id = :job_id AND state = 'pending'
)
UPDATE enrollment_steps SET due_at = CASE WHEN id = :step_id THEN :at ELSE due_at + :late::interval END
WHERE enrollment_id = :enrollment_id AND status IN ('pending', 'running');

-- name: set_away!
-- The contact is away; of several absences the longest counts.
UPDATE enrollments SET not_before = greatest(not_before, :until)
WHERE id = :enrollment_id AND ended_at IS NULL;

-- name: clear_away!
-- No absence holds anything back any more.
UPDATE enrollments SET not_before = NULL WHERE id = :enrollment_id AND not_before IS NOT NULL;

-- name: postpone!
-- What is next waits for the contact's return; the waits before it end as planned.
WITH job AS (
    UPDATE message_jobs SET due_at = :at, gate = :gate, held_until = :at WHERE id = :job_id AND state = 'pending'
), step AS (
    UPDATE enrollment_steps SET due_at = :at WHERE id = :step_id AND status IN ('pending', 'running')
)
UPDATE enrollments SET next_run_at = :at, gate = :gate
WHERE id = :enrollment_id AND status IN ('pending', 'running');

-- name: hold!
-- What is next is no message, and is held back.
UPDATE enrollments SET next_run_at = :at, gate = :gate WHERE id = :enrollment_id AND ended_at IS NULL;

-- name: held_by_sequence
-- Enrollments that wait for their sequence to go on.
SELECT id FROM enrollments WHERE sequence_id = :sequence_id AND status = 'running' AND gate = 'sequence_paused';

-- name: lock_live
-- Live enrollments of a sequence, locked: waits for claims and settlements that are under way.
SELECT id FROM enrollments WHERE sequence_id = :sequence_id AND ended_at IS NULL
ORDER BY id LIMIT :limit FOR NO KEY UPDATE;

-- name: count_live$
-- How many of a sequence live.
SELECT count(*) FROM enrollments WHERE sequence_id = :sequence_id AND ended_at IS NULL;

-- name: live_of
-- The live enrollments of these contacts: in one sequence, or in all of them.
SELECT e.id, e.contact_id, s.key AS sequence
FROM enrollments e JOIN sequences s ON s.id = e.sequence_id
WHERE e.contact_id = ANY(:contact_ids::uuid[]) AND e.ended_at IS NULL
    AND (:sequence_id::uuid IS NULL OR e.sequence_id = :sequence_id)
ORDER BY e.enrolled_at, e.id;
