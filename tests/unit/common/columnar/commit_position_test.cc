#include "common/columnar/commit_position.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/quant/stats/random.h"
#include "tests/support/matchers.h"

namespace breadthflow::columnar {
namespace {

using testing::IsOk;
using testing::StatusIs;

CommitPosition At(std::string_view text) {
  const auto position = CommitPosition::Parse(text);
  EXPECT_THAT(position, IsOk());
  return position.value_or(CommitPosition());
}

TEST(CommitPosition, ReadsWhatItWrites) {
  for (const std::string text : {"1:1:", "10:10:", "10:20:10,14,15", "7:9:7,8"}) EXPECT_EQ(At(text).ToText(), text);
}

TEST(CommitPosition, RefusesEverythingElse) {
  for (const std::string text : {"", "10", "10:20", "0:20:", "20:10:", "10:20:9", "10:20:20", "10:20:15,14",
                                 "10:20:15,15", "10:20:14,", "10:20:,14", "x:1:", "10:20:14 ", "-1:20:"}) {
    EXPECT_THAT(CommitPosition::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(CommitPosition, SeesWhatHadEnded) {
  const CommitPosition position = At("10:20:10,14,15");
  for (const uint64_t ended : {0, 9, 11, 13, 16, 19}) EXPECT_TRUE(position.Sees(ended)) << ended;
  for (const uint64_t running : {10, 14, 15, 20, 21}) EXPECT_FALSE(position.Sees(running)) << running;
  EXPECT_FALSE(CommitPosition().Sees(1));
}

TEST(CommitPosition, CoversExactlyThoseWhoseTransactionsItSees) {
  // Positions as a database gives them, and the sets that they stand for.
  constexpr uint64_t kMost = 12;
  quant::stats::RandomSequence random(7, "commit positions");
  std::vector<std::pair<CommitPosition, std::set<uint64_t>>> all;
  for (int i = 0; i < 300; ++i) {
    const auto next = 2 + random.Below(kMost - 2);
    std::string running;
    std::set<uint64_t> seen{1};
    uint64_t first = next;
    for (uint64_t one = 2; one < next; ++one) {
      if (random.Below(3) > 0) {
        seen.insert(one);
        continue;
      }
      first = std::min<uint64_t>(first, one);
      running += (running.empty() ? "" : ",") + std::to_string(one);
    }
    all.emplace_back(At(std::to_string(first) + ":" + std::to_string(next) + ":" + running), seen);
  }
  int covered = 0;
  for (const auto& [a, sees_a] : all) {
    for (const auto& [b, sees_b] : all) {
      const bool covers = std::includes(sees_a.begin(), sees_a.end(), sees_b.begin(), sees_b.end());
      EXPECT_EQ(a.Covers(b), covers) << a.ToText() << " and " << b.ToText();
      covered += covers;
    }
  }
  EXPECT_GT(covered, 1000);
}

}  // namespace
}  // namespace breadthflow::columnar
