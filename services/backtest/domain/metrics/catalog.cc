#include <cmath>

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace metric_entries {

#define METRIC(Name) MetricEntry Name();
#include "services/backtest/domain/metrics/catalog.inc"
#undef METRIC

}  // namespace metric_entries

const component::Catalog<MetricEntry>& Metrics() {
  static const auto* catalog = new component::Catalog<MetricEntry>({
#define METRIC(Name) metric_entries::Name(),
#include "services/backtest/domain/metrics/catalog.inc"
#undef METRIC
  });
  return *catalog;
}

MetricInput MakeMetricInput(const SimulationResult& result, std::span<const double> benchmark,
                            quant::Timeframe timeframe, double risk_free_rate, std::optional<Trials> trials) {
  MetricInput input{.result = &result, .risk_free_rate = risk_free_rate, .trials = trials};
  input.sessions = ToSessions(result.curve.times, result.curve.equity, result.capital);
  input.returns = SimpleReturns(input.sessions.equity);
  if (!benchmark.empty())
    input.benchmark_returns = SimpleReturns(ToSessions(result.curve.times, benchmark, result.capital).equity);
  if (timeframe == quant::Timeframe::kWeek) input.periods_per_year = 52;
  if (timeframe == quant::Timeframe::kMonth) input.periods_per_year = 12;
  return input;
}

std::vector<MetricValue> ComputeMetrics(const MetricInput& input) {
  std::vector<MetricValue> values;
  for (const MetricEntry& entry : Metrics().entries()) {
    std::optional<double> value = entry.compute(input);
    if (value && !std::isfinite(*value)) value.reset();
    values.push_back({&entry, value});
  }
  return values;
}

}  // namespace breadthflow::backtest
