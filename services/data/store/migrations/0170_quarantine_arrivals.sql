-- The same rows are kept once: found again by their content while they are held, and known when they were discarded.
-- `coverage` is what the fetch would have left had they been stored.
ALTER TABLE quarantine
  ADD COLUMN content_sha256 text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN coverage jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN expected_row_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN last_origin text NOT NULL DEFAULT '',
  ADD COLUMN last_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN arrival_count bigint NOT NULL DEFAULT 1;
UPDATE quarantine SET expected_row_count = row_count, last_origin = origin, last_time = create_time;
CREATE UNIQUE INDEX quarantine_held_once ON quarantine (content_sha256, resource, symbol, timeframe, variant, basis)
  WHERE state = 1 AND content_sha256 <> '';
CREATE INDEX quarantine_discarded ON quarantine (content_sha256) WHERE state = 3;

ALTER TABLE fetch_result ADD COLUMN impossible_row_count bigint NOT NULL DEFAULT 0;
ALTER TABLE fetch_result ADD COLUMN quarantined_row_count bigint NOT NULL DEFAULT 0;
