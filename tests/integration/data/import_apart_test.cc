// What becomes of the calendars of rows that an import keeps apart.
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "tests/integration/data/import_fixture.h"

namespace breadthflow::data {
namespace {

using quant::Series;
using quant::Timeframe;
using testing::IsOk;
using Request = ImportServer::Request;
using Doubles = std::vector<double>;

class ImportApartTest : public ::testing::Test {
 protected:
  // Hours of two nights in Berlin, which tell no calendar: `times` one hundred at one of them, if it is not 1.
  static Series Night(absl::CivilDay first, double times) {
    Series bars{.key = {"stock_price", "NIGHT", Timeframe::kHour1, ""}, .basis = quant::PriceBasis::kRaw};
    for (const absl::CivilDay day : {first, first + 1}) {
      for (int hour = -2; hour <= 6; ++hour) {
        bars.times.push_back(quant::UtcInstant(absl::CivilSecond(day) + hour * 3600));
      }
    }
    Doubles prices(bars.size(), 100);
    prices[9] *= times;
    for (const char* name : {"open", "high", "low", "close"}) bars.Add(name, prices);
    bars.Add("volume", Doubles(bars.size(), 100));
    return bars;
  }
  // With the gate that keeps apart.
  static Request Spec(const std::string& calendar, const std::string& zone) {
    Request request = ImportServer::Spec("", Timeframe::kHour1);
    request.mutable_spec()->set_quality_gate(v1::QUALITY_GATE_QUARANTINE);
    auto& params = *request.mutable_spec()->mutable_csv_params();
    if (!calendar.empty()) params["calendar"].set_string_value(calendar);
    if (!zone.empty()) params["time_zone"].set_string_value(zone);
    return request;
  }
  // What is kept apart of an import of impossible rows; the name of it.
  std::string Kept(const std::string& calendar, const std::string& zone) {
    const auto answer =
        server_.Import({Spec(calendar, zone), ImportServer::Packed(Night(absl::CivilDay(2020, 8, 31), 100))});
    EXPECT_THAT(answer, IsOk());
    if (!answer.ok()) return "";
    EXPECT_NE(answer->results(0).quarantine(), "");
    return answer->results(0).quarantine();
  }
  void Release(const std::string& name) {
    v1::ReleaseQuarantineRequest release;
    release.set_name(name);
    release.set_comment("so it is");
    EXPECT_THAT(server_.peer().Call(&v1::DataService::Stub::ReleaseQuarantine, release, {}), IsOk());
  }
  // Everything that was ever stated for a series.
  std::string Stated() {
    return server_.Sql("SELECT string_agg(calendar || time_zone, ' ' ORDER BY known_at) FROM data.series_market");
  }

  ImportServer server_;
};

TEST_F(ImportApartTest, WhatIsNamedWithRowsThatAreKeptApartIsNamedWhenTheyAreReleased) {
  Series rows{.key = {"stock_price", "AAPL", Timeframe::kDay, ""}, .basis = quant::PriceBasis::kRaw};
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2020, 1, 2), absl::CivilDay(2020, 1, 18))) {
    rows.times.push_back(session.close_ns);
  }
  Doubles closes(rows.size(), 10);
  closes[5] = 1000;  // cents among dollars
  rows.Add("open", Doubles(rows.size(), 10));
  rows.Add("high", Doubles(rows.size(), 1000));
  rows.Add("low", Doubles(rows.size(), 9));
  rows.Add("close", closes);
  rows.Add("volume", Doubles(rows.size(), 100));
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->set_quality_gate(v1::QUALITY_GATE_QUARANTINE);
  (*spec.mutable_spec()->mutable_csv_params())["calendar"].set_string_value("XNYS");
  const auto answer = server_.Import({spec, ImportServer::Packed(rows)});
  ASSERT_THAT(answer, IsOk());
  ASSERT_NE(answer->results(0).quarantine(), "");
  EXPECT_EQ(server_.Count("series_market"), 0) << "nothing was stored";
  Release(answer->results(0).quarantine());
  EXPECT_EQ(server_.Sql("SELECT m.calendar FROM data.series_market m JOIN data.series s USING (symbol) "
                        "JOIN data.series_version v ON v.series_id = s.id AND v.known_at = m.known_at"),
            "XNYS")
      << "together with the rows";
}

TEST_F(ImportApartTest, WhatAZoneToldTakesNoCalendarAwayWhenItIsReleased) {
  const std::string kept = Kept("", "Europe/Berlin");
  ASSERT_THAT(server_.Import({Spec("24/7", ""), ImportServer::Packed(Night(absl::CivilDay(2020, 9, 21), 1))}), IsOk());
  ASSERT_EQ(Stated(), "24/7");
  Release(kept);
  EXPECT_EQ(Stated(), "24/7") << "which somebody named";
}

TEST_F(ImportApartTest, WhatAZoneToldCountsWhereNothingWasNamed) {
  Release(Kept("", "Europe/Berlin"));
  EXPECT_EQ(Stated(), "noneEurope/Berlin") << "as of rows that are stored at once";
}

TEST_F(ImportApartTest, WhatWasNamedTheFirstTimeStaysWhenTheRowsComeAgainWithAZone) {
  const std::string kept = Kept("none", "Europe/Berlin");
  EXPECT_EQ(Kept("", "-05:00"), kept) << "the same rows";
  ASSERT_THAT(server_.Import({Spec("24/7", ""), ImportServer::Packed(Night(absl::CivilDay(2020, 9, 21), 1))}), IsOk());
  Release(kept);
  EXPECT_EQ(Stated(), "24/7 noneEurope/Berlin") << "named with the rows, which became known last";
}

}  // namespace
}  // namespace breadthflow::data
