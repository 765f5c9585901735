-- Fetches: the run has the id of its job.
CREATE TABLE fetch_run (
  id text COLLATE "C" CONSTRAINT fetch_run_pkey PRIMARY KEY CONSTRAINT fetch_run_job REFERENCES job (id),
  resource text NOT NULL,
  timeframe smallint NOT NULL,
  start_time_ns bigint NOT NULL,
  end_time_ns bigint NOT NULL,
  symbols jsonb NOT NULL,
  source_name text NOT NULL,
  source_version text NOT NULL,
  source_params jsonb NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT fetch_run_range_ordered CHECK (start_time_ns < end_time_ns),
  CONSTRAINT fetch_run_timeframe_known CHECK (timeframe BETWEEN 1 AND 9)
);

-- How each symbol ended: 1 OK, 2 EMPTY_CONFIRMED, 3 FAILED. Written once, when the run ends.
CREATE TABLE fetch_result (
  run_id text COLLATE "C" NOT NULL CONSTRAINT fetch_result_run REFERENCES fetch_run,
  position integer NOT NULL,
  symbol text NOT NULL,
  outcome smallint NOT NULL,
  row_count bigint NOT NULL,
  changed_row_count bigint NOT NULL,
  body_sha256 text NOT NULL,
  retryable boolean NOT NULL,
  error_code integer NOT NULL,
  error_reason text NOT NULL,
  error_message text NOT NULL,
  CONSTRAINT fetch_result_pkey PRIMARY KEY (run_id, position),
  CONSTRAINT fetch_result_outcome_known CHECK (outcome BETWEEN 1 AND 3),
  CONSTRAINT fetch_result_error_if_failed CHECK ((outcome = 3) = (error_code <> 0)),
  CONSTRAINT fetch_result_rows_if_ok CHECK ((outcome = 1) = (row_count > 0))
);

-- What was wrong with the body of a symbol, with file and line.
CREATE TABLE fetch_violation (
  run_id text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  ordinal integer NOT NULL,
  field text NOT NULL,
  description text NOT NULL,
  CONSTRAINT fetch_violation_pkey PRIMARY KEY (run_id, position, ordinal),
  CONSTRAINT fetch_violation_result FOREIGN KEY (run_id, position) REFERENCES fetch_result ON DELETE CASCADE
);
