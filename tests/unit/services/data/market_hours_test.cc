#include "services/data/domain/market_hours.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::data {
namespace {

using absl::CivilDay;
using absl::CivilSecond;
using quant::Timeframe;
using ::testing::ElementsAre;

using Times = std::vector<int64_t>;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

int64_t NewYork(int year, int month, int day, int hour = 16, int minute = 0) {
  return quant::NewYorkInstant(CivilSecond(year, month, day, hour, minute, 0));
}

std::string Of(const std::string& symbol, Timeframe timeframe, const Times& times,
               const std::string& resource = "stock_price") {
  return CalendarOf({resource, symbol, timeframe, "test"}, times).name();
}

// The last `count` daily bars before 2024-08-12.
Times Closes(const quant::Calendar& calendar, int count) {
  Times times;
  const quant::Session* last = calendar.LastClosingBy(NewYork(2024, 8, 12, 0));
  for (int i = count - 1; i >= 0; --i) times.push_back((last - i)->close_ns);
  return times;
}

// The ends of bars of five minutes on those days, from and to these minutes of each day in UTC.
Times Bars(CivilDay from, CivilDay to, int first_minute, int last_minute, bool weekends = false) {
  Times times;
  for (CivilDay day = from; day < to; ++day) {
    const absl::Weekday weekday = absl::GetWeekday(day);
    if (!weekends && (weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday)) continue;
    for (int minute = first_minute + 5; minute <= last_minute; minute += 5) {
      times.push_back(quant::UtcInstant(CivilSecond(day)) + minute * kMinute);
    }
  }
  return times;
}

// Those of the sessions of a calendar, with so many minutes before and after them.
Times Sessions(const quant::Calendar& calendar, CivilDay from, CivilDay to, int before = 0, int after = 0) {
  Times times;
  for (const quant::Session& session : calendar.Between(from, to)) {
    const int64_t last = session.close_ns + after * kMinute;
    for (int64_t end = session.open_ns + (5 - before) * kMinute; end <= last; end += 5 * kMinute) times.push_back(end);
  }
  return times;
}

const CivilDay kMonday(2024, 6, 3), kThreeWeeksLater(2024, 6, 24);

TEST(CalendarOf, WhatWasNamedCounts) {
  const quant::SeriesKey key{"stock_price", "BTC-USD", Timeframe::kDay, "test"};
  EXPECT_EQ(CalendarOf(key, Closes(quant::Xnys(), 30), &quant::Xetr()).name(), "XETR");
  EXPECT_EQ(CalendarOf(key, Closes(quant::Xnys(), 30), &quant::UtcDays()).name(), "none");
}

TEST(CalendarOf, IsTheOneOnWhichDailyRowsStand) {
  for (const std::string_view name : quant::CalendarNames()) {
    const quant::Calendar& calendar = **quant::FindCalendar(name);
    for (const int count : {1, 2, 5, 700}) {
      EXPECT_EQ(Of("ANY", Timeframe::kDay, Closes(calendar, count)), name) << count;
      Times times = Closes(calendar, count);
      if (count > 2) times[0] += 1;
      if (count > 2) times.back() += 1;
      EXPECT_EQ(Of("ANY", Timeframe::kDay, times), name) << "two rows that are off say nothing";
    }
  }
}

TEST(CalendarOf, DailyRowsOfAnExchangeWithOtherHolidaysAreNotThoseOfTheOneWhoseHoursItKeeps) {
  // Toronto closes with New York, but not on the same days.
  Times times;
  for (CivilDay day(2023, 1, 3); day < CivilDay(2024, 8, 1); ++day) {
    const absl::Weekday weekday = absl::GetWeekday(day);
    if (weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday) continue;
    times.push_back(quant::NewYorkInstant(CivilSecond(day) + 16 * 3600));
  }
  EXPECT_EQ(Of("ANY", Timeframe::kDay, times), "none");
}

TEST(CalendarOf, DaysThatEndAtMidnightButNeverOnAWeekendAreNotThoseOfAMarketThatNeverCloses) {
  Times times = Closes(quant::AlwaysOpen(), 30);
  EXPECT_EQ(Of("ANY", Timeframe::kDay, times), "24/7");
  std::erase_if(times, [](int64_t time_ns) {
    const absl::Weekday day = absl::GetWeekday(absl::ToCivilDay(quant::FromNanos(time_ns - 1), absl::UTCTimeZone()));
    return day == absl::Weekday::saturday || day == absl::Weekday::sunday;
  });
  EXPECT_EQ(Of("ANY", Timeframe::kDay, times), "none");
}

TEST(CalendarOf, RowsAroundTheClockOnSevenDaysNeverClose) {
  Times times = Bars(kMonday, kThreeWeeksLater, 0, 24 * 60, true);
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, times), "24/7");
  // Friday to Sunday, and nothing after it.
  times = Bars(CivilDay(2016, 10, 7), CivilDay(2016, 10, 10), 0, 24 * 60, true);
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, times), "24/7");
  times.resize(times.size() - 64);
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, times), "24/7") << "whatever the last rows are";
}

