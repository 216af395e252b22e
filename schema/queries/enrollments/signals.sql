-- name: leave!
-- Decided here, to be heard by the workflows.
INSERT INTO enrollment_signals (tenant_id, event_id, enrollment_id, signal, upcoming, created_at)
SELECT current_tenant(), :event_id, n.enrollment_id, :signal, n.upcoming::jsonb, :now
FROM unnest(:enrollment_ids::uuid[], :upcoming::text[]) AS n (enrollment_id, upcoming)
ON CONFLICT DO NOTHING;

-- name: of_event
-- What one event has to tell.
SELECT event_id, enrollment_id, signal, ending, upcoming FROM enrollment_signals
WHERE event_id = :event_id AND signalled_at IS NULL;

-- name: open_pauses
-- Pauses that were recorded here and not yet heard of.
SELECT event_id, enrollment_id, signal, ending, upcoming FROM enrollment_signals
WHERE enrollment_id = :enrollment_id AND signal = 'pause' AND signalled_at IS NULL ORDER BY created_at;

-- name: was_left$
-- Whether an event has anything to tell an enrollment, or had.
SELECT EXISTS (SELECT FROM enrollment_signals WHERE event_id = :event_id AND enrollment_id = :enrollment_id);

-- name: still_open
-- Decided and not yet heard.
SELECT event_id, enrollment_id, signal, ending, upcoming FROM enrollment_signals
WHERE signalled_at IS NULL AND created_at <= :before AND enrollment_id <> ALL(:but::uuid[])
ORDER BY created_at LIMIT :limit;

-- name: mark_heard!
-- The workflows have it (or have ended). Several may tell the same words at once, so they are locked in one order.
WITH held AS (
    SELECT s.event_id, s.enrollment_id, n.at
    FROM unnest(:event_ids::uuid[], :enrollment_ids::uuid[], :ats::timestamptz[]) AS n (event_id, enrollment_id, at)
    JOIN enrollment_signals s ON s.event_id = n.event_id AND s.enrollment_id = n.enrollment_id
    ORDER BY s.event_id, s.enrollment_id
    FOR NO KEY UPDATE OF s
)
UPDATE enrollment_signals s SET signalled_at = h.at
FROM held h WHERE s.event_id = h.event_id AND s.enrollment_id = h.enrollment_id;
