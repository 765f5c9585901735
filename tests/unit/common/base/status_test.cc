#include "common/base/status.h"

#include <gtest/gtest.h>

namespace breadthflow::base {
namespace {

TEST(MakeError, DetailsComeBackWhole) {
  const ErrorDetails details{.reason = "UNKNOWN_SYMBOL",
                             .metadata = {{"symbol", "A:B"}, {"empty", ""}},
                             .violations = {{"symbols[0]", "unknown: 'A:B'"}, {"range", "1:2"}},
                             .retry_after = absl::Milliseconds(1500)};
  const ErrorDetails back = DetailsOf(MakeError(absl::StatusCode::kNotFound, "no such symbol", details));
  EXPECT_EQ(back.reason, details.reason);
  EXPECT_EQ(back.metadata, details.metadata);
  EXPECT_EQ(back.violations, details.violations);
  EXPECT_EQ(back.retry_after, details.retry_after);
}

TEST(DetailsOf, PlainStatusGetsTheReasonOfItsCode) {
  EXPECT_EQ(DetailsOf(absl::NotFoundError("x")).reason, "NOT_FOUND");
  EXPECT_TRUE(DetailsOf(absl::NotFoundError("x")).violations.empty());
}

TEST(Violations, ListsEveryViolationInOneMessage) {
  Violations violations;
  EXPECT_TRUE(violations.ToStatus("bad request").ok());
  violations.Add("a", "is empty");
  Violations inner;
  inner.Add("period", "must be in [2, 500], was 0");
  violations.Merge("params", inner.ToStatus("inner"));
  const absl::Status status = violations.ToStatus("bad request");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Message(status), "bad request: a: is empty; params.period: must be in [2, 500], was 0");
  EXPECT_EQ(DetailsOf(status).violations.size(), 2u);
}

absl::Status ReturnsEarly(bool fail, bool& reached) {
  BF_ASSIGN_OR_RETURN(const int value, fail ? absl::StatusOr<int>(absl::InternalError("no")) : absl::StatusOr<int>(3));
  BF_RETURN_IF_ERROR(absl::OkStatus());
  reached = value == 3;
  return absl::OkStatus();
}

TEST(Macros, ReturnTheFirstError) {
  bool reached = false;
  EXPECT_EQ(ReturnsEarly(true, reached).code(), absl::StatusCode::kInternal);
  EXPECT_FALSE(reached);
  EXPECT_TRUE(ReturnsEarly(false, reached).ok());
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace breadthflow::base
