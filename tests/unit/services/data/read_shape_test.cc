#include "services/data/domain/read_shape.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/domain/resource.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMinute = int64_t{60'000'000'000};

int64_t CloseOf(CivilDay day) { return *quant::Xnys().SessionClose(day); }
int64_t OpenOf(CivilDay day) { return quant::Xnys().Find(day)->open_ns; }
Resampling Of(Timeframe timeframe) { return {.bars = {.timeframe = timeframe}}; }

TEST(ReadShape, RowsAreNeededFromTheBeginningOfTheFirstBar) {
  const CivilDay wednesday(2020, 9, 2), monday(2020, 8, 31), tuesday_after_labor_day(2020, 9, 8);
  const int64_t noon = OpenOf(wednesday) + 150 * kMinute;
  // A bar that ends where the interval begins belongs to the one before.
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kHour1), false, noon), OpenOf(wednesday) + 120 * kMinute + 1);
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kHour1), true, noon), OpenOf(wednesday) + 120 * kMinute);
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kMin30), true, noon), noon - 30 * kMinute) << "the bar that ends then";
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kDay), true, noon), OpenOf(wednesday));
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kDay), true, CloseOf(wednesday)), OpenOf(wednesday));
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kWeek), true, noon), OpenOf(monday));
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kWeek), true, CloseOf(tuesday_after_labor_day)),
            OpenOf(tuesday_after_labor_day));
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kMonth), true, CloseOf(monday)), OpenOf(CivilDay(2020, 8, 3)));
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kDay), true, CloseOf(monday) + 1), CloseOf(monday) + 1)
      << "nothing before the next session is needed";
  EXPECT_EQ(FirstRowNeeded(Of(Timeframe::kDay), true, INT64_MIN), INT64_MIN);
  EXPECT_EQ(FirstRowNeeded({.bars = {.rule = quant::BarRule::kVolume, .size = 5}}, true, noon), INT64_MIN);
}

TEST(ReadShape, OfAJoinOnlyRowsAreReadThatCanShow) {
  JoinSpec join{.resource = "earnings", .fields = {"eps_diluted"}};
  EXPECT_EQ(JoinedRange(join, 100, 200), (quant::TimeRange{INT64_MIN, 201}));
  join.ttl = absl::Nanoseconds(30);
  EXPECT_EQ(JoinedRange(join, 100, 200), (quant::TimeRange{70, 201}));
  join.ttl = absl::Hours(24 * 365 * 1000);
  EXPECT_EQ(JoinedRange(join, 100, 200).start_ns, INT64_MIN);
  join.ttl = absl::Nanoseconds(30);
  join.replace_by = "period_end";
  EXPECT_EQ(JoinedRange(join, 100, 200).start_ns, INT64_MIN) << "an old row may keep others out";
  EXPECT_THAT(JoinedColumns(join), ElementsAre("eps_diluted", "period_end"));
}

TEST(ReadShape, RowsBehindTheRangeAreReadWhereTheyChangeIt) {
  const auto raw = quant::PriceBasis::kRaw, split = quant::PriceBasis::kSplitAdjusted;
  EXPECT_TRUE(NeedsLaterRows(Adjustment::kSplit, raw));
  EXPECT_TRUE(NeedsLaterRows(Adjustment::kSplitDividend, raw));
  EXPECT_FALSE(NeedsLaterRows(Adjustment::kForward, raw)) << "no later event changes it";
  EXPECT_FALSE(NeedsLaterRows(Adjustment::kTotalReturn, raw));
  EXPECT_TRUE(NeedsLaterRows(Adjustment::kForward, split)) << "the source divided by later splits";
}

quant::Series Bars(quant::PriceBasis basis, const std::vector<std::string>& columns) {
  quant::Series bars{
      .key = {"stock_price", "A", Timeframe::kDay, "s"}, .basis = basis, .times = {10, 20}, .columns = {}};
  for (const std::string& name : columns) bars.Add(name, std::vector<double>{1, 1});
  return bars;
}

