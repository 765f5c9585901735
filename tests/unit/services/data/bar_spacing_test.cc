#include "services/data/domain/bar_spacing.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::HasSubstr;

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kDay = 1440 * kMinute;
constexpr int64_t kClose = 1'577'998'800'000'000'000;  // 2020-01-02 in New York

std::vector<int64_t> Every(int64_t step, int count, int64_t first = kClose) {
  std::vector<int64_t> times;
  for (int i = 0; i < count; ++i) times.push_back(first + i * step);
  return times;
}

std::string Fault(const std::vector<int64_t>& times, Timeframe timeframe) {
  const auto fault = FindSpacingFault(times, timeframe);
  return fault ? std::to_string(fault->row) + " " + fault->text : "";
}

// The last session of each month.
std::vector<int64_t> MonthEnds() {
  std::vector<int64_t> times;
  const auto sessions = quant::Xnys().sessions();
  for (size_t i = 0; i + 1 < sessions.size(); ++i) {
    if (sessions[i].day.month() != sessions[i + 1].day.month()) times.push_back(sessions[i].close_ns);
  }
  return times;
}

TEST(BarSpacing, SessionsOfEveryCalendarAreDaysApart) {
  for (const std::string_view name : quant::CalendarNames()) {
    std::vector<int64_t> times;
    for (const quant::Session& session : quant::FindCalendar(name).value()->sessions())
      times.push_back(session.close_ns);
    EXPECT_EQ(Fault(times, Timeframe::kDay), "") << name;
    EXPECT_THAT(Fault(times, Timeframe::kMin1), HasSubstr("bars of days and not of 1min")) << name;
    EXPECT_THAT(Fault(times, Timeframe::kWeek), HasSubstr("no bars of 1week")) << name;
  }
}

TEST(BarSpacing, MinutesAreNoDays) {
  EXPECT_THAT(Fault(Every(kMinute, 390), Timeframe::kDay),
              HasSubstr("1 is 1 minute after the row before: these are no bars of 1day"));
  EXPECT_THAT(Fault({kClose, kClose + kDay, kClose + kDay + 180 * kMinute}, Timeframe::kDay),
              HasSubstr("2 is 3 hours after the row before"));
}

TEST(BarSpacing, WeeksAndMonthsAreNoDaysAndMonthsNoWeeks) {
  EXPECT_THAT(Fault(Every(7 * kDay, 5), Timeframe::kDay), HasSubstr("bars of weeks and not of 1day"));
  std::vector<int64_t> with_a_gap = Every(7 * kDay, 200);
  for (size_t row = 100; row < with_a_gap.size(); ++row) with_a_gap[row] += 4 * kDay;
  EXPECT_THAT(Fault(with_a_gap, Timeframe::kDay), HasSubstr("bars of weeks and not of 1day"))
      << "the exchange was closed in the middle of one";
  EXPECT_EQ(Fault({kClose, kClose + 7 * kDay, kClose + 18 * kDay, kClose + 25 * kDay}, Timeframe::kDay), "")
      << "a few rows tell it only together";
  EXPECT_THAT(Fault(MonthEnds(), Timeframe::kDay), HasSubstr("bars of months and not of 1day"));
  EXPECT_THAT(Fault(MonthEnds(), Timeframe::kWeek), HasSubstr("bars of months and not of 1week"));
  EXPECT_EQ(Fault(MonthEnds(), Timeframe::kMonth), "");
  // Days that were cut to the last one of each month begin and end with a part of one.
  std::vector<int64_t> cut = MonthEnds();
  cut.resize(60);
  cut.insert(cut.begin(), cut.front() - 9 * kDay);
  cut.push_back(cut.back() + kDay);
  EXPECT_THAT(Fault(cut, Timeframe::kDay), HasSubstr("bars of months and not of 1day"));
  EXPECT_THAT(Fault(cut, Timeframe::kDay), ::testing::StartsWith("2 is ")) << "the first whole one";
  EXPECT_EQ(Fault({cut.end() - 4, cut.end()}, Timeframe::kDay), "") << "too few to leave one out";
  EXPECT_EQ(Fault({kClose, kClose + 60 * kDay, kClose + 150 * kDay}, Timeframe::kDay), "")
      << "single days that were mended";
  EXPECT_EQ(Fault(Every(30 * kDay, 2), Timeframe::kDay), "") << "two rows tell nothing";
}

