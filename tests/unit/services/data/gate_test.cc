// Rows that came, beside those that are stored.
#include "services/data/domain/quality/gate.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Rows [begin, end) of `all` come where those before and after them are stored.
GateResult Beside(const Series& all, size_t begin, size_t end) {
  const size_t from = begin - std::min(begin, kNeighbourRows);
  const size_t to = std::min(all.size(), end + kNeighboursAfter);
  return GateBeside(all.Rows(begin, end), {all.Rows(from, begin), all.Rows(end, to)}, quant::Xnys());
}

TEST(GateBeside, FindsNothingInRowsThatGoOn) {
  const Series bars = DailyBars(300);
  for (const size_t end : {101, 104, 116, 117, 250, 300}) {
    const GateResult result = Beside(bars, 100, end);
    EXPECT_THAT(result.rows, IsEmpty()) << end;
    EXPECT_THAT(result.doubts, IsEmpty()) << end << ' ' << result.doubts.front().message;
  }
  EXPECT_THAT(GateBeside(bars, {}, quant::Xnys()).rows, IsEmpty());
}

TEST(GateBeside, TheFirstRowThatCameMayBeTenTimesWhatIsStored) {
  Series bars = DailyBars(104);
  ScaleBar(bars, 100, 10);
  EXPECT_THAT(Gate(bars.Rows(100, 104), quant::Xnys()).rows, IsEmpty()) << "alone nothing tells";
  const GateResult result = Beside(bars, 100, 104);
  EXPECT_THAT(result.rows, ElementsAre(0));
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].check, "unit_mixups");
  EXPECT_EQ(result.findings[0].affected_rows, 1);
  EXPECT_THAT(result.findings[0].examples_ns, ElementsAre(bars.times[100]));
}

TEST(GateBeside, OneRowAloneIsJudgedWhereItHasNeighboursOnBothSides) {
  Series bars = DailyBars(300);
  ScaleBar(bars, 100, 0.01);
  EXPECT_THAT(Gate(bars.Rows(100, 101), quant::Xnys()).rows, IsEmpty());
  EXPECT_THAT(Beside(bars, 100, 101).rows, ElementsAre(0));
}

TEST(GateBeside, BothEndsOfManyRowsAreLookedAt) {
  Series bars = DailyBars(600);
  ScaleBar(bars, 64, 10);
  ScaleBar(bars, 563, 10);
  EXPECT_THAT(Beside(bars, 64, 564).rows, ElementsAre(0, 499));
}

TEST(GateBeside, StoredRowsAreNotFound) {
  Series bars = DailyBars(300);
  ScaleBar(bars, 98, 10);
  ScaleBar(bars, 104, 10);
  const GateResult result = Beside(bars, 100, 103);
  EXPECT_THAT(result.rows, IsEmpty());
  EXPECT_THAT(result.doubts, IsEmpty());
}

TEST(GateBeside, ARepeatThatGoesOnWithWhatIsStoredIsDoubted) {
  Series bars = DailyBars(102);
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    for (size_t row = 99; row < 102; ++row) PriceOf(bars, name, row) = PriceOf(bars, name, 98);
  }
  const GateResult result = Beside(bars, 100, 102);
  EXPECT_THAT(result.rows, IsEmpty());
  ASSERT_EQ(result.doubts.size(), 1u);
  EXPECT_EQ(result.doubts[0].check, "stale_repeats");
  EXPECT_EQ(result.doubts[0].affected_rows, 2) << "the stored repeat is not among what came";
}

TEST(GateBeside, AJumpByTheRatioOfASplitIsDoubtedUnlessItIsDeclared) {
  Series bars = DailyBars(105);
  for (size_t row = 100; row < 105; ++row) ScaleBar(bars, row, 0.25);
  const GateResult result = Beside(bars, 100, 105);
  EXPECT_THAT(result.rows, IsEmpty()) << "a split is possible";
  ASSERT_EQ(result.doubts.size(), 1u);
  EXPECT_EQ(result.doubts[0].check, "spikes");
  EXPECT_THAT(result.doubts[0].message, HasSubstr("split"));
  // Only what came has the column.
  Series came = bars.Rows(100, 105);
  came.Add("split_ratio", std::vector<double>{4, 1, 1, 1, 1});
  EXPECT_THAT(GateBeside(came, {bars.Rows(36, 100), {}}, quant::Xnys()).doubts, IsEmpty());
}

TEST(GateBeside, AMoveFromOneDayOfAdjustmentToAnotherIsNotDoubted) {
  Series bars = DailyBars(105);
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  for (size_t row = 100; row < 105; ++row) ScaleBar(bars, row, 0.25);
  const auto doubts = [&](size_t seam) {
    const PriceAnchors anchors = {{INT64_MIN, absl::CivilDay(2010, 6, 1)},
                                  {bars.times[seam], absl::CivilDay(2010, 7, 1)}};
    return GateBeside(bars.Rows(100, 105), {bars.Rows(36, 100), {}}, quant::Xnys(), anchors).doubts;
  };
  EXPECT_THAT(doubts(100), IsEmpty());
  EXPECT_EQ(doubts(101).size(), 1u) << "the move is within the rows of one day";
}

TEST(NeighbourRanges, LieBesideWhatCameAndWhatItReplaces) {
  constexpr int64_t kDay = 86'400'000'000'000;
  NeighbourRanges ranges = NeighbourRangesOf(quant::Timeframe::kDay, 1000 * kDay, 1010 * kDay, nullptr);
  EXPECT_EQ(ranges.before.end_ns, 1000 * kDay);
  EXPECT_LT(ranges.before.start_ns, 1000 * kDay - 64 * 7 / 5 * kDay);
  EXPECT_GT(ranges.before.start_ns, 1000 * kDay - 200 * kDay) << "no more than that is read";
  EXPECT_EQ(ranges.after.start_ns, 1010 * kDay + 1);
  EXPECT_LT(ranges.after.end_ns, 1010 * kDay + 40 * kDay);
  const quant::TimeRange replaces = {990 * kDay, INT64_MAX};
  ranges = NeighbourRangesOf(quant::Timeframe::kDay, 1000 * kDay, 1010 * kDay, &replaces);
  EXPECT_EQ(ranges.before.end_ns, 990 * kDay);
  EXPECT_EQ(ranges.after.start_ns, ranges.after.end_ns) << "nothing stays behind it";
  const quant::TimeRange all;
  ranges = NeighbourRangesOf(quant::Timeframe::kMin1, 0, 1, &all);
  EXPECT_EQ(ranges.before.start_ns, ranges.before.end_ns);
  ranges = NeighbourRangesOf(quant::Timeframe::kTick, 5, 7, nullptr);
  EXPECT_EQ(ranges.before.start_ns, ranges.before.end_ns) << "ticks have no bars beside them";
}

}  // namespace
}  // namespace breadthflow::data
