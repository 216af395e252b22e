-- name: read_claim^
-- Everything that decides whether this message may go now, and what it will say.
SELECT
    e.status, e.reason, e.error, e.sequence_id, e.version_id, e.contact_id,
    e.current_node, e.next_run_at, e.gate, e.not_before, e.lap,
    s.key AS sequence_key, s.status AS sequence_status,
    t.timezone AS tenant_zone, t.postal_address, t.track_opens, t.track_clicks, t.webhook_allow, t.holidays, t.law,
    t.on_ambiguous,
    c.external_id, c.name, c.email, c.phone, c.company, c.timezone, c.zones, c.tags, c.triggers,
    c.status AS contact_status, c.attributes, stated_region(c.attributes) AS stated_region,
    j.id AS job_id, j.state, j.channel, j.attempts, j.claims, j.claimed_on, j.claimed_at, j.recipient, j.content,
    j.provider, j.claimed_at IS NOT NULL AND (j.provider_message_id IS NOT NULL OR j.delivery IS NOT NULL) AS heard_of,
    -- Sent in this round before a retry opened a lap of its own; another version may come to it again.
    CASE WHEN e.round_lap < j.lap THEN EXISTS (
        SELECT FROM message_jobs p
        WHERE p.enrollment_id = e.id AND p.node_id = j.node_id AND p.state = 'sent' AND p.lap >= e.round_lap
            AND p.lap < j.lap
    ) ELSE false END AS sent_before,
    (
        SELECT CASE WHEN d.name IS NULL THEN d.address ELSE d.name || ' <' || d.address || '>' END
        FROM senders d WHERE d.channel = j.channel AND d.is_default
    ) AS sender,
    (
        -- NULL: nothing bars the address. What is only suspected holds until somebody decides.
        SELECT bool_or(x.reason <> 'suspected') FROM suppressions x
        WHERE x.channel = j.channel
            AND x.address = ANY(address_spellings(CASE j.channel WHEN 'email' THEN c.email ELSE c.phone END))
            AND x.active
    ) OR EXISTS (
        SELECT FROM contact_opt_outs o WHERE o.contact_id = e.contact_id AND o.channel = j.channel AND o.active
    ) AS suppressed,
    inbox_holds(c.id, c.email, c.phone, j.recipient) AS heard,
    CASE WHEN j.channel = 'email' THEN (
        SELECT jsonb_agg(jsonb_build_object('node_id', p.node_id, 'message_id', p.content ->> 'message_id')
            ORDER BY p.sent_at)
        FROM message_jobs p
        WHERE p.enrollment_id = e.id AND p.channel = 'email' AND p.state = 'sent'
    ) END AS sent_emails
FROM enrollments e
JOIN sequences s ON s.id = e.sequence_id
JOIN tenants t ON t.id = e.tenant_id
JOIN contacts c ON c.id = e.contact_id
JOIN message_jobs j ON j.enrollment_id = e.id AND j.id = :job_id
WHERE e.id = :enrollment_id;

-- name: begin_sending!
-- Claim: freeze what will be sent and say that a hand-over begins. Waits before this step are over.
WITH job AS (
    UPDATE message_jobs SET
        state = 'sending', claimed_at = :now, attempts = attempts + 1, claims = claims + 1,
        claimed_on = pg_postmaster_start_time(),
        recipient = :recipient, content = :content, provider = :provider, gate = NULL, held_until = NULL
    WHERE id = :job_id
), started AS (
    UPDATE enrollments SET status = 'running', started_at = coalesce(started_at, :now)
    WHERE id = :enrollment_id AND status = 'pending'
)
UPDATE enrollment_steps s SET
    status = CASE WHEN id = :step_id THEN 'running' ELSE 'success' END,
    -- A wait after a wait began when the one before was over.
    started_at = coalesce(started_at, CASE WHEN id <> :step_id THEN least(:now, (
        SELECT max(w.due_at) FROM enrollment_steps w
        WHERE w.enrollment_id = s.enrollment_id AND w.status IN ('pending', 'running') AND w.order_index < s.order_index
    )) END, :now),
    completed_at = CASE WHEN id = :step_id THEN NULL ELSE greatest(started_at, least(due_at, :now)) END
WHERE enrollment_id = :enrollment_id AND status IN ('pending', 'running');

-- name: read_status^
-- How a message that was handed over and its enrollment stand now, under the enrollment's lock.
SELECT j.state, j.claims, e.status, e.reason, e.error, e.current_node, e.next_run_at, e.gate, e.lap, e.not_before
FROM enrollments e
JOIN message_jobs j ON j.enrollment_id = e.id AND j.id = :job_id
WHERE e.id = :enrollment_id;

-- name: note_receipt!
-- A provider did take it over, which was not known when it was settled: heard of, whoever looks at it next.
UPDATE message_jobs SET provider_message_id = coalesce(provider_message_id, :provider_message_id)
WHERE id = :job_id AND state IN ('pending', 'ambiguous', 'cancelled');

