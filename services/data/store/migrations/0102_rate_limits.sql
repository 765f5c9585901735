-- How many requests a credential of a provider may still send: shared by all replicas. The key holds no secret.
CREATE TABLE rate_limit (
  key text COLLATE "C" CONSTRAINT rate_limit_pkey PRIMARY KEY,
  tokens double precision NOT NULL,
  refill_time timestamptz NOT NULL,
  blocked_until timestamptz NOT NULL DEFAULT '-infinity',
  -- When the requests of the last 24 hours left, oldest first; kept only under a limit per day.
  day_times timestamptz[] NOT NULL DEFAULT '{}',
  CONSTRAINT rate_limit_tokens_not_negative CHECK (tokens >= 0)
);
