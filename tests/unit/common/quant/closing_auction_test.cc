#include "common/quant/closing_auction.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/quant/calendar.h"
#include "common/quant/resample.h"
#include "tests/unit/common/quant/resample_support.h"

namespace breadthflow::quant {
namespace {

using ::testing::ElementsAre;

// Bars of one unit each that end then.
Series Ending(std::vector<int64_t> times, Timeframe timeframe = Timeframe::kMin1) {
  Series bars{.key = {"stock_price", "A", timeframe, ""}, .basis = PriceBasis::kRaw, .times = std::move(times)};
  for (const char* name : {"open", "high", "low", "close", "volume"}) {
    bars.Add(name, std::vector<double>(bars.size(), 1));
  }
  return bars;
}

// How many of the rows, all but the last few of one day, are in its bar.
double InDay(const Series& rows, int64_t closing_ns = kMinute, const Calendar& calendar = Xnys()) {
  const Series days =
      Bars(rows, {.timeframe = Timeframe::kDay, .watermark_ns = rows.times.back(), .closing_ns = closing_ns}, calendar)
          .bars;
  return days.empty() ? 0 : days.Doubles("volume")[0];
}

constexpr int64_t kHour = 60 * kMinute;

TEST(ClosingAuction, IsOfTheSessionUnlessARowFollowsThatEvening) {
  const int64_t close = At(2017, 9, 1, 16, 0);
  const auto with = [&](int64_t later) { return InDay(Ending({close - kMinute, close, close + kMinute, later})); };
  EXPECT_EQ(InDay(Ending({close - kMinute, close, close + kMinute})), 3) << "nothing follows";
  EXPECT_EQ(with(close + 2 * kMinute), 2);
  EXPECT_EQ(with(close + 4 * kHour), 2) << "the last row of the evening";
  EXPECT_EQ(with(close + 4 * kHour + kMinute), 3) << "the night";
  EXPECT_EQ(with(At(2017, 9, 5, 9, 0)), 3) << "before the next open";
  EXPECT_EQ(with(At(2017, 9, 5, 9, 31)), 3) << "the next session";
}

TEST(ClosingAuction, FollowsTheCloseOfAHalfDay) {
  const int64_t close = At(2017, 11, 24, 13, 0);
  EXPECT_EQ(InDay(Ending({close, close + kMinute})), 2);
  EXPECT_EQ(InDay(Ending({close, close + kMinute, At(2017, 11, 24, 17, 0)})), 1);
  EXPECT_EQ(InDay(Ending({close, close + kMinute, At(2017, 11, 24, 17, 1)})), 2);
}

TEST(ClosingAuction, OfEachEveningIsJudgedByItsOwnRows) {
  const int64_t first = At(2017, 8, 31, 16, 0), second = At(2017, 9, 1, 16, 0), third = At(2017, 9, 5, 16, 0);
  const Resampled days = Bars(Ending({first, first + kMinute, first + kHour, second, second + kMinute, third,
                                      third + kMinute, third + 3 * kMinute}),
                              {.timeframe = Timeframe::kDay, .closing_ns = kMinute});
  EXPECT_THAT(days.bars.Doubles("volume"), ElementsAre(1, 2, 1));
  EXPECT_EQ(days.outside_rows, 4u);
}

TEST(ClosingAuction, OfFiveMinutesIsTheBarThatBeginsAtTheClose) {
  const int64_t close = At(2017, 9, 1, 16, 0);
  EXPECT_EQ(InDay(Ending({close, close + 5 * kMinute}, Timeframe::kMin5), 5 * kMinute), 2);
  EXPECT_EQ(InDay(Ending({close, close + 5 * kMinute, close + 10 * kMinute}, Timeframe::kMin5), 5 * kMinute), 1);
}

TEST(ClosingAuction, IsNotFollowedByRowsThatAreNoTrades) {
  const int64_t close = At(2017, 9, 1, 16, 0);
  Series rows = Ending({close, close + kMinute, close + 2 * kMinute});
  rows.Add("is_filled", std::vector<int64_t>{0, 0, 1});
  EXPECT_EQ(InDay(rows), 2);
}

TEST(ClosingAuction, StaysWhereNothingElseIsTradedMeanwhile) {
  const int64_t close = Xetr().Find(absl::CivilDay(2020, 9, 2))->close_ns;
  const Series rows = Ending({close, close + 5 * kMinute, close + 11 * kMinute, close + kHour});
  EXPECT_EQ(InDay(rows, 10 * kMinute, Xetr()), 2);
}

// A tape has the closing cross moments after the close, and goes on all evening.
TEST(ClosingAuction, OfTradesIsOfTheSessionWhateverFollows) {
  const int64_t close = At(2017, 9, 1, 16, 0);
  const std::vector<int64_t> times = {close - kSecond, close, close + 59 * kSecond, close + kMinute};
  const Series rest = Trades({times.begin(), times.begin() + 3}, {10, 11, 12}, {1, 2, 4});
  EXPECT_EQ(InDay(rest), 7);
  const Series evening = Trades(times, {10, 11, 12, 13}, {1, 2, 4, 8});
  EXPECT_EQ(InDay(evening), 7) << "but for the trade a minute after the close";
  const ResampleSpec lots{.rule = BarRule::kVolume, .size = 1, .closing_ns = kMinute};
  EXPECT_THAT(Bars(rest, lots).bars.Doubles("volume"), ElementsAre(1, 2, 4));
  EXPECT_THAT(Bars(evening, lots).bars.Doubles("volume"), ElementsAre(1, 2, 4));
  EXPECT_EQ(Bars(evening, lots).outside_rows, 1u);
  for (const ResampleSpec& spec : {ResampleSpec{.rule = BarRule::kTicks, .size = 3, .closing_ns = kMinute},
                                   ResampleSpec{.rule = BarRule::kDollar, .size = 80, .closing_ns = kMinute},
                                   ResampleSpec{.rule = BarRule::kRange, .size = 2, .closing_ns = kMinute}}) {
    EXPECT_THAT(Bars(evening, spec).bars.Doubles("close"), ElementsAre(12)) << ToText(spec.rule);
  }
}

TEST(ClosingAuction, OfATapeWithExtendedHoursIsTheCloseOfTheDay) {
  const Series tape = Trades({At(2017, 9, 1, 15, 59, 59), At(2017, 9, 1, 16, 0, 1), At(2017, 9, 1, 18, 0)},
                             {100, 100.5, 100.3}, {500, 1'000'000, 10});
  const Resampled days =
      Bars(tape, {.timeframe = Timeframe::kDay, .watermark_ns = tape.times.back(), .closing_ns = kMinute});
  EXPECT_THAT(NewYork(days.bars), ElementsAre("2017-09-01 16:00"));
  EXPECT_THAT(days.bars.Doubles("close"), ElementsAre(100.5));
  EXPECT_THAT(days.bars.Doubles("volume"), ElementsAre(1'000'500));
  EXPECT_EQ(days.outside_rows, 1u);
}

TEST(ClosingAuction, EveningsAreNeededOfSessionsThatCloseBeforeTheEnd) {
  const Session& day = *Xnys().Find(absl::CivilDay(2017, 9, 1));
  const auto until = [](int64_t end) { return ClosingAuction::FollowedUntil(Xnys(), kMinute, false, end); };
  EXPECT_EQ(until(day.close_ns), day.close_ns) << "its bar is not asked for";
  EXPECT_EQ(until(day.close_ns + 1), day.close_ns + 4 * kHour + 1);
  EXPECT_EQ(until(day.close_ns + kHour), day.close_ns + 4 * kHour + 1);
  EXPECT_EQ(until(day.close_ns + 5 * kHour), day.close_ns + 5 * kHour);
  EXPECT_EQ(until(INT64_MIN), INT64_MIN);
  EXPECT_EQ(until(INT64_MAX), INT64_MAX);
  EXPECT_EQ(ClosingAuction::FollowedUntil(Xnys(), 0, false, day.close_ns + 1), day.close_ns + 1) << "no auction";
  const int64_t frankfurt = Xetr().sessions().front().close_ns;
  EXPECT_EQ(ClosingAuction::FollowedUntil(Xetr(), 10 * kMinute, false, frankfurt + 1), frankfurt + 10 * kMinute + 1);
  const auto of_trades = [](int64_t end) { return ClosingAuction::FollowedUntil(Xnys(), kMinute, true, end); };
  EXPECT_EQ(of_trades(day.close_ns), day.close_ns);
  EXPECT_EQ(of_trades(day.close_ns + 1), day.close_ns + kMinute);
  EXPECT_EQ(of_trades(day.close_ns + kHour), day.close_ns + kHour) << "nothing that follows counts";
}

}  // namespace
}  // namespace breadthflow::quant
