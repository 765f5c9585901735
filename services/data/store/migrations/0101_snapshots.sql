-- Snapshots: versions of series under a name, and their quality.
CREATE TABLE snapshot (
  id text COLLATE "C" CONSTRAINT snapshot_pkey PRIMARY KEY,
  start_time_ns bigint NOT NULL,
  end_time_ns bigint NOT NULL,
  as_of timestamptz NOT NULL,
  content_sha256 text NOT NULL,
  create_time timestamptz NOT NULL,
  CONSTRAINT snapshot_range_ordered CHECK (start_time_ns < end_time_ns)
);

CREATE TABLE snapshot_series (
  snapshot_id text COLLATE "C" NOT NULL CONSTRAINT snapshot_series_snapshot REFERENCES snapshot,
  position integer NOT NULL,
  resource text NOT NULL,
  symbol text NOT NULL,
  timeframe smallint NOT NULL,
  variant text NOT NULL,
  basis smallint NOT NULL,
  version bigint NOT NULL,
  row_count bigint NOT NULL,
  content_sha256 text NOT NULL,
  CONSTRAINT snapshot_series_pkey PRIMARY KEY (snapshot_id, position),
  CONSTRAINT snapshot_series_symbol_once UNIQUE (snapshot_id, symbol)
);

CREATE TABLE quality_report (
  snapshot_id text COLLATE "C" CONSTRAINT quality_report_pkey PRIMARY KEY
    CONSTRAINT quality_report_snapshot REFERENCES snapshot,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE quality_series (
  snapshot_id text COLLATE "C" NOT NULL CONSTRAINT quality_series_report REFERENCES quality_report,
  position integer NOT NULL,
  expected_row_count bigint NOT NULL,
  row_count bigint NOT NULL,
  score double precision NOT NULL,
  CONSTRAINT quality_series_pkey PRIMARY KEY (snapshot_id, position),
  CONSTRAINT quality_series_score_share CHECK (score BETWEEN 0 AND 1)
);

CREATE TABLE quality_finding (
  snapshot_id text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  ordinal integer NOT NULL,
  check_name text NOT NULL,
  severity smallint NOT NULL,
  affected_row_count bigint NOT NULL,
  message text NOT NULL,
  examples_ns jsonb NOT NULL,
  CONSTRAINT quality_finding_pkey PRIMARY KEY (snapshot_id, position, ordinal),
  CONSTRAINT quality_finding_series FOREIGN KEY (snapshot_id, position) REFERENCES quality_series,
  CONSTRAINT quality_finding_severity_known CHECK (severity BETWEEN 1 AND 3)
);
