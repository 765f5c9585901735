#include "common/quant/calendar.h"

#include <set>
#include <string>

#include "absl/strings/str_format.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/csv_table.h"
#include "tests/support/shared_file.h"

namespace breadthflow::quant {
namespace {

using absl::CivilDay;

std::string Text(CivilDay day) { return absl::FormatCivilTime(day); }

std::string Utc(int64_t ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%MZ", absl::FromUnixNanos(ns), absl::UTCTimeZone());
}

TEST(Xnys, HasTheKnownNumberOfSessionsInEachYear) {
  // Published by the exchange and by market-data vendors; 1990-2024.
  const std::map<int, size_t> expected = {{1990, 253}, {1991, 253}, {1992, 254}, {1993, 253}, {1994, 252}, {1995, 252},
                                          {1996, 254}, {1997, 253}, {1998, 252}, {1999, 252}, {2000, 252}, {2001, 248},
                                          {2002, 252}, {2003, 252}, {2004, 252}, {2005, 252}, {2006, 251}, {2007, 251},
                                          {2008, 253}, {2009, 252}, {2010, 252}, {2011, 252}, {2012, 250}, {2013, 252},
                                          {2014, 252}, {2015, 252}, {2016, 252}, {2017, 251}, {2018, 251}, {2019, 252},
                                          {2020, 253}, {2021, 252}, {2022, 251}, {2023, 250}, {2024, 252}, {2025, 250}};
  for (const auto& [year, count] : expected)
    EXPECT_EQ(Xnys().Between(CivilDay(year, 1, 1), CivilDay(year + 1, 1, 1)).size(), count) << year;
}

TEST(Xnys, IsClosedOnEveryHolidayOfAPublishedYear) {
  const std::set<std::string> holidays = {
      // 2022 .. 2025 as the exchange published them
      "2022-01-17", "2022-02-21", "2022-04-15", "2022-05-30", "2022-06-20", "2022-07-04", "2022-09-05", "2022-11-24",
      "2022-12-26", "2023-01-02", "2023-01-16", "2023-02-20", "2023-04-07", "2023-05-29", "2023-06-19", "2023-07-04",
      "2023-09-04", "2023-11-23", "2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27",
      "2024-06-19", "2024-07-04", "2024-09-02", "2024-11-28", "2024-12-25", "2025-01-01", "2025-01-20", "2025-02-17",
      "2025-04-18", "2025-05-26", "2025-06-19", "2025-07-04", "2025-09-01", "2025-11-27", "2025-12-25", "2025-01-09"};
  std::set<std::string> closed;
  for (CivilDay day(2022, 1, 1); day < CivilDay(2026, 1, 1); ++day) {
    const absl::Weekday weekday = absl::GetWeekday(day);
    if (weekday == absl::Weekday::saturday || weekday == absl::Weekday::sunday) continue;
    if (!Xnys().IsSession(day)) closed.insert(Text(day));
  }
  EXPECT_EQ(closed, holidays);
}

TEST(Xnys, IsClosedForMourningAttacksAndStorms) {
  for (const CivilDay day : {CivilDay(1994, 4, 27), CivilDay(2001, 9, 11), CivilDay(2001, 9, 12), CivilDay(2001, 9, 13),
                             CivilDay(2001, 9, 14), CivilDay(2004, 6, 11), CivilDay(2007, 1, 2), CivilDay(2012, 10, 29),
                             CivilDay(2012, 10, 30), CivilDay(2018, 12, 5), CivilDay(2025, 1, 9)})
    EXPECT_FALSE(Xnys().IsSession(day)) << Text(day);
}

TEST(Xnys, ObservesHolidaysAsTheRulesOfTheirTimeSay) {
  EXPECT_TRUE(Xnys().IsSession(CivilDay(1997, 1, 20)));   // King day: not yet
  EXPECT_FALSE(Xnys().IsSession(CivilDay(1998, 1, 19)));  // the first one
  EXPECT_TRUE(Xnys().IsSession(CivilDay(2021, 6, 18)));   // Juneteenth: not yet
  EXPECT_FALSE(Xnys().IsSession(CivilDay(2022, 6, 20)));  // a Sunday, observed on Monday
  EXPECT_TRUE(Xnys().IsSession(CivilDay(2010, 12, 31)));  // New Year on a Saturday is not observed
  EXPECT_TRUE(Xnys().IsSession(CivilDay(2021, 12, 31)));
  EXPECT_FALSE(Xnys().IsSession(CivilDay(2017, 1, 2)));    // on a Sunday it is
  EXPECT_FALSE(Xnys().IsSession(CivilDay(2020, 7, 3)));    // Independence Day on a Saturday
  EXPECT_FALSE(Xnys().IsSession(CivilDay(2021, 7, 5)));    // on a Sunday
  EXPECT_FALSE(Xnys().IsSession(CivilDay(1999, 12, 24)));  // Christmas on a Saturday
  EXPECT_FALSE(Xnys().IsSession(CivilDay(2019, 4, 19)));   // Good Friday
  EXPECT_TRUE(Xnys().IsSession(CivilDay(2019, 4, 22)));    // Easter Monday
}

TEST(Xnys, ClosesEarlyAroundTheHolidays) {
  const std::vector<std::string> one_pm = {
      "1993-11-26", "1995-07-03", "1996-07-05", "1996-12-24", "1997-07-03", "1997-12-24", "1997-12-26", "1998-12-24",
      "2000-07-03", "2001-07-03", "2002-07-05", "2002-12-24", "2003-07-03", "2003-12-26", "2006-07-03", "2008-07-03",
      "2012-07-03", "2012-11-23", "2013-07-03", "2013-12-24", "2018-07-03", "2019-07-03", "2020-12-24", "2022-11-25",
      "2023-07-03", "2024-07-03", "2024-11-29", "2024-12-24", "2025-07-03", "2025-11-28", "2025-12-24"};
  for (const std::string& text : one_pm) {
    CivilDay day;
    ASSERT_TRUE(absl::ParseCivilTime(text, &day));
    const Session* session = Xnys().Find(day);
    ASSERT_NE(session, nullptr) << Text(day);
    EXPECT_TRUE(session->early) << Text(day);
    EXPECT_EQ(session->close_ns, NewYorkInstant(absl::CivilSecond(day) + 13 * 3600)) << Text(day);
  }
  for (const CivilDay day :
       {CivilDay(1990, 12, 24), CivilDay(1991, 12, 24), CivilDay(1992, 12, 24), CivilDay(1992, 11, 27)}) {
    ASSERT_NE(Xnys().Find(day), nullptr) << Text(day);
    EXPECT_EQ(Xnys().Find(day)->close_ns, NewYorkInstant(absl::CivilSecond(day) + 14 * 3600)) << Text(day);
  }
  for (const CivilDay day : {CivilDay(1991, 11, 29), CivilDay(1994, 7, 5), CivilDay(2013, 7, 5), CivilDay(2019, 7, 5),
                             CivilDay(2002, 7, 3), CivilDay(2021, 12, 23), CivilDay(2004, 12, 23)})
    EXPECT_FALSE(Xnys().Find(day)->early) << Text(day);
}

TEST(Xnys, HasFewEarlyClosesAYear) {
  for (int year = 1990; year <= 2030; ++year) {
    int early = 0;
    for (const Session& session : Xnys().Between(CivilDay(year, 1, 1), CivilDay(year + 1, 1, 1)))
      early += session.early ? 1 : 0;
    EXPECT_LE(early, 5) << year;
    EXPECT_GE(early, year >= 1992 ? 1 : 0) << year;
  }
}

TEST(Xnys, GivesInstantsInUtcOnBothSidesOfDaylightSaving) {
  const Session* winter = Xnys().Find(CivilDay(2017, 1, 3));
  EXPECT_EQ(Utc(winter->open_ns), "2017-01-03T14:30Z");
  EXPECT_EQ(Utc(winter->close_ns), "2017-01-03T21:00Z");
  const Session* summer = Xnys().Find(CivilDay(2017, 7, 5));
  EXPECT_EQ(Utc(summer->open_ns), "2017-07-05T13:30Z");
  EXPECT_EQ(Utc(summer->close_ns), "2017-07-05T20:00Z");
  // Before 2007: first Sunday of April to last Sunday of October.
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2006, 3, 31))->close_ns), "2006-03-31T21:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2006, 4, 3))->close_ns), "2006-04-03T20:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2006, 10, 27))->close_ns), "2006-10-27T20:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2006, 10, 30))->close_ns), "2006-10-30T21:00Z");
  // From 2007: second Sunday of March to first Sunday of November.
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2007, 3, 9))->close_ns), "2007-03-09T21:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2007, 3, 12))->close_ns), "2007-03-12T20:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2007, 11, 2))->close_ns), "2007-11-02T20:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(2007, 11, 5))->close_ns), "2007-11-05T21:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(1996, 1, 8))->open_ns), "1996-01-08T16:00Z");
  EXPECT_EQ(Utc(Xnys().Find(CivilDay(1996, 1, 8))->close_ns), "1996-01-08T19:00Z");
}

