#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "services/data/domain/import.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using testing::StatusIs;

TEST(ImportFaults, SayThatThereAreMoreThanAreListed) {
  ImportFaults faults;
  for (size_t i = 0; i < ImportFaults::kMaxListed; ++i) faults.Add(fmt::format("a.csv:{}", i), "is wrong");
  EXPECT_FALSE(faults.full());
  const base::ErrorDetails all = base::DetailsOf(faults.ToStatus());
  EXPECT_EQ(all.violations.size(), ImportFaults::kMaxListed);
  EXPECT_EQ(all.metadata.count("violations_more_than"), 0u);
  faults.Add("a.csv:100", "is wrong");
  EXPECT_TRUE(faults.full());
  EXPECT_THAT(faults.ToStatus(), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_IMPORT"));
  const base::ErrorDetails more = base::DetailsOf(faults.ToStatus());
  EXPECT_EQ(more.violations.size(), ImportFaults::kMaxListed + 1);
  EXPECT_EQ(more.violations.back().description, "there are more than 100 mistakes: the others are not listed");
  EXPECT_EQ(more.metadata.at("violations_more_than"), "100");
}

}  // namespace
}  // namespace breadthflow::data
