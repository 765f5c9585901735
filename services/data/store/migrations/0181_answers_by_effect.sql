-- Splits and dividends counted in the range that they were published in; now also in the one that they take effect in.
-- What these sources were asked for before may lack events that were announced earlier, so it is not known to be whole:
-- reads that need it are refused until the events are fetched again. The others publish events when they take effect, or
-- a session before.
DELETE FROM coverage_answer a USING coverage_series s
WHERE s.id = a.series_id AND s.resource IN ('dividend', 'split')
  AND s.source IN ('polygon', 'alpha_vantage', 'csv_file');
