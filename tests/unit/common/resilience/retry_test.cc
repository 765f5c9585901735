#include "common/resilience/retry.h"

#include <vector>

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::resilience {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1700000000);
absl::Status Unavailable() { return absl::UnavailableError("down"); }

class RetryTest : public ::testing::Test {
 protected:
  RetryEnvironment Environment() {
    return {.clock = clock_,
            .sleep =
                [this](absl::Duration wait) {
                  waits_.push_back(wait);
                  clock_.Advance(wait);
                  return absl::OkStatus();
                },
            .chance = [this] { return chance_; }};
  }
  base::FakeClock clock_{kStart};
  std::vector<absl::Duration> waits_;
  double chance_ = 0.999999;
};

TEST_F(RetryTest, StopsAtTheFirstSuccess) {
  int calls = 0;
  EXPECT_TRUE(Retry({}, Environment(), absl::InfiniteFuture(), [&](int number) {
                EXPECT_EQ(number, ++calls);
                return number < 3 ? Unavailable() : absl::OkStatus();
              }).ok());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(waits_.size(), 2u);
}

TEST_F(RetryTest, GivesUpAfterTheLastAttemptWithItsError) {
  int calls = 0;
  EXPECT_EQ(Retry({.max_attempts = 4}, Environment(), absl::InfiniteFuture(),
                  [&](int) {
                    ++calls;
                    return Unavailable();
                  })
                .code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 4);
}

TEST_F(RetryTest, DoesNotRepeatWhatWillFailAgain) {
  for (const absl::Status& status : {absl::InvalidArgumentError(""), absl::DeadlineExceededError(""),
                                     absl::ResourceExhaustedError(""), absl::InternalError("")}) {
    int calls = 0;
    EXPECT_EQ(Retry({}, Environment(), absl::InfiniteFuture(),
                    [&](int) {
                      ++calls;
                      return status;
                    }),
              status);
    EXPECT_EQ(calls, 1);
  }
}

TEST_F(RetryTest, DoesNotStartAnAttemptAfterTheDeadline) {
  int calls = 0;
  const RetryPolicy policy{.max_attempts = 100, .initial_backoff = absl::Seconds(1), .max_backoff = absl::Seconds(1)};
  EXPECT_FALSE(Retry(policy, Environment(), kStart + absl::Milliseconds(2500), [&](int) {
                 ++calls;
                 EXPECT_LT(clock_.Now(), kStart + absl::Milliseconds(2500));
                 return Unavailable();
               }).ok());
  EXPECT_EQ(calls, 3);  // at 0, 1 and 2 s
}

TEST_F(RetryTest, EndsWithTheReasonWhyItStoppedWaiting) {
  RetryEnvironment environment = Environment();
  environment.sleep = [](absl::Duration) { return absl::CancelledError("stop"); };
  EXPECT_EQ(Retry({}, environment, absl::InfiniteFuture(), [](int) { return Unavailable(); }).code(),
            absl::StatusCode::kCancelled);
}

TEST_F(RetryTest, WaitsGrowDoubleUpToTheMaximumAndAreUniformBelowIt) {
  const RetryPolicy policy{.initial_backoff = absl::Milliseconds(100), .max_backoff = absl::Seconds(1)};
  EXPECT_EQ(BackoffBefore(policy, 2, 0.5, Unavailable()), absl::Milliseconds(50));
  EXPECT_EQ(BackoffBefore(policy, 3, 0.5, Unavailable()), absl::Milliseconds(100));
  EXPECT_EQ(BackoffBefore(policy, 6, 0.5, Unavailable()), absl::Milliseconds(500));
  EXPECT_EQ(BackoffBefore(policy, 1000000, 0.5, Unavailable()), absl::Milliseconds(500));
  EXPECT_EQ(BackoffBefore(policy, 6, 0.0, Unavailable()), absl::ZeroDuration());
}

TEST_F(RetryTest, HonoursTheWishOfThePeerUpToAnHour) {
  const auto wish = [](absl::Duration after) {
    return base::MakeError(absl::StatusCode::kUnavailable, "later", {.reason = "X", .retry_after = after});
  };
  EXPECT_EQ(BackoffBefore({}, 2, 0.0, wish(absl::Seconds(7))), absl::Seconds(7));
  EXPECT_EQ(BackoffBefore({}, 2, 0.0, wish(absl::Hours(24))), absl::Hours(1));
  EXPECT_EQ(BackoffBefore({}, 2, 0.0, wish(-absl::Seconds(5))), absl::ZeroDuration());
}

TEST_F(RetryTest, ABudgetEndsRetriesWhileThePeerIsDown) {
  RetryBudget budget(10, 0.1);
  RetryEnvironment environment = Environment();
  environment.budget = &budget;
  int calls = 0;
  for (int i = 0; i < 1000; ++i) {
    (void)Retry({}, environment, absl::InfiniteFuture(), [&](int) {
      ++calls;
      return Unavailable();
    });
  }
  EXPECT_LE(calls, 1000 * 1.2);
  EXPECT_FALSE(budget.MayRetry());
  for (int i = 0; i < 60; ++i) budget.Success();
  EXPECT_TRUE(budget.MayRetry());
}

}  // namespace
}  // namespace breadthflow::resilience
