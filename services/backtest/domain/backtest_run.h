#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "common/base/status.h"
#include "common/component/catalog.h"
#include "common/jobs/job.h"
#include "common/quant/series.h"
#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {

inline constexpr std::string_view kCollection = "backtestRuns";

// What to backtest. Plain data; CheckSpec says whether it makes sense.
struct BacktestSpec {
  std::string snapshot;              // "snapshots/{id}": the bars
  std::string signal_run;            // "signalRuns/{id}": the decisions, made from the same snapshot
  std::vector<std::string> symbols;  // empty: all of the signal run
  quant::TimeRange range;            // simulated time; open ends: from the first signal, to the last bar
  double initial_cash = 100'000;
  component::ComponentRef engine{.name = "standard", .params = {}};
  component::ComponentRef risk{.name = "standard", .params = {}};
  component::ComponentRef sizer{.name = "fixed_fraction", .params = {}};
  double risk_free_rate = 0;  // annual, fraction
};

// A metric as it was stored: the catalogue may have moved on since.
struct StoredMetric {
  std::string name;
  std::string unit;
  double value = 0;
};

// A run as its row says; what the simulation found is there once it succeeded.
struct BacktestRun {
  std::string id;
  BacktestSpec spec;
  std::string code_version;
  jobs::Job job;
  std::vector<std::string> symbols;  // those that were simulated, ascending
  quant::Timeframe timeframe = quant::Timeframe::kDay;
  quant::PriceBasis basis = quant::PriceBasis::kNotPrices;
  std::vector<StoredMetric> metrics;  // those that are defined, in the order for people
  std::string digest;
  int64_t trade_count = 0;  // round trips
  int64_t fill_count = 0;
  int64_t refusal_count = 0;
};

// Adds everything that can be said against a spec without asking anybody: "spec.snapshot", "spec.engine.name",
// "spec.risk.params.stop_loss" ...
void CheckSpec(const BacktestSpec& spec, base::Violations& violations);

// SHA-256 in hexadecimal: equal for equal specs. What makes two requests with one request_id the same request.
std::string Fingerprint(const BacktestSpec& spec);

}  // namespace breadthflow::backtest
