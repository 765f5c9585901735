#include "services/backtest/domain/metrics/ratios.h"

#include <cmath>
#include <vector>

#include "services/backtest/domain/metrics/drawdown.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/metrics/moments.h"
#include "services/backtest/domain/metrics/returns.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

std::vector<double> Excess(std::span<const double> returns, double risk_free_rate, double periods_per_year) {
  const double rate = PeriodicRate(risk_free_rate, periods_per_year);
  std::vector<double> excess;
  excess.reserve(returns.size());
  for (const double value : returns) excess.push_back(value - rate);
  return excess;
}

}  // namespace

std::optional<double> Sharpe(std::span<const double> returns, double risk_free_rate, double periods_per_year) {
  const std::vector<double> excess = Excess(returns, risk_free_rate, periods_per_year);
  const std::optional<double> deviation = StandardDeviation(excess);
  if (!deviation || *deviation <= 0) return std::nullopt;
  return *Mean(excess) / *deviation * std::sqrt(periods_per_year);
}

std::optional<double> Sortino(std::span<const double> returns, double risk_free_rate, double periods_per_year) {
  const std::vector<double> excess = Excess(returns, risk_free_rate, periods_per_year);
  const std::optional<double> deviation = DownsideDeviation(excess, 0);
  if (!deviation || *deviation <= 0) return std::nullopt;
  return *Mean(excess) / *deviation * std::sqrt(periods_per_year);
}

std::optional<double> Calmar(const SessionCurve& curve) {
  const std::optional<double> growth = Cagr(curve);
  const std::optional<Drawdown> deepest = DeepestDrawdown(curve);
  if (!growth || !deepest) return std::nullopt;
  return *growth / deepest->depth;
}

std::optional<double> SharpeLo(std::span<const double> returns, double risk_free_rate, double periods_per_year,
                               int lags) {
  const std::optional<double> sharpe = Sharpe(returns, risk_free_rate, periods_per_year);
  const int n = static_cast<int>(returns.size());
  if (!sharpe || n < 2 * lags) return std::nullopt;
  const double mean = *Mean(returns);
  double variance = 0;
  for (const double value : returns) variance += (value - mean) * (value - mean);
  const double q = periods_per_year;
  double sum = 0;
  for (int k = 1; k <= lags && k < q; ++k) {
    double covariance = 0;
    for (int i = k; i < n; ++i)
      covariance += (returns[static_cast<size_t>(i)] - mean) * (returns[static_cast<size_t>(i - k)] - mean);
    sum += (q - k) * covariance / variance;
  }
  const double spread = q + 2 * sum;
  if (spread <= 0) return std::nullopt;
  return *sharpe * std::sqrt(q) / std::sqrt(spread);
}

}  // namespace metrics

namespace metric_entries {

MetricEntry Sharpe() {
  return {{.kind = "metric",
           .name = "sharpe",
           .description = "mean / sample standard deviation of session returns over the risk-free rate, annual"},
          "ratio",
          [](const MetricInput& in) { return metrics::Sharpe(in.returns, in.risk_free_rate, in.periods_per_year); }};
}

MetricEntry SharpeLo() {
  return {
      {.kind = "metric",
       .name = "sharpe_autocorrelation_adjusted",
       .description = "Sharpe ratio corrected for autocorrelation of session returns up to 5 lags (Lo 2002)"},
      "ratio",
      [](const MetricInput& in) { return metrics::SharpeLo(in.returns, in.risk_free_rate, in.periods_per_year, 5); }};
}

MetricEntry Sortino() {
  return {{.kind = "metric",
           .name = "sortino",
           .description = "mean over the risk-free rate / root mean square of the shortfalls below it over all session "
                          "returns, annual"},
          "ratio",
          [](const MetricInput& in) { return metrics::Sortino(in.returns, in.risk_free_rate, in.periods_per_year); }};
}

MetricEntry Calmar() {
  return {{.kind = "metric", .name = "calmar", .description = "CAGR / largest drawdown"},
          "ratio",
          [](const MetricInput& in) { return metrics::Calmar(in.sessions); }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
