#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "services/backtest/domain/metrics/sessions.h"

// Falls below the highest point so far, at session closes. Pure; thread-safe.
namespace breadthflow::backtest::metrics {

struct Drawdown {
  double depth = 0;                    // fraction of the peak, > 0
  int64_t peak_ns = 0;                 // the last time at the peak
  int64_t trough_ns = 0;               // the deepest point
  std::optional<int64_t> recovery_ns;  // first time back at the peak; absent if that never happened
};

// 1 - equity / highest equity so far, for each point; 0 at a peak.
std::vector<double> DrawdownCurve(std::span<const double> equity);

// Every drawdown, in order of time; the last may be unrecovered.
std::vector<Drawdown> Drawdowns(const SessionCurve& curve);

// The deepest (the first of equals); absent when the curve never fell.
std::optional<Drawdown> DeepestDrawdown(const SessionCurve& curve);

}  // namespace breadthflow::backtest::metrics
