#include "services/backtest/domain/metrics/significance.h"

#include <cmath>

#include "common/quant/stats/elementary.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/metrics/moments.h"
#include "services/backtest/domain/metrics/ratios.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

constexpr double kEulerMascheroni = 0.57721566490153286;
constexpr double kE = 2.71828182845904524;

double VarianceFactor(double sharpe, double skewness, double kurtosis) {
  return 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe;
}

}  // namespace

double NormalCdf(double x) {
  const double z = std::abs(x);
  if (z > 37) return x > 0 ? 1 : 0;
  const double density = quant::stats::Exp(-z * z / 2);
  double upper;
  if (z < 7.07106781186547) {
    double above = 3.52624965998911e-02 * z + 0.700383064443688;
    above = above * z + 6.37396220353165;
    above = above * z + 33.912866078383;
    above = above * z + 112.079291497871;
    above = above * z + 221.213596169931;
    above = above * z + 220.206867912376;
    double below = 8.83883476483184e-02 * z + 1.75566716318264;
    below = below * z + 16.064177579207;
    below = below * z + 86.7807322029461;
    below = below * z + 296.564248779674;
    below = below * z + 637.333633378831;
    below = below * z + 793.826512519948;
    below = below * z + 440.413735824752;
    upper = density * above / below;
  } else {
    const double fraction = z + 1 / (z + 2 / (z + 3 / (z + 4 / (z + 0.65))));
    upper = density / fraction / 2.506628274631;
  }
  return x > 0 ? 1 - upper : upper;
}

std::optional<double> ProbabilisticSharpe(double sharpe, double benchmark, double n, double skewness, double kurtosis) {
  const double factor = VarianceFactor(sharpe, skewness, kurtosis);
  if (n < 2 || !(factor > 0)) return std::nullopt;
  return NormalCdf((sharpe - benchmark) * std::sqrt(n - 1) / std::sqrt(factor));
}

double ExpectedMaximumSharpe(double trials, double variance) {
  if (trials <= 1 || variance <= 0) return 0;
  return std::sqrt(variance) * ((1 - kEulerMascheroni) * quant::stats::NormalQuantile(1 - 1 / trials) +
                                kEulerMascheroni * quant::stats::NormalQuantile(1 - 1 / (trials * kE)));
}

std::optional<double> DeflatedSharpe(double sharpe, double n, double skewness, double kurtosis, double trials,
                                     double variance) {
  return ProbabilisticSharpe(sharpe, ExpectedMaximumSharpe(trials, variance), n, skewness, kurtosis);
}

std::optional<double> MinimumTrackRecord(double sharpe, double benchmark, double skewness, double kurtosis,
                                         double confidence) {
  const double factor = VarianceFactor(sharpe, skewness, kurtosis);
  if (sharpe <= benchmark || !(factor > 0)) return std::nullopt;
  const double ratio = quant::stats::NormalQuantile(confidence) / (sharpe - benchmark);
  return 1 + factor * ratio * ratio;
}

}  // namespace metrics

namespace metric_entries {
namespace {

struct Moments {
  double sharpe, skewness, kurtosis, n;
};

std::optional<Moments> MomentsOf(const MetricInput& in) {
  const auto sharpe = metrics::Sharpe(in.returns, in.risk_free_rate, in.periods_per_year);
  const auto skewness = metrics::Skewness(in.returns);
  const auto kurtosis = metrics::Kurtosis(in.returns);
  if (!sharpe || !skewness || !kurtosis) return std::nullopt;
  return Moments{*sharpe / std::sqrt(in.periods_per_year), *skewness, *kurtosis,
                 static_cast<double>(in.returns.size())};
}

}  // namespace

MetricEntry ProbabilisticSharpe() {
  return {
      {.kind = "metric",
       .name = "probabilistic_sharpe",
       .description = "probability that the true Sharpe ratio is above 0, given length, skewness and (raw) kurtosis "
                      "(Bailey and Lopez de Prado 2012)"},
      "fraction",
      [](const MetricInput& in) -> std::optional<double> {
        const auto m = MomentsOf(in);
        if (!m) return std::nullopt;
        return metrics::ProbabilisticSharpe(m->sharpe, 0, m->n, m->skewness, m->kurtosis);
      }};
}

MetricEntry DeflatedSharpe() {
  return {
      {.kind = "metric",
       .name = "deflated_sharpe",
       .description = "probability that the true Sharpe ratio is above what the best of all runs tried would show "
                      "by luck (Bailey and Lopez de Prado 2014); absent when the number of runs tried is not known"},
      "fraction",
      [](const MetricInput& in) -> std::optional<double> {
        const auto m = MomentsOf(in);
        if (!m || !in.trials) return std::nullopt;
        return metrics::DeflatedSharpe(m->sharpe, m->n, m->skewness, m->kurtosis, static_cast<double>(in.trials->count),
                                       in.trials->sharpe_variance);
      }};
}

MetricEntry MinimumTrackRecord() {
  return {
      {.kind = "metric",
       .name = "minimum_track_record",
       .version = "1.1.0",
       .description = "whole sessions needed to be 95 % sure that the true Sharpe ratio is above 0; absent when the "
                      "observed one is not"},
      "count",
      [](const MetricInput& in) -> std::optional<double> {
        const auto m = MomentsOf(in);
        if (!m) return std::nullopt;
        const auto sessions = metrics::MinimumTrackRecord(m->sharpe, 0, m->skewness, m->kurtosis, 0.95);
        if (!sessions) return std::nullopt;
        return std::ceil(*sessions);  // one that is begun is needed whole
      }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
