-- Every version of every component that a service has announced.
CREATE TABLE component (
  kind          text COLLATE "C" NOT NULL,
  name          text COLLATE "C" NOT NULL,
  version       integer[] NOT NULL,           -- {major,minor,patch}: ordered as versions are
  service       text NOT NULL,
  description   text NOT NULL,
  params        jsonb NOT NULL,               -- the parameter specifications, in the order announced
  fingerprint   text NOT NULL,                -- of what callers' values depend on
  create_time   timestamptz NOT NULL DEFAULT now(),
  announce_time timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT component_pkey PRIMARY KEY (kind, name, version),
  CONSTRAINT component_kind_valid CHECK (kind ~ '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT component_name_valid CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  CONSTRAINT component_version_valid CHECK (cardinality(version) = 3 AND 0 <= ALL (version)),
  CONSTRAINT component_service_valid CHECK (service <> ''),
  CONSTRAINT component_params_valid CHECK (jsonb_typeof(params) = 'array'),
  CONSTRAINT component_fingerprint_valid CHECK (length(fingerprint) = 64),
  CONSTRAINT component_times_ordered CHECK (announce_time >= create_time)
);
