-- What was asked of each run; where it stands is in table job under the same id. The signals are series of resource
-- "signal" whose variant is the id.
CREATE TABLE signal_run (
  id               text COLLATE "C" CONSTRAINT signal_run_pkey PRIMARY KEY,
  snapshot         text NOT NULL,
  symbols          text[] NOT NULL,                 -- as asked for; none: all of the snapshot
  strategy         text NOT NULL,
  strategy_version text NOT NULL,
  params           jsonb NOT NULL,                  -- as given; defaults are those of the version
  model            text NOT NULL DEFAULT '',
  range_start_ns   bigint NOT NULL,
  range_end_ns     bigint NOT NULL,
  valid_from       timestamptz,                     -- first decision time allowed; set when the run has succeeded
  CONSTRAINT signal_run_id_not_empty CHECK (id <> ''),
  CONSTRAINT signal_run_snapshot_valid CHECK (snapshot LIKE 'snapshots/_%'),
  CONSTRAINT signal_run_strategy_valid CHECK (strategy <> '' AND strategy_version <> ''),
  CONSTRAINT signal_run_params_valid CHECK (jsonb_typeof(params) = 'object'),
  CONSTRAINT signal_run_model_valid CHECK (model = '' OR model LIKE 'models/_%'),
  CONSTRAINT signal_run_range_ordered CHECK (range_start_ns < range_end_ns)
);

CREATE TABLE signal_result (
  run_id            text COLLATE "C" NOT NULL CONSTRAINT signal_result_run REFERENCES signal_run ON DELETE CASCADE,
  symbol            text COLLATE "C" NOT NULL,
  timeframe         smallint NOT NULL,
  signal_count      bigint NOT NULL,
  warm_up_bar_count bigint NOT NULL,
  long_count        bigint NOT NULL,
  short_count       bigint NOT NULL,
  content_sha256    text NOT NULL,                  -- empty where the symbol failed
  error_code        smallint NOT NULL DEFAULT 0,
  error_reason      text NOT NULL DEFAULT '',
  error_message     text NOT NULL DEFAULT '',
  CONSTRAINT signal_result_pkey PRIMARY KEY (run_id, symbol),
  CONSTRAINT signal_result_symbol_not_empty CHECK (symbol <> ''),
  CONSTRAINT signal_result_counts_valid CHECK (
    long_count >= 0 AND short_count >= 0 AND long_count + short_count <= signal_count AND warm_up_bar_count >= 0),
  CONSTRAINT signal_result_error_or_content CHECK ((error_code = 0) = (length(content_sha256) = 64)),
  CONSTRAINT signal_result_failed_without_signals CHECK (error_code = 0 OR signal_count = 0)
);
