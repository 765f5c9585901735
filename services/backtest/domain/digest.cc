#include "services/backtest/domain/digest.h"

#include "common/base/hash.h"

namespace breadthflow::backtest {
namespace {

int64_t Size(const auto& list) { return static_cast<int64_t>(list.size()); }

}  // namespace

std::string ResultDigest(const SimulationResult& result, std::span<const double> benchmark,
                         std::span<const MetricValue> metrics) {
  base::Sha256 hash;
  hash.Text("breadthflow.backtest.result.v1").Double(result.capital);
  hash.Int(Size(result.symbols));
  for (const std::string& symbol : result.symbols) hash.Text(symbol);

  hash.Int(Size(result.fills));
  for (const Fill& fill : result.fills) {
    hash.Int(fill.sequence).Int(fill.order_sequence).Int(fill.symbol).Int(static_cast<int64_t>(fill.reason));
    hash.Double(fill.quantity).Double(fill.reference_price).Double(fill.price).Double(fill.slippage).Double(fill.fee);
    hash.Int(fill.decided_ns).Int(fill.time_ns).Int(fill.bar);
  }
  hash.Int(Size(result.round_trips));
  for (const RoundTrip& trip : result.round_trips) {
    hash.Int(trip.symbol).Int(static_cast<int64_t>(trip.exit_reason)).Double(trip.quantity);
    hash.Double(trip.entry_price).Double(trip.exit_price).Double(trip.entry_fee).Double(trip.exit_fee);
    hash.Double(trip.pnl).Int(trip.entry_ns).Int(trip.exit_ns).Int(trip.entry_fill).Int(trip.exit_fill).Int(trip.bars);
  }
  hash.Int(Size(result.open_positions));
  for (const OpenPosition& open : result.open_positions) {
    hash.Int(open.symbol).Double(open.quantity).Double(open.average_price).Double(open.last_price).Double(open.value);
    hash.Double(open.fee).Double(open.unrealized_pnl).Int(open.opened_ns).Int(open.bars).Int(open.last_ns);
  }
  hash.Int(Size(result.refusals));
  for (const Refusal& refusal : result.refusals) {
    hash.Int(refusal.time_ns).Int(refusal.order_sequence).Int(refusal.symbol).Int(static_cast<int64_t>(refusal.rule));
    hash.Double(refusal.requested).Double(refusal.allowed).Double(refusal.limit).Double(refusal.before);
    hash.Double(refusal.requested_value);
  }
  hash.Int(Size(result.curve.times));
  for (size_t i = 0; i < result.curve.size(); ++i) {
    hash.Int(result.curve.times[i]).Double(result.curve.equity[i]).Double(result.curve.cash[i]);
    hash.Double(result.curve.gross_exposure[i]);
  }
  hash.Int(Size(benchmark));
  for (const double value : benchmark) hash.Double(value);
  hash.Int(Size(metrics));
  for (const MetricValue& metric : metrics) {
    hash.Text(metric.metric->info.name).Int(metric.value.has_value() ? 1 : 0).Double(metric.value.value_or(0));
  }
  return hash.FinishHex();
}

}  // namespace breadthflow::backtest
