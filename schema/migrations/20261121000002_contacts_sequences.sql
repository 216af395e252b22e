-- migrate:up

CREATE TABLE contacts (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    external_id text NOT NULL CHECK (external_id <> ''),
    name text,
    email text CHECK (email = lower(email)),
    -- E.164
    phone text CHECK (phone ~ '^\+[1-9][0-9]{1,14}$'),
    company text,
    -- IANA name that the tenant stored; NULL: unknown.
    timezone text,
    -- Every zone that the contact may be in, stored or derived from the phone number.
    zones text[] NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    triggers text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(attributes) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, external_id),
    CONSTRAINT reachable CHECK (email IS NOT NULL OR phone IS NOT NULL)
);
-- Replies arrive with an address, not with an id.
CREATE INDEX contacts_email ON contacts (tenant_id, email) WHERE email IS NOT NULL;
CREATE INDEX contacts_phone ON contacts (tenant_id, phone) WHERE phone IS NOT NULL;

CREATE TABLE sequences (
    tenant_id uuid NOT NULL REFERENCES tenants,
    id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('draft', 'active', 'paused', 'archived')),
    -- Why it is paused: an operator's words, or the error that would fail every contact.
    paused_reason text,
    triggers text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, key),
    CONSTRAINT paused_says_why CHECK ((status = 'paused') = (paused_reason IS NOT NULL))
);

-- Immutable: the application's role may insert and read, never update or delete (see the grants).
CREATE TABLE sequence_versions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    sequence_id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    -- sha256 (hex) of the canonical definition.
    content_hash text NOT NULL,
    definition jsonb NOT NULL,
    plan jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, sequence_id, version),
    FOREIGN KEY (tenant_id, sequence_id) REFERENCES sequences
);

-- What a message step says, as authored (Liquid); read at send time by (version, node).
CREATE TABLE version_contents (
    tenant_id uuid NOT NULL,
    version_id uuid NOT NULL,
    node_id text NOT NULL,
    order_index integer NOT NULL CHECK (order_index >= 0),
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'whatsapp')),
    templates jsonb NOT NULL,
    PRIMARY KEY (tenant_id, version_id, node_id),
    FOREIGN KEY (tenant_id, version_id) REFERENCES sequence_versions
);

-- migrate:down
DROP TABLE version_contents;
DROP TABLE sequence_versions;
DROP TABLE sequences;
DROP TABLE contacts;
