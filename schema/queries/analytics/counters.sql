-- name: take_turn$
-- Whether nobody else is folding this tenant's counts; if so, nobody does before the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtextextended('fold ' || current_tenant(), 0));

-- name: fold_steps$
-- Make one row of all that count the same step; answers how many went. Whoever adds meanwhile waits for nobody.
WITH many AS (
    SELECT sequence_id, node_id FROM step_counters
    GROUP BY 1, 2 HAVING count(*) > 1
), gone AS (
    DELETE FROM step_counters k USING many m
    WHERE (k.sequence_id, k.node_id) = (m.sequence_id, m.node_id)
    RETURNING k.*
), kept AS (
    INSERT INTO step_counters (tenant_id, sequence_id, node_id,
        pending, sent, failed, ambiguous, cancelled, responses, delivered, undelivered, opened, machine_opened,
        clicked, machine_clicked, bounced, complained, unsubscribed, answered)
    SELECT tenant_id, sequence_id, node_id,
        sum(pending), sum(sent), sum(failed), sum(ambiguous), sum(cancelled), sum(responses), sum(delivered),
        sum(undelivered), sum(opened), sum(machine_opened), sum(clicked), sum(machine_clicked), sum(bounced),
        sum(complained), sum(unsubscribed), sum(answered)
    FROM gone GROUP BY tenant_id, sequence_id, node_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept);

-- name: fold_arms$
-- Fold the counts of the arms of splits.
WITH many AS (
    SELECT sequence_id, node_id, arm FROM arm_counters
    GROUP BY 1, 2, 3 HAVING count(*) > 1
), gone AS (
    DELETE FROM arm_counters k USING many m
    WHERE (k.sequence_id, k.node_id, k.arm) = (m.sequence_id, m.node_id, m.arm)
    RETURNING k.*
), kept AS (
    INSERT INTO arm_counters (tenant_id, sequence_id, node_id, arm,
        entered, opened, clicked, answered, unsubscribed, reached_goal)
    SELECT tenant_id, sequence_id, node_id, arm,
        sum(entered), sum(opened), sum(clicked), sum(answered), sum(unsubscribed), sum(reached_goal)
    FROM gone GROUP BY tenant_id, sequence_id, node_id, arm
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept);

-- name: fold_enrollments$
-- Fold the counts of enrollments by the day; what has come down to nothing goes altogether.
WITH many AS (
    SELECT sequence_id, enrolled_on, is_test, status, reason FROM enrollment_counts
    GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1
), gone AS (
    DELETE FROM enrollment_counts k USING many m
    WHERE (k.sequence_id, k.enrolled_on, k.is_test, k.status) = (m.sequence_id, m.enrolled_on, m.is_test, m.status)
        AND k.reason IS NOT DISTINCT FROM m.reason
    RETURNING k.*
), kept AS (
    INSERT INTO enrollment_counts (tenant_id, sequence_id, enrolled_on, is_test, status, reason, enrollments)
    SELECT tenant_id, sequence_id, enrolled_on, is_test, status, reason, sum(enrollments)
    FROM gone GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(enrollments) <> 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) - (SELECT count(*) FROM kept);
