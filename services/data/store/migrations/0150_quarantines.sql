-- Rows that a gate kept apart, beside the series: nothing that reads series sees them. 1 HELD, 2 RELEASED, 3 DISCARDED.
CREATE TABLE quarantine (
  id text COLLATE "C" CONSTRAINT quarantine_pkey PRIMARY KEY,
  resource text NOT NULL,
  symbol text NOT NULL,
  timeframe smallint NOT NULL,
  variant text NOT NULL,
  basis smallint NOT NULL,
  repeats boolean NOT NULL,
  origin text NOT NULL,
  start_time_ns bigint NOT NULL,
  end_time_ns bigint NOT NULL,
  replaces_start_ns bigint,
  replaces_end_ns bigint,
  row_count bigint NOT NULL,
  stored_sha256 text NOT NULL,
  findings jsonb NOT NULL,
  proposals jsonb NOT NULL,
  state smallint NOT NULL DEFAULT 1,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolve_time timestamptz,
  resolved_by text NOT NULL DEFAULT '',
  comment text NOT NULL DEFAULT '',
  CONSTRAINT quarantine_state_known CHECK (state BETWEEN 1 AND 3),
  CONSTRAINT quarantine_resolved_once CHECK ((state = 1) = (resolve_time IS NULL)),
  CONSTRAINT quarantine_rows CHECK (row_count > 0),
  CONSTRAINT quarantine_replaces_whole CHECK ((replaces_start_ns IS NULL) = (replaces_end_ns IS NULL))
);
CREATE INDEX quarantine_by_time ON quarantine (create_time DESC, id DESC);

-- Their rows, encoded like the chunks of series.
CREATE TABLE quarantine_chunk (
  quarantine_id text COLLATE "C" NOT NULL CONSTRAINT quarantine_chunk_quarantine REFERENCES quarantine,
  position integer NOT NULL,
  body bytea NOT NULL,
  CONSTRAINT quarantine_chunk_pkey PRIMARY KEY (quarantine_id, position)
);

ALTER TABLE fetch_run ADD COLUMN quality_gate smallint NOT NULL DEFAULT 1
  CONSTRAINT fetch_run_quality_gate_known CHECK (quality_gate BETWEEN 1 AND 2);
ALTER TABLE fetch_result ADD COLUMN quarantine text NOT NULL DEFAULT '';
