#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/publication.h"
#include "services/data/sources/csv/cell.h"
#include "tests/support/matchers.h"

namespace breadthflow::data::csv {
namespace {

using testing::IsOk;
using testing::StatusIs;

std::string Utc(int64_t nanos) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*S", absl::FromUnixNanos(nanos), absl::UTCTimeZone());
}

std::string Instant(std::string_view text, const std::string& zone = "utc", DateOrder order = DateOrder::kUnknown) {
  const auto instant = ParseInstant(text, Zone::Find(zone).value(), order);
  return instant ? Utc(*instant) : "none";
}

TEST(CsvCell, NumbersArePlainAndFinite) {
  EXPECT_EQ(ParseNumber("-0.5e3"), -500);
  EXPECT_EQ(ParseNumber("57.29999923706055"), 57.29999923706055);
  for (const char* bad : {"", " 1", "1 ", "+1", "1,5", "0x10", "nan", "inf", "1e999", "1.2.3", "--1"}) {
    EXPECT_FALSE(ParseNumber(bad)) << bad;
  }
  EXPECT_EQ(ParseInteger("-7"), -7);
  for (const char* bad : {"", "1.0", "9223372036854775808", "x"}) EXPECT_FALSE(ParseInteger(bad)) << bad;
}

TEST(CsvCell, DaysExistAndSlashesNeedAnOrder) {
  const absl::CivilDay day(2016, 1, 3);
  EXPECT_EQ(ParseDay("2016-01-03"), day);
  EXPECT_EQ(ParseDay("2016/01/03"), day);
  EXPECT_EQ(ParseDay("20160103"), day);
  EXPECT_EQ(ParseDay("01/03/2016", DateOrder::kMonthFirst), day);
  EXPECT_EQ(ParseDay("03/01/16", DateOrder::kDayFirst), day);
  EXPECT_EQ(ParseDay("01/03/70", DateOrder::kMonthFirst), absl::CivilDay(1970, 1, 3));
  EXPECT_EQ(ParseDay("03.01.2016", DateOrder::kDayFirst), day);
  EXPECT_EQ(ParseDay("01-03-2016", DateOrder::kMonthFirst), day);
  EXPECT_TRUE(NeedsOrder("02.01.2020") && !NeedsOrder("20-01-02"));
  EXPECT_TRUE(NeedsOrder("01/03/16") && NeedsOrder("02/03/2010 16:53:50") && !NeedsOrder("2016/01/03"));
  for (const char* bad : {"01/03/2016", "2017-02-29", "2016-13-01", "2016-1-3", "2016-01-03x", "11:34", "",
                          "0001-01-01", "9999-01-01", "2016-01/03"}) {
    EXPECT_FALSE(ParseDay(bad)) << bad;
  }
}

TEST(CsvCell, InstantsInEveryFormThatFilesHave) {
  EXPECT_EQ(Instant("2014-06-05T09:30"), "2014-06-05T09:30:00");
  EXPECT_EQ(Instant("2014-06-05 09:30:01.5", "new_york"), "2014-06-05T13:30:01.5");
  EXPECT_EQ(Instant("2013-01-01 22:00:00.295000+00:00", "new_york"), "2013-01-01T22:00:00.295");
  EXPECT_EQ(Instant("2014-06-05T09:30:00+02:00"), "2014-06-05T07:30:00");
  EXPECT_EQ(Instant("20200101 170000065", "-05:00"), "2020-01-01T22:00:00.065");
  EXPECT_EQ(Instant("20200101T170000Z", "-05:00"), "2020-01-01T17:00:00");
  EXPECT_EQ(Instant("01/03/16 23:43:11", "utc", DateOrder::kMonthFirst), "2016-01-03T23:43:11");
  EXPECT_EQ(Instant("2014-01-05T09:30:00.123456789Z"), "2014-01-05T09:30:00.123456789");
  EXPECT_EQ(Instant("2014-06-05T09:30", "Asia/Tokyo"), "2014-06-05T00:30:00");
  EXPECT_EQ(Instant("2014-06-05T09:30", "Europe/Berlin"), "2014-06-05T07:30:00");
  for (const char* bad : {"2014-06-05", "2014-06-05T", "2014-06-05T25:00", "2014-06-05T09:60", "2014-06-05T09:30:00.",
                          "2014-06-05T09:30:00.1234567891", "2014-06-05T09:30:00+2", "2014-06-05T09:30:00 Z",
                          "01/03/16 23:43:11", "09:30"}) {
    EXPECT_EQ(Instant(bad), "none") << bad;
  }
}

TEST(CsvCell, AZoneTellsTimesThatClocksSkipAndThatTheyShowTwice) {
  using Kind = Zone::Showing::Kind;
  for (const char* name : {"new_york", "Europe/Berlin", "America/Chicago"}) {
    const Zone zone = Zone::Find(name).value();
    const bool berlin = std::string_view(name) == "Europe/Berlin";
    const absl::CivilDay spring = berlin ? absl::CivilDay(2021, 3, 28) : absl::CivilDay(2021, 3, 14);
    const absl::CivilDay autumn = berlin ? absl::CivilDay(2021, 10, 31) : absl::CivilDay(2021, 11, 7);
    const int back = berlin ? 2 : 1;  // hour that comes twice
    EXPECT_EQ(zone.When(absl::CivilSecond(spring) + 2 * 3600 + 1800).kind, Kind::kNever) << name;
    EXPECT_EQ(zone.When(absl::CivilSecond(spring) + 3 * 3600).kind, Kind::kOnce) << name;
    EXPECT_EQ(zone.When(absl::CivilSecond(spring) + 2 * 3600 - 1).kind, Kind::kOnce) << name;
    const Zone::Showing twice = zone.When(absl::CivilSecond(autumn) + back * 3600 + 1800);
    EXPECT_EQ(twice.kind, Kind::kTwice) << name;
    EXPECT_EQ(twice.second - twice.first, int64_t{3600} * 1'000'000'000) << name;
    EXPECT_EQ(zone.When(absl::CivilSecond(autumn) + back * 3600 - 1).kind, Kind::kOnce) << name;
    EXPECT_EQ(zone.When(absl::CivilSecond(autumn) + (back + 1) * 3600).kind, Kind::kOnce) << name;
  }
  EXPECT_EQ(Utc(Zone::Find("new_york")->When(absl::CivilSecond(2021, 11, 7, 1, 30, 0)).first), "2021-11-07T05:30:00");
  EXPECT_EQ(Zone::Find("-05:00")->When(absl::CivilSecond(2021, 11, 7, 1, 30, 0)).kind, Kind::kOnce);
}

TEST(CsvCell, AnUnknownZoneIsRefused) {
  EXPECT_THAT(Zone::Find("utc"), IsOk());
  EXPECT_THAT(Zone::Find("Middle/Earth"), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_ZONE"));
}

TEST(CsvCell, AFileNameHasOneDayOrNone) {
  EXPECT_EQ(DayInName("AAPL_chain_20140603.csv"), absl::CivilDay(2014, 6, 3));
  EXPECT_FALSE(DayInName("SPY_1m_20131004-20131011.csv")) << "two";
  EXPECT_FALSE(DayInName("AAPL.csv") || DayInName("x123456789.csv") || DayInName("20141399.csv"));
}

TEST(Publication, IsNeverBeforeItCouldBeKnown) {
  const absl::CivilDay end(2023, 12, 31);
  EXPECT_EQ(Utc(FilingDeadline(end, true, Filer::kDomestic)), "2024-03-31T02:00:00")
      << "90 days later, 22:00 in New York";
  EXPECT_EQ(Utc(FilingDeadline(end, false, Filer::kDomestic)), "2024-02-15T03:00:00") << "45 days later";
  EXPECT_EQ(Utc(FilingDeadline(end, true, Filer::kForeign)), "2024-05-03T02:00:00") << "after four months";
  EXPECT_EQ(Utc(FilingDeadline(end, false, Filer::kForeign)), "2024-04-02T02:00:00") << "after three months";
  EXPECT_EQ(FilerBy("EUR"), Filer::kForeign);
  EXPECT_EQ(FilerBy("USD"), Filer::kDomestic);
  EXPECT_EQ(FilerBy(""), Filer::kDomestic) << "nobody says otherwise";
  EXPECT_EQ(Utc(FiledBy(absl::CivilDay(2024, 7, 1))), "2024-07-02T02:00:00");
  EXPECT_EQ(Utc(AnnouncedBy(absl::CivilDay(2024, 7, 1), "pre-market")), "2024-07-01T13:30:00");
  EXPECT_EQ(Utc(AnnouncedBy(absl::CivilDay(2024, 7, 1), "post-market")), "2024-07-02T00:00:00");
  EXPECT_EQ(Utc(AnnouncedBy(absl::CivilDay(2024, 7, 1), "")), "2024-07-02T04:00:00");
}

TEST(Publication, AQuarterThatEndsTheFiscalYearWaitsForTheAnnualReport) {
  const std::set<absl::CivilDay> septembers = {absl::CivilDay(2023, 9, 30)};
  EXPECT_TRUE(EndsAYear(septembers, absl::CivilDay(2021, 9, 25)) && EndsAYear(septembers, absl::CivilDay(2024, 10, 5)));
  EXPECT_FALSE(EndsAYear(septembers, absl::CivilDay(2023, 12, 31)) ||
               EndsAYear(septembers, absl::CivilDay(2023, 6, 30)));
  EXPECT_TRUE(EndsAYear({}, absl::CivilDay(2023, 6, 30))) << "nothing is known";
}

}  // namespace
}  // namespace breadthflow::data::csv
