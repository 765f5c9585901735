// The calendars that come with imports, in messages as data export has them.
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/quant/timeframe.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/import_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using Request = ImportServer::Request;
using Code = absl::StatusCode;
using Doubles = std::vector<double>;

class ImportCalendarsTest : public ::testing::Test {
 protected:
  // Two nights and an hour in Berlin, whose days end there at midnight: 01:00 is in the day that UTC has an hour later.
  static Series Night() {
    Series bars{.key = {"stock_price", "NIGHT", Timeframe::kHour1, ""}, .basis = quant::PriceBasis::kRaw};
    for (const absl::CivilDay day : {absl::CivilDay(2020, 8, 31), absl::CivilDay(2020, 9, 1)}) {
      for (int hour = -2; hour <= 6; ++hour) {
        bars.times.push_back(quant::UtcInstant(absl::CivilSecond(day) + hour * 3600));
      }
    }
    bars.times.push_back(quant::UtcInstant(absl::CivilSecond(2020, 9, 1, 23, 0, 0)));
    for (const char* name : {"open", "high", "low", "close", "volume"}) bars.Add(name, Doubles(bars.size(), 100));
    return bars;
  }
  static Request Spec(const std::string& source, const std::string& calendar = "", const std::string& zone = "") {
    Request request = ImportServer::Spec("", Timeframe::kHour1, source);
    auto& params = *request.mutable_spec()->mutable_csv_params();
    if (!calendar.empty()) params["calendar"].set_string_value(calendar);
    if (!zone.empty()) params["time_zone"].set_string_value(zone);
    return request;
  }
  static Request Rows(const std::string& calendar) {
    Request request = ImportServer::Packed(Night());
    request.set_calendar(calendar);
    return request;
  }
  // The calendar that a read of the rows of a source says.
  std::string Said(const std::string& source) {
    v1::ReadSeriesRequest request;
    request.add_symbols("NIGHT");
    request.set_timeframe(common::v1::TIMEFRAME_1HOUR);
    request.set_source(source);
    std::string calendar = "nothing was read";
    EXPECT_THAT(server_.peer().Read(&v1::DataService::Stub::ReadSeries, request, {},
                                    [&](const common::v1::SeriesMessage& message) {
                                      if (message.has_first_of()) calendar = message.origin().calendar();
                                      return absl::OkStatus();
                                    }),
                IsOk());
    return calendar;
  }
  // The volumes of the days of a source.
  Doubles Days(const std::string& source) {
    const auto days = server_.Read("NIGHT", {.timeframe = Timeframe::kHour1,
                                             .source = source,
                                             .resampling = clients::Resampling{.timeframe = Timeframe::kDay}});
    EXPECT_THAT(days, IsOk());
    if (!days.ok()) return {};
    const auto volumes = days->Doubles("volume");
    return {volumes.begin(), volumes.end()};
  }
  static std::vector<std::string> Faults(const absl::Status& status) {
    std::vector<std::string> said;
    for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
      said.push_back(one.field + ": " + one.description);
    }
    return said;
  }

  ImportServer server_;
};

TEST_F(ImportCalendarsTest, WhatAReadSaysIsTakenByAnotherImport) {
  ASSERT_THAT(server_.Import({Spec("plain"), ImportServer::Packed(Night())}), IsOk());
  EXPECT_EQ(Said("plain"), "");
  EXPECT_THAT(Days("plain"), ElementsAre(300, 900)) << "days of UTC, of which the last is not over";
  ASSERT_THAT(server_.Import({Spec("named", "none", "Europe/Berlin"), ImportServer::Packed(Night())}), IsOk());
  ASSERT_EQ(Said("named"), "none@Europe/Berlin");
  EXPECT_THAT(Days("named"), ElementsAre(100, 900, 800));
  ASSERT_THAT(server_.Import({Spec("copy"), Rows(Said("named"))}), IsOk());
  EXPECT_EQ(Said("copy"), "none@Europe/Berlin");
  EXPECT_EQ(Days("copy"), Days("named"));
  ASSERT_THAT(server_.Import({Spec("copy"), Rows("none@Europe/Berlin")}), IsOk());
  ASSERT_THAT(server_.Import({Spec("copy"), Rows("")}), IsOk());
  EXPECT_EQ(server_.Count("series_market"), 2) << "the same again says nothing, nor does who names none";
}

