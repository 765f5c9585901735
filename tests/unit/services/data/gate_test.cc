// Rows that came, beside those that are stored.
#include "services/data/domain/quality/gate.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
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

TEST(GateBeside, AJumpThatASplitStoredApartExplainsIsNotDoubted) {
  Series bars = DailyBars(105);
  bars.basis = quant::PriceBasis::kRaw;
  for (size_t row = 100; row < 105; ++row) ScaleBar(bars, row, 0.25);
  const auto doubts = [&](size_t row, double ratio) {
    Series splits{.key = {"split", bars.key.symbol, quant::Timeframe::kTick, "test"}, .repeats = true};
    splits.times = {bars.times[row] - 1};
    const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(bars.times[row]), absl::UTCTimeZone());
    splits.Add("ex_date", std::vector<std::string>{std::string(absl::FormatCivilTime(day))});
    splits.Add("ratio", std::vector<double>{ratio});
    return GateBeside(bars.Rows(100, 105), {bars.Rows(36, 100), {}}, quant::Xnys(), {.splits = splits}).doubts;
  };
  EXPECT_THAT(doubts(100, 4), IsEmpty());
  EXPECT_EQ(doubts(100, 2).size(), 1u) << "half of the move is left";
  EXPECT_EQ(doubts(90, 4).size(), 1u) << "a split of another day";
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  EXPECT_EQ(doubts(100, 4).size(), 1u) << "no reason for adjusted prices to jump";
}

// Rows of `all` come by themselves where all others are stored, of which is known what NeighbourRanges say.
struct Corrected {
  Series came;
  std::vector<RowRun> runs;
  GateResult result;
};
Corrected Correct(const Series& all, const std::vector<size_t>& rows) {
  Corrected corrected{.came = all.Rows(0, 0), .runs = {}, .result = {}};
  std::vector<double> close;
  for (const size_t row : rows) {
    corrected.came.times.push_back(all.times[row]);
    close.push_back(all.Doubles("close")[row]);
  }
  corrected.came.columns.clear();
  corrected.came.Add("close", std::move(close));
  const std::vector<int64_t>& times = corrected.came.times;
  const NeighbourRanges ranges = NeighbourRangesOf(all.key.timeframe, times.front(), times.back(), nullptr);
  corrected.runs =
      RunsOf(times, all.Slice(ranges.before), all.Slice(ranges.after), {ranges.before.end_ns, ranges.after.start_ns});
  corrected.result = GateRuns(corrected.came, corrected.runs, quant::Xnys());
  return corrected;
}

// A price level of its own for each 800 rows.
Series Steps(size_t rows) {
  Series bars = DailyBars(rows);
  for (size_t row = 0; row < rows; ++row) ScaleBar(bars, row, row / 800 == 1 ? 1.2 : row / 800 == 2 ? 0.02 : 0.01);
  return bars;
}

TEST(GateRuns, CorrectionsYearsApartAreNoNeighboursOfEachOther) {
  // About 1, 120 and 2.
  const Corrected right = Correct(Steps(2400), {400, 1200, 2000});
  EXPECT_THAT(Gate(right.came, quant::Xnys()).rows, IsEmpty());
  EXPECT_THAT(right.result.rows, IsEmpty());
  EXPECT_THAT(right.result.doubts, IsEmpty());
  ASSERT_EQ(right.runs.size(), 2u);
  EXPECT_EQ(right.runs[0].end, 1u);
  EXPECT_EQ(right.runs[0].neighbours.before.size(), kNeighbourRows);
  EXPECT_EQ(right.runs[0].neighbours.after.size(), kNeighboursAfter);
  EXPECT_EQ(right.runs[1].begin, 2u);
  EXPECT_EQ(right.runs[1].neighbours.before.size(), kNeighbourRows);
  EXPECT_EQ(right.runs[1].neighbours.after.size(), kNeighboursAfter);
  // The first and the last are judged by what is stored on both sides of each.
  Series bars = Steps(2400);
  ScaleBar(bars, 400, 100);
  ScaleBar(bars, 2000, 100);
  EXPECT_THAT(Correct(bars, {400, 1200, 2000}).result.rows, ElementsAre(0, 2));
}

