#include "common/columnar/compaction_plan.h"

#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::columnar {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<StoredPart> Parts(std::initializer_list<int64_t> rows) {
  std::vector<StoredPart> parts;
  int64_t time = 0;
  for (const int64_t count : rows) {
    parts.push_back({static_cast<int64_t>(parts.size()) + 1, count, time, time + count - 1, std::nullopt});
    time += count;
  }
  return parts;
}

TEST(PlanCompaction, PutsSmallNeighboursTogether) {
  EXPECT_THAT(PlanCompaction(Parts({1, 1, 1, 1})), ElementsAre(Pair(0, 4)));
  EXPECT_THAT(PlanCompaction(Parts({8192, 3, 2, 1, 8192, 5, 5})), ElementsAre(Pair(1, 4), Pair(5, 7)));
  EXPECT_THAT(PlanCompaction(Parts({512, 256, 128, 64, 32})), ElementsAre(Pair(0, 5)));
}

TEST(PlanCompaction, FillsChunksAndDoesNotOverfillThem) {
  EXPECT_THAT(PlanCompaction(Parts({4000, 4000, 300, 200})), ElementsAre(Pair(0, 2), Pair(2, 4)));
  EXPECT_THAT(PlanCompaction(Parts({5000, 5000})), IsEmpty());
}

TEST(PlanCompaction, DoesNotRewriteALargeChunkForAFewRows) {
  EXPECT_THAT(PlanCompaction(Parts({4000, 10, 3})), ElementsAre(Pair(1, 3)));
  EXPECT_THAT(PlanCompaction(Parts({10, 10, 4000, 7, 7})), ElementsAre(Pair(0, 2), Pair(3, 5)));
  EXPECT_THAT(PlanCompaction(Parts({4000, 600, 100, 20, 4})), IsEmpty()) << "of falling size: few";
  EXPECT_THAT(PlanCompaction({}), IsEmpty());
}

}  // namespace
}  // namespace breadthflow::columnar
