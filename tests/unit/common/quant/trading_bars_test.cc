#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/resample.h"
#include "tests/unit/common/quant/resample_support.h"

namespace breadthflow::quant {
namespace {

using ::testing::ElementsAre;

TEST(TradingBars, CarryTheExcessOfTheLastTrade) {
  const Series trades = TradesBySecond({10, 11, 12, 13, 14, 15}, {60, 70, 70, 250, 49, 1});
  const Resampled out = Bars(trades, {.rule = BarRule::kVolume, .size = 100});
  // 60+70 = 130 ends a bar, 30 are over; 30+70 = 100 ends one; 250 ends one, 50 over; 50+49+1 ends one.
  EXPECT_THAT(out.bars.times, ElementsAre(trades.times[1], trades.times[2], trades.times[3], trades.times[5]));
  EXPECT_THAT(out.bars.Doubles("volume"), ElementsAre(130, 70, 250, 50)) << "no trade is divided";
  EXPECT_THAT(out.bars.Doubles("open"), ElementsAre(10, 12, 13, 14));
  EXPECT_EQ(out.bars.key.variant, "volume_100");
  EXPECT_EQ(out.bars.key.timeframe, Timeframe::kTick);
  EXPECT_EQ(out.pending_rows, 0u);
}

TEST(TradingBars, CountTradesDollarsAndRange) {
  const Series trades = TradesBySecond({10, 11, 12, 11, 10, 13, 14}, {1, 1, 1, 1, 1, 1, 1});
  const Resampled ticks = Bars(trades, {.rule = BarRule::kTicks, .size = 3});
  EXPECT_THAT(ticks.bars.times, ElementsAre(trades.times[2], trades.times[5]));
  EXPECT_THAT(ticks.bars.Ints("trade_count"), ElementsAre(3, 3));
  EXPECT_EQ(ticks.pending_rows, 1u);
  const Resampled dollars = Bars(trades, {.rule = BarRule::kDollar, .size = 30});
  // 33 (3 over), 3+11+10+13 = 37 (7 over)
  EXPECT_THAT(dollars.bars.times, ElementsAre(trades.times[2], trades.times[5]));
  const Resampled range = Bars(trades, {.rule = BarRule::kRange, .size = 2});
  EXPECT_THAT(range.bars.times, ElementsAre(trades.times[2], trades.times[5]));
  EXPECT_THAT(range.bars.Doubles("low"), ElementsAre(10, 10));
  EXPECT_THAT(range.bars.Doubles("high"), ElementsAre(12, 13));
}

TEST(TradingBars, SeeAllTradesOfAnInstantAtOnce) {
  Series trades = TradesBySecond({10, 11, 12, 13}, {100, 100, 30, 70});
  trades.times[1] = trades.times[2] = trades.times[0];
  const Series bars = Bars(trades, {.rule = BarRule::kVolume, .size = 100}).bars;
  EXPECT_THAT(bars.times, ElementsAre(trades.times[0], trades.times[3]));
  EXPECT_THAT(bars.Doubles("volume"), ElementsAre(230, 70));
}

TEST(TradingBars, OfTicksHaveThatManyTradesAndMoreOnlyWhereTheLastOnesShareTheirInstant) {
  Series trades = TradesBySecond({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
  trades.times[4] = trades.times[3] = trades.times[2];
  const Resampled out = Bars(trades, {.rule = BarRule::kTicks, .size = 3});
  EXPECT_THAT(out.bars.Ints("trade_count"), ElementsAre(5, 3)) << "what is beyond the size is not taken off the next";
  EXPECT_THAT(out.bars.times, ElementsAre(trades.times[4], trades.times[7]));
  EXPECT_EQ(out.pending_rows, 2u);
  const Series all = HolidayTrades();
  const Series bars = Bars(all, {.rule = BarRule::kTicks, .size = 100}).bars;
  ASSERT_GT(bars.size(), 5u);
  for (size_t row = 0; row < bars.size(); ++row) {
    const auto last = std::equal_range(all.times.begin(), all.times.end(), bars.times[row]);
    EXPECT_GE(bars.Ints("trade_count")[row], 100);
    EXPECT_LT(bars.Ints("trade_count")[row], 100 + (last.second - last.first)) << row;
  }
}

TEST(TradingBars, CanBeMadeOfBars) {
  const Series minutes = Bars(HolidayTrades(), {.timeframe = Timeframe::kMin1}).bars;
  for (const BarRule rule : {BarRule::kTicks, BarRule::kVolume, BarRule::kDollar, BarRule::kRange}) {
    const Series bars = Bars(minutes, {.rule = rule, .size = rule == BarRule::kRange ? 0.5 : 100}).bars;
    ASSERT_GT(bars.size(), 1u) << ToText(rule);
    for (const int64_t time : bars.times)
      EXPECT_TRUE(std::binary_search(minutes.times.begin(), minutes.times.end(), time));
  }
}

}  // namespace
}  // namespace breadthflow::quant
