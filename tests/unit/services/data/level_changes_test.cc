// Prices that come in another unit from some row on.
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/quality/gate.h"
#include "services/data/domain/quality/report.h"
#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Bars whose rows [begin, end) have `factor` times the price.
Series Scaled(size_t rows, size_t begin, size_t end, double factor) {
  Series bars = DailyBars(rows);
  for (size_t row = begin; row < end; ++row) ScaleBar(bars, row, factor);
  return bars;
}

std::vector<size_t> Between(size_t begin, size_t end) {
  std::vector<size_t> rows;
  for (size_t row = begin; row < end; ++row) rows.push_back(row);
  return rows;
}

// Errors of a check in a report.
std::vector<Finding> Errors(const Series& bars, const std::string& check) {
  std::vector<Finding> errors;
  for (Finding& one : CheckQuality(bars, quant::Xnys()).findings) {
    if (one.check == check && one.severity == Severity::kError) errors.push_back(std::move(one));
  }
  return errors;
}

// Rows of the resource split: one that takes effect on the day of that row of `bars`.
Series SplitAt(const Series& bars, size_t row, double ratio) {
  const absl::CivilDay day = absl::ToCivilDay(quant::FromNanos(bars.times[row]), absl::UTCTimeZone());
  Series splits{.key = {"split", "A", quant::Timeframe::kTick, "a"}, .repeats = true};
  splits.times = {quant::Xnys().DayStart(day)};
  splits.Add("ex_date", std::vector<std::string>{std::string(absl::FormatCivilTime(day))});
  splits.Add("ratio", std::vector<double>{ratio});
  return splits;
}

TEST(LevelChanges, AHundredOrThousandTimesThePriceUntilTheEndIsAnotherUnit) {
  for (const double factor : {100.0, 0.01, 1000.0, 0.001, 80.0, 1.0 / 120}) {
    const Series bars = Scaled(300, 150, 300, factor);
    const GateResult result = Gate(bars, quant::Xnys());
    EXPECT_EQ(result.rows, Between(150, 300)) << factor;
    ASSERT_EQ(result.findings.size(), 1u) << factor;
    EXPECT_EQ(result.findings[0].check, "unit_mixups");
    EXPECT_EQ(result.findings[0].affected_rows, 150);
    EXPECT_EQ(Errors(bars, "unit_mixups").size(), 1u) << factor;
    EXPECT_THAT(Errors(bars, "spikes"), IsEmpty()) << factor << ": the same is not found twice";
  }
  EXPECT_EQ(Gate(Scaled(300, 150, 300, 100), quant::Xnys()).findings[0].message,
            "150 rows are in another unit, or behind a split of 1:100 that nothing declares: their close is about 100 "
            "times that of the rows beside them and stays so");
  EXPECT_THAT(Gate(Scaled(300, 150, 300, 0.01), quant::Xnys()).findings[0].message,
              HasSubstr("a split of 100:1 that nothing declares: their close is about a 100th of that"));
}

TEST(LevelChanges, OfOtherFactorsAreMattersOfReports) {
  for (const double factor : {10.0, 0.1, 50.0, 0.02, 300.0}) {
    const Series bars = Scaled(300, 150, 300, factor);
    EXPECT_THAT(Gate(bars, quant::Xnys()).rows, IsEmpty()) << factor << ": a split may have made it";
  }
  EXPECT_EQ(Errors(Scaled(300, 150, 300, 0.1), "spikes").size(), 1u);
}

TEST(LevelChanges, AUnitThatComesBackIsThatOfTheRowsBetween) {
  EXPECT_EQ(Gate(Scaled(300, 100, 200, 100), quant::Xnys()).rows, Between(100, 200));
  for (const size_t rows : {1, 2, 3, 4, 5, 6}) {
    EXPECT_EQ(Gate(Scaled(300, 100, 100 + rows, 100), quant::Xnys()).rows, Between(100, 100 + rows)) << rows;
  }
}

TEST(LevelChanges, FewRowsTellItToo) {
  EXPECT_THAT(Gate(Scaled(3, 2, 3, 100), quant::Xnys()).rows, ElementsAre(2));
  EXPECT_THAT(Gate(Scaled(3, 1, 3, 100), quant::Xnys()).rows, ElementsAre(1, 2));
  EXPECT_THAT(Gate(Scaled(2, 1, 2, 100), quant::Xnys()).rows, IsEmpty()) << "either may be wrong";
  // Two rows of 2010 and two of 2015 are no neighbours.
  const Series all = Scaled(1400, 700, 1400, 100);
  Series few{.key = all.key, .basis = all.basis};
  std::vector<double> close;
  for (const size_t row : {10, 11, 1300, 1301}) {
    few.times.push_back(all.times[row]);
    close.push_back(all.Doubles("close")[row]);
  }
  few.Add("close", std::move(close));
  EXPECT_THAT(Gate(few, quant::Xnys()).rows, IsEmpty());
}

