-- Old rows that somebody dropped: what was asked for, and what went of which series.
CREATE TABLE range_drop (
  id text COLLATE "C" CONSTRAINT range_drop_pkey PRIMARY KEY,
  before_ns bigint NOT NULL,
  principal text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE range_drop_series (
  drop_id text COLLATE "C" NOT NULL CONSTRAINT range_drop_series_drop REFERENCES range_drop,
  position integer NOT NULL,
  resource text NOT NULL,
  symbol text NOT NULL,
  timeframe smallint NOT NULL,
  variant text NOT NULL,
  row_count bigint NOT NULL,
  freed_bytes bigint NOT NULL,
  kept_bytes bigint NOT NULL,
  CONSTRAINT range_drop_series_pkey PRIMARY KEY (drop_id, position),
  CONSTRAINT range_drop_series_row_count_positive CHECK (row_count > 0)
);

-- Which snapshots need rows of a symbol.
CREATE INDEX snapshot_series_symbol ON snapshot_series (symbol);
