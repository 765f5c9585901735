// How much the run was invested and traded, and what that cost.
#include <cmath>

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest::metric_entries {
namespace {

double Commissions(const SimulationResult& result) {
  double sum = 0;
  for (const Fill& fill : result.fills) sum += fill.fee;
  return sum;
}

double Slippage(const SimulationResult& result) {
  double sum = 0;
  for (const Fill& fill : result.fills) sum += fill.slippage;
  return sum;
}

}  // namespace

MetricEntry TimeInMarket() {
  return {{.kind = "metric", .name = "time_in_market", .description = "share of bar times with an open position"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            const std::vector<double>& gross = in.result->curve.gross_exposure;
            if (gross.empty()) return std::nullopt;
            double held = 0;
            for (const double value : gross) held += value > 0 ? 1 : 0;
            return held / static_cast<double>(gross.size());
          }};
}

MetricEntry MeanExposure() {
  return {{.kind = "metric",
           .name = "mean_exposure",
           .description = "mean of all positions, shorts included, as a share of equity"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            const EquityCurve& curve = in.result->curve;
            if (curve.size() == 0) return std::nullopt;
            double sum = 0;
            for (size_t i = 0; i < curve.size(); ++i)
              if (curve.equity[i] > 0) sum += curve.gross_exposure[i] / curve.equity[i];
            return sum / static_cast<double>(curve.size());
          }};
}

MetricEntry AnnualTurnover() {
  return {{.kind = "metric",
           .name = "annual_turnover",
           .description = "half of the value traded / mean equity / years (365.25 days)"},
          "ratio",
          [](const MetricInput& in) -> std::optional<double> {
            const EquityCurve& curve = in.result->curve;
            if (curve.size() < 2) return std::nullopt;
            const double years = static_cast<double>(curve.times.back() - curve.times.front()) / (365.25 * 86'400e9);
            double traded = 0, equity = 0;
            for (const Fill& fill : in.result->fills) traded += std::abs(fill.quantity) * fill.price;
            for (const double value : curve.equity) equity += value;
            const double mean = equity / static_cast<double>(curve.size());
            if (!(mean > 0) || years * 365.25 < 1) return std::nullopt;
            return traded / 2 / mean / years;
          }};
}

MetricEntry CommissionPaid() {
  return {{.kind = "metric", .name = "commission", .description = "commissions of all fills"},
          "money",
          [](const MetricInput& in) -> std::optional<double> { return Commissions(*in.result); }};
}

MetricEntry SlippagePaid() {
  return {{.kind = "metric", .name = "slippage", .description = "money lost between reference and fill prices"},
          "money",
          [](const MetricInput& in) -> std::optional<double> { return Slippage(*in.result); }};
}

MetricEntry CostsShare() {
  return {{.kind = "metric",
           .name = "costs_share",
           .description = "commissions and slippage / the profit there would have been without them; absent when that "
                          "would have been a loss"},
          "fraction",
          [](const MetricInput& in) -> std::optional<double> {
            const SimulationResult& result = *in.result;
            if (result.curve.size() == 0) return std::nullopt;
            const double costs = Commissions(result) + Slippage(result);
            const double before = result.curve.equity.back() - result.capital + costs;
            if (!(before > 0)) return std::nullopt;
            return costs / before;
          }};
}

}  // namespace breadthflow::backtest::metric_entries
