#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "common/base/cancel.h"
#include "services/backtest/domain/execution/execution.h"
#include "services/backtest/domain/inputs.h"
#include "services/backtest/domain/order.h"
#include "services/backtest/domain/risk/risk.h"
#include "services/backtest/domain/sizing/sizing.h"

namespace breadthflow::backtest {

// One point for each time at which any symbol has a bar, after everything that happened at that time. Money; shorts
// count as negative in `equity` and positive in `gross_exposure`.
struct EquityCurve {
  std::vector<int64_t> times;
  std::vector<double> equity;
  std::vector<double> cash;
  std::vector<double> gross_exposure;
  size_t size() const { return times.size(); }
  friend bool operator==(const EquityCurve&, const EquityCurve&) = default;
};

struct SimulationResult {
  double capital = 0;
  std::vector<std::string> symbols;  // ascending
  std::vector<Fill> fills;           // in the order in which they happened
  std::vector<RoundTrip> round_trips;
  std::vector<Refusal> refusals;
  std::vector<OpenPosition> open_positions;
  std::vector<Order> unfilled;  // still waiting for a bar when the bars ended
  EquityCurve curve;
  int64_t bar_steps = 0;  // bars gone through, over all symbols
  friend bool operator==(const SimulationResult&, const SimulationResult&) = default;
};

// Trades signals on bars, one pass, all symbols together on the union of their bar times. At time t, in this order:
//   (a) orders queued before t trade in the bars of t: those that only reduce a position first, then by decision order.
//       A symbol without a bar at t waits for its next one; a price is never older than the bar that it came from;
//   (b) positions of symbols with a bar are marked at its close, the others keep their last mark;
//   (c) the risk manager forces exits, which are queued;
//   (d) the signals decided at t are read, by symbol;
//   (e) where a signal wants another side than the position has, an order is sized, checked against the limits and
//       queued for a later bar. A position that already has the wanted side is left alone;
//   (f) one point of the equity curve.
// Nothing dated t depends on a bar later than t, and no order trades at or before its decision.
//
// After a forced exit or a refusal, a symbol is left alone until its signal has changed. What increases a position
// never goes beyond what the account can pay for, fees included: all positions together may not exceed equity (no
// borrowed money; shorts fully covered). An order that would is cut, and the refusal recorded.
//
// Not thread-safe; runs on the calling thread. The result depends on nothing but the arguments, in any symbol order.
class Simulator {
 public:
  // The engine, sizer and risk manager must outlive the simulator; the risk manager must be fresh.
  Simulator(double capital, const ExecutionEngine& engine, const Sizer& sizer, RiskManager& risk)
      : capital_(capital), engine_(engine), sizer_(sizer), risk_(risk) {}

  // Once. INVALID_ARGUMENT when there is no symbol or one appears twice, lengths differ, or the capital is not
  // positive; INTERNAL when the books do not balance; CANCELLED and the like from `cancel`, asked every 65,536 steps.
  absl::StatusOr<SimulationResult> Run(std::vector<SymbolInput> inputs, const base::CancelToken& cancel);

 private:
  double capital_;
  const ExecutionEngine& engine_;
  const Sizer& sizer_;
  RiskManager& risk_;
};

}  // namespace breadthflow::backtest
