#include "services/data/domain/read_shape.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/domain/read_query.h"
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

TEST(ReadQuery, AnInstantToComeIsNoneToReadAsOf) {
  const absl::Time now = absl::FromUnixSeconds(1'600'000'000);
  const auto faults = [&](absl::Time as_of) {
    base::Violations violations;
    CheckAsOf(as_of, now, "as_of_time", violations);
    return violations.list().size();
  };
  EXPECT_EQ(faults(absl::InfiniteFuture()), 0u) << "nobody named one";
  EXPECT_EQ(faults(now), 0u);
  EXPECT_EQ(faults(now + absl::Minutes(5)), 0u) << "clocks differ";
  EXPECT_EQ(faults(now + absl::Minutes(5) + absl::Microseconds(1)), 1u);
}

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

// Bars of one price, one unit each, that end at these times.
quant::Series Prices(const std::string& symbol, Timeframe timeframe, std::vector<int64_t> times) {
  quant::Series bars{.key = {"stock_price", symbol, timeframe, "s"},
                     .basis = quant::PriceBasis::kSplitAdjusted,
                     .times = std::move(times),
                     .columns = {}};
  for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, std::vector<double>(bars.size(), 10));
  bars.Add("volume", std::vector<double>(bars.size(), 1));
  return bars;
}

// The minutes of a session, from `before` minutes before it to `after` minutes behind it.
std::vector<int64_t> Minutes(CivilDay day, int64_t before = 0, int64_t after = 0) {
  std::vector<int64_t> times;
  const int64_t last = CloseOf(day) + after * kMinute;
  for (int64_t end = OpenOf(day) + (1 - before) * kMinute; end <= last; end += kMinute) times.push_back(end);
  return times;
}

absl::StatusOr<BarsMade> Made(const quant::Series& rows, Resampling resampling, const quant::Calendar& calendar,
                              quant::TimeRange range = {}) {
  resampling.calendar = &calendar;
  return ResampleRows(rows, resampling, {}, range, {rows.times.front(), rows.times.back(), 0}, RowKind::kBars);
}

const CivilDay kWednesday(2020, 9, 2);

TEST(ReadShape, TheClosingAuctionIsOfTheSessionThatItCloses) {
  const quant::Series rows = Prices("SPY", Timeframe::kMin1, Minutes(kWednesday, 0, 1));
  const auto made = Made(rows, Of(Timeframe::kDay), quant::Xnys());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->bars.times, ElementsAre(CloseOf(kWednesday)));
  EXPECT_THAT(made->bars.Doubles("volume"), ElementsAre(391));
  EXPECT_THAT(made->notices, ElementsAre());
  const auto halves = Made(rows, Of(Timeframe::kMin30), quant::Xnys());
  ASSERT_TRUE(halves.ok()) << halves.status();
  EXPECT_EQ(halves->bars.size(), 13u);
  EXPECT_EQ(halves->bars.Doubles("volume").back(), 31);
}

TEST(ReadShape, RowsOfTheClosingAuctionAreReadForABarThatEndsBeforeThem) {
  const int64_t close = CloseOf(kWednesday);
  EXPECT_EQ(RowsNeededUntil(Of(Timeframe::kDay), Timeframe::kMin1, RowKind::kBars, close + 1),
            close + 240 * kMinute + 1)
      << "the evening tells whether it was an auction";
  EXPECT_EQ(RowsNeededUntil(Of(Timeframe::kDay), Timeframe::kMin1, RowKind::kBars, close), close);
  EXPECT_EQ(RowsNeededUntil(Of(Timeframe::kDay), Timeframe::kTick, RowKind::kTrades, close + 1), close + kMinute);
  EXPECT_EQ(RowsNeededUntil(Of(Timeframe::kDay), Timeframe::kTick, RowKind::kLevels, close + 1), close + 1);
  EXPECT_EQ(RowsNeededUntil(Of(Timeframe::kDay), Timeframe::kMin1, RowKind::kBars, INT64_MAX), INT64_MAX);
  const quant::Series rows = Prices("SPY", Timeframe::kMin1, Minutes(kWednesday, 0, 1));
  const auto part = Made(rows, Of(Timeframe::kDay), quant::Xnys(), {.end_ns = close + 1});
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_THAT(part->bars.Doubles("volume"), ElementsAre(391)) << "as in the whole";
}

