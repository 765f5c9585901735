#include "services/backtest/domain/metrics/returns.h"

#include <algorithm>
#include <cmath>

#include "common/quant/stats/elementary.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/metrics/moments.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

constexpr double kYearNs = 365.25 * 86'400e9;

// growth^exponent - 1, the same bits on every machine.
double Compound(double growth, double exponent) {
  if (growth <= 0) return -1;
  return quant::stats::Exp(exponent * quant::stats::Log(growth)) - 1;
}

}  // namespace

std::optional<double> TotalReturn(const SessionCurve& curve) {
  if (curve.size() == 0) return std::nullopt;
  return curve.equity.back() / curve.equity.front() - 1;
}

std::optional<double> Cagr(const SessionCurve& curve) {
  if (curve.size() < 2) return std::nullopt;
  const double years = static_cast<double>(curve.times.back() - curve.times.front()) / kYearNs;
  if (years * 365.25 < 1) return std::nullopt;
  return Compound(curve.equity.back() / curve.equity.front(), 1 / years);
}

std::optional<double> AnnualVolatility(std::span<const double> returns, double periods_per_year) {
  const std::optional<double> deviation = StandardDeviation(returns);
  if (!deviation) return std::nullopt;
  return *deviation * std::sqrt(periods_per_year);
}

std::optional<double> DownsideDeviation(std::span<const double> returns, double target) {
  if (returns.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : returns) {
    const double shortfall = std::min(value - target, 0.0);
    sum += shortfall * shortfall;
  }
  return std::sqrt(sum / static_cast<double>(returns.size()));
}

double PeriodicRate(double annual_rate, double periods_per_year) {
  return annual_rate == 0 ? 0 : Compound(1 + annual_rate, 1 / periods_per_year);
}

}  // namespace metrics

namespace metric_entries {

MetricEntry TotalReturn() {
  return {{.kind = "metric", .name = "total_return", .description = "last equity / capital - 1"},
          "fraction",
          [](const MetricInput& in) { return metrics::TotalReturn(in.sessions); }};
}

MetricEntry Cagr() {
  return {{.kind = "metric",
           .name = "cagr",
           .description = "(last equity / capital)^(1 / years) - 1, years of calendar time (365.25 days)"},
          "fraction",
          [](const MetricInput& in) { return metrics::Cagr(in.sessions); }};
}

MetricEntry AnnualVolatility() {
  return {{.kind = "metric",
           .name = "annual_volatility",
           .description = "sample standard deviation of session returns * sqrt(sessions per year)"},
          "fraction",
          [](const MetricInput& in) { return metrics::AnnualVolatility(in.returns, in.periods_per_year); }};
}

MetricEntry DownsideDeviation() {
  return {{.kind = "metric",
           .name = "annual_downside_deviation",
           .description = "sqrt(mean(min(r - risk-free, 0)^2)) over all session returns * sqrt(sessions per year)"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            const auto deviation =
                metrics::DownsideDeviation(in.returns, metrics::PeriodicRate(in.risk_free_rate, in.periods_per_year));
            if (!deviation) return std::nullopt;
            return *deviation * std::sqrt(in.periods_per_year);
          }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
