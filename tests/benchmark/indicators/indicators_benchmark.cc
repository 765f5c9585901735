// Indicators over a million bars, bar by bar, and a whole strategy. Times in the units of the names.
#include "absl/time/clock.h"
#include <benchmark/benchmark.h>

#include "common/quant/indicators/catalog.h"
#include "common/quant/stats/elementary.h"
#include "common/quant/stats/random.h"
#include "common/quant/strategies/strategy.h"
#include "tests/support/bars.h"

namespace breadthflow::quant {
namespace {

constexpr size_t kBars = 1'000'000;

// A random walk of 1 % of 1 % a bar, as the peers get it.
Series Walk(const std::string& symbol, size_t rows) {
  Series series = testing::EmptyBars(symbol);
  const stats::CounterRandom random(1, symbol);
  std::vector<double> open, high, low, close, volume;
  double log_price = 0;
  for (size_t row = 0; row < rows; ++row) {
    const auto t = static_cast<int64_t>(row);
    series.times.push_back((t + 1) * 60'000'000'000);
    open.push_back(100 * stats::Exp(log_price));
    log_price += 1e-4 * random.Normal(t);
    close.push_back(100 * stats::Exp(log_price));
    high.push_back(close.back() * 1.005);
    low.push_back(close.back() * 0.995);
    volume.push_back(1000);
  }
  std::vector<double>* const columns[] = {&open, &high, &low, &close, &volume};
  for (size_t k = 0; k < 5; ++k) series.columns[k].values = std::move(*columns[k]);
  return series;
}

const Series& Bars() {
  static const auto* const bars = new Series(Walk("BENCH", kBars));
  return *bars;
}

struct Prepared {
  explicit Prepared(const char* name) : bars(BarColumns::Of(Bars()).value()) {
    const IndicatorEntry* entry = Indicators().Find(name).value();
    indicator = entry->make(component::Params::Check(entry->params, {}).value()).value();
    columns.assign(entry->outputs.size(), std::vector<double>(kBars));
    outputs.assign(columns.begin(), columns.end());
  }
  BarColumns bars;
  std::unique_ptr<Indicator> indicator;
  IndicatorColumns columns;
  std::vector<std::span<double>> outputs;
};

// Reports `work` per `count` things in nanoseconds.
template <typename Work>
void Time(benchmark::State& state, size_t count, Work&& work) {
  absl::Duration total;
  for (auto _ : state) {
    const absl::Time begin = absl::Now();
    if (!work()) return state.SkipWithError("the work failed");
    benchmark::ClobberMemory();
    total += absl::Now() - begin;
  }
  state.counters["value"] =
      absl::ToDoubleNanoseconds(total) / static_cast<double>(state.iterations()) / static_cast<double>(count);
}

void Batch(benchmark::State& state, const char* name) {
  Prepared prepared(name);
  Time(state, kBars, [&] { return prepared.indicator->Compute(prepared.bars, prepared.outputs).ok(); });
  state.SetLabel("ns/bar");
}

BENCHMARK_CAPTURE(Batch, Sma, "sma")->Name("indicators.sma_ns");
BENCHMARK_CAPTURE(Batch, Ema, "ema")->Name("indicators.ema_ns");
BENCHMARK_CAPTURE(Batch, Rsi, "rsi")->Name("indicators.rsi_ns");
BENCHMARK_CAPTURE(Batch, Macd, "macd")->Name("indicators.macd_ns");
BENCHMARK_CAPTURE(Batch, Bollinger, "bollinger")->Name("indicators.bollinger_ns");
BENCHMARK_CAPTURE(Batch, Atr, "atr")->Name("indicators.atr_ns");

// One bar into one indicator, over all of the catalogue.
void StreamUpdate(benchmark::State& state) {
  std::vector<Prepared> all;
  for (const IndicatorEntry& entry : Indicators().entries()) all.emplace_back(entry.info.name.c_str());
  constexpr size_t kFed = 100'000;
  double out[8];
  Time(state, kFed * all.size(), [&] {
    bool ok = true;
    for (Prepared& prepared : all)
      for (size_t row = 0; row < kFed; ++row)
        ok = prepared.indicator->Update(prepared.bars[row], std::span(out, prepared.outputs.size())).ok() && ok;
    return ok;
  });
  state.SetLabel("ns");
}
BENCHMARK(StreamUpdate)->Name("indicators.stream_update_ns");

// 500 symbols of 5,000 bars through technical_analysis, on one core: bars in, signal series out.
void Technical(benchmark::State& state) {
  std::vector<Series> universe;
  for (int i = 0; i < 500; ++i) universe.push_back(Walk("S" + std::to_string(i), 5000));
  const std::unique_ptr<Strategy> strategy = MakeStrategy({"technical_analysis", {}}).value();
  Time(state, 1, [&] {
    size_t signals = 0;
    for (const Series& bars : universe) signals += GenerateSignals(*strategy, bars, nullptr, {}).value().size();
    return signals > 0;
  });
  state.counters["value"] = state.counters["value"] * 1e-9;
  state.SetLabel("s");
}
BENCHMARK(Technical)->Name("signals.technical_500x5000_s");

}  // namespace
}  // namespace breadthflow::quant
