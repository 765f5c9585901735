-- What was asked of which source and what came of it. A series is locked while its ranges change, so that they never
-- overlap.
CREATE TABLE coverage_series (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT coverage_series_pkey PRIMARY KEY,
  resource text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  timeframe smallint NOT NULL,
  source text COLLATE "C" NOT NULL,
  CONSTRAINT coverage_series_key UNIQUE (resource, symbol, timeframe, source),
  CONSTRAINT coverage_series_timeframe_known CHECK (timeframe BETWEEN 1 AND 9)
);

-- Outcomes as of fetch_result. `row_count` is NULL where a later answer has taken the place of a part of the rows.
CREATE TABLE coverage (
  series_id bigint NOT NULL CONSTRAINT coverage_of_series REFERENCES coverage_series,
  start_time_ns bigint NOT NULL,
  end_time_ns bigint NOT NULL,
  outcome smallint NOT NULL,
  row_count bigint,
  error_code integer NOT NULL,
  error_reason text NOT NULL,
  error_message text NOT NULL,
  retryable boolean NOT NULL,
  run_id text COLLATE "C" NOT NULL CONSTRAINT coverage_run REFERENCES fetch_run,
  fetch_time timestamptz NOT NULL,
  body_sha256 text NOT NULL,
  basis smallint NOT NULL,
  parameters text NOT NULL,
  CONSTRAINT coverage_pkey PRIMARY KEY (series_id, start_time_ns),
  CONSTRAINT coverage_range_ordered CHECK (start_time_ns < end_time_ns),
  CONSTRAINT coverage_outcome_known CHECK (outcome BETWEEN 1 AND 3),
  CONSTRAINT coverage_error_if_failed CHECK ((outcome = 3) = (error_code <> 0)),
  CONSTRAINT coverage_rows_only_if_ok CHECK (outcome = 1 OR coalesce(row_count, 0) = 0)
);

-- A fetch may have several sources; what they were asked for and why.
ALTER TABLE fetch_run ADD COLUMN alternatives jsonb NOT NULL DEFAULT '[]';
ALTER TABLE fetch_run ADD COLUMN preference smallint NOT NULL DEFAULT 1;
ALTER TABLE fetch_run ADD COLUMN refetch boolean NOT NULL DEFAULT false;

ALTER TABLE fetch_result ADD COLUMN source text NOT NULL DEFAULT '';
ALTER TABLE fetch_result ADD COLUMN fetched_ranges jsonb NOT NULL DEFAULT '[]';
ALTER TABLE fetch_result ADD COLUMN notes jsonb NOT NULL DEFAULT '[]';
-- What was covered before is OK without a row received.
ALTER TABLE fetch_result DROP CONSTRAINT fetch_result_rows_if_ok;
ALTER TABLE fetch_result ADD CONSTRAINT fetch_result_rows_only_if_ok CHECK (outcome = 1 OR row_count = 0);

CREATE TABLE fetch_attempt (
  run_id text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  ordinal integer NOT NULL,
  source text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  error_code integer NOT NULL,
  error_reason text NOT NULL,
  error_message text NOT NULL,
  attempt_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT fetch_attempt_pkey PRIMARY KEY (run_id, position, ordinal),
  CONSTRAINT fetch_attempt_result FOREIGN KEY (run_id, position) REFERENCES fetch_result ON DELETE CASCADE
);
-- How often each source failed lately.
CREATE INDEX fetch_attempt_failed ON fetch_attempt (attempt_time, source) WHERE error_code <> 0;