-- name: settle_sent!
-- A provider took it over (or policy assumes so): ledger, step and conversation in one statement. What was reported of
-- it meanwhile is kept. After the end nobody moves the enrollment on, so there its last step is named here.
WITH job AS (
    UPDATE message_jobs SET
        state = 'sent', sent_at = :sent_at,
        provider_message_id = coalesce(:provider_message_id, provider_message_id), relay_message_id = :relay_message_id,
        assumed = coalesce(:provider_message_id, provider_message_id, delivery) IS NULL,
        error = NULL, error_class = NULL, error_code = NULL, gate = NULL, held_until = NULL, cancel_reason = NULL
    WHERE id = :job_id
    RETURNING *
), step AS (
    UPDATE enrollment_steps SET status = 'success', completed_at = :sent_at, result = :result WHERE id = :step_id
), late AS (
    UPDATE enrollments e SET last_node = job.node_id, last_order_index = job.order_index, last_lap = job.lap
    FROM job
    WHERE e.id = job.enrollment_id AND e.ended_at IS NOT NULL AND job.channel <> 'webhook'
        AND (e.last_lap, coalesce(e.last_order_index, -1)) < (job.lap, job.order_index)
)
INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, enrollment_id, node_id, order_index,
    address, subject, body, provider, provider_message_id, at)
SELECT tenant_id, id, 'out', 'step', channel, contact_id, enrollment_id, node_id, order_index,
    recipient, content ->> 'subject', coalesce(content ->> 'text', content ->> 'body'), provider, provider_message_id,
    sent_at
FROM job WHERE channel <> 'webhook';

-- name: heard_of^
-- A message that is not settled as sent, although something was heard of it after it was claimed.
SELECT enrollment_id, node_id, lap, claimed_at, provider_message_id, delivery FROM message_jobs
WHERE id = :job_id AND state IN ('pending', 'sending', 'ambiguous', 'cancelled') AND claimed_at IS NOT NULL
    AND (provider_message_id IS NOT NULL OR delivery IS NOT NULL);

-- name: settle_failed!
-- It will never be sent; the error is the record. A refusal that says that the address is dead is a bounce.
WITH job AS (
    UPDATE message_jobs SET state = 'failed', failed_at = :now, error = :error, error_class = :error_class,
        error_code = :error_code,
        bounced_at = CASE WHEN :bounced::boolean THEN least(bounced_at, :now) ELSE bounced_at END,
        gate = NULL, held_until = NULL
    WHERE id = :job_id
)
UPDATE enrollment_steps SET
    status = 'failed', started_at = coalesce(started_at, :now), completed_at = :now, result = :result
WHERE id = :step_id;

-- name: settle_skipped!
-- It must not be sent (suppressed, no address); the enrollment goes on without it.
WITH job AS (
    UPDATE message_jobs SET state = 'cancelled', cancel_reason = :reason, gate = NULL, held_until = NULL
    WHERE id = :job_id
)
UPDATE enrollment_steps SET status = 'skipped', completed_at = :now, result = :result WHERE id = :step_id;

-- name: hold!
-- Held back before or after an attempt; the enrollment says by what and until when. A pause that came during the
-- hand-over goes on.
WITH job AS (
    UPDATE message_jobs SET
        state = :state, gate = :gate, held_until = :until,
        error = coalesce(:error, error), error_class = coalesce(:error_class, error_class),
        error_code = coalesce(:error_code, error_code)
    WHERE id = :job_id
)
UPDATE enrollments SET
    status = CASE WHEN status = 'pending' THEN 'running' ELSE status END,
    started_at = coalesce(started_at, :now),
    next_run_at = CASE WHEN status = 'paused' THEN NULL ELSE :until::timestamptz END,
    gate = CASE WHEN status = 'paused' THEN gate ELSE :gate END
WHERE id = :enrollment_id AND ended_at IS NULL;

-- name: release!
-- It certainly never left: it waits again, with the same bytes.
UPDATE message_jobs SET state = 'pending', attempts = attempts - CASE WHEN :handed_over::boolean THEN 0 ELSE 1 END
WHERE id = :job_id AND state = 'sending';

-- name: pause_sequence$
-- Every contact would fail like this: hold the others before they do. Waits for nobody, so it may come after any other
-- lock; no row comes back while somebody holds the sequence (people are being enrolled).
WITH held AS (
    SELECT id FROM sequences WHERE id = :sequence_id FOR NO KEY UPDATE SKIP LOCKED
), paused AS (
    UPDATE sequences s SET status = 'paused', paused_reason = :reason
    FROM held WHERE s.id = held.id AND s.status = 'active'
)
SELECT id FROM held;

-- name: in_doubt^
-- The visit of an enrollment's message in doubt.
SELECT enrollment_id, node_id, lap FROM message_jobs WHERE enrollment_id = :enrollment_id AND state = 'ambiguous'
ORDER BY lap DESC, order_index DESC LIMIT 1;

-- name: abandoned_jobs
-- Hand-overs begun long ago whose enrollment has ended meanwhile: nobody will come back to settle them.
SELECT j.enrollment_id, j.node_id, j.lap
FROM message_jobs j
JOIN enrollments e ON e.id = j.enrollment_id AND e.ended_at IS NOT NULL
WHERE j.state = 'sending' AND j.claimed_at < :before AND j.enrollment_id <> ALL(:but::uuid[])
ORDER BY j.claimed_at LIMIT :limit;
