// Ranges of days, as people ask for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/timeframe.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using ::testing::IsEmpty;

class FetchDays : public FetchFixture {};

// The bounds of days lie a moment behind midnight: quant::DayBegin.
TEST_F(FetchDays, DaysOfBarsFitTogetherAndAreAskedForOnce) {
  const absl::CivilDay january(2019, 1, 1), february(2019, 2, 1), march(2019, 3, 1);
  const auto days = [](absl::CivilDay from, absl::CivilDay to) {
    FetchSpec spec = Yahoo({"AAA"}, "2019-01-01", "2019-02-01");
    spec.range = {quant::ToNanos(quant::DayBegin(from, spec.timeframe)),
                  quant::ToNanos(quant::DayBegin(to, spec.timeframe))};
    return spec;
  };
  Fetch(days(january, february));
  EXPECT_EQ(server_.requests(), 1);
  EXPECT_THAT(Fetch(days(january, february)).results.at(0).fetched_ranges, IsEmpty());
  EXPECT_EQ(server_.requests(), 1);
  Fetch(days(february, march));
  EXPECT_EQ(server_.requests(), 2);
  EXPECT_THAT(Fetch(days(january, march)).results.at(0).fetched_ranges, IsEmpty()) << "no moment is left between them";
  EXPECT_EQ(server_.requests(), 2);
  const quant::Series stored = Stored("AAA");
  ASSERT_FALSE(stored.empty());
  EXPECT_EQ(quant::DayOf(quant::FromNanos(stored.times.front()), quant::Timeframe::kDay), absl::CivilDay(2019, 1, 2));
  EXPECT_EQ(quant::DayOf(quant::FromNanos(stored.times.back()), quant::Timeframe::kDay), absl::CivilDay(2019, 2, 28));
}

}  // namespace
}  // namespace breadthflow::data
