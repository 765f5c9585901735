#include "services/backtest/domain/metrics/benchmark.h"

#include <cmath>

#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/metrics/moments.h"
#include "services/backtest/domain/metrics/returns.h"

namespace breadthflow::backtest {

std::vector<double> BuyAndHold(double capital, std::span<const SymbolInput> inputs, std::span<const int64_t> times) {
  std::vector<double> value(times.size(), 0.0);
  const double part = capital / static_cast<double>(inputs.size());
  for (const SymbolInput& input : inputs) {
    const quant::BarColumns& bars = input.bars;
    size_t row = 0;
    double now = part, shares = 0;
    for (size_t i = 0; i < times.size(); ++i) {
      if (row < bars.size() && bars.times[row] == times[i]) {
        if (row == 0) shares = part / bars.close[0];
        now = shares * bars.close[row++];
      }
      value[i] += now;
    }
  }
  return value;
}

namespace metrics {
namespace {

std::vector<double> Difference(std::span<const double> returns, std::span<const double> benchmark) {
  std::vector<double> difference;
  if (returns.size() != benchmark.size()) return difference;
  difference.reserve(returns.size());
  for (size_t i = 0; i < returns.size(); ++i) difference.push_back(returns[i] - benchmark[i]);
  return difference;
}

}  // namespace

std::optional<Regression> RegressOn(std::span<const double> returns, std::span<const double> benchmark,
                                    double periodic_rate) {
  if (returns.size() != benchmark.size() || returns.size() < 3) return std::nullopt;
  const double mean_r = *Mean(returns), mean_b = *Mean(benchmark);
  double rr = 0, rb = 0, bb = 0;
  for (size_t i = 0; i < returns.size(); ++i) {
    const double r = returns[i] - mean_r, b = benchmark[i] - mean_b;
    rr += r * r;
    rb += r * b;
    bb += b * b;
  }
  if (bb <= 0 || rr <= 0) return std::nullopt;
  const double beta = rb / bb;
  return Regression{.alpha = (mean_r - periodic_rate) - beta * (mean_b - periodic_rate),
                    .beta = beta,
                    .correlation = rb / std::sqrt(rr * bb)};
}

std::optional<double> TrackingError(std::span<const double> returns, std::span<const double> benchmark,
                                    double periods_per_year) {
  return AnnualVolatility(Difference(returns, benchmark), periods_per_year);
}

std::optional<double> InformationRatio(std::span<const double> returns, std::span<const double> benchmark,
                                       double periods_per_year) {
  const std::vector<double> difference = Difference(returns, benchmark);
  const std::optional<double> deviation = StandardDeviation(difference);
  if (!deviation || *deviation <= 0) return std::nullopt;
  return *Mean(difference) / *deviation * std::sqrt(periods_per_year);
}

}  // namespace metrics

namespace metric_entries {
namespace {

std::optional<metrics::Regression> RegressionOf(const MetricInput& in) {
  return metrics::RegressOn(in.returns, in.benchmark_returns,
                            metrics::PeriodicRate(in.risk_free_rate, in.periods_per_year));
}

}  // namespace

MetricEntry BenchmarkReturn() {
  return {{.kind = "metric",
           .name = "benchmark_total_return",
           .description = "total return of buying all symbols in equal parts at their first close and holding them"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            if (in.benchmark_returns.empty()) return std::nullopt;
            double growth = 1;
            for (const double value : in.benchmark_returns) growth *= 1 + value;
            return growth - 1;
          }};
}

MetricEntry Alpha() {
  return {
      {.kind = "metric",
       .name = "alpha",
       .description = "intercept of the regression of excess session returns on the benchmark's * sessions per year"},
      "fraction",
      [](const MetricInput& in) -> std::optional<double> {
        const auto regression = RegressionOf(in);
        if (!regression) return std::nullopt;
        return regression->alpha * in.periods_per_year;
      }};
}

MetricEntry Beta() {
  return {{.kind = "metric", .name = "beta", .description = "slope of the same regression"},
          "ratio",
          [](const MetricInput& in) -> std::optional<double> {
            const auto regression = RegressionOf(in);
            if (!regression) return std::nullopt;
            return regression->beta;
          }};
}

MetricEntry Correlation() {
  return {{.kind = "metric",
           .name = "benchmark_correlation",
           .description = "correlation of session returns with the benchmark's"},
          "ratio",
          [](const MetricInput& in) -> std::optional<double> {
            const auto regression = RegressionOf(in);
            if (!regression) return std::nullopt;
            return regression->correlation;
          }};
}

MetricEntry TrackingError() {
  return {{.kind = "metric",
           .name = "tracking_error",
           .description = "sample standard deviation of session returns less the benchmark's, annual"},
          "fraction",
          [](const MetricInput& in) {
            return metrics::TrackingError(in.returns, in.benchmark_returns, in.periods_per_year);
          }};
}

MetricEntry InformationRatio() {
  return {{.kind = "metric",
           .name = "information_ratio",
           .description = "mean of session returns less the benchmark's / their sample standard deviation, annual"},
          "ratio",
          [](const MetricInput& in) {
            return metrics::InformationRatio(in.returns, in.benchmark_returns, in.periods_per_year);
          }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