TEST(CalendarOf, AnExchangeThatIsOpenOnSundayIsNotOneThatNeverCloses) {
  Times times;
  for (CivilDay day = kMonday - 1; day < kThreeWeeksLater; ++day) {
    if (absl::GetWeekday(day) == absl::Weekday::friday || absl::GetWeekday(day) == absl::Weekday::saturday) continue;
    for (int minute = 7 * 60; minute <= 14 * 60; minute += 5)
      times.push_back(quant::UtcInstant(CivilSecond(day)) + minute * kMinute);
  }
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, times), "none");
}

TEST(CalendarOf, RowsInTheCurrencyWeekKeepIt) {
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Sessions(quant::FxWeek(), kMonday, kThreeWeeksLater)), "FX");
  Times futures;  // rest from 17:00 to 18:00
  for (const int64_t time : Sessions(quant::FxWeek(), kMonday, kThreeWeeksLater)) {
    if (time - quant::FxWeek().At(time - 1)->open_ns > kHour) futures.push_back(time);
  }
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, futures), "FX");
}

TEST(CalendarOf, RowsInTheHoursOfNewYorkKeepThemWithOrWithoutTheExtendedOnes) {
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Sessions(quant::Xnys(), kMonday, kThreeWeeksLater)), "XNYS");
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Sessions(quant::Xnys(), kMonday, kThreeWeeksLater, 330, 240)), "XNYS");
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Sessions(quant::Xnys(), kMonday, kThreeWeeksLater, 0, 5)), "XNYS");
}

TEST(CalendarOf, HoursOfOtherExchangesAreNobodys) {
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Bars(kMonday, kThreeWeeksLater, 0, 6 * 60)), "none") << "Tokyo";
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Sessions(quant::Xetr(), kMonday, kThreeWeeksLater)), "none")
      << "Frankfurt, Paris or London";
  // New York's holiday is a day like others.
  EXPECT_EQ(Of("ANY", Timeframe::kMin5, Bars(kMonday, kThreeWeeksLater, 13 * 60 + 30, 20 * 60)), "none");
}

TEST(CalendarOf, GoesByTheSymbolUnlessTheRowsRefuteIt) {
  const int64_t monday = NewYork(2024, 8, 5, 10);
  for (const Timeframe timeframe : {Timeframe::kMin1, Timeframe::kTick, Timeframe::kDay}) {
    for (const Times& times : {Times(), Times{monday}}) {
      for (const char* symbol : {"BTC-USD", "X:BTCUSD", "ETHUSDT"}) EXPECT_EQ(Of(symbol, timeframe, times), "24/7");
      for (const char* symbol : {"EURUSD=X", "C:EURUSD", "USDJPY"}) EXPECT_EQ(Of(symbol, timeframe, times), "FX");
      EXPECT_EQ(Of("SAP.DE", timeframe, times), "XETR");
      for (const char* symbol : {"VOD.L", "7203.T", "RY.TO", "OR.PA"}) EXPECT_EQ(Of(symbol, timeframe, times), "none");
      if (timeframe == Timeframe::kDay && !times.empty()) continue;
      for (const char* symbol : {"AAPL", "BRK-B", "BRK.B", "-USD", "GLOBEX"}) {
        EXPECT_EQ(Of(symbol, timeframe, times), "XNYS") << symbol;
      }
    }
  }
  EXPECT_EQ(Of("AAPL", Timeframe::kDay, {monday}), "none") << "no session closes then";
  EXPECT_EQ(Of("SAP.DE", Timeframe::kDay, Closes(quant::Xnys(), 20)), "XNYS");
  EXPECT_EQ(Of("EURUSD", Timeframe::kMin5, Bars(kMonday, kThreeWeeksLater, 0, 24 * 60, true)), "24/7");
  EXPECT_EQ(CalendarOf({"stock_price", "VOD.L", Timeframe::kMin1, "simulated"}, Times{monday}).name(), "XNYS");
}

TEST(CalendarOf, FewRowsAreJudgedByTheHoursThatTheyHave) {
  EXPECT_EQ(Of("COIN", Timeframe::kMin1, {NewYork(2024, 8, 3, 12), NewYork(2024, 8, 5, 10)}), "24/7");
  EXPECT_EQ(Of("LATE", Timeframe::kMin1, {NewYork(2024, 8, 2, 20), NewYork(2024, 12, 6, 20)}), "XNYS");
  EXPECT_EQ(Of("EARLY", Timeframe::kMin1, {NewYork(2024, 8, 4, 18)}), "none");
}

