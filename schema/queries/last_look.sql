-- name: last_look^
-- What may have ended, barred or held a claimed message since its claim, as it is committed now; or may be about to, by
-- what came in. The inbox is seen as it was when the statement began, the records as they are after that: what had its
-- effect in between is seen there.
SELECT state, claims, status, sequence_status, suppressed, not_before, (
    SELECT inbox_holds(c.id, c.email, c.phone, j.recipient)
    FROM message_jobs j JOIN contacts c ON c.id = j.contact_id WHERE j.id = :job_id
) AS heard
FROM last_look(:tenant_id, :job_id, :hold, :finished::bigint[]);

-- name: last_look_at_notice^
-- Whether an automatic answer is still the one that was claimed.
SELECT state, claimed_at FROM last_look_at_notice(:tenant_id, :job_id, :hold, :finished::bigint[]);

-- name: hold_again!
-- These hand-overs are under way, and the session that held them is gone.
SELECT pg_try_advisory_lock(hold) FROM unnest(:holds::bigint[]) AS h (hold);

-- name: let_go!
-- These hand-overs are over.
SELECT pg_advisory_unlock(done) FROM unnest(:finished::bigint[]) AS f (done);

-- name: is_held$
-- Does a session hold the message, or was it claimed a short while ago on a server whose sessions are gone? Otherwise
-- nobody gets it before this transaction ends.
SELECT NOT pg_try_advisory_xact_lock(:hold) OR (
    :claimed_on::timestamptz <> pg_postmaster_start_time()
    AND :now::timestamptz < :claimed_at::timestamptz + :limit::interval
);
