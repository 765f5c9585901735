#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/sources/csv/cell.h"
#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "tests/support/matchers.h"

// Dates that name bars of days, weeks and months.
namespace breadthflow::data::csv {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using Given = component::RawParams;

constexpr std::string_view kHeader = "date,open,high,low,close,volume";

// Rows with these times and prices that nobody looks at.
std::string Rows(const std::vector<std::string>& dates, std::string_view header = kHeader) {
  std::string text = std::string(header) + "\n";
  for (const std::string& date : dates) text += date + ",1,1,1,1,1\n";
  return text;
}

absl::StatusOr<SourceData> ReadText(const std::string& text, Timeframe timeframe, const Given& given = {}) {
  BF_ASSIGN_OR_RETURN(const component::Params params, component::Params::Check(ReadParams(), given));
  BF_ASSIGN_OR_RETURN(const ReadOptions options, OptionsOf(params));
  const SourceQuery query{"stock_price", "AAPL", timeframe, {}};
  BF_RETURN_IF_ERROR(CheckQuery(query, options));
  const File file{"f.csv", text};
  return Read({&file, 1}, query, options);
}

std::vector<std::string> Faults(const absl::StatusOr<SourceData>& data) {
  std::vector<std::string> all;
  for (const auto& one : base::DetailsOf(data.status()).violations) all.push_back(one.field + " " + one.description);
  return all;
}

// The instants of the rows; what is wrong where they can not be told.
std::vector<std::string> Times(const absl::StatusOr<SourceData>& data) {
  if (!data.ok()) return Faults(data);
  std::vector<std::string> times;
  for (const int64_t time : data->series.times) {
    times.push_back(absl::FormatTime("%Y-%m-%dT%H:%MZ", absl::FromUnixNanos(time), absl::UTCTimeZone()));
  }
  return times;
}

TEST(CsvDates, AWeekIsNamedByAnyDayFromMondayToSaturday) {
  for (const std::vector<std::string>& days : {std::vector<std::string>{"2020-03-30", "2020-04-06", "2020-04-13"},
                                               std::vector<std::string>{"2020-04-03", "2020-04-10", "2020-04-17"},
                                               std::vector<std::string>{"2020-04-04", "2020-04-11", "2020-04-18"},
                                               std::vector<std::string>{"2020-04-01", "2020-04-07", "2020-04-18"}}) {
    EXPECT_THAT(Times(ReadText(Rows(days), Timeframe::kWeek)),
                ElementsAre("2020-04-03T20:00Z", "2020-04-09T20:00Z", "2020-04-17T20:00Z"))
        << days[0] << ": the second Friday is Good Friday";
  }
}

TEST(CsvDates, WhichWeekASundayIsOfMustBeSaid) {
  const std::string sundays = Rows({"2020-01-05", "2020-01-12"});
  EXPECT_THAT(Faults(ReadText(sundays, Timeframe::kWeek)),
              ElementsAre(::testing::AllOf(HasSubstr("f.csv:2 2020-01-05 is a Sunday"), HasSubstr("stamp=bar_end"),
                                           HasSubstr("stamp=bar_start"))))
      << "once";
  EXPECT_THAT(Times(ReadText(sundays, Timeframe::kWeek, {{"stamp", std::string("bar_end")}})),
              ElementsAre("2020-01-03T21:00Z", "2020-01-10T21:00Z"));
  EXPECT_THAT(Times(ReadText(sundays, Timeframe::kWeek, {{"stamp", std::string("bar_start")}})),
              ElementsAre("2020-01-10T21:00Z", "2020-01-17T21:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-03-01"}), Timeframe::kMonth)), ElementsAre("2020-03-31T20:00Z"))
      << "a month has no doubt";
}