TEST(CalendarOf, WhatIsNotTradedHasNoExtendedHours) {
  const Times evenings = {NewYork(2024, 8, 5, 16, 30), NewYork(2024, 8, 6, 11), NewYork(2024, 8, 7, 17)};
  EXPECT_EQ(Of("AAPL", Timeframe::kTick, evenings, "trade"), "XNYS");
  EXPECT_EQ(Of("AAPL", Timeframe::kTick, evenings, "earnings"), "none") << "else most would be in no bar";
}

TEST(RowsThatTell, AreSpreadOverTheSeriesWhereAllWouldBeTooMuch) {
  EXPECT_THAT(RowsThatTell(Timeframe::kDay, 0, 20'000 * kDay), ElementsAre(quant::TimeRange{0, 20'000 * kDay + 1}));
  EXPECT_THAT(RowsThatTell(Timeframe::kMin1, 5, 50 * kDay), ElementsAre(quant::TimeRange{5, 50 * kDay + 1}));
  const auto ranges = RowsThatTell(Timeframe::kMin1, 0, 800 * kDay);
  ASSERT_EQ(ranges.size(), 8u);
  EXPECT_EQ(ranges.front(), (quant::TimeRange{0, 7 * kDay}));
  EXPECT_EQ(ranges.back().end_ns, 800 * kDay + 1);
  for (size_t i = 1; i < ranges.size(); ++i) EXPECT_GT(ranges[i].start_ns, ranges[i - 1].end_ns);
  EXPECT_EQ(RowsThatTell(Timeframe::kTick, 0, 800 * kDay).size(), 24u);
  for (const quant::TimeRange& range : RowsThatTell(Timeframe::kTick, INT64_MIN, INT64_MAX)) {
    EXPECT_LT(range.start_ns, range.end_ns);
  }
}

TEST(HoursOf, TellsSessionsWithTheirAuctionFromExtendedHoursAndTheRest) {
  const quant::Session day = *quant::Xnys().Find(CivilDay(2024, 8, 5));
  const Times times = {day.open_ns - 331 * kMinute,
                       day.open_ns - 329 * kMinute,
                       day.open_ns,
                       day.open_ns + kMinute,
                       day.close_ns,
                       day.close_ns + kMinute,
                       day.close_ns + 2 * kMinute,
                       day.close_ns + 240 * kMinute,
                       day.close_ns + 241 * kMinute};
  const RowHours minutes = HoursOf(times, quant::Xnys(), Timeframe::kMin1, false);
  EXPECT_EQ(minutes.rows, 9u);
  EXPECT_EQ(minutes.extended, 5u) << "the bar that ends at the open was before it, that at the close has followers";
  EXPECT_EQ(minutes.closed, 2u);
  EXPECT_EQ(HoursOf(times, quant::Xnys(), Timeframe::kTick, true).extended, 3u)
      << "a trade at the open is in it, and one at the close of the auction";
  EXPECT_EQ(HoursOf(times, quant::Xnys(), Timeframe::kDay, false).extended, 0u);
  EXPECT_EQ(HoursOf(times, quant::Xnys(), Timeframe::kDay, false).closed, 6u);
  const Times to_auction(times.begin() + 3, times.begin() + 6);
  EXPECT_EQ(HoursOf(to_auction, quant::Xnys(), Timeframe::kMin1, false).outside(), 0u);
  EXPECT_EQ(HoursOf(to_auction, quant::Xnys(), Timeframe::kTick, true).outside(), 1u) << "one a minute after it";
  const RowHours unknown = HoursOf(times, quant::UtcDays(), Timeframe::kMin1, false);
  EXPECT_EQ(unknown.outside(), 0u);
}

TEST(ClosingOf, IsTheAuctionOrTheBarThatBeginsWithIt) {
  EXPECT_EQ(ClosingOf(quant::Xnys(), Timeframe::kTick), kMinute);
  EXPECT_EQ(ClosingOf(quant::Xnys(), Timeframe::kMin1), kMinute);
  EXPECT_EQ(ClosingOf(quant::Xnys(), Timeframe::kMin5), 5 * kMinute);
  EXPECT_EQ(ClosingOf(quant::Xnys(), Timeframe::kHour1), kMinute);
  EXPECT_EQ(ClosingOf(quant::Xetr(), Timeframe::kMin5), 10 * kMinute);
  for (const quant::Calendar* calendar : {&quant::AlwaysOpen(), &quant::FxWeek(), &quant::UtcDays()}) {
    EXPECT_EQ(ClosingOf(*calendar, Timeframe::kMin1), 0) << calendar->name();
  }
}

TEST(CalendarsThatFit, AreOpenForTheRows) {
  EXPECT_EQ(CalendarsThatFit(Bars(kMonday, kThreeWeeksLater, 0, 24 * 60, true), Timeframe::kMin5, false), "24/7, none");
  EXPECT_EQ(CalendarsThatFit(Sessions(quant::FxWeek(), kMonday, kThreeWeeksLater), Timeframe::kMin5, false),
            "24/7, FX, none");
}

}  // namespace
}  // namespace breadthflow::data
