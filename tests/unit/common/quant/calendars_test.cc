#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/support/csv_table.h"
#include "tests/support/shared_file.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;

std::string Text(CivilDay day) { return absl::FormatCivilTime(day); }

std::string Utc(int64_t ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%MZ", absl::FromUnixNanos(ns), absl::UTCTimeZone());
}

TEST(Calendars, AreFoundByName) {
  EXPECT_THAT(CalendarNames(), ::testing::ElementsAre("XNYS", "24/7", "FX", "XETR"));
  for (const std::string_view name : CalendarNames()) {
    const auto calendar = FindCalendar(name);
    ASSERT_TRUE(calendar.ok()) << name;
    EXPECT_EQ((*calendar)->name(), name);
    EXPECT_EQ(*calendar, FindCalendar(name).value()) << "made once";
  }
  const absl::Status unknown = FindCalendar("xnys").status();
  EXPECT_EQ(base::DetailsOf(unknown).reason, "UNKNOWN_CALENDAR");
  EXPECT_THAT(base::Message(unknown), ::testing::HasSubstr("XNYS, 24/7, FX, XETR"));
}

TEST(Calendars, DatesAloneAreNoHours) {
  for (const std::string_view name : CalendarNames()) EXPECT_TRUE((*FindCalendar(name))->says_hours()) << name;
  EXPECT_EQ(FindCalendar(kNoCalendar).value(), &UtcDays());
  EXPECT_FALSE(UtcDays().says_hours());
  const Session* saturday = UtcDays().Find(CivilDay(1929, 10, 26));
  ASSERT_NE(saturday, nullptr);
  EXPECT_EQ(Utc(saturday->open_ns), "1929-10-26T00:00Z");
  EXPECT_EQ(Utc(saturday->close_ns), "1929-10-27T00:00Z");
  const Calendar frankfurt = DaysOf(FrankfurtInstant);
  EXPECT_FALSE(frankfurt.says_hours());
  const Session* change = frankfurt.Find(CivilDay(2024, 3, 31));
  EXPECT_EQ(change->close_ns - change->open_ns, 23 * int64_t{3'600'000'000'000});
  EXPECT_EQ(Utc(frankfurt.DayStart(CivilDay(2024, 4, 1))), "2024-03-31T22:00Z");
  int64_t closed = frankfurt.sessions().front().open_ns;
  for (const Session& session : frankfurt.sessions()) {
    ASSERT_EQ(session.open_ns, closed) << Text(session.day);
    closed = session.close_ns;
  }
}

TEST(Calendars, SayWhatIsAroundASession) {
  constexpr int64_t kMinute = 60'000'000'000;
  const Session& day = *Xnys().Find(CivilDay(2017, 9, 1));  // a Friday; Monday was Labor Day
  const auto at = [&](int64_t time) { return Xnys().PhaseAt(time, Xnys().around().closing_ns); };
  EXPECT_EQ(at(day.open_ns - 331 * kMinute), Phase::kClosed);
  EXPECT_EQ(at(day.open_ns - 330 * kMinute), Phase::kExtended) << "from 04:00";
  EXPECT_EQ(at(day.open_ns), Phase::kSession);
  EXPECT_EQ(at(day.close_ns), Phase::kClosing);
  EXPECT_EQ(at(day.close_ns + kMinute), Phase::kExtended);
  EXPECT_EQ(Xnys().PhaseAt(day.close_ns + kMinute, 5 * kMinute), Phase::kClosing);
  EXPECT_EQ(at(day.close_ns + 240 * kMinute), Phase::kClosed) << "from 20:00";
  EXPECT_EQ(at(day.open_ns + 3 * 24 * 60 * kMinute), Phase::kClosed) << "Labor Day";
  EXPECT_EQ(at(INT64_MIN), Phase::kClosed);
  EXPECT_EQ(at(INT64_MAX), Phase::kClosed);
  EXPECT_EQ(AlwaysOpen().PhaseAt(day.close_ns, 0), Phase::kSession);
  const Session& friday = *FxWeek().Find(CivilDay(2017, 9, 1));
  EXPECT_EQ(FxWeek().PhaseAt(friday.close_ns, FxWeek().around().closing_ns), Phase::kClosed);
}

