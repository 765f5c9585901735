#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "common/quant/series.h"
#include "services/backtest/domain/backtest_run.h"
#include "services/backtest/domain/order.h"
#include "services/backtest/domain/simulator.h"

namespace breadthflow::backtest {

inline constexpr std::string_view kEquity = "equity";

// A round trip or, with `open`, a position held at the end and valued at its last price: what people call a trade.
struct Trade {
  int64_t sequence = 0;  // from 0: round trips in the order of their exit, then open positions by symbol
  std::string symbol;
  bool open = false;
  OrderReason exit_reason = OrderReason::kSignal;  // of a closed one
  double quantity = 0;                             // + long, - short
  double entry_price = 0;
  double exit_price = 0;
  double fee = 0;  // of entry and exit
  double pnl = 0;  // after fees
  int64_t entry_ns = 0;
  int64_t exit_ns = 0;
  int64_t bars = 0;

  double Return() const;  // pnl as a fraction of the money at entry
};
std::vector<Trade> TradesOf(const SimulationResult& result);

// All that a run found.
struct Outcome {
  SimulationResult result;
  std::vector<double> benchmark;  // buy and hold, at result.curve.times
  std::vector<StoredMetric> metrics;
  std::string digest;
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
};

// Simulates `spec` on bars and signals of the same symbols, by position, and measures the result. Pure: the same
// arguments give the same digest. Bars and signals outside spec.range are left out; an open start begins at the first
// signal. INVALID_ARGUMENT with every symbol that has no bars or signals in the range, that is of another timeframe or
// price basis than the first, or whose signals do not belong to its bars; INTERNAL when the books do not balance;
// CANCELLED and the like.
absl::StatusOr<Outcome> RunBacktest(const BacktestSpec& spec, std::span<const quant::Series> bars,
                                    std::span<const quant::Series> signals, const base::CancelToken& cancel);

// The equity curve as it is kept: resource "equity", no symbol, variant `run_id`; columns equity, cash, exposure (gross
// positions as a fraction of equity, 0 after ruin), benchmark, drawdown (fraction of the highest point so far).
quant::Series CurveSeries(const Outcome& outcome, const std::string& run_id);
quant::SeriesKey CurveKey(const std::string& run_id, quant::Timeframe timeframe);

}  // namespace breadthflow::backtest
