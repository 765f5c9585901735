-- Results are written symbol by symbol, while the run goes on: by which attempt (the epoch of its job), so that it can
-- tell whether a COMMIT that was in doubt took effect.
ALTER TABLE fetch_result ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
-- Rows that were stored and are not among what the source has now, by themselves: they are among the changed ones too.
ALTER TABLE fetch_result ADD COLUMN removed_row_count bigint NOT NULL DEFAULT 0;
ALTER TABLE fetch_result ADD CONSTRAINT fetch_result_removed_are_changed
  CHECK (removed_row_count BETWEEN 0 AND changed_row_count);