TEST(Calendars, HaveSessionsInOrderThatFollowTheirDayAndDoNotOverlap) {
  for (const std::string_view name : CalendarNames()) {
    const Calendar& calendar = *FindCalendar(name).value();
    EXPECT_TRUE(calendar.Covers(calendar.sessions().front().day));
    EXPECT_TRUE(calendar.Covers(calendar.sessions().back().day));
    int64_t closed = INT64_MIN;
    for (const Session& session : calendar.sessions()) {
      ASSERT_LT(session.open_ns, session.close_ns) << name << " " << Text(session.day);
      ASSERT_LE(closed, session.open_ns) << name << " " << Text(session.day);
      ASSERT_LE(calendar.DayStart(session.day), session.open_ns) << name << " " << Text(session.day);
      ASSERT_LE(session.close_ns, calendar.DayStart(session.day + 1)) << name << " " << Text(session.day);
      closed = session.close_ns;
    }
  }
}

TEST(Calendars, FindTheSessionThatHoldsAnInstant) {
  const Session* friday = Xnys().Find(CivilDay(2017, 9, 1));
  EXPECT_EQ(Xnys().At(friday->open_ns), friday);
  EXPECT_EQ(Xnys().At(friday->close_ns - 1), friday);
  EXPECT_EQ(Xnys().At(friday->close_ns), nullptr);
  EXPECT_EQ(Xnys().At(friday->open_ns - 1), nullptr);
  EXPECT_EQ(Xnys().At(INT64_MAX), nullptr);
  const Session* day = AlwaysOpen().Find(CivilDay(2017, 9, 2));
  EXPECT_EQ(AlwaysOpen().At(day->close_ns), day + 1) << "one session ends where the next begins";
  EXPECT_EQ(AlwaysOpen().At(day->close_ns - 1), day);
}

TEST(AlwaysOpen, HasASessionOnEveryUtcDayThatClosesAtMidnight) {
  const Calendar& calendar = AlwaysOpen();
  EXPECT_EQ(calendar.sessions().size(), static_cast<size_t>(CivilDay(2031, 1, 1) - CivilDay(1990, 1, 1)));
  const Session* leap = calendar.Find(CivilDay(2024, 2, 29));
  ASSERT_NE(leap, nullptr);
  EXPECT_EQ(Utc(leap->open_ns), "2024-02-29T00:00Z");
  EXPECT_EQ(Utc(leap->close_ns), "2024-03-01T00:00Z");
  EXPECT_FALSE(leap->early);
  EXPECT_EQ(calendar.ClosingAt(leap->close_ns), leap);
}

TEST(FxWeek, RunsFromSundayToFridayAtFiveInNewYork) {
  const Calendar& fx = FxWeek();
  EXPECT_EQ(fx.Find(CivilDay(2017, 9, 2)), nullptr);
  EXPECT_EQ(fx.Find(CivilDay(2017, 9, 3)), nullptr) << "Sunday evening is Monday's";
  const Session* monday = fx.Find(CivilDay(2017, 9, 4));
  ASSERT_NE(monday, nullptr) << "Labor Day closes no currency";
  EXPECT_EQ(Utc(monday->open_ns), "2017-09-03T21:00Z");
  EXPECT_EQ(Utc(monday->close_ns), "2017-09-04T21:00Z");
  EXPECT_EQ(Utc(fx.Find(CivilDay(2017, 12, 8))->close_ns), "2017-12-08T22:00Z");
  // The clocks change between Friday's close and Sunday's opening.
  EXPECT_EQ(Utc(fx.Find(CivilDay(2017, 3, 10))->close_ns), "2017-03-10T22:00Z");
  EXPECT_EQ(Utc(fx.Find(CivilDay(2017, 3, 13))->open_ns), "2017-03-12T21:00Z");
  for (const Session& session : fx.sessions()) ASSERT_EQ(session.close_ns - session.open_ns, 86'400'000'000'000);
}

