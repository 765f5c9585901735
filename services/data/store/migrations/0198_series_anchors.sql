-- As of when the split-adjusted prices of a series were adjusted, as whoever stored them said: the rows from first_ns on,
-- up to the next one of the same statement. Each statement is of all rows and takes the place of the one before it from
-- known_at on; none goes away, so that a read as of earlier finds what was said then. Most series have none.
CREATE TABLE series_anchor (
  resource text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  timeframe smallint NOT NULL,
  source text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  known_at timestamptz NOT NULL,
  first_ns bigint NOT NULL,
  as_of date NOT NULL,
  CONSTRAINT series_anchor_pkey PRIMARY KEY (resource, symbol, timeframe, source, number, first_ns),
  CONSTRAINT series_anchor_number_positive CHECK (number > 0)
);
