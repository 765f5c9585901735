// Which answers count after rows of theirs were dropped, and after these have come back.
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/coverage.h"

namespace breadthflow::data {
namespace {

using quant::TimeRange;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDay = 86'400'000'000'000;
const absl::Time kNow = absl::UnixEpoch() + absl::Hours(24 * 100);

TimeRange Days(int64_t from, int64_t to) { return {from * kDay, to * kDay}; }

Coverage Entry(int64_t from, int64_t to) {
  Coverage one;
  one.key = {"dividend", "A", quant::Timeframe::kTick, "yahoo"};
  one.range = Days(from, to);
  one.fetch_time = kNow;
  return one;
}

TEST(WithoutDropped, LeavesWhatHasComeBack) {
  const std::vector<Coverage> known = {Entry(0, 20)};
  const std::vector<TimeRange> whole = {Days(0, 30)};
  EXPECT_THAT(WithoutDropped(whole, known, 10 * kDay, std::vector{Days(3, 5), Days(8, 20)}),
              ElementsAre(Days(3, 5), Days(8, 30)));
  EXPECT_THAT(WithoutDropped(whole, known, 10 * kDay, std::vector{Days(0, 20)}), ElementsAre(Days(0, 30)));
}

// Answers of days 1 to 3, each for a range; what was dropped on the evening of day 2, and something less on that of
// day 4.
TEST(StillThere, IsWhatWasAnsweredAfterTheLastDropThatReachesThere) {
  const auto day = [](int n) { return kNow + absl::Hours(24 * n); };
  const DroppedSince dropped = [&](absl::Time since) {
    if (since <= day(2) + absl::Hours(12)) return 10 * kDay;
    return since <= day(4) + absl::Hours(12) ? 4 * kDay : INT64_MIN;
  };
  Answers answers{.source = "yahoo", .ranges = {Days(0, 20)}, .known_at = day(1), .each = {{Days(0, 20), day(1)}}};
  EXPECT_THAT(StillThere(answers, dropped), ElementsAre(Days(10, 20)));
  EXPECT_EQ(EndOfDropped(answers, dropped), 10 * kDay);
  answers.each = {{Days(0, 20), day(1)}, {Days(2, 6), day(3)}, {Days(8, 12), day(3)}};
  EXPECT_THAT(StillThere(answers, dropped), ElementsAre(Days(4, 6), Days(8, 20)));
  EXPECT_EQ(EndOfDropped(answers, dropped), 8 * kDay);
  answers.each.push_back({Days(0, 20), day(5)});
  EXPECT_THAT(StillThere(answers, dropped), ElementsAre(Days(0, 20)));
  EXPECT_EQ(EndOfDropped(answers, dropped), std::nullopt);
  answers.each = {{Days(0, 3), day(1)}};
  answers.ranges = {Days(0, 3)};
  EXPECT_THAT(StillThere(answers, dropped), IsEmpty());
  EXPECT_EQ(EndOfDropped(answers, dropped), 3 * kDay);
}

}  // namespace
}  // namespace breadthflow::data
