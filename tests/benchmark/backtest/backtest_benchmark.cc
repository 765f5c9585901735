// The simulator with the signals of one strategy (a crossing of two moving averages), the statistics of its result and
// the page that shows it.
#include "absl/time/clock.h"
#include <benchmark/benchmark.h>

#include "common/quant/bar.h"
#include "common/quant/stats/elementary.h"
#include "common/quant/stats/random.h"
#include "services/backtest/domain/digest.h"
#include "services/backtest/domain/metrics/benchmark.h"
#include "services/backtest/domain/metrics/metric.h"
#include "services/backtest/domain/simulator.h"
#include "tests/support/bars.h"

namespace breadthflow::backtest {
namespace {

constexpr size_t kBars = 1'000'000;

// A random walk in bars of one minute: the one that the peers get.
quant::Series Walk(const std::string& symbol, size_t rows) {
  quant::Series series = ::breadthflow::testing::EmptyBars(symbol);
  const quant::stats::CounterRandom random(1, symbol);
  std::vector<double> open, high, low, close, volume(rows, 1000);
  double log_price = 0;
  for (size_t row = 0; row < rows; ++row) {
    const auto t = static_cast<int64_t>(row);
    series.times.push_back((t + 1) * 60'000'000'000);
    open.push_back(100 * quant::stats::Exp(log_price));
    log_price += 1e-4 * random.Normal(t);
    close.push_back(100 * quant::stats::Exp(log_price));
    high.push_back(std::max(open.back(), close.back()));
    low.push_back(std::min(open.back(), close.back()));
  }
  std::vector<double>* const columns[] = {&open, &high, &low, &close, &volume};
  for (size_t k = 0; k < 5; ++k) series.columns[k].values = std::move(*columns[k]);
  return series;
}

// +1 while the mean of `fast` closes is above that of `slow`, -1 below.
SymbolInput Crossing(const quant::Series& bars, size_t fast, size_t slow) {
  SymbolInput input{.symbol = bars.key.symbol, .bars = quant::BarColumns::Of(bars).value(), .direction = {}};
  double fast_sum = 0, slow_sum = 0;
  for (size_t i = 0; i < bars.size(); ++i) {
    fast_sum += input.bars.close[i];
    slow_sum += input.bars.close[i];
    if (i >= fast) fast_sum -= input.bars.close[i - fast];
    if (i >= slow) slow_sum -= input.bars.close[i - slow];
    const double difference = fast_sum / static_cast<double>(fast) - slow_sum / static_cast<double>(slow);
    input.direction.push_back(i + 1 < slow ? 0 : difference > 0 ? 1 : -1);
  }
  return input;
}

// Simulates `inputs` again and again; the value is bars per second, or seconds per run.
void Simulate(benchmark::State& state, const std::vector<SymbolInput>& inputs, const component::ComponentRef& risk,
              bool per_second) {
  const auto engine = MakeExecutionEngine({"standard", {{"slippage_bps", 0.1}, {"commission_bps", 0.01}}}).value();
  const auto sizer = MakeSizer({"fixed_fraction", {{"lot_size", int64_t{0}}}}).value();
  absl::Duration total;
  int64_t steps = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto manager = MakeRiskManager(risk).value();
    std::vector<SymbolInput> copy = inputs;
    state.ResumeTiming();
    const absl::Time begin = absl::Now();
    const auto result = Simulator(1e6, *engine, *sizer, *manager).Run(std::move(copy), {});
    total += absl::Now() - begin;
    if (!result.ok() || result->fills.empty()) return state.SkipWithError("the simulation failed or did not trade");
    steps += result->bar_steps;
  }
  const double seconds = absl::ToDoubleSeconds(total);
  state.counters["value"] =
      per_second ? static_cast<double>(steps) / seconds : seconds / static_cast<double>(state.iterations());
  state.SetLabel(per_second ? "bars/s" : "s");
}

const std::vector<SymbolInput>& Single() {
  static const auto* const bars = new quant::Series(Walk("BENCH", kBars));
  static const auto* const inputs = new std::vector<SymbolInput>{Crossing(*bars, 50, 200)};
  return *inputs;
}

void SingleSymbol(benchmark::State& state) { Simulate(state, Single(), {"standard", {}}, true); }
BENCHMARK(SingleSymbol)->Name("backtest.single_1m_bars_per_s");

void StopsAndLimits(benchmark::State& state) {
  Simulate(
      state, Single(),
      {"standard", {{"stop_loss", 0.002}, {"take_profit", 0.005}, {"max_position_share", 0.5}, {"max_drawdown", 0.99}}},
      true);
}
BENCHMARK(StopsAndLimits)->Name("backtest.stops_1m_bars_per_s");

void Portfolio500(benchmark::State& state) {
  std::vector<quant::Series> universe;
  for (int i = 0; i < 500; ++i) universe.push_back(Walk("S" + std::to_string(1000 + i), 5000));
  std::vector<SymbolInput> inputs;
  for (const quant::Series& bars : universe) inputs.push_back(Crossing(bars, 20, 50));
  Simulate(state, inputs, {"standard", {}}, false);
}
BENCHMARK(Portfolio500)->Name("backtest.portfolio_500x5000_s");

// Benchmark curve, all metrics and the digest of the run with a million bars.
void MeasureResult(benchmark::State& state) {
  const auto engine = MakeExecutionEngine({"standard", {}}).value();
  const auto sizer = MakeSizer({"fixed_fraction", {{"lot_size", int64_t{0}}}}).value();
  const auto risk = MakeRiskManager({"none", {}}).value();
  const SimulationResult result = Simulator(1e6, *engine, *sizer, *risk).Run(Single(), {}).value();
  absl::Duration total;
  for (auto _ : state) {
    const absl::Time begin = absl::Now();
    const std::vector<double> hold = BuyAndHold(1e6, Single(), result.curve.times);
    const auto metrics = ComputeMetrics(MakeMetricInput(result, hold, quant::Timeframe::kMin1, 0));
    benchmark::DoNotOptimize(ResultDigest(result, hold, metrics));
    total += absl::Now() - begin;
  }
  state.counters["value"] = absl::ToDoubleMilliseconds(total) / static_cast<double>(state.iterations());
  state.SetLabel("ms");
}
BENCHMARK(MeasureResult)->Name("backtest.measure_1m_ms");

}  // namespace
}  // namespace breadthflow::backtest
