#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/bar.h"
#include "common/quant/signal.h"
#include "common/quant/stats/random.h"
#include "services/backtest/domain/simulator.h"

// Small simulations for tests: bars by hand or by seed, signals by hand.
namespace breadthflow::backtest::testing {

inline constexpr int64_t kDayNs = 86'400'000'000'000;
inline constexpr int64_t kStart = 1'704'142'800'000'000'000;  // 2024-01-01T21:00:00Z

struct DayBar {
  double open, close;
};

// Daily bars from kStart on, `step` days apart; highs and lows follow from open and close.
inline quant::Series Bars(const std::string& symbol, const std::vector<DayBar>& days, int64_t first_day = 0,
                          int64_t step = 1) {
  quant::Series series{.key = {std::string(quant::kStockPrice), symbol, quant::Timeframe::kDay, ""},
                       .basis = quant::PriceBasis::kRaw};
  std::vector<double> open, high, low, close, volume;
  for (size_t i = 0; i < days.size(); ++i) {
    series.times.push_back(kStart + (first_day + static_cast<int64_t>(i) * step) * kDayNs);
    open.push_back(days[i].open);
    close.push_back(days[i].close);
    high.push_back(std::max(days[i].open, days[i].close));
    low.push_back(std::min(days[i].open, days[i].close));
    volume.push_back(1000);
  }
  series.Add("open", std::move(open));
  series.Add("high", std::move(high));
  series.Add("low", std::move(low));
  series.Add("close", std::move(close));
  series.Add("volume", std::move(volume));
  return series;
}

// A random walk of `count` days: moves depend on (seed, day) only.
inline quant::Series RandomBars(const std::string& symbol, uint64_t seed, size_t count, int64_t first_day = 0) {
  std::vector<DayBar> days;
  double price = 100;
  uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  const auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<double>(state >> 11) / 9007199254740992.0;
  };
  for (size_t i = 0; i < count; ++i) {
    const double open = price * (0.98 + 0.04 * next());
    price = open * (0.97 + 0.0605 * next());
    days.push_back({open, price});
  }
  return Bars(symbol, days, first_day);
}

// One signal for each bar, by a list of directions or by a rule.
inline quant::Series Signals(const quant::Series& bars, std::vector<int64_t> directions) {
  directions.resize(bars.size(), 0);
  std::vector<double> score(directions.begin(), directions.end());
  return quant::SignalSeries({std::string(quant::kSignal), bars.key.symbol, bars.key.timeframe, "run"}, bars.times,
                             std::move(directions), std::move(score), std::vector<std::string>(bars.size()));
}

// +1 above the mean of the last 5 closes, -1 below, 0 in the warm-up: depends on the past only.
inline quant::Series TrendSignals(const quant::Series& bars) {
  const auto close = bars.Doubles("close");
  std::vector<int64_t> directions;
  for (size_t i = 0; i < close.size(); ++i) {
    double sum = 0;
    for (size_t k = 0; k < 5 && i >= 4; ++k) sum += close[i - k];
    directions.push_back(i < 4 ? 0 : close[i] > sum / 5 ? 1 : -1);
  }
  return Signals(bars, std::move(directions));
}

struct Scenario {
  double capital = 10'000;
  component::ComponentRef engine{"standard", {{"slippage_bps", int64_t{0}}, {"commission_bps", int64_t{0}}}};
  component::ComponentRef sizer{"fixed_fraction", {}};
  component::ComponentRef risk{"none", {}};
};

struct Market {
  quant::Series bars, signals;
};

inline absl::StatusOr<SimulationResult> TrySimulate(const Scenario& setup, const std::vector<Market>& markets) {
  BF_ASSIGN_OR_RETURN(const auto engine, MakeExecutionEngine(setup.engine));
  BF_ASSIGN_OR_RETURN(const auto sizer, MakeSizer(setup.sizer));
  BF_ASSIGN_OR_RETURN(const auto risk, MakeRiskManager(setup.risk));
  std::vector<SymbolInput> inputs;
  for (const Market& market : markets) {
    BF_ASSIGN_OR_RETURN(SymbolInput input, MakeSymbolInput(market.bars, market.signals));
    inputs.push_back(std::move(input));
  }
  return Simulator(setup.capital, *engine, *sizer, *risk).Run(std::move(inputs), {});
}

inline SimulationResult Simulate(const Scenario& setup, const std::vector<Market>& markets) {
  absl::StatusOr<SimulationResult> result = TrySimulate(setup, markets);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : SimulationResult{};
}

inline Market Trend(const std::string& symbol, uint64_t seed, size_t count, int64_t first_day = 0) {
  Market market{RandomBars(symbol, seed, count, first_day), {}};
  market.signals = TrendSignals(market.bars);
  return market;
}

}  // namespace breadthflow::backtest::testing
