#include "services/data/domain/repair.h"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "services/data/domain/quality/gate.h"
#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> ChecksOf(const GateResult& result) {
  std::vector<std::string> names;
  for (const Finding& finding : result.findings) names.push_back(finding.check);
  return names;
}

TEST(Repair, NothingIsProposedForCleanRows) {
  EXPECT_THAT(ProposeRepairs(DailyBars(300)), IsEmpty());
  EXPECT_THAT(ProposeRepairs({}), IsEmpty());
}

TEST(Repair, ARowInAnotherUnitIsDividedOrMultiplied) {
  Series bars = DailyBars(300);
  ScaleBar(bars, 100, 100);
  ScaleBar(bars, 200, 0.01);
  const auto proposals = ProposeRepairs(bars);
  ASSERT_THAT(proposals, SizeIs(8)) << "four prices of two rows";
  for (const RepairProposal& one : proposals) {
    const bool first = one.time_ns == bars.times[100];
    EXPECT_TRUE(first || one.time_ns == bars.times[200]);
    EXPECT_EQ(one.check, "unit_mixups");
    EXPECT_DOUBLE_EQ(one.proposed, first ? one.value / 100 : one.value * 100);
  }
  bars = DailyBars(300);
  ScaleBar(bars, 299, 100);
  EXPECT_THAT(ProposeRepairs(bars), SizeIs(5)) << "at the end, where nothing follows, it may also be a split";
}

TEST(Repair, AHoleIsFilledByTheMeanOfItsNeighbours) {
  Series bars = DailyBars(50);
  PriceOf(bars, "close", 20) = 0;
  const auto proposals = ProposeRepairs(bars);
  ASSERT_THAT(proposals, SizeIs(1));
  EXPECT_EQ(proposals[0].field, "close");
  EXPECT_EQ(proposals[0].value, 0);
  EXPECT_DOUBLE_EQ(proposals[0].proposed, (PriceOf(bars, "close", 19) + PriceOf(bars, "close", 21)) / 2);
}

TEST(Repair, ASplitThatNobodyDeclaresIsProposedAsOne) {
  Series bars = DailyBars(300);
  for (size_t row = 150; row < 300; ++row) ScaleBar(bars, row, 1.0 / 7);
  const auto proposals = ProposeRepairs(bars);
  ASSERT_THAT(proposals, SizeIs(1));
  EXPECT_EQ(proposals[0].field, "split_ratio");
  EXPECT_EQ(proposals[0].proposed, 7);
  EXPECT_EQ(proposals[0].time_ns, bars.times[150]);
  std::vector<double> ratio(300, 1);
  ratio[150] = 7;
  bars.Add("split_ratio", ratio);
  EXPECT_THAT(ProposeRepairs(bars), IsEmpty()) << "it is declared";
}

TEST(Repair, ASplitThatIsDeclaredApartFromTheRowsExplainsAMoveThatFits) {
  Series bars = DailyBars(300);
  for (size_t row = 150; row < 300; ++row) ScaleBar(bars, row, 1.0 / 7);
  std::vector<double> splits(301, 1);
  EXPECT_THAT(ProposeRepairs(bars, splits), SizeIs(1));
  splits[150] = 7;
  EXPECT_THAT(ProposeRepairs(bars, splits), IsEmpty());
  splits[150] = 2;
  EXPECT_THAT(ProposeRepairs(bars, splits), SizeIs(1)) << "another ratio explains nothing";
  EXPECT_TRUE(ExplainedBySplit(std::log(0.5 * 0.9), 2));
  EXPECT_TRUE(ExplainedBySplit(std::log(10.5), 0.1));
  EXPECT_FALSE(ExplainedBySplit(std::log(1.0 / 7), 3));
  EXPECT_FALSE(ExplainedBySplit(std::log(1.0 / 20), 15));
  EXPECT_FALSE(ExplainedBySplit(0, 2));
  EXPECT_FALSE(ExplainedBySplit(std::log(0.5), 1));
}

TEST(Repair, AJumpThatIsTakenBackIsNoSplit) {
  Series bars = DailyBars(300);
  ScaleBar(bars, 150, 2);
  EXPECT_THAT(ProposeRepairs(bars), IsEmpty());
}

TEST(Repair, ThereAreNeverMoreThanTheMost) {
  Series bars = DailyBars(2000);
  for (size_t row = 10; row < 2000; row += 10) ScaleBar(bars, row, 100);
  EXPECT_THAT(ProposeRepairs(bars), SizeIs(kMaxProposals));
}

