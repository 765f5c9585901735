-- Which splits and dividends count as known is a matter of what was asked for, whether anything came of it or not: the
-- history of what was confirmed to be empty becomes that of every answer. Nothing goes away here, so that a read as of
-- an earlier instant stays what it was.
ALTER TABLE coverage_empty RENAME TO coverage_answer;
ALTER TABLE coverage_answer RENAME CONSTRAINT coverage_empty_of_series TO coverage_answer_of_series;
ALTER TABLE coverage_answer RENAME CONSTRAINT coverage_empty_pkey TO coverage_answer_pkey;
ALTER TABLE coverage_answer RENAME CONSTRAINT coverage_empty_range_ordered TO coverage_answer_range_ordered;

INSERT INTO coverage_answer (series_id, known_at, start_time_ns, end_time_ns)
SELECT series_id, fetch_time, start_time_ns, end_time_ns FROM coverage WHERE outcome = 1
ON CONFLICT DO NOTHING;
