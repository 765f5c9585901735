-- What was named for a series stays: each statement is known from an instant on, by the clock of the versions of its
-- series, until the next one is. Those that were there before this are known from the beginning, which is how they were
-- read. Beside a calendar the time zone says nothing.
ALTER TABLE series_market ADD COLUMN known_at timestamptz NOT NULL DEFAULT '-infinity';
ALTER TABLE series_market ALTER COLUMN known_at DROP DEFAULT;
ALTER TABLE series_market DROP CONSTRAINT series_market_pkey;
ALTER TABLE series_market ADD CONSTRAINT series_market_pkey PRIMARY KEY (resource, symbol, timeframe, source, known_at);
UPDATE series_market SET time_zone = '' WHERE calendar <> 'none' AND time_zone <> '';
