#include "services/backtest/domain/outcome.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "services/backtest/domain/digest.h"
#include "services/backtest/domain/metrics/benchmark.h"
#include "services/backtest/domain/metrics/drawdown.h"
#include "services/backtest/domain/metrics/metric.h"

namespace breadthflow::backtest {
namespace {

quant::TimeRange EffectiveRange(const BacktestSpec& spec, std::span<const quant::Series> signals) {
  quant::TimeRange range = spec.range;
  if (range.start_ns != INT64_MIN) return range;
  int64_t first = INT64_MAX;
  for (const quant::Series& series : signals)
    if (!series.empty()) first = std::min(first, series.times.front());
  if (first != INT64_MAX) range.start_ns = first;
  return range;
}

absl::Status CheckSeries(std::span<const quant::Series> bars, std::span<const quant::Series> signals) {
  base::Violations violations;
  for (size_t i = 0; i < bars.size(); ++i) {
    const std::string field = fmt::format("symbols.{}", bars[i].key.symbol);
    if (bars[i].key.symbol != signals[i].key.symbol)
      violations.Add(field, fmt::format("came with the signals of {}", signals[i].key.symbol));
    if (bars[i].empty()) violations.Add(field, "has no bars in the range");
    if (signals[i].empty()) violations.Add(field, "has no signals in the range");
    if (bars[i].key.timeframe != bars[0].key.timeframe)
      violations.Add(field, fmt::format("has bars of {}, {} has {}", quant::ToText(bars[i].key.timeframe),
                                        bars[0].key.symbol, quant::ToText(bars[0].key.timeframe)));
    if (bars[i].basis != bars[0].basis)
      violations.Add(field, fmt::format("has price basis {}, {} has {}", quant::ToText(bars[i].basis),
                                        bars[0].key.symbol, quant::ToText(bars[0].basis)));
  }
  return violations.ToStatus("these symbols can not be backtested together", "UNUSABLE_SYMBOLS");
}

}  // namespace

double Trade::Return() const {
  const double stake = std::abs(quantity) * entry_price;
  return stake > 0 ? pnl / stake : 0;
}

std::vector<Trade> TradesOf(const SimulationResult& result) {
  std::vector<Trade> trades;
  trades.reserve(result.round_trips.size() + result.open_positions.size());
  const auto next = [&] { return static_cast<int64_t>(trades.size()); };
  const auto name = [&](int32_t symbol) { return result.symbols[static_cast<size_t>(symbol)]; };
  for (const RoundTrip& trip : result.round_trips) {
    trades.push_back({.sequence = next(),
                      .symbol = name(trip.symbol),
                      .exit_reason = trip.exit_reason,
                      .quantity = trip.quantity,
                      .entry_price = trip.entry_price,
                      .exit_price = trip.exit_price,
                      .fee = trip.entry_fee + trip.exit_fee,
                      .pnl = trip.pnl,
                      .entry_ns = trip.entry_ns,
                      .exit_ns = trip.exit_ns,
                      .bars = trip.bars});
  }
  for (const OpenPosition& open : result.open_positions) {
    trades.push_back({.sequence = next(),
                      .symbol = name(open.symbol),
                      .open = true,
                      .quantity = open.quantity,
                      .entry_price = open.average_price,
                      .exit_price = open.last_price,
                      .fee = open.fee,
                      .pnl = open.unrealized_pnl,
                      .entry_ns = open.opened_ns,
                      .exit_ns = open.last_ns,
                      .bars = open.bars});
  }
  return trades;
}

absl::StatusOr<Outcome> RunBacktest(const BacktestSpec& spec, std::span<const quant::Series> bars,
                                    std::span<const quant::Series> signals, const base::CancelToken& cancel) {
  const quant::TimeRange range = EffectiveRange(spec, signals);
  std::vector<quant::Series> cut_bars, cut_signals;
  for (const quant::Series& series : bars) cut_bars.push_back(series.Slice(range));
  for (const quant::Series& series : signals) cut_signals.push_back(series.Slice(range));
  BF_RETURN_IF_ERROR(CheckSeries(cut_bars, cut_signals));

  std::vector<SymbolInput> inputs;
  base::Violations violations;
  for (size_t i = 0; i < cut_bars.size(); ++i) {
    absl::StatusOr<SymbolInput> input = MakeSymbolInput(cut_bars[i], cut_signals[i]);
    if (input.ok())
      inputs.push_back(*std::move(input));
    else
      violations.Add(fmt::format("symbols.{}", cut_bars[i].key.symbol), base::Message(input.status()));
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("bars and signals do not fit", "UNUSABLE_SYMBOLS"));
  std::sort(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) { return a.symbol < b.symbol; });

  BF_ASSIGN_OR_RETURN(const auto engine, MakeExecutionEngine(spec.engine));
  BF_ASSIGN_OR_RETURN(const auto sizer, MakeSizer(spec.sizer));
  BF_ASSIGN_OR_RETURN(const auto risk, MakeRiskManager(spec.risk));
  Outcome outcome;
  outcome.timeframe = cut_bars[0].key.timeframe;
  outcome.basis = cut_bars[0].basis;
  BF_ASSIGN_OR_RETURN(outcome.result, Simulator(spec.initial_cash, *engine, *sizer, *risk).Run(inputs, cancel));
  outcome.benchmark = BuyAndHold(spec.initial_cash, inputs, outcome.result.curve.times);

  const std::vector<MetricValue> metrics =
      ComputeMetrics(MakeMetricInput(outcome.result, outcome.benchmark, outcome.timeframe, spec.risk_free_rate));
  outcome.digest = ResultDigest(outcome.result, outcome.benchmark, metrics);
  for (const MetricValue& metric : metrics) {
    if (metric.value) outcome.metrics.push_back({metric.metric->info.name, metric.metric->unit, *metric.value});
  }
  return outcome;
}

quant::SeriesKey CurveKey(const std::string& run_id, quant::Timeframe timeframe) {
  return {.resource = std::string(kEquity), .symbol = "", .timeframe = timeframe, .variant = run_id};
}

quant::Series CurveSeries(const Outcome& outcome, const std::string& run_id) {
  const EquityCurve& curve = outcome.result.curve;
  std::vector<double> exposure;
  exposure.reserve(curve.size());
  for (size_t i = 0; i < curve.size(); ++i)
    exposure.push_back(curve.equity[i] > 0 ? curve.gross_exposure[i] / curve.equity[i] : 0);
  quant::Series series{.key = CurveKey(run_id, outcome.timeframe), .times = curve.times, .columns = {}};
  series.Add("equity", curve.equity);
  series.Add("cash", curve.cash);
  series.Add("exposure", std::move(exposure));
  series.Add("benchmark", outcome.benchmark);
  series.Add("drawdown", metrics::DrawdownCurve(curve.equity));
  return series;
}

}  // namespace breadthflow::backtest
