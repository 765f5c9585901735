#include "services/backtest/domain/metrics/trades.h"

#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace metrics {
namespace {

struct Totals {
  double profit = 0, loss = 0;  // both >= 0
  double wins = 0, losses = 0;  // counts; a round trip of exactly 0 is neither
  double pnl = 0, bars = 0;
};

Totals TotalsOf(std::span<const RoundTrip> trips) {
  Totals totals;
  for (const RoundTrip& trip : trips) {
    totals.pnl += trip.pnl;
    totals.bars += static_cast<double>(trip.bars);
    if (trip.pnl > 0) {
      totals.profit += trip.pnl;
      ++totals.wins;
    } else if (trip.pnl < 0) {
      totals.loss -= trip.pnl;
      ++totals.losses;
    }
  }
  return totals;
}

}  // namespace

std::optional<double> WinRate(std::span<const RoundTrip> trips) {
  if (trips.empty()) return std::nullopt;
  return TotalsOf(trips).wins / static_cast<double>(trips.size());
}

std::optional<double> ProfitFactor(std::span<const RoundTrip> trips) {
  const Totals totals = TotalsOf(trips);
  if (totals.losses == 0) return std::nullopt;
  return totals.profit / totals.loss;
}

std::optional<double> PayoffRatio(std::span<const RoundTrip> trips) {
  const Totals totals = TotalsOf(trips);
  if (totals.losses == 0 || totals.wins == 0) return std::nullopt;
  return (totals.profit / totals.wins) / (totals.loss / totals.losses);
}

std::optional<double> Expectancy(std::span<const RoundTrip> trips) {
  if (trips.empty()) return std::nullopt;
  return TotalsOf(trips).pnl / static_cast<double>(trips.size());
}

std::optional<double> MeanBarsHeld(std::span<const RoundTrip> trips) {
  if (trips.empty()) return std::nullopt;
  return TotalsOf(trips).bars / static_cast<double>(trips.size());
}

}  // namespace metrics

namespace metric_entries {

MetricEntry RoundTrips() {
  return {{.kind = "metric", .name = "round_trips", .description = "positions, or parts of them, opened and closed"},
          "count",
          [](const MetricInput& in) -> std::optional<double> {
            return static_cast<double>(in.result->round_trips.size());
          }};
}

MetricEntry WinRate() {
  return {{.kind = "metric", .name = "win_rate", .description = "share of round trips with a profit after costs"},
          "fraction",
          [](const MetricInput& in) { return metrics::WinRate(in.result->round_trips); }};
}

MetricEntry ProfitFactor() {
  return {{.kind = "metric",
           .name = "profit_factor",
           .description = "gross profit / gross loss of round trips; absent without a losing one"},
          "ratio",
          [](const MetricInput& in) { return metrics::ProfitFactor(in.result->round_trips); }};
}

MetricEntry PayoffRatio() {
  return {{.kind = "metric", .name = "payoff_ratio", .description = "mean winning / mean losing round trip"},
          "ratio",
          [](const MetricInput& in) { return metrics::PayoffRatio(in.result->round_trips); }};
}

MetricEntry Expectancy() {
  return {{.kind = "metric", .name = "expectancy", .description = "mean profit of a round trip after costs"},
          "money",
          [](const MetricInput& in) { return metrics::Expectancy(in.result->round_trips); }};
}

MetricEntry MeanBarsHeld() {
  return {{.kind = "metric", .name = "mean_bars_held", .description = "mean length of a round trip"},
          "bars",
          [](const MetricInput& in) { return metrics::MeanBarsHeld(in.result->round_trips); }};
}

}  // namespace metric_entries
}  // namespace breadthflow::backtest
