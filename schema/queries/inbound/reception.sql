-- name: read_event^
-- How an event that came before was attributed.
SELECT e.contact_id, e.enrollment_id, e.node_id, coalesce(m.order_index + 1, 0) AS step_number, m.kind
FROM events e LEFT JOIN messages m ON m.id = e.id
WHERE e.id = :id;
