-- migrate:up

-- The wall between tenants: each transaction names its tenant, and sees and writes nothing else.
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'contacts', 'sequences', 'sequence_versions', 'version_contents', 'enrollments', 'enrollment_steps',
        'message_jobs', 'events', 'messages', 'responses', 'suppressions', 'enrollment_signals',
        'disagreements', 'step_counters'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format(
            'CREATE POLICY own_tenant ON %I USING (tenant_id = (SELECT current_tenant()))'
            ' WITH CHECK (tenant_id = (SELECT current_tenant()))', t);
    END LOOP;
END
$$;

-- No role of the application's may rewrite what was published, received or logged.
GRANT SELECT, INSERT ON sequence_versions, version_contents, events, messages, responses TO touchline_app;
GRANT SELECT, INSERT, UPDATE ON contacts, sequences, enrollments, enrollment_steps, message_jobs,
    enrollment_signals, disagreements, step_counters TO touchline_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON suppressions TO touchline_app;

-- migrate:down
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'contacts', 'sequences', 'sequence_versions', 'version_contents', 'enrollments', 'enrollment_steps',
        'message_jobs', 'events', 'messages', 'responses', 'suppressions', 'enrollment_signals',
        'disagreements', 'step_counters'
    ] LOOP
        EXECUTE format('DROP POLICY own_tenant ON %I', t);
        EXECUTE format('REVOKE ALL ON %I FROM touchline_app', t);
    END LOOP;
END
$$;