TEST(ReadShape, RowsOfExtendedHoursAreLeftOutAndToldOf) {
  const auto made =
      Made(Prices("SPY", Timeframe::kMin1, Minutes(kWednesday, 330, 240)), Of(Timeframe::kDay), quant::Xnys());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->bars.Doubles("volume"), ElementsAre(390));
  EXPECT_THAT(made->notices, ElementsAre("570 of 960 rows are outside the sessions of XNYS and in no bar: 570 of them "
                                         "are of extended hours"));
}

TEST(ReadShape, FewRowsOfAClosedExchangeAreToldOfAndManyRefused) {
  std::vector<int64_t> times = Minutes(kWednesday);
  const auto at_night = [&](int64_t rows) {
    std::vector<int64_t> all = times;
    for (int64_t i = 0; i < rows; ++i) all.push_back(CloseOf(kWednesday) + (300 + i) * kMinute);
    return Prices("SPY", Timeframe::kMin1, all);
  };
  const auto few = Made(at_night(20), Of(Timeframe::kDay), quant::Xnys());
  ASSERT_TRUE(few.ok()) << few.status();
  EXPECT_THAT(few->bars.Doubles("volume"), ElementsAre(390));
  EXPECT_THAT(few->notices, ElementsAre("20 of 410 rows are outside the sessions of XNYS and in no bar"));
  const auto many = Made(at_night(30), Of(Timeframe::kDay), quant::Xnys());
  EXPECT_EQ(base::DetailsOf(many.status()).reason, "OUTSIDE_SESSIONS");
  EXPECT_THAT(base::Message(many.status()), ::testing::HasSubstr("30 of the 420 rows"));
  EXPECT_THAT(base::Message(many.status()), ::testing::HasSubstr("fits its rows: 24/7, FX, none"));
}

TEST(ReadShape, RowsWhoseBarIsNotCompleteAreToldOfUnlessTheRangeEndsBefore) {
  const quant::Series rows = Prices(
      "SPY", Timeframe::kDay, {CloseOf(CivilDay(2020, 8, 28)), CloseOf(CivilDay(2020, 8, 31)), CloseOf(kWednesday)});
  const auto weeks = Made(rows, Of(Timeframe::kWeek), quant::Xnys());
  ASSERT_TRUE(weeks.ok()) << weeks.status();
  EXPECT_EQ(weeks->bars.size(), 1u);
  EXPECT_THAT(weeks->notices, ElementsAre("the last 2 rows are in no bar: it is not known that their 1week is over"));
  const auto earlier = Made(rows, Of(Timeframe::kWeek), quant::Xnys(), {.end_ns = CloseOf(CivilDay(2020, 8, 31))});
  ASSERT_TRUE(earlier.ok()) << earlier.status();
  EXPECT_THAT(earlier->notices, ElementsAre());
  const auto lots = Made(rows, {.bars = {.rule = quant::BarRule::kVolume, .size = 2}}, quant::Xnys());
  ASSERT_TRUE(lots.ok()) << lots.status();
  EXPECT_THAT(lots->notices, ElementsAre("the last 1 rows are in no bar: it is not full"));
}