TEST(ReadShape, OnlyWhatNeitherSeriesNorColumnsSayIsMissing) {
  const auto raw = quant::PriceBasis::kRaw, split = quant::PriceBasis::kSplitAdjusted;
  const auto missing = [](const quant::Series& bars, Adjustment adjustment, const CorporateActions& actions = {}) {
    const ActionsNeeded needed = MissingActions(bars, adjustment, actions);
    return std::pair(needed.splits, needed.dividends);
  };
  const std::pair none(false, false), splits(true, false), dividends(false, true), both(true, true);
  const std::vector<std::string> plain = {"close"};
  EXPECT_EQ(missing(Bars(raw, plain), Adjustment::kSplit), splits);
  EXPECT_EQ(missing(Bars(raw, plain), Adjustment::kTotalReturn), both);
  EXPECT_EQ(missing(Bars(raw, {"close", "split_ratio"}), Adjustment::kTotalReturn), dividends);
  EXPECT_EQ(missing(Bars(raw, {"close", "dividend"}), Adjustment::kForward), splits);
  EXPECT_EQ(missing(Bars(raw, {"close", "adj_close"}), Adjustment::kSplitDividend), splits);
  EXPECT_EQ(missing(Bars(raw, {"close", "adj_close"}), Adjustment::kTotalReturn), both) << "it can not be made of that";
  EXPECT_EQ(missing(Bars(split, plain), Adjustment::kTotalReturn), dividends);
  EXPECT_EQ(missing(Bars(split, plain), Adjustment::kForwardSplit), splits);
  EXPECT_EQ(missing(Bars(split, plain), Adjustment::kRaw), none) << "which is refused for another reason";
  EXPECT_EQ(missing(Bars(quant::PriceBasis::kSplitAndDividendAdjusted, plain), Adjustment::kForward), none);
  quant::Series paid = Bars(quant::PriceBasis::kNotPrices, {"amount"});
  const quant::Series nothing;
  EXPECT_EQ(missing(Bars(raw, plain), Adjustment::kTotalReturn, {.splits = &nothing, .dividends = &paid}), none);
  EXPECT_EQ(missing(Bars(split, plain), Adjustment::kTotalReturn, {.dividends = &paid}), splits)
      << "dividends as they were paid";
  EXPECT_EQ(missing(Bars(split, plain), Adjustment::kTotalReturn, {.dividends = &nothing}), none);
}

TEST(ReadShape, EventsCountUntilTheNewestRowUnlessTheFirstIsTheAnchor) {
  const StoredExtent extent{.first_time_ns = 5, .last_time_ns = 90};
  const quant::Series raw = Bars(quant::PriceBasis::kRaw, {"close"});
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kSplitDividend, extent), (quant::TimeRange{10, 91}));
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kTotalReturn, extent), (quant::TimeRange{10, 21}));
  const quant::Series split = Bars(quant::PriceBasis::kSplitAdjusted, {"close"});
  EXPECT_EQ(EventsThatCount(split, Adjustment::kTotalReturn, extent), (quant::TimeRange{10, 91}));
}

TEST(ReadShape, WhatIsStoredAsWantedIsPlain) {
  const auto raw = quant::PriceBasis::kRaw, both = quant::PriceBasis::kSplitAndDividendAdjusted;
  EXPECT_TRUE(IsPlain({.fields = {"close"}}, raw));
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kRaw}, raw));
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kSplitDividend}, both));
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kTotalReturn}, both)) << "its anchor must be moved";
  EXPECT_FALSE(IsPlain({.resampling = Resampling()}, raw));
  EXPECT_FALSE(IsPlain({.joins = {JoinSpec()}}, raw));
}

TEST(ReadShape, EveryViolationIsFound) {
  const auto find = [](const std::string& id) { return FindResource(id); };
  const auto fields = [&](const ReadShape& shape, const std::string& resource, Timeframe timeframe) {
    base::Violations violations;
    CheckShape(shape, **FindResource(resource), timeframe, find, violations);
    std::vector<std::string> found;
    for (const auto& violation : violations.list()) found.push_back(violation.field);
    return found;
  };
  EXPECT_THAT(
      fields({.adjustment = Adjustment::kSplit, .fields = {"period_end", "rain"}}, "earnings", Timeframe::kTick),
      UnorderedElementsAre("adjustment", "fields[1]"));
  EXPECT_THAT(fields({.resampling = Of(Timeframe::kMonth)}, "stock_price", Timeframe::kWeek),
              ElementsAre("resampling.timeframe"));
  EXPECT_THAT(fields({.resampling = Of(Timeframe::kMin1), .fields = {"vwap", "trade_count", "size"}}, "trade",
                     Timeframe::kTick),
              ElementsAre("fields[2]"));
  EXPECT_THAT(fields({.resampling = Of(Timeframe::kDay)}, "order_book", Timeframe::kTick), ElementsAre("resampling"));
  EXPECT_THAT(fields({.joins = {{.resource = "earnings", .fields = {"sec_edgar.x"}}}}, "trade", Timeframe::kTick),
              ElementsAre());
}

}  // namespace
}  // namespace breadthflow::data
