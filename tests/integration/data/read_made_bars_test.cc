// ReadSeries of bars made from others and from trades, through a real server.
#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/data/read_series_fixture.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using clients::Adjustment;
using quant::Series;
using ::testing::ElementsAre;
using testing::IsOk;

TEST_F(ReadSeriesTest, APartOfBarsMadeIsThatPartOfTheWhole) {
  Series bars = TwoYears(1);
  // A month without a row, and some days: intervals without a trade.
  Series holes = bars.Rows(0, 100);
  ASSERT_THAT(quant::Append(holes, bars.Rows(125, 300)), IsOk());
  ASSERT_THAT(quant::Append(holes, bars.Rows(303, 500)), IsOk());
  Put(holes);
  Put(Events("split", "YYY", {{CivilDay(2018, 3, 7), 2}, {CivilDay(2019, 2, 14), 3}}));
  std::vector<clients::Resampling> all = {{.timeframe = quant::Timeframe::kDay, .fill_forward = true},
                                          {.timeframe = quant::Timeframe::kWeek},
                                          {.timeframe = quant::Timeframe::kWeek, .fill_forward = true},
                                          {.timeframe = quant::Timeframe::kMonth},
                                          {.timeframe = quant::Timeframe::kMonth, .fill_forward = true},
                                          {.rule = quant::BarRule::kVolume, .size = 700},
                                          {.rule = quant::BarRule::kDollar, .size = 123456},
                                          {.rule = quant::BarRule::kRange, .size = 3}};
  std::mt19937 random(7);
  for (const clients::Resampling& resampling : all) {
    for (const std::optional<Adjustment> adjustment :
         {std::optional<Adjustment>(), std::optional<Adjustment>(Adjustment::kSplit)}) {
      SCOPED_TRACE(fmt::format("{} {} fill {} adjusted {}", quant::ToText(resampling.rule),
                               quant::ToText(resampling.timeframe), resampling.fill_forward, adjustment.has_value()));
      clients::ReadQuery query{.adjustment = adjustment, .resampling = resampling};
      BF_ASSERT_OK_AND_ASSIGN(const Series whole, ReadOne("YYY", query));
      ASSERT_GT(whole.size(), 5u);
      for (int i = 0; i < 8; ++i) {
        int64_t a = whole.times[random() % whole.size()] + static_cast<int64_t>(random() % 3) - 1;
        int64_t b = whole.times[random() % whole.size()] + static_cast<int64_t>(random() % 3) - 1;
        if (a == b) continue;
        query.range = {std::min(a, b), std::max(a, b)};
        BF_ASSERT_OK_AND_ASSIGN(const Series part, ReadOne("YYY", query));
        const Series expected = whole.Slice(query.range);
        EXPECT_EQ(part.times, expected.times);
        if (!expected.empty()) {
          EXPECT_EQ(part.columns, expected.columns);
        }
      }
    }
  }
}

TEST_F(ReadSeriesTest, BarsAreMadeAfterTheAdjustmentAndOnlyWholeOnes) {
  PutAaa();
  clients::ReadQuery query{.adjustment = Adjustment::kSplit,
                           .resampling = clients::Resampling{.timeframe = quant::Timeframe::kWeek}};
  BF_ASSERT_OK_AND_ASSIGN(const Series weeks, ReadOne("AAA", query));
  EXPECT_THAT(weeks.times, ElementsAre(CloseOf(CivilDay(2020, 8, 28)))) << "the second week ends on Friday";
  EXPECT_EQ(weeks.key.timeframe, quant::Timeframe::kWeek);
  EXPECT_THAT(weeks.Doubles("open"), ElementsAre(125));
  EXPECT_THAT(weeks.Doubles("close"), ElementsAre(126));
  EXPECT_THAT(weeks.Doubles("volume"), ElementsAre(800));
  Put(FlatBars("AAA", CivilDay(2020, 9, 3), {131, 133}));
  BF_ASSERT_OK_AND_ASSIGN(const Series more, ReadOne("AAA", query));
  ASSERT_EQ(more.size(), 2u);
  EXPECT_EQ(more.Doubles("open")[1], 128);
  EXPECT_EQ(more.Doubles("high")[1], 133);
  EXPECT_EQ(more.Doubles("volume")[1], 500);
  query.range.start_ns = CloseOf(CivilDay(2020, 9, 4));
  BF_ASSERT_OK_AND_ASSIGN(const Series second, ReadOne("AAA", query));
  EXPECT_EQ(second.columns, more.Rows(1, 2).columns) << "the whole week, though the range begins at its end";
}

TEST_F(ReadSeriesTest, TradesMakeBars) {
  Series trades{.key = {"trade", "TTT", quant::Timeframe::kTick, "test"}, .repeats = true};
  const quant::Session& day = *quant::Xnys().Find(CivilDay(2020, 8, 31));
  Doubles price, size;
  for (int i = 0; i < 300; ++i) {
    trades.times.push_back(day.open_ns + (i / 2) * int64_t{2'000'000'000});
    price.push_back(100 + i % 7);
    size.push_back(1 + i % 3);
  }
  trades.Add("price", price);
  trades.Add("size", size);
  Put(trades);
  clients::ReadQuery query{.resource = "trade",
                           .timeframe = quant::Timeframe::kTick,
                           .resampling = clients::Resampling{.timeframe = quant::Timeframe::kMin1}};
  BF_ASSERT_OK_AND_ASSIGN(const Series minutes, ReadOne("TTT", query));
  EXPECT_EQ(minutes.key, (quant::SeriesKey{"stock_price", "TTT", quant::Timeframe::kMin1, ""}));
  ASSERT_EQ(minutes.size(), 5u);
  EXPECT_EQ(minutes.times[0], day.open_ns + int64_t{60'000'000'000});
  EXPECT_THAT(minutes.Ints("trade_count"), ElementsAre(60, 60, 60, 60, 60));
  EXPECT_EQ(minutes.Doubles("volume")[0], 120);
  query.resampling = clients::Resampling{.rule = quant::BarRule::kTicks, .size = 100};
  BF_ASSERT_OK_AND_ASSIGN(const Series ticks, ReadOne("TTT", query));
  EXPECT_THAT(ticks.Ints("trade_count"), ElementsAre(100, 100, 100));
  query.range.start_ns = ticks.times[1];
  BF_ASSERT_OK_AND_ASSIGN(const Series part, ReadOne("TTT", query));
  EXPECT_EQ(part.columns, ticks.Rows(1, 3).columns);
}

}  // namespace
}  // namespace breadthflow::data