TEST(BarSpacing, WeeksAndMonthsEndWithTheirLastSessionWheneverThatIs) {
  for (const std::string_view name : quant::CalendarNames()) {
    const auto sessions = quant::FindCalendar(name).value()->sessions();
    std::vector<int64_t> weeks, months;
    for (size_t i = 0; i + 1 < sessions.size(); ++i) {
      const absl::CivilDay next = sessions[i + 1].day;
      if (next >= absl::NextWeekday(sessions[i].day, absl::Weekday::monday)) weeks.push_back(sessions[i].close_ns);
      if (next.month() != sessions[i].day.month()) months.push_back(sessions[i].close_ns);
    }
    EXPECT_EQ(Fault(weeks, Timeframe::kWeek), "") << name << ", with the week of 2001-09-10 that ended on its Monday";
    EXPECT_EQ(Fault(months, Timeframe::kMonth), "") << name;
  }
}

TEST(BarSpacing, NoTwoRowsAreOfOneWeekOrMonthInWhateverTimeZone) {
  constexpr int64_t kHour = 60 * kMinute;
  constexpr int64_t kMonday = kClose - 21 * kHour - 3 * kDay;  // 2019-12-30, 00:00 UTC
  const auto fault = [](int64_t first, int64_t second, Timeframe timeframe) {
    return Fault({first, second}, timeframe);
  };
  EXPECT_THAT(fault(kMonday + 20 * kHour, kMonday + 4 * kDay + 20 * kHour, Timeframe::kWeek),
              HasSubstr("1 is 4 days after the row before: these are no bars of 1week"));
  EXPECT_EQ(fault(kMonday - 2 * kDay, kMonday + 20 * kHour, Timeframe::kWeek), "") << "Saturday and Monday";
  // Days of New York, whole ones: the week before ends on Monday at 5 by UTC, this one already on its Friday.
  EXPECT_EQ(fault(kMonday + 5 * kHour, kMonday + 5 * kDay + 5 * kHour, Timeframe::kWeek), "");
  // Of Tokyo: a week ends on Sunday at 15 by UTC, the next with its Monday.
  EXPECT_EQ(fault(kMonday - 9 * kHour, kMonday + 15 * kHour, Timeframe::kWeek), "");
  EXPECT_THAT(fault(kMonday + 4 * kDay, kMonday + 18 * kDay, Timeframe::kMonth),
              HasSubstr("1 is 14 days after the row before: these are no bars of 1month"));
  EXPECT_EQ(fault(kMonday, kMonday + 4 * kDay, Timeframe::kMonth), "") << "December and January";
  EXPECT_THAT(Fault(Every(7 * kDay, 5), Timeframe::kMonth), HasSubstr("no bars of 1month"));
}

TEST(BarSpacing, ShortBarsAtTheEndOfASessionAreFine) {
  std::vector<int64_t> hours;
  for (int day = 0; day < 5; ++day) {
    for (const int minute : {60, 120, 180, 240, 300, 360, 372}) hours.push_back(kClose + day * kDay + minute * kMinute);
  }
  EXPECT_EQ(Fault(hours, Timeframe::kHour1), "");
  EXPECT_THAT(Fault(Every(kMinute, 390), Timeframe::kHour1), HasSubstr("these are no bars of 1hour"));
  EXPECT_EQ(Fault(Every(1, 10), Timeframe::kTick), "");
  EXPECT_EQ(Fault({}, Timeframe::kDay), "");
}

constexpr int64_t kOpen = kClose - 390 * kMinute;

// Bars of that length of `sessions` sessions of XNYS from 2020-01-02 on, the last of each one ending with it.
std::vector<int64_t> BarsOf(int64_t length, int sessions) {
  std::vector<int64_t> times;
  const auto all = quant::Xnys().ClosingIn({kClose, INT64_MAX});
  for (const quant::Session& session : all.first(static_cast<size_t>(sessions))) {
    for (int64_t end = session.open_ns + length; end < session.close_ns; end += length) times.push_back(end);
    times.push_back(session.close_ns);
  }
  return times;
}

