-- The slot of time for which a symbol of a feed was asked last, so that replicas that poll the same ask once.
CREATE TABLE live_poll (
  feed text COLLATE "C" NOT NULL,
  symbol text COLLATE "C" NOT NULL,
  slot timestamptz NOT NULL,
  CONSTRAINT live_poll_pkey PRIMARY KEY (feed, symbol),
  CONSTRAINT live_poll_feed_not_empty CHECK (feed <> '')
);
CREATE INDEX live_poll_slot ON live_poll (slot);
