#include "services/backtest/domain/metrics/tail.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

std::vector<double> Sorted(std::span<const double> returns) {
  std::vector<double> sorted(returns.begin(), returns.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// How many returns the tail holds, with its fraction; counts that are whole up to rounding are whole.
double TailCount(size_t n, double tail) {
  const double count = static_cast<double>(n) * tail;
  return std::abs(count - std::round(count)) < 1e-9 ? std::round(count) : count;
}

}  // namespace

std::optional<double> ValueAtRisk(std::span<const double> returns, double tail) {
  if (returns.size() < kMinTailReturns) return std::nullopt;
  const auto rank = static_cast<size_t>(std::ceil(TailCount(returns.size(), tail)));
  return -Sorted(returns)[std::max<size_t>(rank, 1) - 1];
}

std::optional<double> ExpectedShortfall(std::span<const double> returns, double tail) {
  if (returns.size() < kMinTailReturns) return std::nullopt;
  const std::vector<double> sorted = Sorted(returns);
  const double count = TailCount(returns.size(), tail);
  const auto whole = static_cast<size_t>(count);
  double sum = 0;
  for (size_t i = 0; i < whole; ++i) sum += sorted[i];
  if (whole < sorted.size()) sum += (count - static_cast<double>(whole)) * sorted[whole];
  return -sum / count;
}

}  // namespace metrics

namespace metric_entries {

MetricEntry ValueAtRisk95() {
  return {{.kind = "metric",
           .name = "value_at_risk_95",
           .description = "one-session loss not exceeded with 95 % probability, historical; at least 100 sessions"},
          "fraction",
          [](const MetricInput& in) { return metrics::ValueAtRisk(in.returns, 0.05); }};
}

MetricEntry ExpectedShortfall95() {
  return {{.kind = "metric",
           .name = "expected_shortfall_95",
           .description = "mean one-session loss in the worst 5 % (Acerbi-Tasche), historical; at least 100 sessions"},
          "fraction",
          [](const MetricInput& in) { return metrics::ExpectedShortfall(in.returns, 0.05); }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