TEST(CsvDates, AMonthIsNamedByAnyOfItsDays) {
  for (const std::vector<std::string>& days : {std::vector<std::string>{"2020-01-01", "2020-02-01", "2020-03-01"},
                                               std::vector<std::string>{"2020-01-31", "2020-02-29", "2020-03-31"},
                                               std::vector<std::string>{"2020-01-02", "2020-02-28", "2020-03-15"}}) {
    EXPECT_THAT(Times(ReadText(Rows(days), Timeframe::kMonth)),
                ElementsAre("2020-01-31T21:00Z", "2020-02-28T21:00Z", "2020-03-31T20:00Z"))
        << days[0];
  }
}

TEST(CsvDates, WeeksAndMonthsEndByTheirCalendar) {
  const Given always = {{"calendar", std::string("24/7")}};
  const Given none = {{"calendar", std::string("none")}, {"time_zone", std::string("Europe/Berlin")}};
  const std::string weeks = Rows({"2020-01-06", "2020-01-13"});
  EXPECT_THAT(Times(ReadText(weeks, Timeframe::kWeek, always)), ElementsAre("2020-01-13T00:00Z", "2020-01-20T00:00Z"));
  EXPECT_THAT(Times(ReadText(weeks, Timeframe::kWeek, {{"calendar", std::string("FX")}})),
              ElementsAre("2020-01-10T22:00Z", "2020-01-17T22:00Z"));
  EXPECT_THAT(Times(ReadText(weeks, Timeframe::kWeek, none)), ElementsAre("2020-01-12T23:00Z", "2020-01-19T23:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-01"}), Timeframe::kMonth, none)), ElementsAre("2020-01-31T23:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-01"}), Timeframe::kMonth, always)), ElementsAre("2020-02-01T00:00Z"));
  EXPECT_THAT(Faults(ReadText(Rows({"1985-01-07"}), Timeframe::kWeek)), ElementsAre(HasSubstr("1985-01-07")))
      << "before the calendar";
}

TEST(CsvDates, TwoRowsOfOneWeekOrMonthAreRefused) {
  EXPECT_THAT(Faults(ReadText(Rows({"2020-01-06", "2020-01-10"}), Timeframe::kWeek)),
              ElementsAre("f.csv:3 2020-01-10 is of the week of the row before"));
  EXPECT_THAT(Faults(ReadText(Rows({"2020-01-06", "2020-01-31"}), Timeframe::kMonth)),
              ElementsAre("f.csv:3 2020-01-31 is of the month of the row before"));
}

TEST(CsvDates, DaysThatAreSaidToBeWeeksAreRefusedInOneLine) {
  const std::string days = Rows({"2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09", "2020-01-10", "2020-01-13",
                                 "2020-01-14", "2020-01-15", "2020-01-16", "2020-01-17"});
  EXPECT_THAT(Faults(ReadText(days, Timeframe::kWeek)),
              ElementsAre("f.csv:3 2020-01-07 is of the week of the row before, as 8 of 10 rows are: bars of 1day or a "
                          "smaller size and not of 1week (--timeframe)"));
  EXPECT_THAT(Faults(ReadText(days, Timeframe::kMonth)),
              ElementsAre(HasSubstr("is of the month of the row before, as 9 of 10 rows are: bars of 1day")));
  EXPECT_THAT(Faults(ReadText(Rows({"2020-01-06", "2020-01-13", "2020-01-14", "2020-01-20", "2020-01-21", "2020-01-27",
                                    "2020-01-28", "2020-02-03"}),
                              Timeframe::kWeek)),
              ElementsAre("f.csv:4 2020-01-14 is of the week of the row before",
                          "f.csv:6 2020-01-21 is of the week of the row before",
                          "f.csv:8 2020-01-28 is of the week of the row before"));
}