TEST_F(ImportCalendarsTest, AnotherCalendarThanBeforeIsTold) {
  const auto notes = [&](const Request& spec) -> std::vector<std::string> {
    const auto answer = server_.Import({spec, ImportServer::Packed(Night())});
    EXPECT_THAT(answer, IsOk());
    if (!answer.ok()) return {};
    return {answer->results(0).notes().begin(), answer->results(0).notes().end()};
  };
  const auto told = Contains(HasSubstr("its calendar is now"));
  EXPECT_THAT(notes(Spec("changed", "FX")), Not(told)) << "none was named before";
  EXPECT_THAT(notes(Spec("changed", "FX")), Not(told));
  EXPECT_THAT(notes(Spec("changed")), Not(told)) << "it stays";
  EXPECT_THAT(notes(Spec("changed", "24/7")), Contains("its calendar is now 24/7, before it was FX"));
  EXPECT_EQ(Said("changed"), "24/7");
}

TEST_F(ImportCalendarsTest, ATextSaysItInItsColumn) {
  std::string text = "symbol,time,calendar,open,high,low,close,volume\n";
  const Series night = Night();
  for (const int64_t time : night.times) {
    text += "NIGHT," + absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", quant::FromNanos(time), absl::UTCTimeZone()) +
            ",none@Europe/Berlin,100,100,100,100,100\n";
  }
  ASSERT_THAT(server_.Import({Spec("text"), ImportServer::Csv("NIGHT.csv", text)}), IsOk());
  EXPECT_EQ(Said("text"), "none@Europe/Berlin");
  EXPECT_THAT(Days("text"), ElementsAre(100, 900, 800));
}

TEST_F(ImportCalendarsTest, AZoneMakesTheDaysWhereNothingTellsACalendar) {
  ASSERT_THAT(server_.Import({Spec("zone", "", "Europe/Berlin"), ImportServer::Packed(Night())}), IsOk());
  EXPECT_EQ(Said("zone"), "none@Europe/Berlin");
  EXPECT_THAT(Days("zone"), ElementsAre(100, 900, 800));
  ASSERT_THAT(server_.Import({Spec("zone", "", "-05:00"), ImportServer::Packed(Night())}), IsOk());
  EXPECT_EQ(Said("zone"), "none@Europe/Berlin") << "the first one counts until a calendar is named";
  ASSERT_THAT(server_.Import({Spec("zone", "none", "-05:00"), ImportServer::Packed(Night())}), IsOk());
  EXPECT_EQ(Said("zone"), "none@-05:00");
  ASSERT_THAT(server_.Import({Spec("utc", "", "utc"), ImportServer::Packed(Night())}), IsOk());
  EXPECT_EQ(Said("utc"), "") << "dates of UTC count anyway";
}

TEST_F(ImportCalendarsTest, AZoneTakesNoCalendarAwayThatTheRowsTell) {
  Series hours{.key = {"stock_price", "NIGHT", Timeframe::kHour1, ""}, .basis = quant::PriceBasis::kRaw};
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2020, 1, 2), absl::CivilDay(2020, 1, 18))) {
    for (int hour = 1; hour <= 6; ++hour) hours.times.push_back(session.open_ns + hour * 3'600'000'000'000);
  }
  for (const char* name : {"open", "high", "low", "close", "volume"}) hours.Add(name, Doubles(hours.size(), 100));
  ASSERT_THAT(server_.Import({Spec("hours", "", "new_york"), ImportServer::Packed(hours)}), IsOk());
  EXPECT_EQ(Said("hours"), "");
  EXPECT_EQ(server_.Count("series_market"), 0);
}