TEST(LevelChanges, ASplitThatIsDeclaredExplainsThemOfPricesAsTraded) {
  Series bars = Scaled(300, 150, 300, 100);
  const Series split = SplitAt(bars, 150, 0.01);
  const Series earlier = SplitAt(bars, 148, 0.01);
  const Series half = SplitAt(bars, 150, 0.5);
  EXPECT_THAT(Gate(bars, quant::Xnys(), {.splits = split}).rows, IsEmpty());
  EXPECT_EQ(Gate(bars, quant::Xnys(), {.splits = earlier}).rows.size(), 150u) << "another day";
  EXPECT_EQ(Gate(bars, quant::Xnys(), {.splits = half}).rows.size(), 150u) << "another ratio";
  Series adjusted = bars;
  adjusted.basis = quant::PriceBasis::kSplitAdjusted;
  EXPECT_EQ(Gate(adjusted, quant::Xnys(), {.splits = split}).rows.size(), 150u) << "these should not move by it";
  std::vector<double> column(300, 1);
  column[150] = 0.01;
  bars.Add("split_ratio", column);
  EXPECT_THAT(Gate(bars, quant::Xnys()).rows, IsEmpty());
}

// After a reverse split of one for a hundred a share may be far from a hundred times what it was, on the same day.
TEST(LevelChanges, ADeclaredSplitExplainsThemHoweverPricesMoveOnThatDay) {
  for (const double factor : {77.0, 60.0, 133.0}) {
    Series bars = Scaled(300, 150, 300, factor);
    const Series split = SplitAt(bars, 150, 0.01);
    const Series other = SplitAt(bars, 150, 2);
    // What is 60 times as high is taken for no other unit by itself.
    const size_t found = factor == 60 ? 0 : 150;
    EXPECT_EQ(Gate(bars, quant::Xnys()).rows.size(), found) << factor;
    EXPECT_THAT(Gate(bars, quant::Xnys(), {.splits = split}).rows, IsEmpty()) << factor;
    EXPECT_EQ(Gate(bars, quant::Xnys(), {.splits = other}).rows.size(), found)
        << factor << ": two for one is no reason";
    std::vector<double> column(300, 1);
    column[150] = 2;
    Series wrong = bars;
    wrong.Add("split_ratio", column);
    EXPECT_EQ(Gate(wrong, quant::Xnys()).rows.size(), found) << factor;
    column[150] = 0.01;
    bars.Add("split_ratio", column);
    EXPECT_THAT(Gate(bars, quant::Xnys()).rows, IsEmpty()) << factor;
  }
  // One for a hundred makes a hundred times the price, not a hundredth of it.
  Series down = Scaled(300, 150, 300, 0.01);
  const Series split = SplitAt(down, 150, 0.01);
  EXPECT_EQ(Gate(down, quant::Xnys(), {.splits = split}).rows.size(), 150u);
}

// Prices of one download up to row 150 and of another from there on, by whose day there was a reverse split.
TEST(LevelChanges, OnesFromOneDayOfAdjustmentToAnotherAreNone) {
  Series bars = Scaled(300, 150, 300, 100);
  bars.basis = quant::PriceBasis::kSplitAdjusted;
  const auto gate = [&](size_t seam) {
    return Gate(
        bars, quant::Xnys(),
        {.anchors = {{INT64_MIN, absl::CivilDay(2010, 6, 1)}, {bars.times[seam], absl::CivilDay(2012, 1, 31)}}});
  };
  EXPECT_THAT(gate(150).rows, IsEmpty());
  EXPECT_EQ(gate(149).rows.size(), 150u) << "within the rows of one day";
  // The first row of the later day has no price.
  PriceOf(bars, "close", 150) = 0;
  EXPECT_THAT(gate(150).steps, IsEmpty());
}