TEST(CsvDates, BarsOfAnotherSizeWithinADayAreRefused) {
  std::vector<std::string> halves;
  for (const char* day : {"06", "07", "08", "09", "10"}) {
    for (int minute = 15 * 60; minute <= 21 * 60; minute += 30) {
      halves.push_back(fmt::format("2020-01-{}T{:02d}:{:02d}:00Z", day, minute / 60, minute % 60));
    }
  }
  for (const auto& [named, size] : {std::pair(Timeframe::kMin1, "1min"), std::pair(Timeframe::kMin15, "15min")}) {
    EXPECT_THAT(Faults(ReadText(Rows(halves), named)),
                ElementsAre("f.csv:3 is 30 minutes after the row before, as 55 of 55 rows within their sessions are, "
                            "and the others are multiples of that apart: bars of 30min and not of " +
                            std::string(size) + " (--timeframe 30min); bars of " + std::string(size) +
                            " all the same are taken by the parameter spacing (data import: --set spacing=any; data "
                            "fetch: --param spacing=any)"));
  }
  EXPECT_THAT(ReadText(Rows(halves), Timeframe::kMin30), IsOk());
  EXPECT_THAT(Faults(ReadText(Rows(halves), Timeframe::kHour1)), ElementsAre(HasSubstr("these are no bars of 1hour")));
}

TEST(CsvDates, StampsOfBarsWithinADayAreEndsOnlyUntilTheRowsSayOtherwise) {
  std::string starts = "date,open,high,low,close,volume\n", ends = starts,
              exported = "symbol,time,open,high,low,close,volume\n";
  for (const char* day : {"06", "07", "08"}) {
    for (int minute = 14 * 60 + 30; minute < 21 * 60; minute += 30) {
      const auto row = [&](int at) {
        return fmt::format("2020-01-{}T{:02d}:{:02d}:00Z,1,1,1,1,1\n", day, at / 60, at % 60);
      };
      starts += row(minute);
      ends += row(minute + 30);
      exported += "AAPL," + row(minute);
    }
  }
  const auto read = [](const std::string& text, const char* stamp) {
    return ReadText(text, Timeframe::kMin30, stamp == nullptr ? Given() : Given{{"stamp", std::string(stamp)}});
  };
  EXPECT_THAT(Faults(read(starts, nullptr)),
              ElementsAre("f.csv:2 is stamped 2020-01-06T14:30 UTC and would be over when XNYS opens, but is the first "
                          "one of its session, and so it is in 3 of 3 sessions: the stamps are the starts of the bars: "
                          "say so by the parameter stamp (data import: --set stamp=bar_start; data fetch: --param "
                          "stamp=bar_start), or that they are the ends all the same by stamp=bar_end"));
  const auto told = ::testing::Contains(HasSubstr("stamps are taken for the ends of the bars"));
  const auto unsaid = read(ends, nullptr);
  ASSERT_THAT(unsaid, IsOk());
  EXPECT_THAT(unsaid->notes, told);
  for (const auto& [text, stamp] :
       {std::pair(&starts, "bar_start"), std::pair(&starts, "bar_end"), std::pair(&ends, "bar_end"),
        std::pair<std::string*, const char*>(&exported, nullptr)}) {
    const auto said = read(*text, stamp);
    ASSERT_THAT(said, IsOk());
    EXPECT_EQ(said->series.size(), 39u);
    EXPECT_THAT(said->notes, ::testing::Not(told)) << *text;
  }
  EXPECT_EQ(read(starts, "bar_start")->series.times, unsaid->series.times);
}

