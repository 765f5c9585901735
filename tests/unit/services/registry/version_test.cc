#include "services/registry/domain/version.h"

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::registry {
namespace {

using testing::IsOkAndHolds;
using testing::StatusIs;

TEST(ParseVersion, ReadsThreeNumbers) {
  EXPECT_THAT(ParseVersion("1.20.300"), IsOkAndHolds(Version{1, 20, 300}));
  EXPECT_THAT(ParseVersion("0.0.0"), IsOkAndHolds(Version{0, 0, 0}));
  EXPECT_THAT(ParseVersion("999999.0.1"), IsOkAndHolds(Version{999'999, 0, 1}));
}

TEST(ParseVersion, RefusesEverythingElse) {
  for (const char* wrong :
       {"", "1", "1.0", "1.0.", "1.0.0.0", "1.0.0-rc1", "v1.0.0", "1.0.x", "-1.0.0", "1.-1.0", "+1.0.0", "01.0.0",
        "1.00.0", "1.0.0 ", " 1.0.0", "1000000.0.0", "99999999999999999999.0.0", ".1.0"}) {
    EXPECT_THAT(ParseVersion(wrong), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_VERSION")) << wrong;
  }
}

TEST(Version, IsOrderedByItsParts) {
  EXPECT_LT(*ParseVersion("1.9.0"), *ParseVersion("1.10.0"));
  EXPECT_LT(*ParseVersion("1.10.9"), *ParseVersion("2.0.0"));
}

}  // namespace
}  // namespace breadthflow::registry
