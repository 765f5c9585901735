#include "services/backtest/domain/metrics/moments.h"

#include <cmath>

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

// Mean of (value - mean)^power.
double CentralMoment(std::span<const double> values, double mean, int power) {
  double sum = 0;
  for (const double value : values) {
    double term = value - mean;
    for (int i = 1; i < power; ++i) term *= value - mean;
    sum += term;
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace

std::optional<double> Mean(std::span<const double> values) {
  if (values.empty()) return std::nullopt;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::optional<double> StandardDeviation(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  const double n = static_cast<double>(values.size());
  return std::sqrt(CentralMoment(values, *Mean(values), 2) * n / (n - 1));
}

std::optional<double> Skewness(std::span<const double> values) {
  if (values.size() < 3) return std::nullopt;
  const double mean = *Mean(values);
  const double variance = CentralMoment(values, mean, 2);
  if (variance <= 0) return std::nullopt;
  return CentralMoment(values, mean, 3) / (variance * std::sqrt(variance));
}

std::optional<double> Kurtosis(std::span<const double> values) {
  if (values.size() < 4) return std::nullopt;
  const double mean = *Mean(values);
  const double variance = CentralMoment(values, mean, 2);
  if (variance <= 0) return std::nullopt;
  return CentralMoment(values, mean, 4) / (variance * variance);
}

}  // namespace metrics

namespace metric_entries {

MetricEntry Skewness() {
  return {{.kind = "metric",
           .name = "skewness",
           .description = "third central moment of session returns / population standard deviation^3"},
          "ratio",
          [](const MetricInput& in) { return metrics::Skewness(in.returns); }};
}

MetricEntry Kurtosis() {
  return {{.kind = "metric",
           .name = "kurtosis",
           .description = "fourth central moment of session returns / population variance^2; 3 for a normal one"},
          "ratio",
          [](const MetricInput& in) { return metrics::Kurtosis(in.returns); }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