TEST_F(ImportCalendarsTest, ADateIsADayOfTheCalendarThatTheSymbolNames) {
  const std::string text = "date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n";
  for (const char* symbol : {"ADS.DE", "AAPL", "BHP.AX", "BTC-USD"}) {
    ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Csv("days.csv", text, symbol)}), IsOk()) << symbol;
  }
  const auto stamp = [&](const std::string& symbol) -> std::string {
    const auto rows = server_.Read(symbol);
    EXPECT_THAT(rows, IsOk());
    if (!rows.ok() || rows->size() != 1) return "";
    return absl::FormatTime("%Y-%m-%dT%H:%M", quant::FromNanos(rows->times[0]), absl::UTCTimeZone());
  };
  EXPECT_EQ(stamp("BTC-USD"), "2024-01-03T00:00") << "it is not known before the day is over";
  EXPECT_EQ(quant::FromNanos(server_.Read("ADS.DE")->times[0]),
            quant::FromNanos(*quant::Xetr().SessionClose(absl::CivilDay(2024, 1, 2))));
  EXPECT_EQ(stamp("AAPL"), "2024-01-02T21:00");
  EXPECT_EQ(stamp("BHP.AX"), "2024-01-03T00:00") << "of an exchange whose sessions are not known";
  EXPECT_EQ(server_.Count("series_market"), 0) << "nobody named one";
}

TEST_F(ImportCalendarsTest, DaysAreNotAddedToThoseThatWereStampedByNewYork) {
  Series old{.key = {"stock_price", "BTC-USD", Timeframe::kDay, ""}, .basis = quant::PriceBasis::kSplitAdjusted};
  for (const int day : {2, 3, 4}) old.times.push_back(*quant::Xnys().SessionClose(absl::CivilDay(2024, 1, day)));
  for (const char* name : {"open", "high", "low", "close", "volume"}) old.Add(name, Doubles(old.size(), 100));
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(old)}), IsOk());
  const std::string text = "date,open,high,low,close,volume\n2024-01-04,1,1,1,1,1\n2024-01-05,1,1,1,1,1\n";
  const auto refused = server_.Import({ImportServer::Spec(), ImportServer::Csv("BTC-USD.csv", text)});
  ASSERT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  EXPECT_THAT(
      base::Message(refused.status()),
      AllOf(
          HasSubstr("its bar at 2024-01-04T21:00:00Z is stored, and the one at 2024-01-05T00:00:00Z would be another"),
          HasSubstr("the stored ones keep calendar=XNYS"),
          HasSubstr("(--replace --start 2024-01-02 --end 2024-01-06)")));
  Request by_new_york = ImportServer::Spec();
  (*by_new_york.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("XNYS");
  EXPECT_THAT(server_.Import({by_new_york, ImportServer::Csv("BTC-USD.csv", text)}), IsOk());
  Request all = ImportServer::Spec();
  *all.mutable_spec()->mutable_replaces() =
      rpc::ToProto(quant::TimeRange{quant::ToNanos(quant::DayBegin(absl::CivilDay(2024, 1, 2), Timeframe::kDay)),
                                    quant::ToNanos(quant::DayBegin(absl::CivilDay(2024, 1, 6), Timeframe::kDay))});
  EXPECT_THAT(server_.Import({all, ImportServer::Csv("BTC-USD.csv", text)}), IsOk()) << "as it was told";
  EXPECT_EQ(server_.Read("BTC-USD")->size(), 2);
}

