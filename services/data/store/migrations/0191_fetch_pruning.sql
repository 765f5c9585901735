-- Runs that nothing is left of are pruned, the oldest first; lists begin with the newest.
CREATE INDEX fetch_run_by_time ON fetch_run (create_time DESC, id DESC);
CREATE INDEX coverage_by_run ON coverage (run_id);

-- When answers became known is asked of splits and dividends only; of bars that are polled there is one a minute.
DELETE FROM coverage_answer a USING coverage_series s
WHERE s.id = a.series_id AND s.resource NOT IN ('split', 'dividend');