TEST(FxWeek, RestsOnChristmasAndNewYearAndMovesThemToNoOtherDay) {
  const Calendar& fx = FxWeek();
  EXPECT_FALSE(fx.IsSession(CivilDay(2017, 12, 25)));
  EXPECT_FALSE(fx.IsSession(CivilDay(2018, 1, 1)));
  EXPECT_EQ(Utc(fx.Find(CivilDay(2017, 12, 26))->open_ns), "2017-12-25T22:00Z");
  EXPECT_TRUE(fx.IsSession(CivilDay(2016, 12, 26))) << "Christmas on a Sunday";
  EXPECT_TRUE(fx.IsSession(CivilDay(2010, 12, 31))) << "New Year on a Saturday";
  EXPECT_EQ(fx.Between(CivilDay(2017, 1, 1), CivilDay(2018, 1, 1)).size(), 260u - 1);
}

TEST(FxWeek, HoldsTheHoursOfRecordedRates) {
  const auto table = testing::ReadCsvTable(testing::SharedFile("data/bars/intraday/EURUSD_1h_2017-2018.csv"));
  if (!table) GTEST_SKIP() << "recorded rates are not here";
  std::set<CivilDay> seen;
  std::vector<std::string> outside;
  for (const std::string& key : table->keys) {  // labelled by the start of the hour, UTC
    absl::CivilSecond start;
    ASSERT_TRUE(absl::ParseCivilTime(key, &start)) << key;
    const Session* session = FxWeek().At(UtcInstant(start));
    if (session == nullptr)
      outside.push_back(key);
    else
      seen.insert(session->day);
  }
  EXPECT_THAT(outside, ::testing::ElementsAre("2017-10-06T21:00:00", "2017-10-20T21:00:00")) << "an hour too many";
  for (const Session& session : FxWeek().Between(*seen.begin(), *seen.rbegin()))
    EXPECT_TRUE(seen.contains(session.day)) << Text(session.day);
}

TEST(Xetr, IsClosedOnTheHolidaysOfItsTime) {
  const std::set<std::string> holidays = {
      "2014-01-01", "2014-04-18", "2014-04-21", "2014-05-01", "2014-10-03", "2014-12-24", "2014-12-25", "2014-12-26",
      "2014-12-31", "2017-04-14", "2017-04-17", "2017-05-01", "2017-06-05", "2017-10-03", "2017-10-31", "2017-12-25",
      "2017-12-26", "2022-04-15", "2022-04-18", "2022-12-26", "2007-01-01", "2007-04-06", "2007-04-09", "2007-05-01",
      "2007-05-28", "2007-12-24", "2007-12-25", "2007-12-26", "2007-12-31"};
  std::set<std::string> closed;
  for (const int year : {2007, 2014, 2017, 2022}) {
    for (CivilDay day(year, 1, 1); day < CivilDay(year + 1, 1, 1); ++day) {
      const absl::Weekday weekday = absl::GetWeekday(day);
      if (weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday && !Xetr().IsSession(day))
        closed.insert(Text(day));
    }
  }
  EXPECT_EQ(closed, holidays);
}

TEST(Xetr, KeepsFrankfurtHours) {
  const Session* winter = Xetr().Find(CivilDay(2020, 1, 2));
  EXPECT_EQ(Utc(winter->open_ns) + " " + Utc(winter->close_ns), "2020-01-02T08:00Z 2020-01-02T16:30Z");
  // Frankfurt changed its clocks on 29 March, New York on 8 March.
  EXPECT_EQ(Utc(Xetr().Find(CivilDay(2020, 3, 27))->close_ns), "2020-03-27T16:30Z");
  EXPECT_EQ(Utc(Xetr().Find(CivilDay(2020, 3, 30))->close_ns), "2020-03-30T15:30Z");
  EXPECT_EQ(Utc(Xetr().Find(CivilDay(2020, 12, 30))->close_ns), "2020-12-30T13:00Z");
  EXPECT_TRUE(Xetr().Find(CivilDay(2022, 12, 30))->early);
  EXPECT_TRUE(Xetr().Find(CivilDay(2023, 12, 29))->early) << "the 30th was a Saturday";
  EXPECT_FALSE(Xetr().Find(CivilDay(2009, 12, 30))->early);
  EXPECT_EQ(base::DetailsOf(Xetr().SessionClose(CivilDay(2003, 12, 30)).status()).reason, "CALENDAR_RANGE");
}

}  // namespace
}  // namespace breadthflow::quant
