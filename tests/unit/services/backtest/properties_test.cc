// What must hold for every run, whatever the bars and signals: over many seeds and scenarios.
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/parallel.h"
#include "services/backtest/domain/digest.h"
#include "services/backtest/domain/metrics/benchmark.h"
#include "services/backtest/domain/metrics/metric.h"
#include "tests/unit/services/backtest/simulation.h"

namespace breadthflow::backtest {
namespace {

using namespace testing;  // the folder's own helpers

constexpr uint64_t kSeeds = 40;

// Scenarios that between them use every limit, cost and sizing rule.
std::vector<Scenario> Scenarios() {
  Scenario plain;
  Scenario costly{.engine = {"standard", {{"slippage_bps", int64_t{20}}, {"min_commission", 3.0}}}};
  costly.sizer.params = {{"allow_short", true}, {"lot_size", int64_t{10}}};
  Scenario strict{.risk = {"standard",
                           {{"max_position_share", 0.3},
                            {"max_gross_exposure", 0.7},
                            {"stop_loss", 0.05},
                            {"take_profit", 0.08},
                            {"max_drawdown", 0.15},
                            {"min_trade_value", 50.0}}}};
  strict.sizer.params = {{"allow_short", true}, {"fraction", 0.5}, {"lot_size", int64_t{0}}};
  Scenario late{.engine = {"standard", {{"fill_at", std::string("close")}, {"delay_bars", int64_t{2}}}}};
  late.risk = {"standard", {{"stop_loss", 0.03}}};
  late.sizer.params = {{"fraction", 0.9}, {"allow_short", true}};
  return {plain, costly, strict, late};
}

// Three symbols that start and end at different days.
std::vector<Market> Markets(uint64_t seed) {
  return {Trend("AAA", 3 * seed + 1, 120), Trend("BBB", 3 * seed + 2, 100, 15), Trend("CCC", 3 * seed + 3, 60, 30)};
}

template <typename Fn>
void ForEachRun(const Fn& fn) {
  const std::vector<Scenario> setups = Scenarios();
  for (size_t s = 0; s < setups.size(); ++s) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE(fmt::format("scenario {} seed {}", s, seed));
      fn(setups[s], Markets(seed));
      if (::testing::Test::HasFailure()) return;
    }
  }
}

std::string DigestOf(const SimulationResult& result) {
  return ResultDigest(result, {}, ComputeMetrics(MakeMetricInput(result, {}, quant::Timeframe::kDay, 0)));
}

TEST(Properties, RunsDoSomething) {
  size_t fills = 0, refusals = 0, stops = 0;
  ForEachRun([&](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    fills += result.fills.size();
    refusals += result.refusals.size();
    for (const Fill& fill : result.fills) stops += fill.reason != OrderReason::kSignal;
  });
  EXPECT_GT(fills, 3000u);
  EXPECT_GT(refusals, 300u);
  EXPECT_GT(stops, 300u);
}

TEST(Properties, NoFillAtOrBeforeItsDecision) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    for (const Fill& fill : Simulate(setup, markets).fills) EXPECT_GT(fill.time_ns, fill.decided_ns);
  });
}

TEST(Properties, EquityIsCapitalPlusCashFlowsPlusHoldingsAtTheirMarks) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    std::vector<double> held(result.symbols.size()), mark(result.symbols.size());
    double cash = result.capital;
    size_t next = 0;
    for (size_t step = 0; step < result.curve.size(); ++step) {
      const int64_t now = result.curve.times[step];
      for (; next < result.fills.size() && result.fills[next].time_ns == now; ++next) {
        const Fill& fill = result.fills[next];
        cash -= fill.quantity * fill.price + fill.fee;
        held[static_cast<size_t>(fill.symbol)] += fill.quantity;
      }
      double value = 0;
      for (size_t i = 0; i < markets.size(); ++i) {
        const auto& times = markets[i].bars.times;
        const auto at = std::lower_bound(times.begin(), times.end(), now);
        if (at != times.end() && *at == now) mark[i] = markets[i].bars.Doubles("close")[at - times.begin()];
        value += held[i] * mark[i];
      }
      ASSERT_NEAR(result.curve.cash[step], cash, 1e-6);
      ASSERT_NEAR(result.curve.equity[step], cash + value, 1e-6);
    }
    EXPECT_EQ(next, result.fills.size());
  });
}

