#include "services/data/app/live_calendars.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

quant::SeriesKey Key(const std::string& symbol) { return {"stock_price", symbol, quant::Timeframe::kDay, "test"}; }

TEST(LiveCalendars, AskOfEachSeriesOnceUntilSomethingChanged) {
  std::vector<size_t> asked;
  const quant::Calendar* calendar = &quant::Xnys();
  LiveCalendars calendars([&](const std::vector<quant::SeriesKey>& keys) -> absl::StatusOr<NamedCalendars> {
    asked.push_back(keys.size());
    NamedCalendars named;
    for (const quant::SeriesKey& key : keys) {
      if (key.symbol != "NONE") named[key] = calendar;
    }
    return named;
  });
  for (int i = 0; i < 3; ++i) {
    const auto named = calendars.Of({Key("AAA"), Key("NONE")});
    ASSERT_THAT(named, testing::IsOk());
    EXPECT_EQ(NamedFor(*named, Key("AAA")), &quant::Xnys());
    EXPECT_EQ(NamedFor(*named, Key("NONE")), nullptr);
  }
  EXPECT_THAT(asked, ::testing::ElementsAre(2)) << "that none was named is known too";
  EXPECT_THAT(calendars.Of({Key("AAA"), Key("BBB")}), testing::IsOk());
  EXPECT_THAT(asked, ::testing::ElementsAre(2, 1));
  calendar = &quant::FxWeek();
  EXPECT_EQ(NamedFor(*calendars.Of({Key("AAA")}), Key("AAA")), &quant::Xnys());
  calendars.Forget();
  EXPECT_EQ(NamedFor(*calendars.Of({Key("AAA")}), Key("AAA")), &quant::FxWeek());
}

TEST(LiveCalendars, KeepNeitherErrorsNorWhatChangedWhileItWasAskedFor) {
  int asked = 0;
  LiveCalendars* self = nullptr;
  LiveCalendars calendars([&](const std::vector<quant::SeriesKey>&) -> absl::StatusOr<NamedCalendars> {
    if (++asked == 1) return base::MakeError(absl::StatusCode::kUnavailable, "GONE", "gone");
    if (asked == 2) self->Forget();
    return NamedCalendars();
  });
  self = &calendars;
  EXPECT_THAT(calendars.Of({Key("AAA")}), testing::StatusIs(absl::StatusCode::kUnavailable));
  for (int i = 0; i < 4; ++i) EXPECT_THAT(calendars.Of({Key("AAA")}), testing::IsOk());
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace breadthflow::data
