-- What was asked of each run and what it found; where it stands is in table job under the same id. The equity curve is a
-- series of resource "equity" whose variant is the id. Everything below `code_version` is written once, in the
-- transaction in which the job succeeds.
CREATE TABLE backtest_run (
  id             text COLLATE "C" CONSTRAINT backtest_run_pkey PRIMARY KEY,
  snapshot       text NOT NULL,
  signal_run     text NOT NULL,
  symbols        text[] NOT NULL,      -- as asked for; none: all of the signal run
  range_start_ns bigint NOT NULL,
  range_end_ns   bigint NOT NULL,
  initial_cash   double precision NOT NULL,
  risk_free_rate double precision NOT NULL,
  engine         text NOT NULL,
  engine_params  jsonb NOT NULL,       -- as given; defaults are those of the code version
  risk           text NOT NULL,
  risk_params    jsonb NOT NULL,
  sizer          text NOT NULL,
  sizer_params   jsonb NOT NULL,
  code_version   text NOT NULL,
  simulated      text[],               -- symbols, ascending
  timeframe      smallint,
  price_basis    smallint,
  digest         text,
  trade_count    bigint,
  fill_count     bigint,
  refusal_count  bigint,
  CONSTRAINT backtest_run_id_not_empty CHECK (id <> ''),
  CONSTRAINT backtest_run_snapshot_valid CHECK (snapshot LIKE 'snapshots/_%'),
  CONSTRAINT backtest_run_signal_run_valid CHECK (signal_run LIKE 'signalRuns/_%'),
  CONSTRAINT backtest_run_range_ordered CHECK (range_start_ns < range_end_ns),
  CONSTRAINT backtest_run_initial_cash_positive CHECK (initial_cash > 0),
  CONSTRAINT backtest_run_components_named CHECK (engine <> '' AND risk <> '' AND sizer <> ''),
  CONSTRAINT backtest_run_params_valid CHECK (
    jsonb_typeof(engine_params) = 'object' AND jsonb_typeof(risk_params) = 'object' AND
    jsonb_typeof(sizer_params) = 'object'),
  CONSTRAINT backtest_run_result_whole CHECK (
    num_nonnulls(simulated, timeframe, price_basis, digest, trade_count, fill_count, refusal_count) IN (0, 7)),
  CONSTRAINT backtest_run_digest_valid CHECK (digest ~ '^[0-9a-f]{64}$')
);

CREATE TABLE backtest_metric (
  run_id   text COLLATE "C" NOT NULL CONSTRAINT backtest_metric_run REFERENCES backtest_run ON DELETE CASCADE,
  position integer NOT NULL,
  name     text NOT NULL,
  unit     text NOT NULL,
  value    double precision NOT NULL,  -- metrics that are not defined have no row
  CONSTRAINT backtest_metric_pkey PRIMARY KEY (run_id, position),
  CONSTRAINT backtest_metric_once UNIQUE (run_id, name),
  CONSTRAINT backtest_metric_finite CHECK (value > '-infinity' AND value < 'infinity')
);

CREATE TABLE backtest_fill (
  run_id          text COLLATE "C" NOT NULL CONSTRAINT backtest_fill_run REFERENCES backtest_run ON DELETE CASCADE,
  sequence        bigint NOT NULL,     -- from 1
  order_sequence  bigint NOT NULL,
  symbol          text COLLATE "C" NOT NULL,
  reason          smallint NOT NULL,
  quantity        double precision NOT NULL,
  reference_price double precision NOT NULL,
  price           double precision NOT NULL,
  slippage        double precision NOT NULL,
  fee             double precision NOT NULL,
  decided_ns      bigint NOT NULL,
  time_ns         bigint NOT NULL,
  CONSTRAINT backtest_fill_pkey PRIMARY KEY (run_id, sequence),
  CONSTRAINT backtest_fill_after_decision CHECK (time_ns > decided_ns),
  CONSTRAINT backtest_fill_quantity_not_zero CHECK (quantity <> 0),
  CONSTRAINT backtest_fill_price_positive CHECK (price > 0 AND reference_price > 0),
  CONSTRAINT backtest_fill_costs_not_negative CHECK (fee >= 0 AND slippage >= 0)
);

-- Round trips in the order of their exit, then the positions still open at the end.
CREATE TABLE backtest_trade (
  run_id      text COLLATE "C" NOT NULL CONSTRAINT backtest_trade_run REFERENCES backtest_run ON DELETE CASCADE,
  sequence    bigint NOT NULL,         -- from 0
  symbol      text COLLATE "C" NOT NULL,
  is_open     boolean NOT NULL,
  exit_reason smallint NOT NULL,       -- 0 while open
  quantity    double precision NOT NULL,
  entry_price double precision NOT NULL,
  exit_price  double precision NOT NULL,
  fee         double precision NOT NULL,
  pnl         double precision NOT NULL,
  entry_ns    bigint NOT NULL,
  exit_ns     bigint NOT NULL,
  bar_count   bigint NOT NULL,
  CONSTRAINT backtest_trade_pkey PRIMARY KEY (run_id, sequence),
  CONSTRAINT backtest_trade_quantity_not_zero CHECK (quantity <> 0),
  CONSTRAINT backtest_trade_times_ordered CHECK (exit_ns >= entry_ns),
  CONSTRAINT backtest_trade_reason_of_exit CHECK (is_open = (exit_reason = 0))
);
CREATE INDEX backtest_trade_symbol ON backtest_trade (run_id, symbol, sequence);

CREATE TABLE backtest_refusal (
  run_id          text COLLATE "C" NOT NULL CONSTRAINT backtest_refusal_run REFERENCES backtest_run ON DELETE CASCADE,
  sequence        bigint NOT NULL,     -- from 0, in order of time
  order_sequence  bigint NOT NULL,
  symbol          text COLLATE "C" NOT NULL,
  rule            smallint NOT NULL,
  requested       double precision NOT NULL,
  allowed         double precision NOT NULL,
  limit_value     double precision NOT NULL,
  value_before    double precision NOT NULL,
  requested_value double precision NOT NULL,
  time_ns         bigint NOT NULL,
  CONSTRAINT backtest_refusal_pkey PRIMARY KEY (run_id, sequence)
);