TEST(BarSpacing, BarsOfALargerSizeWithinADayAreNoSmallerOnes) {
  const std::vector<std::pair<Timeframe, int64_t>> sizes = {{Timeframe::kMin1, 1},
                                                            {Timeframe::kMin5, 5},
                                                            {Timeframe::kMin15, 15},
                                                            {Timeframe::kMin30, 30},
                                                            {Timeframe::kHour1, 60}};
  for (const auto& [size, minutes] : sizes) {
    // The last hour of a session of six and a half is cut short, and so is that of a short day.
    const std::vector<int64_t> session_bars = BarsOf(minutes * kMinute, 250);
    const std::vector<int64_t> always = Every(minutes * kMinute, 2000);  // an exchange that never closes
    for (const auto& [named, named_minutes] : sizes) {
      const std::string name = std::string(quant::ToText(named)) + " of " + std::string(quant::ToText(size));
      if (named_minutes == minutes) {
        EXPECT_EQ(Fault(session_bars, named), "") << name;
        EXPECT_EQ(Fault(always, named), "") << name;
      } else if (named_minutes < minutes) {
        const std::string text = "bars of " + std::string(quant::ToText(size)) + " and not of " +
                                 std::string(quant::ToText(named)) + " (--timeframe " +
                                 std::string(quant::ToText(size)) + ")";
        EXPECT_THAT(Fault(session_bars, named), HasSubstr(text)) << name;
        EXPECT_THAT(Fault(always, named), HasSubstr(text)) << name;
      } else {
        EXPECT_THAT(Fault(always, named), HasSubstr("these are no bars of")) << name;
      }
    }
  }
  EXPECT_EQ(Fault(BarsOf(5 * kMinute, 1), Timeframe::kMin1),
            "1 is 5 minutes after the row before, as 76 of 76 rows within their sessions are, and the others are "
            "multiples of that apart: bars of 5min and not of 1min (--timeframe 5min)");
}

TEST(BarSpacing, RowsThatAreFarApartMayBeOfASmallerSizeAndThenThatIsSaidOnce) {
  const auto fives = FindSpacingFault(BarsOf(5 * kMinute, 2), Timeframe::kMin1);
  ASSERT_TRUE(fives.has_value());
  EXPECT_EQ(fives->note,
            "all rows of a session are 5 minutes apart, or multiples of that, and are taken for bars of 1min: if they "
            "are bars of 5min, drop them and name that size (--timeframe 5min)");
  const auto others = FindLargerBars(BarsOf(5 * kMinute, 9), Timeframe::kMin1);
  ASSERT_TRUE(others.has_value());
  std::vector<std::string> notes = {"something else"};
  TellOfSpacing(*fives, notes);
  TellOfSpacing(*others, notes);
  EXPECT_THAT(notes, ::testing::ElementsAre("something else", fives->note)) << "more rows of the same kind";
  for (const auto& [times, timeframe] :
       {std::pair(Every(kMinute, 390), Timeframe::kDay), std::pair(Every(kMinute, 390), Timeframe::kHour1),
        std::pair(Every(7 * kDay, 5), Timeframe::kDay), std::pair(Every(kDay, 5), Timeframe::kMin1)}) {
    const auto fault = FindSpacingFault(times, timeframe);
    ASSERT_TRUE(fault.has_value());
    EXPECT_EQ(fault->note, "") << fault->text;
  }
}

TEST(BarSpacing, ALunchAndMissingBarsDoNotHideALargerSize) {
  std::vector<int64_t> hours;  // of Hong Kong: the third of a morning is cut short by the lunch
  for (int day = 0; day < 30; ++day) {
    for (const int minute : {60, 120, 150, 270, 330, 390}) hours.push_back(kOpen + day * kDay + minute * kMinute);
  }
  EXPECT_EQ(Fault(hours, Timeframe::kHour1), "");
  EXPECT_THAT(Fault(hours, Timeframe::kMin30), HasSubstr("bars of 1hour and not of 30min"));
  std::vector<int64_t> holes;
  for (size_t i = 0; const int64_t time : BarsOf(5 * kMinute, 5)) {
    if (++i % 5 != 0) holes.push_back(time);
  }
  EXPECT_THAT(Fault(holes, Timeframe::kMin1), HasSubstr("bars of 5min and not of 1min"));
  std::vector<int64_t> marked = BarsOf(5 * kMinute, 5);  // a row where no bar of the larger size ends
  marked[100] += kMinute;
  EXPECT_THAT(Fault(marked, Timeframe::kMin1), HasSubstr("bars of 5min and not of 1min"));
  for (size_t row = 10; row < marked.size(); row += 20) marked[row] += kMinute;
  EXPECT_EQ(Fault(marked, Timeframe::kMin1), "") << "and here one in twenty is";
}

