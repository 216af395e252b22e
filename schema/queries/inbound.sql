-- name: last_written_to^
-- Whom did we write to last at this address? Two contacts with one number: the one last written to.
-- A message in doubt counts: its answer is the best sign that it arrived.
(
    SELECT contact_id, enrollment_id, at FROM messages
    WHERE kind = 'step' AND channel = :channel AND address = :address
    ORDER BY at DESC LIMIT 1
)
UNION ALL
(
    SELECT contact_id, enrollment_id, claimed_at FROM message_jobs
    WHERE state = 'ambiguous' AND channel = :channel AND recipient = :address
    ORDER BY claimed_at DESC LIMIT 1
)
ORDER BY at DESC LIMIT 1;

-- name: contacts_at
-- Everybody who is reached at this address.
SELECT id FROM contacts
WHERE (:channel = 'email' AND email = :address) OR (:channel <> 'email' AND phone = :address)
ORDER BY created_at DESC;

-- name: enrollment_contact^
-- Whose enrollment is it?
SELECT contact_id FROM enrollments WHERE id = :enrollment_id;

-- name: lock_live_enrollments
-- Hold every live enrollment of these contacts: from here on, no message of theirs is handed over.
SELECT e.id FROM enrollments e
WHERE e.contact_id = ANY(:contact_ids::uuid[]) AND e.status IN ('pending', 'running', 'paused')
ORDER BY e.id
FOR NO KEY UPDATE;

-- name: stop_rules
-- What ends each of these enrollments, and whether it uses the channel.
SELECT e.id, e.contact_id, v.plan -> 'settings' -> 'stop_on' AS stop_on,
    EXISTS (SELECT FROM version_contents c WHERE c.version_id = e.version_id AND c.channel = :channel) AS uses_channel
FROM enrollments e
JOIN sequence_versions v ON v.id = e.version_id
WHERE e.id = ANY(:ids::uuid[]) AND e.status IN ('pending', 'running', 'paused');

-- name: last_step^
-- The step that an answer in this enrollment answers: the last that was sent, or the one in doubt after it.
SELECT e.sequence_id, e.contact_id, coalesce(d.node_id, e.last_node) AS last_node,
    coalesce(d.order_index, e.last_order_index) AS last_order_index
FROM enrollments e
LEFT JOIN message_jobs d ON d.enrollment_id = e.id AND d.state = 'ambiguous'
WHERE e.id = :enrollment_id
ORDER BY d.order_index DESC NULLS LAST LIMIT 1;

-- name: store_event$
-- Keep the event under the provider's own id; no row comes back when it is known already.
INSERT INTO events (tenant_id, id, provider, provider_event_id, type, channel, contact_id, enrollment_id, node_id, payload, occurred_at, received_at)
VALUES (current_tenant(), :id, :provider, :provider_event_id, :type, :channel, :contact_id, :enrollment_id, :node_id, :payload, :occurred_at, :received_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: log_inbound!
-- The conversation, inbound side.
INSERT INTO messages (tenant_id, id, direction, kind, channel, contact_id, enrollment_id, node_id, order_index, address, body, provider, provider_message_id, at)
VALUES (current_tenant(), :id, 'in', :kind, :channel, :contact_id, :enrollment_id, :node_id, :order_index, :address, :body, :provider, :provider_message_id, :at);

-- name: insert_response!
-- An inbound message, attributed.
INSERT INTO responses (tenant_id, id, enrollment_id, sequence_id, contact_id, node_id, order_index, channel, kind, at)
VALUES (current_tenant(), :id, :enrollment_id, :sequence_id, :contact_id, :node_id, :order_index, :channel, :kind, :at);

-- name: read_response^
-- How an event that came before was attributed.
SELECT e.contact_id, e.enrollment_id, r.node_id, r.step_number, r.kind
FROM events e LEFT JOIN responses r ON r.id = e.id
WHERE e.id = :id;

-- name: insert_signal!
-- Decided here, to be heard by the workflow.
INSERT INTO enrollment_signals (tenant_id, event_id, enrollment_id, signal, ending, upcoming, created_at)
VALUES (current_tenant(), :event_id, :enrollment_id, :signal, :ending, :upcoming, :now);

-- name: open_signals
-- Decided and not yet heard.
SELECT event_id, enrollment_id, signal, ending, upcoming FROM enrollment_signals
WHERE signalled_at IS NULL AND created_at <= :before ORDER BY created_at LIMIT :limit;

-- name: signals_of_event
-- What one event has to tell.
SELECT event_id, enrollment_id, signal, ending, upcoming FROM enrollment_signals WHERE event_id = :event_id AND signalled_at IS NULL;

-- name: mark_signalled!
-- The workflow has it (or has ended).
UPDATE enrollment_signals SET signalled_at = :now WHERE event_id = :event_id AND enrollment_id = :enrollment_id;