// A Tokyo stock: Good Friday is a day like others. Sessions end at 15:00 there, 06:00 UTC.
TEST(ReadShape, WithoutACalendarWeeksHaveEveryRowByItsDate) {
  std::vector<int64_t> times;
  for (const int day : {3, 4, 5, 6, 7, 10})
    times.push_back(quant::UtcInstant(absl::CivilSecond(2023, 4, day, 6, 0, 0)));
  const auto made = Made(Prices("7203", Timeframe::kDay, times), Of(Timeframe::kWeek), quant::UtcDays());
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->bars.times, ElementsAre(quant::UtcInstant(absl::CivilSecond(2023, 4, 10))));
  EXPECT_THAT(made->bars.Doubles("volume"), ElementsAre(5));
  EXPECT_THAT(made->notices, ElementsAre("the last 1 rows are in no bar: it is not known that their 1week is over"));
  times.resize(5);
  const auto friday = Made(Prices("7203", Timeframe::kDay, times), Of(Timeframe::kWeek), quant::UtcDays());
  ASSERT_TRUE(friday.ok()) << friday.status();
  EXPECT_TRUE(friday->bars.empty()) << "nobody knows that Saturday has no row";
}

TEST(ReadShape, WithoutACalendarDaysAreThoseOfTheZone) {
  const quant::Calendar tokyo =
      quant::DaysOf([](absl::CivilSecond local) { return quant::UtcInstant(local - 9 * 3600); });
  std::vector<int64_t> times;  // hours that end from 16:00 to 09:00 of the next day there
  for (int64_t hour = 7; hour <= 24; ++hour)
    times.push_back(quant::UtcInstant(absl::CivilSecond(2023, 4, 3, 0, 0, 0)) + hour * 60 * kMinute);
  const quant::Series rows = Prices("FUT", Timeframe::kHour1, times);
  const auto made = Made(rows, Of(Timeframe::kDay), tokyo);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_THAT(made->bars.times, ElementsAre(quant::UtcInstant(absl::CivilSecond(2023, 4, 3, 15, 0, 0))));
  EXPECT_THAT(made->bars.Doubles("volume"), ElementsAre(9));
  const auto utc = Made(rows, Of(Timeframe::kDay), quant::UtcDays());
  ASSERT_TRUE(utc.ok()) << utc.status();
  EXPECT_THAT(utc->bars.Doubles("volume"), ElementsAre(18));
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
  EXPECT_THAT(JoinedColumns(join, **FindResource("earnings")),
              ElementsAre("eps_diluted", "period_end", "publication_estimated"));
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

TEST(ReadShape, EventsThatTakeEffectCountUntilTheNewestRowUnlessTheFirstIsTheAnchor) {
  const StoredExtent extent{.first_time_ns = 5, .last_time_ns = 90};
  const quant::Series raw = Bars(quant::PriceBasis::kRaw, {"close"});
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kSplitDividend, extent), (quant::TimeRange{10, 91}));
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kTotalReturn, extent), (quant::TimeRange{10, 21}));
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kTotalReturn, extent, 15), (quant::TimeRange{10, 15}))
      << "the row at 20 is of an evening";
  EXPECT_EQ(EventsThatCount(raw, Adjustment::kTotalReturn, extent, 5), (quant::TimeRange{10, 11}));
  const quant::Series split = Bars(quant::PriceBasis::kSplitAdjusted, {"close"});
  EXPECT_EQ(EventsThatCount(split, Adjustment::kTotalReturn, extent), (quant::TimeRange{10, 91}));
}

TEST(ReadShape, WhatIsStoredAsWantedIsPlain) {
  const auto raw = quant::PriceBasis::kRaw, both = quant::PriceBasis::kSplitAndDividendAdjusted;
  EXPECT_TRUE(IsPlain({.fields = {"close"}}, raw));
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kRaw}, raw));
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kSplitDividend}, both));
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kTotalReturn}, both)) << "its anchor must be moved";
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kSplit}, both)) << "to be refused";
  EXPECT_TRUE(IsPlain({.adjustment = Adjustment::kSplit, .keep_adjusted = true}, both));
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kSplit, .keep_adjusted = true}, raw));
  EXPECT_FALSE(IsPlain({.adjustment = Adjustment::kTotalReturn, .keep_adjusted = true}, both)) << "not more than that";
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