TEST(Properties, ProfitOfTheRunIsThatOfItsRoundTripsAndOpenPositions) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    double pnl = 0;
    for (const RoundTrip& trip : result.round_trips) pnl += trip.pnl;
    for (const OpenPosition& open : result.open_positions) pnl += open.unrealized_pnl;
    EXPECT_NEAR(result.curve.equity.back() - result.capital, pnl, 1e-6);
  });
}

TEST(Properties, LotsAddUpToThePositions) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    std::map<int32_t, double> bought, accounted;
    for (const Fill& fill : result.fills) bought[fill.symbol] += fill.quantity;
    for (const OpenPosition& open : result.open_positions) accounted[open.symbol] += open.quantity;
    for (const auto& [symbol, quantity] : bought) EXPECT_NEAR(quantity, accounted[symbol], 1e-9);
    std::map<int64_t, double> closed;  // by entry and by exit fill
    for (const RoundTrip& trip : result.round_trips) closed[trip.exit_fill] -= trip.quantity;
    for (const auto& [fill, quantity] : closed) {
      const double whole = result.fills[static_cast<size_t>(fill) - 1].quantity;
      EXPECT_LE(std::abs(quantity), std::abs(whole) + 1e-9);
      EXPECT_GT(quantity * whole, 0);
    }
  });
}

TEST(Properties, TheOrderOfTheSymbolsDoesNotMatter) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    EXPECT_EQ(result, Simulate(setup, {markets[2], markets[0], markets[1]}));
    EXPECT_EQ(result, Simulate(setup, {markets[1], markets[2], markets[0]}));
  });
}

TEST(Properties, NamesOfTheSymbolsOnlyDecideWhoComesFirst) {
  // Without competition for money, swapping the names of two symbols swaps their rows and nothing else.
  Scenario setup;
  setup.sizer.params = {{"fraction", 0.1}};
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Market a = Trend("A", seed + 100, 80), b = Trend("B", seed + 200, 80);
    Market a_as_b = a, b_as_a = b;
    a_as_b.bars.key.symbol = "B";
    b_as_a.bars.key.symbol = "A";
    const auto straight = Simulate(setup, {a, b}), swapped = Simulate(setup, {a_as_b, b_as_a});
    ASSERT_EQ(straight.fills.size(), swapped.fills.size());
    double sums[2][2] = {};
    for (const RoundTrip& trip : straight.round_trips) sums[0][trip.symbol] += trip.pnl;
    for (const RoundTrip& trip : swapped.round_trips) sums[1][1 - trip.symbol] += trip.pnl;
    EXPECT_NEAR(sums[0][0], sums[1][0], 1e-6);
    EXPECT_NEAR(sums[0][1], sums[1][1], 1e-6);
  }
}

TEST(Properties, DoublingCapitalAndLotsDoublesTheMoney) {
  Scenario setup;
  setup.engine.params = {{"slippage_bps", int64_t{10}}, {"commission_bps", int64_t{5}}, {"commission_per_share", 0.01}};
  setup.risk = {"standard", {{"max_position_share", 0.4}, {"stop_loss", 0.05}}};
  for (const double lot : {0.0, 1.0}) {
    setup.sizer.params = {{"lot_size", lot}, {"allow_short", true}};
    Scenario doubled = setup;
    doubled.capital *= 2;
    doubled.sizer.params["lot_size"] = 2 * lot;
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      const auto once = Simulate(setup, Markets(seed)), twice = Simulate(doubled, Markets(seed));
      ASSERT_EQ(once.fills.size(), twice.fills.size());
      for (size_t i = 0; i < once.fills.size(); ++i) {
        EXPECT_EQ(2 * once.fills[i].quantity, twice.fills[i].quantity);
        EXPECT_EQ(2 * once.fills[i].fee, twice.fills[i].fee);
      }
      for (size_t i = 0; i < once.curve.size(); ++i) ASSERT_EQ(2 * once.curve.equity[i], twice.curve.equity[i]);
    }
  }
}

