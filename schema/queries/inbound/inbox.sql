-- name: put
-- Keep what came in until it has its effect, with whom it may concern: where the first message that it names went, and
-- whoever was last written to at its address, which need not be theirs any more. Takes no lock of anybody's. No row
-- comes back of what is known: an event already, or waiting here.
WITH given AS (
    SELECT * FROM unnest(
        :ids::uuid[], :kinds::text[], :reports::text[], :holds::boolean[], :channels::text[], :addresses::text[]
    ) WITH ORDINALITY AS n (id, kind, report, holds, channel, address, number)
), named AS (
    SELECT DISTINCT ON (m.number) m.number, j.contact_id, j.recipient
    FROM unnest(:numbers::bigint[], :job_ids::uuid[], :names::text[]) WITH ORDINALITY AS m (number, job_id, name, rank)
    -- Side by side, so that each is looked up by its index whatever the planner knows of the table.
    CROSS JOIN LATERAL (
        SELECT contact_id, recipient FROM message_jobs WHERE id = m.job_id AND claimed_at IS NOT NULL
        UNION ALL
        SELECT contact_id, recipient FROM message_jobs WHERE provider_message_id = m.name AND claimed_at IS NOT NULL
    ) j
    ORDER BY m.number, m.rank
)
INSERT INTO inbox (tenant_id, id, lane, kind, report, source, holds, address, recipient, contact_id, received_at,
    due_at)
SELECT current_tenant(), g.id, coalesce(n.recipient, g.address, g.id::text), g.kind, g.report::jsonb, :source, g.holds,
    g.address, n.recipient, coalesce(n.contact_id, w.contact_id), :now, :due_at
FROM given g
LEFT JOIN named n ON n.number = g.number
LEFT JOIN LATERAL (
    (
        SELECT contact_id, at FROM messages
        WHERE kind = 'step' AND channel = g.channel AND address = g.address ORDER BY at DESC LIMIT 1
    ) UNION ALL (
        SELECT contact_id, claimed_at FROM message_jobs
        WHERE state IN ('sending', 'ambiguous') AND channel = g.channel AND recipient = g.address
        ORDER BY claimed_at DESC LIMIT 1
    )
    ORDER BY at DESC LIMIT 1
) w ON true
WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = g.id)
ORDER BY g.number
ON CONFLICT DO NOTHING
RETURNING id, lane;

-- name: take^
-- Take one in hand, to give it its effect in this transaction. No row comes back while somebody else is at it, or while
-- one of the same lane that came in before it waits.
SELECT i.id, i.kind, i.report, i.source, i.received_at, i.rest FROM inbox i
WHERE i.id = :id AND NOT EXISTS (SELECT FROM inbox b WHERE b.lane = i.lane AND b.place < i.place)
FOR UPDATE OF i SKIP LOCKED;

-- name: done!
-- It has had its effect.
DELETE FROM inbox WHERE id = :id;

-- name: leave!
-- It has had its effect but for this.
UPDATE inbox SET rest = :rest, due_at = :due_at, put_off = 0 WHERE id = :id;

-- name: due
-- What nobody is at any more: the lanes whose first has been due longest, each in its order. What fails is due later,
-- so everything that waits comes before it. One deep lane gives the others room: the first of each comes before any
-- second.
WITH heads AS (
    SELECT i.lane, i.due_at FROM inbox i
    WHERE i.due_at <= :now AND NOT EXISTS (SELECT FROM inbox b WHERE b.lane = i.lane AND b.place < i.place)
    ORDER BY i.due_at, i.place LIMIT :limit
)
SELECT n.id, n.lane FROM heads h CROSS JOIN LATERAL (
    SELECT i.id, i.lane, i.place, row_number() OVER (ORDER BY i.place) AS number FROM inbox i
    WHERE i.lane = h.lane AND i.due_at <= :now ORDER BY i.place LIMIT :of_lane
) n
ORDER BY n.number, h.due_at, n.place LIMIT :limit;

-- name: put_off!
-- It could not have its effect, for a reason that is not its own; each time in a row it waits twice as long.
UPDATE inbox SET put_off = put_off + 1,
    due_at = :now::timestamptz + least(:longest::interval, :first::interval * power(2, least(put_off, 20)))
WHERE id = :id;

-- name: failed$
-- It could not have its effect, for a reason of its own; it is tried again from then on. How often now?
UPDATE inbox SET attempts = attempts + 1, error = :error, due_at = :due_at WHERE id = :id RETURNING attempts;

-- name: waiting^
-- How many wait, and since when the oldest does.
SELECT count(*) AS count, min(received_at) AS oldest FROM inbox;

-- name: is_waiting$
-- Does one of these events still wait for its effect?
SELECT EXISTS (SELECT FROM inbox WHERE id = ANY(:ids::uuid[]));
