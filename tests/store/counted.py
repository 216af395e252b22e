"""Counters beside a full count."""

COUNTED = """
    SELECT coalesce(k.node_id, j.node_id) AS node_id, k.counts, j.counts AS truth
    FROM (
        SELECT node_id,
            ARRAY[sum(pending), sum(sent), sum(failed), sum(ambiguous), sum(cancelled), sum(responses)]::int[] AS counts
        FROM step_counters GROUP BY node_id
    ) k
    FULL JOIN (
        SELECT node_id, ARRAY[
            count(*) FILTER (WHERE state IN ('pending', 'sending')), count(*) FILTER (WHERE state = 'sent'),
            count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'ambiguous'),
            count(*) FILTER (WHERE state = 'cancelled'),
            (SELECT count(*) FROM responses r WHERE r.node_id = jobs.node_id)
        ]::int[] AS counts
        FROM message_jobs jobs GROUP BY node_id
    ) j USING (node_id)
    ORDER BY 1
"""
"""Each row of counters (`counts`), and what it should be (`truth`)."""
