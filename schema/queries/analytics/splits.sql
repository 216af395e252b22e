-- name: arm_counts
-- Exact counts of every arm that any version of the sequence has, in the words of the newest that has it; splits in
-- the order of their steps, arms in that of their variants.
SELECT
    a.split, a.arm, a.version AS last_version,
    coalesce(sum(k.entered), 0)::bigint AS entered,
    coalesce(sum(k.opened), 0)::bigint AS opened,
    coalesce(sum(k.clicked), 0)::bigint AS clicked,
    coalesce(sum(k.answered), 0)::bigint AS answered,
    coalesce(sum(k.unsubscribed), 0)::bigint AS unsubscribed,
    coalesce(sum(k.reached_goal), 0)::bigint AS reached_goal
FROM (
    SELECT DISTINCT ON (n.key, arm ->> 'id')
        n.key AS split, arm ->> 'id' AS arm, place, (n.value ->> 'order_index')::int AS order_index, v.version
    FROM sequence_versions v, jsonb_each(v.plan -> 'nodes') n,
        jsonb_array_elements(n.value -> 'arms') WITH ORDINALITY AS arms (arm, place)
    WHERE v.sequence_id = :sequence_id AND n.value ->> 'kind' = 'split'
    ORDER BY n.key, arm ->> 'id', v.version DESC
) a
LEFT JOIN arm_counters k ON k.sequence_id = :sequence_id AND k.node_id = a.split AND k.arm = a.arm
GROUP BY a.split, a.arm, a.place, a.order_index, a.version
ORDER BY min(a.order_index) OVER (PARTITION BY a.split), a.split, a.version DESC, a.place;

-- name: has_goal$
-- Whether the newest version of a sequence has a goal.
SELECT plan -> 'settings' ->> 'goal' IS NOT NULL FROM sequence_versions WHERE sequence_id = :sequence_id
ORDER BY version DESC LIMIT 1;