TEST(LevelChanges, WhatWasAcceptedBeforeIsPassedOver) {
  const Series bars = Scaled(300, 150, 300, 100);
  const GateResult found = Gate(bars, quant::Xnys());
  ASSERT_EQ(found.steps.size(), 1u);
  EXPECT_EQ(found.steps[0].before_ns, bars.times[149]);
  EXPECT_EQ(found.steps[0].time_ns, bars.times[150]);
  EXPECT_EQ(found.steps[0].before_close, bars.Doubles("close")[149]);
  EXPECT_EQ(found.steps[0].close, bars.Doubles("close")[150]);
  const GateResult accepted = Gate(bars, quant::Xnys(), {.accepted = {bars.times[150]}});
  EXPECT_THAT(accepted.rows, IsEmpty());
  EXPECT_THAT(accepted.steps, IsEmpty());
  EXPECT_EQ(Gate(bars, quant::Xnys(), {.accepted = {bars.times[149]}}).rows.size(), 150u) << "another row";
  // One that comes behind it is found by itself.
  Series twice = bars;
  for (size_t row = 250; row < 300; ++row) ScaleBar(twice, row, 0.01);
  EXPECT_EQ(Gate(twice, quant::Xnys(), {.accepted = {bars.times[150]}}).rows, Between(250, 300));
  // Beside what is stored, too.
  const auto beside = [&](const GateKnowledge& known) {
    return GateBeside(bars.Rows(147, 155), {bars.Rows(90, 147), {}}, quant::Xnys(), known);
  };
  EXPECT_EQ(beside({}).rows, Between(3, 8));
  ASSERT_EQ(beside({}).steps.size(), 1u);
  EXPECT_EQ(beside({}).steps[0].time_ns, bars.times[150]);
  EXPECT_THAT(beside({.accepted = {bars.times[150]}}).rows, IsEmpty());
  // And reports of it name it no more.
  SeriesKnowledge known;
  known.accepted = {bars.times[150]};
  for (const Finding& one : CheckQuality(bars, quant::Xnys(), {}, INT64_MAX, known).findings) {
    EXPECT_TRUE(one.check != "unit_mixups" && one.check != "spikes") << one.message;
  }
}

TEST(LevelChanges, AreByTheLimitsOfTheAssetClass) {
  Series coin = Scaled(300, 150, 300, 1000);
  coin.key.symbol = "BTC-USD";
  EXPECT_THAT(Gate(coin, quant::AlwaysOpen()).rows, IsEmpty()) << "a thousand new ones for an old one";
  coin = Scaled(300, 150, 300, 10'000);
  coin.key.symbol = "BTC-USD";
  EXPECT_EQ(Gate(coin, quant::AlwaysOpen()).rows.size(), 150u);
  Series rate = Scaled(300, 150, 300, 1000);
  rate.key.resource = "interest_rate";
  EXPECT_THAT(Gate(rate, quant::Xnys()).rows, IsEmpty());
  Series count = Scaled(300, 150, 300, 100);
  count.basis = quant::PriceBasis::kNotPrices;
  EXPECT_THAT(Gate(count, quant::Xnys()).rows, IsEmpty()) << "only prices have a unit that may be mixed up";
}

// Of `all`, the rows [begin, end) come where others are stored.
GateResult Come(const Series& all, size_t begin, size_t end, size_t from, size_t to) {
  return GateBeside(all.Rows(begin, end), {all.Rows(from, begin), all.Rows(end, to)}, quant::Xnys());
}

TEST(LevelChanges, RowsThatCameAreJudgedByTheStoredLevel) {
  const Series pence = Scaled(400, 100, 400, 100);
  EXPECT_THAT(Come(pence, 100, 101, 36, 101).rows, ElementsAre(0)) << "the row of one day";
  EXPECT_EQ(Come(pence, 100, 104, 36, 104).rows, Between(0, 4));
  EXPECT_EQ(Come(pence, 100, 300, 36, 300).rows, Between(0, 8)) << "of many the first";
  EXPECT_THAT(Come(pence, 101, 102, 37, 102).rows, IsEmpty()) << "the row before was released: that is the level now";
  EXPECT_THAT(Come(pence, 100, 104, 36, 104).doubts, IsEmpty());
  // What comes before the stored rows.
  EXPECT_EQ(Come(pence, 96, 100, 96, 108).rows, Between(0, 4));
  EXPECT_THAT(Come(pence, 104, 108, 104, 116).rows, IsEmpty());
  // And what fits one side where the stored rows change.
  EXPECT_THAT(Come(pence, 96, 100, 40, 108).rows, IsEmpty());
}

}  // namespace
}  // namespace breadthflow::data
