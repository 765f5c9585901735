-- The calendar (and time zone) that whoever stored a series named for it. A series without a row has the calendar that
-- its rows and its symbol tell.
CREATE TABLE series_market (
  resource text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  timeframe smallint NOT NULL,
  source text COLLATE "C" NOT NULL,
  calendar text NOT NULL,
  time_zone text NOT NULL,
  CONSTRAINT series_market_pkey PRIMARY KEY (resource, symbol, timeframe, source),
  CONSTRAINT series_market_calendar_not_empty CHECK (calendar <> '')
);