TEST(GateRuns, ARunEndsWhereStoredRowsStay) {
  const Series bars = DailyBars(600);
  const auto runs = [&](const std::vector<size_t>& rows) {
    std::vector<std::pair<size_t, size_t>> ends;
    for (const RowRun& run : Correct(bars, rows).runs) ends.emplace_back(run.begin, run.end);
    return ends;
  };
  using Ends = std::pair<size_t, size_t>;
  EXPECT_THAT(runs({300}), ElementsAre(Ends(0, 1)));
  EXPECT_THAT(runs({300, 301, 302}), ElementsAre(Ends(0, 3)));
  EXPECT_THAT(runs({300, 301, 305, 306, 310}), ElementsAre(Ends(0, 2), Ends(4, 5)));
  // Stored rows stay only in the part that is near the last, or only near the first, of a hull that both cover.
  EXPECT_THAT(runs({300, 301, 400}), ElementsAre(Ends(0, 2), Ends(2, 3)));
  std::vector<size_t> rows;
  for (size_t row = 300; row < 400; ++row) rows.push_back(row);
  rows.push_back(405);
  EXPECT_THAT(runs(rows), ElementsAre(Ends(0, 100), Ends(100, 101)));
  rows.erase(rows.begin() + 1);
  rows.back() = 400;
  EXPECT_THAT(runs(rows), ElementsAre(Ends(0, 1), Ends(1, 100)));
  // All rows of a long range come anew: of those in the middle nothing is known.
  rows.clear();
  for (size_t row = 100; row < 500; ++row) rows.push_back(row);
  const auto long_ends = runs(rows);
  ASSERT_EQ(long_ends.size(), 2u);
  EXPECT_GT(long_ends[0].second, 64u);
  EXPECT_LT(long_ends[1].first, 400u - 64u);
  EXPECT_EQ(long_ends[1].second, 400u);
}

TEST(GateBeside, AMoveFromOneDayOfAdjustmentToAnotherIsNotDoubted) {
  Series bars = DailyBars(105);
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  for (size_t row = 100; row < 105; ++row) ScaleBar(bars, row, 0.25);
  const auto doubts = [&](size_t seam) {
    const PriceAnchors anchors = {{INT64_MIN, absl::CivilDay(2010, 6, 1)},
                                  {bars.times[seam], absl::CivilDay(2010, 7, 1)}};
    return GateBeside(bars.Rows(100, 105), {bars.Rows(36, 100), {}}, quant::Xnys(), {.anchors = anchors}).doubts;
  };
  EXPECT_THAT(doubts(100), IsEmpty());
  EXPECT_EQ(doubts(101).size(), 1u) << "the move is within the rows of one day";
}

TEST(NeighbourRanges, LieBesideWhatCameAndWhatItReplaces) {
  constexpr int64_t kDay = 86'400'000'000'000;
  NeighbourRanges ranges = NeighbourRangesOf(quant::Timeframe::kDay, 1000 * kDay, 1010 * kDay, nullptr);
  EXPECT_EQ(ranges.before.end_ns, 1010 * kDay + 1) << "stored rows may stay between those that came";
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
  ranges = NeighbourRangesOf(quant::Timeframe::kDay, 1000 * kDay, 9000 * kDay, nullptr);
  EXPECT_GT(ranges.before.end_ns, 1064 * kDay);
  EXPECT_LT(ranges.before.end_ns, 1200 * kDay) << "no more than that is read";
  EXPECT_LT(ranges.after.start_ns, 9000 * kDay - 64 * kDay);
  EXPECT_GT(ranges.after.start_ns, 9000 * kDay - 200 * kDay);
  ranges = NeighbourRangesOf(quant::Timeframe::kTick, 5, 7, nullptr);
  EXPECT_EQ(ranges.before.start_ns, ranges.before.end_ns) << "ticks have no bars beside them";
}

}  // namespace
}  // namespace breadthflow::data
