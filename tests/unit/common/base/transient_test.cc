#include "common/base/transient.h"

#include <gtest/gtest.h>

namespace breadthflow::base {
namespace {

TEST(IsTransient, IsFalseForWhatFailsTheSameWayAgain) {
  using absl::StatusCode;
  for (const StatusCode code :
       {StatusCode::kInvalidArgument, StatusCode::kNotFound, StatusCode::kAlreadyExists,
        StatusCode::kFailedPrecondition, StatusCode::kPermissionDenied, StatusCode::kUnauthenticated,
        StatusCode::kUnimplemented, StatusCode::kOutOfRange, StatusCode::kDataLoss}) {
    EXPECT_FALSE(IsTransient(absl::Status(code, "x"))) << absl::StatusCodeToString(code);
  }
  for (const StatusCode code :
       {StatusCode::kCancelled, StatusCode::kUnknown, StatusCode::kDeadlineExceeded, StatusCode::kResourceExhausted,
        StatusCode::kAborted, StatusCode::kInternal, StatusCode::kUnavailable}) {
    EXPECT_TRUE(IsTransient(absl::Status(code, "x"))) << absl::StatusCodeToString(code);
  }
  EXPECT_FALSE(IsTransient(absl::OkStatus()));
}

}  // namespace
}  // namespace breadthflow::base