TEST(Properties, ShiftingAllTimesChangesNothingElse) {
  for (const Scenario& setup : Scenarios()) {
    std::vector<Market> shifted = Markets(5);
    const int64_t shift = 700 * kDayNs;
    for (Market& market : shifted) {
      for (int64_t& time : market.bars.times) time += shift;
      for (int64_t& time : market.signals.times) time += shift;
    }
    const auto before = Simulate(setup, Markets(5)), after = Simulate(setup, shifted);
    EXPECT_EQ(before.curve.equity, after.curve.equity);
    ASSERT_EQ(before.fills.size(), after.fills.size());
    for (size_t i = 0; i < before.fills.size(); ++i) EXPECT_EQ(before.fills[i].time_ns + shift, after.fills[i].time_ns);
  }
}

// Replaces every bar and signal later than `cut` by something else.
std::vector<Market> WithOtherFuture(std::vector<Market> markets, int64_t cut) {
  for (Market& market : markets) {
    for (size_t row = 0; row < market.bars.size(); ++row) {
      if (market.bars.times[row] <= cut) continue;
      for (quant::Column& column : market.bars.columns) {
        auto& values = std::get<std::vector<double>>(column.values);
        values[row] = values[row] * (row % 3 == 0 ? 0.5 : 1.7) + 1;
      }
      std::get<std::vector<int64_t>>(market.signals.columns[0].values)[row] = row % 2 == 0 ? 1 : -1;
    }
  }
  return markets;
}

template <typename Row, typename TimeOf>
void ExpectSamePrefix(const std::vector<Row>& a, const std::vector<Row>& b, int64_t cut, const TimeOf& time) {
  std::vector<Row> first, second;
  for (const Row& row : a)
    if (time(row) <= cut) first.push_back(row);
  for (const Row& row : b)
    if (time(row) <= cut) second.push_back(row);
  EXPECT_EQ(first, second);
}

TEST(Properties, NothingDatedTDependsOnALaterBar) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto whole = Simulate(setup, markets);
    for (const int64_t day : {0, 3, 16, 17, 40, 77, 118}) {
      const int64_t cut = kStart + day * kDayNs;
      const auto other = Simulate(setup, WithOtherFuture(markets, cut));
      ExpectSamePrefix(whole.fills, other.fills, cut, [](const Fill& row) { return row.time_ns; });
      ExpectSamePrefix(whole.round_trips, other.round_trips, cut, [](const RoundTrip& row) { return row.exit_ns; });
      ExpectSamePrefix(whole.refusals, other.refusals, cut, [](const Refusal& row) { return row.time_ns; });
      for (size_t i = 0; i < whole.curve.size() && whole.curve.times[i] <= cut; ++i) {
        ASSERT_EQ(whole.curve.equity[i], other.curve.equity[i]);
        ASSERT_EQ(whole.curve.cash[i], other.curve.cash[i]);
        ASSERT_EQ(whole.curve.gross_exposure[i], other.curve.gross_exposure[i]);
      }
    }
  });
}

TEST(Properties, ARunOnAPrefixIsThePrefixOfTheRun) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const int64_t cut = kStart + 50 * kDayNs;
    std::vector<Market> prefix = markets;
    for (Market& market : prefix) {
      market.bars = market.bars.Slice({INT64_MIN, cut + 1});
      market.signals = market.signals.Slice({INT64_MIN, cut + 1});
    }
    const auto whole = Simulate(setup, markets), part = Simulate(setup, prefix);
    ExpectSamePrefix(whole.fills, part.fills, cut, [](const Fill& row) { return row.time_ns; });
    ExpectSamePrefix(whole.refusals, part.refusals, cut, [](const Refusal& row) { return row.time_ns; });
    for (size_t i = 0; i < part.curve.size(); ++i) ASSERT_EQ(whole.curve.equity[i], part.curve.equity[i]);
  });
}