TEST(Gate, LetsThroughWhatRealMarketsDo) {
  EXPECT_THAT(ChecksOf(Gate(DailyBars(300), quant::Xnys())), IsEmpty());
  EXPECT_THAT(ChecksOf(Gate({}, quant::Xnys())), IsEmpty());
  Series split = DailyBars(300);
  for (size_t row = 150; row < 300; ++row) ScaleBar(split, row, 1.0 / 20);
  EXPECT_THAT(ChecksOf(Gate(split, quant::Xnys())), IsEmpty()) << "raw prices have splits";
  Series crash = DailyBars(300);
  ScaleBar(crash, 150, 0.5);
  EXPECT_THAT(ChecksOf(Gate(crash, quant::Xnys())), IsEmpty()) << "a doubt is for reports";
  Series auction = DailyBars(300);
  PriceOf(auction, "close", 7) = PriceOf(auction, "high", 7) * 1.02;
  EXPECT_THAT(ChecksOf(Gate(auction, quant::Xnys())), IsEmpty());
  Series erroneous_trade = DailyBars(300);
  PriceOf(erroneous_trade, "low", 7) = 0.01;
  EXPECT_THAT(ChecksOf(Gate(erroneous_trade, quant::Xnys())), IsEmpty())
      << "the low of GOOG on 2008-09-30 is one, and it was traded";
  Series holes = DailyBars(300).Rows(0, 10);
  EXPECT_THAT(ChecksOf(Gate(holes, quant::Xnys())), IsEmpty()) << "what is missing is no fault of the rows there are";
}

TEST(Gate, KeepsApartWhatNoMarketCanHaveMade) {
  Series unit = DailyBars(300);
  ScaleBar(unit, 150, 100);
  EXPECT_THAT(ChecksOf(Gate(unit, quant::Xnys())), ElementsAre("unit_mixups"));
  Series order = DailyBars(300);
  PriceOf(order, "open", 7) = PriceOf(order, "high", 7) * 1.5;
  EXPECT_THAT(ChecksOf(Gate(order, quant::Xnys())), ElementsAre("ohlc_order"));
  Series twice = DailyBars(300);
  twice.times[8] = twice.times[7] + 1;
  EXPECT_THAT(ChecksOf(Gate(twice, quant::Xnys())), ElementsAre("duplicates"));
}

TEST(Gate, ADayIsOneOfTheCalendarThatTheSeriesKeeps) {
  const auto at = [](int day, int hour) {
    return absl::ToUnixNanos(absl::FromCivil(absl::CivilHour(2024, 8, day, hour), absl::UTCTimeZone()));
  };
  Series bars = DailyBars(2);
  bars.times = {at(10, 0), at(10, 3)};  // the end of Friday, and Saturday; in New York both are evenings of Friday
  EXPECT_EQ(Gate(bars, quant::AlwaysOpen()).rows.size(), 0u);
  EXPECT_THAT(ChecksOf(Gate(bars, quant::Xnys())), ElementsAre("duplicates"));
  bars.times = {at(10, 3), at(11, 0)};  // a part of Saturday, and its end; in New York two days
  EXPECT_THAT(ChecksOf(Gate(bars, quant::AlwaysOpen())), ElementsAre("duplicates"));
  EXPECT_EQ(Gate(bars, quant::Xnys()).rows.size(), 0u);
  for (const std::string_view name : quant::CalendarNames()) {
    const quant::Calendar& calendar = *quant::FindCalendar(name).value();
    Series closes = DailyBars(2000);
    const auto sessions = calendar.sessions().subspan(1000, closes.size());
    for (size_t row = 0; row < closes.size(); ++row) closes.times[row] = sessions[row].close_ns;
    EXPECT_EQ(Gate(closes, calendar).rows.size(), 0u) << name;
    closes.times[7] = closes.times[6] + 1;
    EXPECT_EQ(Gate(closes, calendar).rows.size(), calendar.name() == "XNYS" || calendar.name() == "XETR" ? 1u : 0u)
        << name;
  }
}

TEST(Gate, CountsARowOnceHoweverManyChecksFindIt) {
  Series bars = DailyBars(300);
  EXPECT_EQ(Gate(bars, quant::Xnys()).rows.size(), 0u);
  PriceOf(bars, "close", 100) *= 100;  // out of its range by far, and in another unit than its neighbours
  PriceOf(bars, "open", 7) = PriceOf(bars, "high", 7) * 1.5;
  PriceOf(bars, "open", 8) = PriceOf(bars, "high", 8) * 1.02;  // odd, but bars have that
  const GateResult result = Gate(bars, quant::Xnys());
  EXPECT_THAT(ChecksOf(result), ::testing::UnorderedElementsAre("ohlc_order", "unit_mixups"));
  EXPECT_EQ(result.rows.size(), 2u);
}

TEST(Gate, SaysWhichChecksItGoesBy) {
  std::vector<std::string> gating;
  for (const QualityCheckEntry& check : QualityChecks().entries()) {
    if (check.gates) gating.push_back(check.info.name);
  }
  EXPECT_THAT(gating, ::testing::UnorderedElementsAre("duplicates", "ohlc_order", "positive_prices", "unit_mixups"));
}

}  // namespace
}  // namespace breadthflow::data
