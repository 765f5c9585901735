#include "services/data/domain/bar_spacing.h"

#include <optional>
#include <string>
#include <string_view>
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
