-- Splits and dividends that were published before the instant of a drop and take effect after it stay: how many. A drop
-- may find nothing else.
ALTER TABLE range_drop_series ADD COLUMN staying_row_count bigint NOT NULL DEFAULT 0;
ALTER TABLE range_drop_series DROP CONSTRAINT range_drop_series_row_count_positive;
ALTER TABLE range_drop_series ADD CONSTRAINT range_drop_series_has_rows
  CHECK (row_count >= 0 AND staying_row_count >= 0 AND row_count + staying_row_count > 0);

-- Whether somebody named the market of rows that are kept apart, or it was concluded from the time zone of their texts.
-- Of those of before nobody knows: what may have been concluded counts as that, and takes nothing away that was said.
ALTER TABLE quarantine ADD COLUMN market_named boolean NOT NULL DEFAULT true;
UPDATE quarantine SET market_named = false WHERE market LIKE 'none@%';