TEST(Properties, ReducingOrdersAreNeverRefused) {
  ForEachRun([](const Scenario& setup, const std::vector<Market>& markets) {
    const auto result = Simulate(setup, markets);
    // What was allowed never falls short of closing the position: replay positions up to each refusal.
    for (const Refusal& refusal : result.refusals) {
      double position = 0;
      for (const Fill& fill : result.fills) {
        const bool before = fill.time_ns < refusal.time_ns ||
                            (fill.time_ns == refusal.time_ns && fill.order_sequence < refusal.order_sequence);
        if (before && fill.symbol == refusal.symbol) position += fill.quantity;
      }
      if (position * refusal.requested < 0) {
        EXPECT_GE(std::abs(refusal.allowed), std::min(std::abs(position), std::abs(refusal.requested)) - 1e-9);
      }
    }
  });
}

// A run of one symbol skips over bars in which nothing happens; beside a symbol that never trades it can not.
TEST(Properties, ASymbolAloneTradesAsBesideAnIdleOne) {
  for (Scenario scenario : Scenarios()) {
    scenario.sizer.params["fraction"] = 0.45;
    for (uint64_t seed = 0; seed < 4 * kSeeds; ++seed) {
      const Market market = Trend("A", seed + 500, 150);
      Market idle = Trend("B", seed + 900, 150);
      idle.signals = Signals(idle.bars, {});
      const auto alone = Simulate(scenario, {market}), beside = Simulate(scenario, {market, idle});
      ASSERT_EQ(alone.fills, beside.fills);
      ASSERT_EQ(alone.round_trips, beside.round_trips);
      ASSERT_EQ(alone.refusals, beside.refusals);
      ASSERT_EQ(alone.open_positions, beside.open_positions);
      ASSERT_EQ(alone.curve, beside.curve);
      EXPECT_EQ(alone.bar_steps, 150);
    }
  }
}

TEST(Properties, ThreadsDoNotChangeAByte) {
  const std::vector<Scenario> setups = Scenarios();
  const size_t count = setups.size() * 8;
  const auto digests = [&](int threads) {
    std::vector<std::string> all(count);
    base::ParallelFor(threads, count,
                      [&](size_t i) { all[i] = DigestOf(Simulate(setups[i % setups.size()], Markets(i / 4))); });
    return all;
  };
  const auto single = digests(1);
  EXPECT_EQ(single, digests(4));
  EXPECT_NE(single[0], single[1]);
}

TEST(Digest, ChangesWithAnyRowOfTheResult) {
  const auto result = Simulate(Scenarios()[1], Markets(1));
  ASSERT_FALSE(result.round_trips.empty());
  const std::string digest = DigestOf(result);
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(digest, DigestOf(SimulationResult(result)));
  const auto expect_other = [&](const auto& change) {
    SimulationResult other = result;
    change(other);
    EXPECT_NE(ResultDigest(other, {}, {}), ResultDigest(result, {}, {}));
  };
  expect_other([](auto& r) { r.fills.back().price += 1e-9; });
  expect_other([](auto& r) { r.round_trips.back().bars += 1; });
  expect_other([](auto& r) { r.curve.equity.back() += 1e-9; });
  expect_other([](auto& r) { r.symbols.back() = "CCD"; });
  const auto metrics = ComputeMetrics(MakeMetricInput(result, {}, quant::Timeframe::kDay, 0));
  EXPECT_NE(ResultDigest(result, {}, metrics), ResultDigest(result, {}, {}));
}

}  // namespace
}  // namespace breadthflow::backtest
