#include "common/quant/timeframe.h"

#include <gtest/gtest.h>

namespace breadthflow::quant {
namespace {

absl::Time Midnight(int day) { return absl::FromCivil(absl::CivilDay(2024, 3, day), absl::UTCTimeZone()); }

TEST(DayBegin, BarsOfADayEndBehindItsMidnightAndTicksBeginWithIt) {
  const absl::CivilDay day(2024, 3, 12);
  for (const Timeframe bars : {Timeframe::kMin1, Timeframe::kHour1, Timeframe::kDay, Timeframe::kMonth}) {
    EXPECT_EQ(DayBegin(day, bars), Midnight(12) + absl::Nanoseconds(1)) << ToText(bars);
  }
  EXPECT_EQ(DayBegin(day, Timeframe::kTick), Midnight(12));
}

TEST(DayOf, ABarThatEndsAtMidnightIsOneOfTheDayBefore) {
  EXPECT_EQ(DayOf(Midnight(13), Timeframe::kDay), absl::CivilDay(2024, 3, 12));
  EXPECT_EQ(DayOf(Midnight(13) - absl::Hours(3), Timeframe::kDay), absl::CivilDay(2024, 3, 12));
  EXPECT_EQ(DayOf(Midnight(13), Timeframe::kTick), absl::CivilDay(2024, 3, 13));
}

TEST(DayOf, IsTheDayWhoseBeginIsTheLastOneUpToTheInstant) {
  for (const Timeframe timeframe : {Timeframe::kTick, Timeframe::kHour1, Timeframe::kDay}) {
    const absl::CivilDay day(2024, 3, 12);
    EXPECT_EQ(DayOf(DayBegin(day, timeframe), timeframe), day) << ToText(timeframe);
    EXPECT_EQ(DayOf(DayBegin(day, timeframe) - absl::Nanoseconds(1), timeframe), day - 1) << ToText(timeframe);
  }
}

TEST(BoundText, IsADayWhereOneBeginsAndElseAnInstant) {
  const absl::CivilDay day(2024, 3, 12);
  EXPECT_EQ(BoundText(DayBegin(day, Timeframe::kDay), Timeframe::kDay), "2024-03-12");
  EXPECT_EQ(BoundText(DayBegin(day, Timeframe::kTick), Timeframe::kTick), "2024-03-12");
  EXPECT_EQ(BoundText(Midnight(12), Timeframe::kDay), "2024-03-12T00:00:00Z") << "with the bar that ends there";
  EXPECT_EQ(BoundText(Midnight(12) + absl::Milliseconds(75'600'500), Timeframe::kDay), "2024-03-12T21:00:00.5Z");
}

}  // namespace
}  // namespace breadthflow::quant
