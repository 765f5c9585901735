-- A version whose rows before an instant were dropped to free their place, and not because they were wrong. States
-- before it lack those rows too once they have been swept, but for those that somebody still needs.
CREATE TABLE series_drop (
  series_id bigint NOT NULL,
  version bigint NOT NULL,
  before_ns bigint NOT NULL,
  row_count bigint NOT NULL,
  swept_at timestamptz,
  CONSTRAINT series_drop_pkey PRIMARY KEY (series_id, version),
  CONSTRAINT series_drop_version FOREIGN KEY (series_id, version) REFERENCES series_version,
  CONSTRAINT series_drop_row_count_positive CHECK (row_count > 0)
);
CREATE INDEX series_drop_unswept ON series_drop (series_id, version) WHERE swept_at IS NULL;
