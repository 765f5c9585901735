#include "common/jobs/job.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::jobs {
namespace {

Job Running(int attempt, int max_attempts, bool cancel_requested) {
  Job job;
  job.state = State::kRunning;
  job.attempt = attempt;
  job.max_attempts = max_attempts;
  job.cancel_requested = cancel_requested;
  return job;
}

TEST(AfterFailure, TriesAgainWhileAttemptsAreLeft) {
  EXPECT_EQ(AfterFailure(Running(1, 2, false), true), State::kQueued);
  EXPECT_EQ(AfterFailure(Running(2, 2, false), true), State::kFailed);
  EXPECT_EQ(AfterFailure(Running(1, 2, false), false), State::kFailed);
}

TEST(AfterFailure, CancelWinsOverEverything) {
  for (const bool retryable : {false, true}) {
    for (int attempt = 1; attempt <= 2; ++attempt) {
      EXPECT_EQ(AfterFailure(Running(attempt, 2, true), retryable), State::kCancelled);
    }
  }
}

TEST(AfterLeaseExpired, EndsWithTheLastAttempt) {
  EXPECT_EQ(AfterLeaseExpired(Running(4, 5, false)), State::kQueued);
  EXPECT_EQ(AfterLeaseExpired(Running(5, 5, false)), State::kFailed);
  EXPECT_EQ(AfterLeaseExpired(Running(5, 5, true)), State::kCancelled);
}

TEST(IsTerminal, HoldsForTheThreeEnds) {
  EXPECT_FALSE(IsTerminal(State::kQueued));
  EXPECT_FALSE(IsTerminal(State::kRunning));
  EXPECT_TRUE(IsTerminal(State::kSucceeded));
  EXPECT_TRUE(IsTerminal(State::kFailed));
  EXPECT_TRUE(IsTerminal(State::kCancelled));
}

TEST(StateName, IsTheNameOfTheState) {
  EXPECT_EQ(StateName(State::kQueued), "QUEUED");
  EXPECT_EQ(StateName(State::kRunning), "RUNNING");
  EXPECT_EQ(StateName(State::kSucceeded), "SUCCEEDED");
  EXPECT_EQ(StateName(State::kFailed), "FAILED");
  EXPECT_EQ(StateName(State::kCancelled), "CANCELLED");
}

TEST(Backoff, DoublesFromOneSecondToAHundredWithJitter) {
  EXPECT_EQ(Backoff(1, 0.5), absl::Seconds(1));
  EXPECT_EQ(Backoff(2, 0.5), absl::Seconds(2));
  EXPECT_EQ(Backoff(7, 0.5), absl::Seconds(64));
  EXPECT_EQ(Backoff(8, 0.5), absl::Seconds(100));
  EXPECT_EQ(Backoff(100, 0.5), absl::Seconds(100));
  EXPECT_EQ(Backoff(2, 0.0), absl::Seconds(1));
  EXPECT_EQ(Backoff(2, 0.999), absl::Seconds(2.998));
}

TEST(Truncated, CutsAtACharacterAndMarksTheCut) {
  EXPECT_EQ(Truncated("abc", 3), "abc");
  EXPECT_EQ(Truncated("abcdefgh", 7), "abcd...");
  EXPECT_EQ(Truncated("abcü efgh", 7), "abc...");  // the two bytes of ü would not fit whole
  EXPECT_EQ(Truncated(std::string_view("a\0b", 3), 10), "ab");
  EXPECT_EQ(Truncated(std::string(5000, 'x'), kMaxErrorBytes).size(), kMaxErrorBytes);
}

TEST(Errors, CarryTheirReasons) {
  EXPECT_EQ(base::DetailsOf(WorkerCrashed(5)).reason, "WORKER_CRASHED");
  EXPECT_EQ(base::DetailsOf(LeaseLost("a", 1)).reason, "LEASE_LOST");
  EXPECT_EQ(LeaseLost("a", 1).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(base::DetailsOf(Cancelled()).reason, "CANCELLED");
}

}  // namespace
}  // namespace breadthflow::jobs
