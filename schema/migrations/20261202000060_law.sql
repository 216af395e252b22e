-- migrate:up

-- What tenants decide about the hours of the law, and where contacts are in it.

-- The present state, read with every claim: {"switched": {rule: enforced}, "blocks": [...]}.
ALTER TABLE tenants ADD COLUMN law jsonb NOT NULL DEFAULT '{}';

-- Each decision as it was made, for whoever asks later; never changed.
CREATE TABLE law_decisions (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    rule text,
    enforced boolean,
    block jsonb,
    withdrawn boolean NOT NULL DEFAULT false,
    reason text NOT NULL CHECK (reason <> ''),
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT about_a_rule_or_a_block CHECK ((rule IS NULL) = (enforced IS NULL) AND (rule IS NULL) <> (block IS NULL))
);

-- The country and the state that a contact's own data name, as people wrote them; store/enrollments/local_time.py reads them.
CREATE FUNCTION stated_region(attributes jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
    attributes ->> 'country',
    coalesce(attributes ->> 'state', attributes ->> 'province', attributes ->> 'region')
];

ALTER TABLE law_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE law_decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON law_decisions TO touchline_app
    USING (tenant_id = (SELECT current_tenant())) WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT ON law_decisions TO touchline_app;
GRANT UPDATE (law) ON tenants TO touchline_app;

-- migrate:down
DROP FUNCTION stated_region;
DROP TABLE law_decisions;
ALTER TABLE tenants DROP COLUMN law;
