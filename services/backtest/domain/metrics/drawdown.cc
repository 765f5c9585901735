#include "services/backtest/domain/metrics/drawdown.h"

#include <algorithm>

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace metrics {

std::vector<double> DrawdownCurve(std::span<const double> equity) {
  std::vector<double> curve;
  curve.reserve(equity.size());
  double peak = 0;
  for (const double value : equity) {
    peak = std::max(peak, value);
    curve.push_back(peak > 0 ? 1 - value / peak : 0);
  }
  return curve;
}

std::vector<Drawdown> Drawdowns(const SessionCurve& curve) {
  std::vector<Drawdown> all;
  bool under = false;
  double peak = 0;
  int64_t peak_ns = 0;
  for (size_t i = 0; i < curve.size(); ++i) {
    const double equity = curve.equity[i];
    if (equity >= peak) {
      if (under) all.back().recovery_ns = curve.times[i];
      under = false;
      peak = equity;
      peak_ns = curve.times[i];
      continue;
    }
    if (!under) all.push_back({.peak_ns = peak_ns});
    under = true;
    const double depth = 1 - equity / peak;
    if (depth > all.back().depth) {
      all.back().depth = depth;
      all.back().trough_ns = curve.times[i];
    }
  }
  return all;
}

std::optional<Drawdown> DeepestDrawdown(const SessionCurve& curve) {
  const std::vector<Drawdown> all = Drawdowns(curve);
  const auto deepest =
      std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.depth < b.depth; });
  if (deepest == all.end()) return std::nullopt;
  return *deepest;
}

}  // namespace metrics

namespace metric_entries {
namespace {

// From date to date: a session that closes an hour earlier in summer is no shorter day.
double DaysUnder(const metrics::Drawdown& drawdown, const SessionCurve& curve) {
  return static_cast<double>(UtcDay(drawdown.recovery_ns.value_or(curve.times.back())) - UtcDay(drawdown.peak_ns));
}

}  // namespace

MetricEntry MaxDrawdown() {
  return {{.kind = "metric",
           .name = "max_drawdown",
           .description = "largest fall from a peak, as a fraction of it, at session closes; 0 when there was none"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            if (in.sessions.size() == 0) return std::nullopt;
            const auto deepest = metrics::DeepestDrawdown(in.sessions);
            return deepest ? deepest->depth : 0;
          }};
}

MetricEntry MaxDrawdownDays() {
  return {{.kind = "metric",
           .name = "max_drawdown_days",
           .version = "1.1.0",
           .description = "calendar dates from the peak before the deepest drawdown to its recovery, or to the end"},
          "days",
          [](const MetricInput& in) -> std::optional<double> {
            const auto deepest = metrics::DeepestDrawdown(in.sessions);
            if (!deepest) return std::nullopt;
            return DaysUnder(*deepest, in.sessions);
          }};
}

MetricEntry LongestDrawdownDays() {
  return {{.kind = "metric",
           .name = "longest_drawdown_days",
           .version = "1.1.0",
           .description = "calendar dates of the longest time below a peak"},
          "days",
          [](const MetricInput& in) -> std::optional<double> {
            std::optional<double> longest;
            for (const auto& drawdown : metrics::Drawdowns(in.sessions))
              longest = std::max(longest.value_or(0), DaysUnder(drawdown, in.sessions));
            return longest;
          }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
