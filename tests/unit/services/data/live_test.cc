#include "services/data/domain/live.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

int64_t NewYork(int year, int month, int day, int hour = 16, int minute = 0) {
  return quant::NewYorkInstant(absl::CivilSecond(year, month, day, hour, minute, 0));
}
absl::Time At(int64_t ns) { return quant::FromNanos(ns); }

TEST(MissingBetween, CountsTheSessionsBetweenTwoDailyBars) {
  // Thanksgiving was on the 28th, and the 29th closed early.
  const auto missing = MissingBetween(quant::Xnys(), Timeframe::kDay, NewYork(2024, 11, 26), NewYork(2024, 12, 3));
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->rows, 3);
  EXPECT_EQ(missing->range.start_ns, NewYork(2024, 11, 27));
  EXPECT_EQ(missing->range.end_ns, NewYork(2024, 12, 2) + 1);
}

TEST(MissingBetween, IsNothingOverAWeekendAndAHoliday) {
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kDay, NewYork(2024, 8, 30), NewYork(2024, 9, 3)));
}

TEST(MissingBetween, CountsBarsOfMinutesOverNights) {
  const auto missing =
      MissingBetween(quant::Xnys(), Timeframe::kMin30, NewYork(2024, 8, 5, 15, 30), NewYork(2024, 8, 6, 11, 0));
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->rows, 3);  // 16:00, 10:00, 10:30
  EXPECT_EQ(missing->range.start_ns, NewYork(2024, 8, 5, 16, 0));
  EXPECT_EQ(missing->range.end_ns, NewYork(2024, 8, 6, 10, 30) + 1);
}

TEST(MissingBetween, KnowsTheShortLastBarOfASession) {
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kHour1, NewYork(2024, 8, 5, 15, 30), NewYork(2024, 8, 5)));
  const auto missing =
      MissingBetween(quant::Xnys(), Timeframe::kHour1, NewYork(2024, 8, 5, 15, 30), NewYork(2024, 8, 6, 10, 30));
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->rows, 1);
  EXPECT_EQ(missing->range.start_ns, NewYork(2024, 8, 5));
}

TEST(MissingBetween, ClaimsNothingOfSeriesThatKeepOtherHours) {
  const int64_t midnight = NewYork(2024, 8, 5, 0, 0);
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kDay, midnight, NewYork(2024, 8, 9)));
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kMin5, NewYork(2024, 8, 5, 10, 1), NewYork(2024, 8, 9)));
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kWeek, NewYork(2024, 8, 2), NewYork(2024, 9, 6)));
  EXPECT_FALSE(MissingBetween(quant::Xnys(), Timeframe::kTick, NewYork(2024, 8, 2), NewYork(2024, 9, 6)));
}

TEST(MissingBetween, IsNothingWhereNoCalendarSaysWhenThereShouldBeRows) {
  const int64_t day = 24 * int64_t{3'600'000'000'000};
  const int64_t midnight = quant::UtcInstant(absl::CivilSecond(2024, 8, 5));
  EXPECT_EQ(MissingBetween(quant::AlwaysOpen(), Timeframe::kDay, midnight, midnight + 3 * day)->rows, 2);
  EXPECT_FALSE(MissingBetween(quant::UtcDays(), Timeframe::kDay, midnight, midnight + 3 * day));
  EXPECT_FALSE(MissingBetween(quant::UtcDays(), Timeframe::kHour1, midnight, midnight + day));
}

TEST(SilenceWatch, TellsOfASilentSeriesOnceUntilItIsHeardAgain) {
  const absl::Time ten = At(NewYork(2024, 8, 5, 10));
  SilenceWatch watch({&quant::Xnys(), &quant::Xnys()}, absl::Minutes(2), ten);
  EXPECT_THAT(watch.Look(ten + absl::Seconds(119)), IsEmpty());
  watch.Heard(1, ten + absl::Seconds(60));
  EXPECT_THAT(watch.Look(ten + absl::Seconds(120)), ElementsAre(0));
  EXPECT_THAT(watch.Look(ten + absl::Seconds(179)), IsEmpty());
  EXPECT_THAT(watch.Look(ten + absl::Seconds(180)), ElementsAre(1));
  watch.Heard(0, ten + absl::Seconds(200));
  EXPECT_THAT(watch.Look(ten + absl::Seconds(319)), IsEmpty());
  EXPECT_THAT(watch.Look(ten + absl::Seconds(320)), ElementsAre(0));
}

TEST(SilenceWatch, CountsOnlyTheHoursInWhichTheExchangeIsOpen) {
  const absl::Time last = At(NewYork(2024, 8, 2, 15, 50));  // a Friday
  SilenceWatch watch({&quant::Xnys()}, absl::Minutes(30), last);
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 3, 12, 0))), IsEmpty());
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 5, 9, 0))), IsEmpty());
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 5, 9, 49))), IsEmpty());
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 5, 9, 50))), ElementsAre(0));
}

TEST(SilenceWatch, WatchesEachSeriesByTheHoursThatItKeeps) {
  const absl::Time start = At(NewYork(2024, 8, 3, 12));  // a Saturday
  SilenceWatch watch({&quant::Xnys(), &quant::AlwaysOpen(), &quant::FxWeek(), &quant::Xnys()}, absl::Hours(1), start);
  EXPECT_THAT(watch.Look(start + absl::Hours(1)), ElementsAre(1));
  watch.Keep(3, quant::AlwaysOpen());
  EXPECT_THAT(watch.Look(start + absl::Hours(2)), ElementsAre(3));
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 4, 17, 59))), IsEmpty());
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 4, 18))), ElementsAre(2)) << "since Sunday 17:00";
  EXPECT_THAT(watch.Look(At(NewYork(2024, 8, 5, 10, 30))), ElementsAre(0));
}

TEST(Pace, PlaysRowsAsFarApartAsTheyCame) {
  const absl::Time start = At(NewYork(2024, 8, 5, 10));
  const int64_t first = NewYork(2020, 1, 2);
  const int64_t hour = 3'600'000'000'000;
  EXPECT_EQ(Pace(1, start, first).Due(first + hour), start + absl::Hours(1));
  EXPECT_EQ(Pace(60, start, first).Due(first + hour), start + absl::Minutes(1));
  EXPECT_EQ(Pace(0, start, first).Due(first + hour), start);
  EXPECT_EQ(Pace(0.5, start, first).Due(first + hour), start + absl::Hours(2));
}

}  // namespace
}  // namespace breadthflow::data