TEST(BarSpacing, BarsThatAreFarApartBecauseFewTradedAreFine) {
  std::vector<int64_t> thin;  // one minute in nine has a trade
  uint64_t state = 1;
  for (const int64_t time : BarsOf(kMinute, 40)) {
    state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    if ((state >> 33) % 9 == 0) thin.push_back(time);
  }
  ASSERT_GT(thin.size(), 1000u);
  EXPECT_EQ(Fault(thin, Timeframe::kMin1), "");
  std::vector<int64_t> auctions;  // an opening and a closing one, the hour between them whole
  for (int day = 0; day < 100; ++day) {
    auctions.push_back(kClose + day * kDay - 60 * kMinute);
    auctions.push_back(kClose + day * kDay);
  }
  EXPECT_EQ(Fault(auctions, Timeframe::kMin1), "") << "each of the two is next to a night";
  EXPECT_EQ(Fault(Every(5 * kMinute, 41), Timeframe::kMin1), "") << "a few rows, as of a poll, tell nothing";
  EXPECT_NE(Fault(Every(5 * kMinute, 42), Timeframe::kMin1), "");
  EXPECT_EQ(Fault(Every(10 * kMinute, 500), Timeframe::kMin1), "") << "there is no such size to keep them as";
}

std::string Odd(const std::vector<int64_t>& times) {
  const auto odd = FindOddDays(times);
  return odd ? std::to_string(odd->row) + " " + odd->text : "";
}

TEST(OddDays, SessionsOfEveryCalendarAreNone) {
  for (const std::string_view name : quant::CalendarNames()) {
    const auto sessions = quant::FindCalendar(name).value()->sessions();
    std::vector<int64_t> all;
    for (const quant::Session& session : sessions) {
      all.push_back(session.close_ns);
      EXPECT_EQ(Odd({session.close_ns, session.close_ns + kDay}), "") << name;
    }
    EXPECT_EQ(Odd(all), "") << name;
  }
  // The day after Thanksgiving between two full ones.
  EXPECT_EQ(Odd({quant::Xnys().SessionClose(absl::CivilDay(2020, 11, 25)).value(),
                 quant::Xnys().SessionClose(absl::CivilDay(2020, 11, 27)).value(),
                 quant::Xnys().SessionClose(absl::CivilDay(2020, 11, 30)).value()}),
            "");
}

TEST(OddDays, AMinuteOfEachDayAtAnotherTimeIsOneAndTheFirstIsNamed) {
  constexpr int64_t kMidnight = kClose - 21 * 60 * kMinute;
  std::vector<int64_t> times;
  for (const int64_t minute : {877, 1012, 985, 1100, 931}) {
    times.push_back(kMidnight + static_cast<int64_t>(times.size()) * kDay + minute * kMinute);
  }
  EXPECT_FALSE(FindSpacingFault(times, Timeframe::kDay).has_value()) << "by their distances they are days";
  EXPECT_THAT(Odd(times), HasSubstr("0 ends at 14:37:00 UTC, when no session does, and 5 of 5 rows end at times"));
  times.insert(times.begin(), {kClose - 2 * kDay, kClose - kDay});
  EXPECT_THAT(Odd(times), HasSubstr("2 ends at 14:37:00 UTC, when no session does, and 5 of 7 rows"));
}

TEST(OddDays, AMarketThatNoCalendarKnowsEndsItsDaysAtOneTimeOfItsClocks) {
  constexpr int64_t kAt = kClose + 37 * kMinute;
  EXPECT_EQ(Odd(Every(kDay, 10, kAt)), "");
  std::vector<int64_t> summer = Every(kDay, 5, kAt);
  for (const int64_t time : Every(kDay, 5, kAt + 5 * kDay - 60 * kMinute)) summer.push_back(time);
  EXPECT_EQ(Odd(summer), "") << "clocks went forward";
  std::vector<int64_t> later = Every(kDay, 5, kAt);
  for (const int64_t time : Every(kDay, 5, kAt + 5 * kDay + 30 * kMinute)) later.push_back(time);
  EXPECT_EQ(Odd(later), "") << "the close was moved";
  std::vector<int64_t> one = Every(kDay, 5, kAt);
  one[2] -= 180 * kMinute;
  EXPECT_EQ(Odd(one), "") << "a short day";
  EXPECT_EQ(Odd({kAt}), "") << "one row tells nothing";
  EXPECT_EQ(Odd({}), "");
}

}  // namespace
}  // namespace breadthflow::data
