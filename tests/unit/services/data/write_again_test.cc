#include "services/data/app/write_again.h"

#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/matchers.h"

namespace breadthflow::data {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

absl::Status Moved(const char* reason = "SERIES_MOVED") {
  return base::MakeError(absl::StatusCode::kAborted, "another writer has changed series A meanwhile",
                         {.reason = reason, .retry_after = absl::Milliseconds(1)});
}

TEST(WriteAgain, OnlyWhatOthersWereFasterWithAndNotForEver) {
  const base::CancelToken cancel;
  const absl::Time late = absl::InfiniteFuture();
  EXPECT_THAT(WaitToWriteAgain(Moved(), 1, late, cancel), IsOk());
  EXPECT_THAT(WaitToWriteAgain(Moved("QUARANTINE_MOVED"), 2, late, cancel), IsOk());
  const absl::Status other = base::MakeError(absl::StatusCode::kAborted, "LEASE_LOST", "another holds it");
  EXPECT_EQ(WaitToWriteAgain(other, 1, late, cancel), other);
  const absl::Status last = WaitToWriteAgain(Moved(), kWriteAttempts, late, cancel);
  EXPECT_THAT(last, StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_THAT(base::Message(last), HasSubstr("meanwhile: try again"));
  EXPECT_EQ(base::DetailsOf(last).retry_after, absl::Seconds(2));
}

TEST(WriteAgain, NotBehindTheDeadlineNorForACallerWhoIsGone) {
  const base::CancelToken cancel;
  const absl::Status late = WaitToWriteAgain(Moved(), 1, absl::Now() - absl::Seconds(1), cancel);
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kAborted, "SERIES_MOVED"));
  EXPECT_THAT(base::Message(late), HasSubstr("try again"));
  cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_EQ(WaitToWriteAgain(Moved(), 1, absl::InfiniteFuture(), cancel).code(), absl::StatusCode::kCancelled);
}

TEST(WriteAgain, APauseIsAsLongAsTheFailureWishesAndEndsWithItsCaller) {
  const base::CancelToken cancel;
  const absl::Status failure = base::MakeError(absl::StatusCode::kUnavailable, "the database does not answer",
                                               {.reason = "DATABASE", .retry_after = absl::Milliseconds(20)});
  const absl::Time begun = absl::Now();
  EXPECT_THAT(PauseBeforeWrite(1, failure, cancel), IsOk());
  EXPECT_GE(absl::Now() - begun, absl::Milliseconds(20));
  cancel.Cancel(base::CancelReason::kCancelled);
  EXPECT_EQ(PauseBeforeWrite(1, failure, cancel).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace breadthflow::data
