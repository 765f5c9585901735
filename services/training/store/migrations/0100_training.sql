-- What was asked of each run, complete with defaults; where it stands is in table job under the same id.
CREATE TABLE training_run (
  id             text COLLATE "C" CONSTRAINT training_run_pkey PRIMARY KEY,  -- UUID version 7: ordered by creation
  snapshot       text NOT NULL,
  symbols        text[] NOT NULL,           -- as asked for; none: all of the snapshot
  range_start_ns bigint,                    -- both or none: all of the snapshot
  range_end_ns   bigint,
  model          text NOT NULL,             -- kind of model
  model_version  text NOT NULL,             -- of that component
  params         jsonb NOT NULL,
  feature_set    text NOT NULL,
  horizon_bars   integer NOT NULL,
  holdout_share  double precision NOT NULL,
  purge_bars     integer NOT NULL,
  model_name     text COLLATE "C" NOT NULL,
  CONSTRAINT training_run_id_not_empty CHECK (id <> ''),
  CONSTRAINT training_run_snapshot_valid CHECK (snapshot LIKE 'snapshots/_%'),
  CONSTRAINT training_run_range_ordered CHECK (
    (range_start_ns IS NULL) = (range_end_ns IS NULL) AND range_start_ns < range_end_ns),
  CONSTRAINT training_run_model_valid CHECK (model <> '' AND model_version <> ''),
  CONSTRAINT training_run_params_valid CHECK (jsonb_typeof(params) = 'object'),
  CONSTRAINT training_run_purge_covers_label CHECK (horizon_bars >= 1 AND purge_bars > horizon_bars),
  CONSTRAINT training_run_holdout_valid CHECK (holdout_share > 0 AND holdout_share < 1),
  CONSTRAINT training_run_model_name_valid CHECK (model_name ~ '^[a-z0-9_-]{1,63}$')
);

-- Counts the versions under each name. Its row is locked by the transaction that stores a model, so versions have no
-- gaps and no twins.
CREATE TABLE model_name (
  name         text COLLATE "C" CONSTRAINT model_name_pkey PRIMARY KEY,
  last_version integer NOT NULL,
  CONSTRAINT model_name_version_valid CHECK (last_version >= 1)
);

-- Trained models; a row never changes. A run makes one model at most, and gives it its own id.
CREATE TABLE model (
  id              text COLLATE "C" CONSTRAINT model_pkey PRIMARY KEY
                  CONSTRAINT model_of_run REFERENCES training_run (id),
  model_name      text COLLATE "C" NOT NULL,
  version         integer NOT NULL,
  cut_off_ns      bigint NOT NULL,          -- nothing later was seen in training, labels included
  valid_from_ns   bigint NOT NULL,          -- first decision time for which it may be asked
  features        text[] NOT NULL,
  schema_sha256   text NOT NULL,
  row_count       bigint NOT NULL,
  artefact_sha256 text NOT NULL,
  artefact        bytea NOT NULL,
  create_time     timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT model_version_unique UNIQUE (model_name, version),
  CONSTRAINT model_version_valid CHECK (version >= 1),
  CONSTRAINT model_valid_after_cut_off CHECK (valid_from_ns > cut_off_ns),
  CONSTRAINT model_features_not_empty CHECK (cardinality(features) >= 1),
  CONSTRAINT model_row_count_valid CHECK (row_count >= 1),
  CONSTRAINT model_schema_sha256_valid CHECK (schema_sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT model_artefact_has_its_hash CHECK (encode(sha256(artefact), 'hex') = artefact_sha256)
);
ALTER TABLE model ALTER COLUMN artefact SET STORAGE EXTERNAL;
CREATE INDEX model_by_time ON model (create_time DESC, id DESC);

CREATE TABLE model_score (
  model_id    text COLLATE "C" NOT NULL CONSTRAINT model_score_model REFERENCES model (id) ON DELETE CASCADE,
  ordinal     integer NOT NULL,
  name        text NOT NULL,
  train       double precision NOT NULL,
  holdout     double precision NOT NULL,
  baseline    double precision,
  description text NOT NULL,
  CONSTRAINT model_score_pkey PRIMARY KEY (model_id, ordinal),
  CONSTRAINT model_score_name_unique UNIQUE (model_id, name)
);

CREATE TABLE model_importance (
  model_id   text COLLATE "C" NOT NULL CONSTRAINT model_importance_model REFERENCES model (id) ON DELETE CASCADE,
  ordinal    integer NOT NULL,
  feature    text NOT NULL,
  gain_share double precision NOT NULL,
  CONSTRAINT model_importance_pkey PRIMARY KEY (model_id, ordinal),
  CONSTRAINT model_importance_share_valid CHECK (gain_share >= 0 AND gain_share <= 1)
);