void ExpectZone(const char* name, int (*offset)(int64_t), int64_t (*instant)(absl::CivilSecond)) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) GTEST_SKIP() << "no time-zone database here";
  const absl::Time end = absl::FromCivil(absl::CivilHour(2031, 1, 1), absl::UTCTimeZone());
  for (absl::Time t = absl::FromCivil(absl::CivilHour(1990, 1, 1), absl::UTCTimeZone()); t < end; t += absl::Hours(1)) {
    ASSERT_EQ(offset(absl::ToUnixNanos(t)), zone.At(t).offset) << absl::FormatTime(t);
    const absl::CivilSecond local = zone.At(t).cs;
    if (zone.At(local).kind != absl::TimeZone::TimeInfo::UNIQUE) continue;
    ASSERT_EQ(instant(local), absl::ToUnixNanos(t)) << absl::FormatTime(t);
  }
}

TEST(NewYork, AgreesWithTheSystemTimeZoneDatabase) {
  ExpectZone("America/New_York", NewYorkOffsetSeconds, NewYorkInstant);
}
TEST(Frankfurt, AgreesWithTheSystemTimeZoneDatabase) {
  ExpectZone("Europe/Berlin", FrankfurtOffsetSeconds, FrankfurtInstant);
}

TEST(Calendar, FindsSessionsByDayAndByInstant) {
  const Calendar& xnys = Xnys();
  const Session* friday = xnys.Find(CivilDay(2017, 9, 1));
  const Session* tuesday = xnys.Find(CivilDay(2017, 9, 5));
  ASSERT_NE(friday, nullptr);
  EXPECT_EQ(xnys.Find(CivilDay(2017, 9, 2)), nullptr);
  EXPECT_EQ(xnys.ClosingAt(friday->close_ns), friday);
  EXPECT_EQ(xnys.ClosingAt(friday->close_ns + 1), nullptr);
  EXPECT_EQ(xnys.LastClosingBy(friday->close_ns), friday);
  EXPECT_EQ(xnys.LastClosingBy(tuesday->close_ns - 1), friday);
  EXPECT_EQ(xnys.FirstClosingAfter(friday->close_ns), tuesday);
  EXPECT_EQ(xnys.FirstClosingAfter(friday->close_ns - 1), friday);
  EXPECT_EQ(xnys.LastClosingBy(0), nullptr);
  EXPECT_EQ(xnys.FirstClosingAfter(xnys.sessions().back().close_ns), nullptr);
  EXPECT_EQ(xnys.ClosingIn({friday->close_ns, tuesday->close_ns}).size(), 1u);
  EXPECT_EQ(xnys.ClosingIn({}).size(), xnys.sessions().size());
  EXPECT_EQ(xnys.Between(CivilDay(2017, 9, 2), CivilDay(2017, 9, 5)).size(), 0u);
}