TEST(CsvDates, RowsThatAreFarApartAreTakenWhereTheySayTheirSizeOrSomebodyInsists) {
  std::vector<std::string> halves;
  std::string said = std::string(kHeader) + ",timeframe\n";
  for (const char* day : {"06", "07", "08", "09", "10"}) {
    for (int minute = 15 * 60; minute <= 21 * 60; minute += 30) {
      halves.push_back(fmt::format("2020-01-{}T{:02d}:{:02d}:00Z", day, minute / 60, minute % 60));
      said += halves.back() + ",1,1,1,1,1,1min\n";
    }
  }
  const Given any = {{"spacing", std::string("any")}};
  const auto told =
      ::testing::Contains(HasSubstr("30 minutes apart, or multiples of that, and are taken for bars of "
                                    "1min"));
  const auto insisted = ReadText(Rows(halves), Timeframe::kMin1, any);
  ASSERT_THAT(insisted, IsOk());
  EXPECT_EQ(insisted->series.size(), halves.size());
  EXPECT_THAT(insisted->notes, told);
  const auto described = ReadText(said, Timeframe::kMin1);
  ASSERT_THAT(described, IsOk());
  EXPECT_THAT(described->notes, told);
  EXPECT_THAT(ReadText(Rows(halves), Timeframe::kMin30, any)->notes, ::testing::Not(told)) << "they are of that size";
  EXPECT_THAT(Faults(ReadText(Rows(halves), Timeframe::kHour1, any)),
              ElementsAre(HasSubstr("these are no bars of 1hour")))
      << "which nobody can insist on";
}

TEST(CsvDates, MidnightAfterADateIsNoInstantOfAWeek) {
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-06 00:00:00"}), Timeframe::kWeek)), ElementsAre("2020-01-10T21:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-06 00:00:00-05:00"}), Timeframe::kWeek)), ElementsAre("2020-01-10T21:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-10T21:00:00Z"}), Timeframe::kWeek)), ElementsAre("2020-01-10T21:00Z"));
  EXPECT_THAT(Times(ReadText(Rows({"2020-01-13T00:00:00Z"}), Timeframe::kWeek, {{"calendar", std::string("24/7")}})),
              ElementsAre("2020-01-13T00:00Z"))
      << "when the week before it ended, as exports say it";
}

TEST(CsvDates, ExportsMayHaveDatesOfWeeksToo) {
  const auto text = std::string("symbol,time,open,high,low,close,volume\nAAPL,2020-01-06,1,1,1,1,1\n");
  EXPECT_THAT(Times(ReadText(text, Timeframe::kWeek)), ElementsAre("2020-01-10T21:00Z"));
  EXPECT_THAT(Times(ReadText(text, Timeframe::kMonth)), ElementsAre("2020-01-31T21:00Z"));
  EXPECT_THAT(Faults(ReadText(text, Timeframe::kHour1)),
              ElementsAre("f.csv:2 time must be YYYY-MM-DDTHH:MM[:SS][Z], was '2020-01-06'"));
}

TEST(CsvDates, TheYearsThatAreTooFarAreNamed) {
  for (const char* date : {"1650-01-03", "2262-04-10", "16500103"}) {
    for (const Timeframe timeframe : {Timeframe::kDay, Timeframe::kWeek}) {
      EXPECT_THAT(Faults(ReadText(Rows({date}), timeframe)),
                  ElementsAre("f.csv:2 date must be in the years 1700 to 2200, was '" + std::string(date) + "'"));
    }
  }
  EXPECT_THAT(Faults(ReadText(Rows({"1650-01-03T10:00:00Z"}), Timeframe::kMin1)),
              ElementsAre("f.csv:2 date must be in the years 1700 to 2200, was '1650-01-03T10:00:00Z'"));
  EXPECT_THAT(Faults(ReadText(Rows({"2020-02-30"}), Timeframe::kDay)),
              ElementsAre("f.csv:2 date must be YYYY-MM-DD, was '2020-02-30'"));
  EXPECT_TRUE(IsOutOfYears("03/01/1650", DateOrder::kDayFirst));
  EXPECT_FALSE(IsOutOfYears("1577836800")) << "seconds";
  EXPECT_FALSE(IsOutOfYears("1650-13-03"));
  EXPECT_FALSE(IsOutOfYears("2020-01-03"));
  EXPECT_FALSE(IsOutOfYears(""));
}

}  // namespace
}  // namespace breadthflow::data::csv