TEST_F(ImportCalendarsTest, LaterDaysAreNotAddedToThoseOfAnotherCalendarEither) {
  const std::string later = "date,open,high,low,close,volume\n2024-01-05,1,1,1,1,1\n2024-01-08,1,1,1,1,1\n";
  const std::string much_later = "date,open,high,low,close,volume\n2024-06-03,1,1,1,1,1\n";
  const std::string earlier = "date,open,high,low,close,volume\n2023-06-01,1,1,1,1,1\n2023-06-02,1,1,1,1,1\n";
  const auto days = [&](const std::string& symbol, const std::string& text, const std::string& calendar = "") {
    Request spec = ImportServer::Spec();
    if (!calendar.empty()) (*spec.mutable_spec()->mutable_csv_params())["calendar"].set_string_value(calendar);
    return server_.Import({spec, ImportServer::Csv("days.csv", text, symbol)}).status();
  };
  const std::string first =
      "date,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n2024-01-03,1,1,1,1,1\n2024-01-04,1,1,1,1,1\n";
  // As all were stamped before the symbol decided; and by a calendar that the symbol does not tell.
  const std::string stored[][2] = {{"BTC-USD", "XNYS"}, {"VOD.L", "XNYS"}, {"SAP", "XETR"}};
  for (const auto& [symbol, calendar] : stored) {
    ASSERT_THAT(days(symbol, first, calendar), IsOk()) << symbol;
    for (const std::string& text : {later, much_later, earlier}) {
      const absl::Status refused = days(symbol, text);
      EXPECT_THAT(refused, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE")) << symbol;
      EXPECT_THAT(base::Message(refused), HasSubstr("(calendar=" + calendar + " by --set of an import"));
    }
    EXPECT_EQ(server_.Read(symbol)->size(), 3);
    for (const std::string& text : {later, much_later, earlier}) {
      EXPECT_THAT(days(symbol, text, calendar), IsOk()) << symbol;
    }
    EXPECT_EQ(server_.Read(symbol)->size(), 8);
  }
  // What goes on as it was needs no word.
  for (const char* symbol : {"AAPL", "ETH-USD", "BHP.AX", "ADS.DE"}) {
    for (const std::string& text : {first, later, much_later, earlier, first + "2024-01-05,1,1,1,1,1\n"}) {
      EXPECT_THAT(days(symbol, text), IsOk()) << symbol;
    }
    EXPECT_EQ(server_.Read(symbol)->size(), 8) << symbol;
  }
}

TEST_F(ImportCalendarsTest, DaysOfAZoneGoOnInTheZoneAndThoseThatReplaceAllAreFree) {
  const std::string head = "date,open,high,low,close,volume\n";
  const std::string later = head + "2024-01-08,1,1,1,1,1\n2024-01-09,1,1,1,1,1\n";
  const Request plain = ImportServer::Spec();
  Request tokyo = plain;
  (*tokyo.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("none");
  (*tokyo.mutable_spec()->mutable_csv_params())["time_zone"].set_string_value("Asia/Tokyo");
  const auto replacing_from = [&](int day) {
    Request spec = plain;
    auto& range = *spec.mutable_spec()->mutable_replaces();
    range.mutable_start_time()->set_seconds(absl::CivilSecond(2024, 1, day) - absl::CivilSecond(1970, 1, 1));
    range.mutable_end_time()->set_seconds(absl::CivilSecond(2024, 1, 20) - absl::CivilSecond(1970, 1, 1));
    return spec;
  };
  const auto days = [&](const Request& spec, const std::string& text) {
    return server_.Import({spec, ImportServer::Csv("days.csv", text, "KEI")}).status();
  };
  ASSERT_THAT(days(tokyo, head + "2024-01-04,1,1,1,1,1\n2024-01-05,1,1,1,1,1\n"), IsOk());
  EXPECT_THAT(base::Message(days(plain, later)), HasSubstr("(calendar=none, time_zone=Asia/Tokyo by --set"));
  EXPECT_THAT(days(tokyo, later), IsOk());
  EXPECT_THAT(base::Message(days(replacing_from(7), later)), HasSubstr("(calendar=none, time_zone=Asia/Tokyo by --set"))
      << "two days before them stay";
  EXPECT_THAT(days(replacing_from(1), later), IsOk()) << "nothing of the stored ones stays";
}

TEST_F(ImportCalendarsTest, WhatContradictsIsRefusedByMessage) {
  const auto faults = [&](const std::vector<Request>& messages) {
    const absl::Status refused = server_.Import(messages).status();
    EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
    return Faults(refused);
  };
  EXPECT_THAT(faults({Spec("a", "XNYS"), Rows("24/7")}),
              ElementsAre("packed[0].calendar: the rows keep the calendar 24/7, but the parameter calendar says XNYS"));
  EXPECT_THAT(
      faults({Spec("a"), Rows("24/7"), Rows("FX")}),
      ::testing::Contains("packed[1].calendar: the rows keep the calendar FX, and those of NIGHT before them 24/7"));
  EXPECT_THAT(faults({Spec("a"), Rows("MOON")}), ElementsAre(HasSubstr("packed[0].calendar: a calendar is XNYS")));
  EXPECT_THAT(faults({Spec("a"), Rows("none@Moon/Sea")}), ElementsAre(HasSubstr("the time zone 'Moon/Sea'")));
  EXPECT_EQ(server_.Count("series"), 0);
  EXPECT_EQ(server_.Count("series_market"), 0);
}

}  // namespace
}  // namespace breadthflow::data
