#include "services/data/domain/series_market.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(SeriesMarket, IsTheSameAfterItWasAText) {
  for (const SeriesMarket& market : {SeriesMarket{"24/7", ""}, SeriesMarket{"XNYS", ""}, SeriesMarket{"none", ""},
                                     SeriesMarket{"none", "Europe/Berlin"}, SeriesMarket{"none", "-05:00"}}) {
    const auto parsed = ParseMarket(ToText(market));
    ASSERT_THAT(parsed, IsOk()) << ToText(market);
    EXPECT_EQ(*parsed, market);
  }
  EXPECT_EQ(ToText({"none", "Europe/Berlin"}), "none@Europe/Berlin");
  EXPECT_EQ(ToText({"XETR", "Europe/Berlin"}), "XETR") << "an exchange has its own zone";
}

TEST(SeriesMarket, WhatIsNoCalendarIsRefused) {
  for (const std::string text : {"", "MOON", "xnys", "none@", "@utc", "XNYS@new_york"}) {
    const auto refused = ParseMarket(text);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, "UNKNOWN_CALENDAR")) << text;
    EXPECT_THAT(base::Message(refused.status()), HasSubstr("was '" + text + "'"));
  }
}

TEST(SeriesMarket, IsNamedByParametersThatNameACalendar) {
  EXPECT_EQ(MarketIn({}), std::nullopt);
  EXPECT_EQ(MarketIn({{"time_zone", std::string("utc")}}), std::nullopt);
  EXPECT_EQ(MarketIn({{"calendar", std::string()}, {"time_zone", std::string("utc")}}), std::nullopt)
      << "a default names nothing";
  EXPECT_EQ(MarketIn({{"calendar", std::string("XNYS")}, {"time_zone", std::string("new_york")}}),
            (SeriesMarket{"XNYS", ""}));
  EXPECT_EQ(MarketIn({{"calendar", std::string("none")}, {"time_zone", std::string("new_york")}}),
            (SeriesMarket{"none", "new_york"}));
}

TEST(SeriesMarket, AZoneAloneIsItsDatesUnlessACalendarIsNamed) {
  EXPECT_EQ(ZoneIn({{"calendar", std::string()}, {"time_zone", std::string("Australia/Sydney")}}),
            (SeriesMarket{"none", "Australia/Sydney"}));
  EXPECT_EQ(ZoneIn({}), std::nullopt);
  EXPECT_EQ(ZoneIn({{"time_zone", std::string("utc")}}), std::nullopt);
  EXPECT_EQ(ZoneIn({{"calendar", std::string("XETR")}, {"time_zone", std::string("new_york")}}), std::nullopt);
  EXPECT_EQ(ZoneIn({{"calendar", std::string("none")}, {"time_zone", std::string("new_york")}}), std::nullopt)
      << "that is a market of its own";
}

}  // namespace
}  // namespace breadthflow::data