TEST(Calendar, SaysWhyADayHasNoClose) {
  EXPECT_TRUE(Xnys().SessionClose(CivilDay(2017, 9, 1)).ok());
  const absl::Status holiday = Xnys().SessionClose(CivilDay(2017, 9, 4)).status();
  EXPECT_EQ(base::DetailsOf(holiday).reason, "NOT_A_SESSION");
  EXPECT_THAT(base::Message(holiday), ::testing::HasSubstr("2017-09-01 and 2017-09-05"));
  EXPECT_EQ(base::DetailsOf(Xnys().SessionClose(CivilDay(1989, 12, 29)).status()).reason, "CALENDAR_RANGE");
  EXPECT_EQ(base::DetailsOf(Xnys().SessionClose(CivilDay(2031, 1, 2)).status()).reason, "CALENDAR_RANGE");
}

TEST(Xnys, OpensAtOtherHoursAsItsDataFileSays) {
  const auto hours = [](CivilDay day) {
    return Utc(Xnys().Find(day)->open_ns) + " " + Utc(Xnys().Find(day)->close_ns);
  };
  EXPECT_EQ(hours(CivilDay(1995, 12, 18)), "1995-12-18T15:30Z 1995-12-18T21:00Z");
  EXPECT_EQ(hours(CivilDay(1997, 10, 27)), "1997-10-27T14:30Z 1997-10-27T20:30Z");
  EXPECT_EQ(hours(CivilDay(2005, 6, 1)), "2005-06-01T13:30Z 2005-06-01T19:56Z");
  EXPECT_FALSE(Xnys().Find(CivilDay(1995, 12, 18))->early) << "opened late, closed as ever";
  EXPECT_TRUE(Xnys().Find(CivilDay(2005, 6, 1))->early);
}

// Recorded bars against the calendar: the dates of the file must be exactly the sessions between its first and last.
void ExpectSessionsOf(const std::string& file, const std::set<std::string>& missing_in_file) {
  const auto table = testing::ReadCsvTable(testing::SharedFile("data/bars/daily/" + file));
  if (!table) GTEST_SKIP() << "recorded bars are not here: " << file;
  std::set<std::string> dates(table->keys.begin(), table->keys.end());
  CivilDay first, last;
  ASSERT_TRUE(absl::ParseCivilTime(*dates.begin(), &first));
  ASSERT_TRUE(absl::ParseCivilTime(*dates.rbegin(), &last));
  std::set<std::string> missing, extra = dates;
  for (const Session& session : Xnys().Between(first, last + 1)) {
    if (extra.erase(Text(session.day)) == 0) missing.insert(Text(session.day));
  }
  EXPECT_EQ(missing, missing_in_file);
  EXPECT_EQ(extra, std::set<std::string>{});
}

TEST(Xnys, HasExactlyTheSessionsOfRecordedBars) { ExpectSessionsOf("SPY.csv", {}); }
TEST(Xnys, HasExactlyTheSessionsOfARecordedIndex) { ExpectSessionsOf("GSPC.csv", {}); }

}  // namespace
}  // namespace breadthflow::quant
