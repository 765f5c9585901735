#include <algorithm>
#include <chrono>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/hash.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/simulated/market.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using testing::IsOk;

constexpr int64_t kDayNs = 86'400'000'000'000;

quant::TimeRange Years(int from, int to) {
  const auto start = [](int year) { return (absl::CivilDay(year, 1, 1) - absl::CivilDay(1970, 1, 1)) * kDayNs; };
  return {start(from), start(to)};
}

Series Fetch(const std::string& symbol, quant::TimeRange range, int64_t seed = 1, const std::string& basis = "split") {
  const SourceEntry* entry = Sources().Find("simulated").value();
  const auto params = component::Params::Check(entry->params, {{"seed", seed}, {"basis", basis}}).value();
  const auto source = entry->make(params, {}).value();
  const auto request = source->TransformQuery({"stock_price", symbol, quant::Timeframe::kDay, range}).value();
  const auto body = source->Extract(request, {}).value();
  return source->TransformData(request, body).value().series;
}

double Correlation(std::span<const double> a, std::span<const double> b) {
  double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) ma += a[i], mb += b[i];
  ma /= static_cast<double>(a.size());
  mb /= static_cast<double>(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<double> Returns(std::span<const double> prices) {
  std::vector<double> out;
  for (size_t i = 1; i < prices.size(); ++i) out.push_back(prices[i] / prices[i - 1] - 1);
  return out;
}

TEST(Simulated, ValueDoesNotDependOnTheRangeAskedFor) {
  const Series whole = Fetch("AAPL", Years(1990, 2031));
  for (const auto& range : {Years(2012, 2013), Years(1990, 1991), Years(2020, 2031), Years(1980, 1995)}) {
    EXPECT_EQ(Fetch("AAPL", range), whole.Slice(range));
  }
  EXPECT_TRUE(Fetch("AAPL", Years(1970, 1980)).empty());
}

TEST(Simulated, AnySymbolAndSeedIsItsOwn) {
  const Series a = Fetch("AAPL", Years(2015, 2016));
  EXPECT_NE(a.Doubles("close")[0], Fetch("MSFT", Years(2015, 2016)).Doubles("close")[0]);
  EXPECT_NE(a.Doubles("close")[0], Fetch("AAPL", Years(2015, 2016), 2).Doubles("close")[0]);
  EXPECT_EQ(a, Fetch("AAPL", Years(2015, 2016)));
}

// Changes only together with the version of the component: stored results name it.
TEST(Simulated, GivesTheSameBitsEverywhere) {
  base::Sha256 hash;
  for (const char* symbol : {"AAPL", "MSFT", "BRK-A", "^X"}) {
    for (const char* basis : {"raw", "split", "split_dividend"}) {
      hash.Text(base::ToHex(Fetch(symbol, Years(1990, 2031), 7, basis).ContentHash()));
    }
  }
  EXPECT_EQ(hash.FinishHex(), "6e9b1a115a9b456ddea9784dd6b9320eee97c885059c8e370dcc8eb740a0e959");
}

TEST(Simulated, BarsAreWellFormedAndNearlyAllSessionsAreThere) {
  size_t sessions = 0;
  size_t rows = 0;
  size_t splits = 0;
  size_t dividends = 0;
  for (int i = 0; i < 30; ++i) {
    const std::string symbol = "S" + std::to_string(i);
    const Series series = Fetch(symbol, Years(1990, 2031), 1, "raw");
    ASSERT_THAT(series.Validate(), IsOk());
    sessions += quant::Xnys().sessions().size();
    rows += series.size();
    const auto open = series.Doubles("open"), high = series.Doubles("high"), low = series.Doubles("low"),
               close = series.Doubles("close"), volume = series.Doubles("volume");
    for (size_t r = 0; r < series.size(); ++r) {
      ASSERT_GT(low[r], 0);
      ASSERT_LE(low[r], std::min(open[r], close[r]));
      ASSERT_GE(high[r], std::max(open[r], close[r]));
      ASSERT_GT(volume[r], 0);
      splits += series.Doubles("split_ratio")[r] != 1;
      dividends += series.Doubles("dividend")[r] > 0;
    }
  }
  EXPECT_LT(rows, sessions) << "some sessions are missing";
  EXPECT_GT(rows, sessions - sessions / 500);
  EXPECT_GT(splits, 5u);
  EXPECT_GT(dividends, 1000u);
}

TEST(Simulated, SplitsDoNotMoveAdjustedPrices) {
  for (int i = 0; i < 30; ++i) {
    const std::string symbol = "S" + std::to_string(i);
    const Series raw = Fetch(symbol, Years(1990, 2031), 1, "raw");
    const Series adjusted = Fetch(symbol, Years(1990, 2031), 1, "split");
    const auto ratio = raw.Doubles("split_ratio");
    for (size_t r = 1; r < raw.size(); ++r) {
      const double move = adjusted.Doubles("close")[r] / adjusted.Doubles("close")[r - 1];
      EXPECT_GT(move, 0.6);
      EXPECT_LT(move, 1.4);
      if (ratio[r] == 1) continue;
      EXPECT_NEAR(raw.Doubles("close")[r] * ratio[r] / raw.Doubles("close")[r - 1], move, 0.02);
    }
  }
}

TEST(Simulated, LooksLikeAMarket) {
  std::vector<std::vector<double>> returns;
  double clustering = 0;
  double learnable = 0;
  for (int i = 0; i < 20; ++i) {
    const Series series = Fetch("S" + std::to_string(i), Years(1990, 2031));
    returns.push_back(Returns(series.Doubles("close")));
    std::vector<double>& r = returns.back();
    double squares = 0;
    for (const double x : r) squares += x * x;
    const double volatility = std::sqrt(squares / static_cast<double>(r.size()) * 252);
    EXPECT_GT(volatility, 0.12);
    EXPECT_LT(volatility, 0.60);
    std::vector<double> now, next, size_now, size_next;
    double recent = 0;
    for (size_t t = 0; t + 1 < r.size(); ++t) {
      recent += 0.1 * (r[t] - recent);
      now.push_back(recent);
      next.push_back(r[t + 1]);
      size_now.push_back(std::fabs(r[t]));
      size_next.push_back(std::fabs(r[t + 1]));
    }
    clustering += Correlation(size_now, size_next) / 20;
    learnable += Correlation(now, next) / 20;
  }
  EXPECT_GT(clustering, 0.05) << "volatility clusters";
  EXPECT_GT(learnable, 0.02) << "the trend says something about the next session";
  EXPECT_LT(learnable, 0.12) << "but not much";
  double together = 0;
  const size_t rows = 9000;
  for (size_t i = 1; i < returns.size(); ++i) {
    ASSERT_GT(returns[i].size(), rows);
    together += Correlation(std::span(returns[0]).first(200), std::span(returns[i]).first(200)) / 19;
  }
  EXPECT_GT(together, 0.1) << "symbols are correlated";
}

}  // namespace
}  // namespace breadthflow::data
