-- Series as immutable chunks, and references that say which version of a series they are part of.

CREATE TABLE chunk (
  hash bytea CONSTRAINT chunk_pkey PRIMARY KEY,
  body bytea NOT NULL,
  stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT chunk_hash_is_sha256 CHECK (octet_length(hash) = 32),
  CONSTRAINT chunk_body_not_empty CHECK (octet_length(body) > 0)
);
-- The bodies are compressed already.
ALTER TABLE chunk ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE series (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT series_pkey PRIMARY KEY,
  resource text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  timeframe smallint NOT NULL,
  variant text COLLATE "C" NOT NULL,
  basis smallint NOT NULL,
  version bigint NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT series_key UNIQUE (resource, symbol, timeframe, variant),
  CONSTRAINT series_resource_not_empty CHECK (resource <> ''),
  CONSTRAINT series_timeframe_known CHECK (timeframe BETWEEN 1 AND 9),
  CONSTRAINT series_basis_known CHECK (basis BETWEEN 0 AND 3),
  CONSTRAINT series_version_positive CHECK (version > 0)
);

-- Knowledge time of each version: strictly ascending within a series.
CREATE TABLE series_version (
  series_id bigint NOT NULL CONSTRAINT series_version_series REFERENCES series,
  version bigint NOT NULL,
  known_at timestamptz NOT NULL,
  provenance text NOT NULL,
  CONSTRAINT series_version_pkey PRIMARY KEY (series_id, version),
  CONSTRAINT series_version_positive CHECK (version > 0)
);
CREATE INDEX series_version_known_at ON series_version (series_id, known_at);

-- Part of the versions in [version_from, version_to); the largest bigint means until further notice.
CREATE TABLE series_chunk (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT series_chunk_pkey PRIMARY KEY,
  series_id bigint NOT NULL CONSTRAINT series_chunk_series REFERENCES series,
  chunk_hash bytea NOT NULL CONSTRAINT series_chunk_chunk REFERENCES chunk,
  row_count integer NOT NULL,
  byte_count integer NOT NULL,
  first_time_ns bigint NOT NULL,
  last_time_ns bigint NOT NULL,
  version_from bigint NOT NULL,
  version_to bigint NOT NULL DEFAULT 9223372036854775807,
  CONSTRAINT series_chunk_row_count_positive CHECK (row_count > 0),
  CONSTRAINT series_chunk_times_ordered CHECK (first_time_ns <= last_time_ns),
  CONSTRAINT series_chunk_versions_ordered CHECK (version_from > 0 AND version_from < version_to),
  CONSTRAINT series_chunk_place UNIQUE (series_id, first_time_ns, version_to)
);
CREATE INDEX series_chunk_hash ON series_chunk (chunk_hash);
