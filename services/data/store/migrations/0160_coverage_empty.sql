-- Every range that a source has ever confirmed to be empty, and when this store learnt it: unlike `coverage`, where a
-- later answer takes the place of an earlier one, nothing goes away here, so that a read as of then stays what it was.
CREATE TABLE coverage_empty (
  series_id bigint NOT NULL CONSTRAINT coverage_empty_of_series REFERENCES coverage_series,
  known_at timestamptz NOT NULL,
  start_time_ns bigint NOT NULL,
  end_time_ns bigint NOT NULL,
  CONSTRAINT coverage_empty_pkey PRIMARY KEY (series_id, known_at, start_time_ns),
  CONSTRAINT coverage_empty_range_ordered CHECK (start_time_ns < end_time_ns)
);

INSERT INTO coverage_empty (series_id, known_at, start_time_ns, end_time_ns)
SELECT series_id, fetch_time, start_time_ns, end_time_ns FROM coverage WHERE outcome = 2;
