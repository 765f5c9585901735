#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/component/catalog.h"
#include "common/quant/timeframe.h"
#include "services/backtest/domain/metrics/sessions.h"
#include "services/backtest/domain/simulator.h"

namespace breadthflow::backtest {

// What deflating a Sharpe ratio needs to know about the search that found the run: how many runs were tried and how
// their Sharpe ratios (per period, not annual) varied.
struct Trials {
  int64_t count = 0;
  double sharpe_variance = 0;
};

// Everything a metric may look at. Does not own `result`.
struct MetricInput {
  const SimulationResult* result = nullptr;
  SessionCurve sessions;                  // equity at session closes
  std::vector<double> returns;            // from session to session, fractions
  std::vector<double> benchmark_returns;  // of the same sessions; empty without a benchmark
  double periods_per_year = 252;
  double risk_free_rate = 0;  // annual, compounded, fraction
  std::optional<Trials> trials;
};

// `benchmark` is a curve at the times of result.curve, or empty. Periods per year follow from the timeframe: 252, 52
// for weeks, 12 for months.
MetricInput MakeMetricInput(const SimulationResult& result, std::span<const double> benchmark,
                            quant::Timeframe timeframe, double risk_free_rate, std::optional<Trials> trials = {});

struct MetricEntry {
  component::ComponentInfo info;  // the description states the formula
  std::string unit;               // "fraction", "money", "ratio", "days", "bars", "count"
  std::optional<double> (*compute)(const MetricInput&) = nullptr;  // absent where it is not defined; never NaN
};

struct MetricValue {
  const MetricEntry* metric = nullptr;
  std::optional<double> value;
};

// Every metric of catalog.inc, in the order for people. Immutable; thread-safe.
const component::Catalog<MetricEntry>& Metrics();

// All metrics of the catalogue, in its order.
std::vector<MetricValue> ComputeMetrics(const MetricInput& input);

}  // namespace breadthflow::backtest
