#include "common/resilience/circuit_breaker.h"

#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::resilience {
namespace {

using State = CircuitBreaker::State;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  void Call(CircuitBreaker& breaker, const absl::Status& outcome) {
    ASSERT_TRUE(breaker.Allow().ok());
    breaker.Record(outcome);
  }
  base::FakeClock clock_{absl::FromUnixSeconds(1700000000)};
  const absl::Status down_ = absl::UnavailableError("down");
  const absl::Status good_ = absl::OkStatus();
};

TEST_F(CircuitBreakerTest, OpensAfterFiveFailuresInARowAndSaysForHowLong) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 4; ++i) Call(breaker, down_);
  EXPECT_EQ(breaker.state(), State::kClosed);
  Call(breaker, down_);
  EXPECT_EQ(breaker.state(), State::kOpen);
  clock_.Advance(absl::Seconds(20));
  const absl::Status refused = breaker.Allow();
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(base::DetailsOf(refused).reason, "CIRCUIT_OPEN");
  EXPECT_EQ(base::DetailsOf(refused).retry_after, absl::Seconds(40));
}

TEST_F(CircuitBreakerTest, ASuccessInBetweenStartsTheCountAgain) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 15; ++i) Call(breaker, i % 5 == 4 ? good_ : down_);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, OpensWhenHalfOfTheRecentCallsFailed) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 19; ++i) Call(breaker, i % 2 == 0 ? down_ : good_);
  EXPECT_EQ(breaker.state(), State::kClosed) << "fewer calls than the rate is judged by";
  Call(breaker, down_);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST_F(CircuitBreakerTest, OldFailuresAreForgotten) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 18; ++i) Call(breaker, i % 2 == 0 ? down_ : good_);
  clock_.Advance(absl::Seconds(31));
  for (int i = 0; i < 30; ++i) Call(breaker, i % 3 == 0 ? down_ : good_);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, MistakesOfTheCallerDoNotCount) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 100; ++i) {
    Call(breaker, absl::InvalidArgumentError(""));
    Call(breaker, absl::NotFoundError(""));
    Call(breaker, absl::PermissionDeniedError(""));
    Call(breaker, absl::CancelledError(""));
  }
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, OneProbeAtATimePassesAfterTheWait) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 5; ++i) Call(breaker, down_);
  clock_.Advance(absl::Seconds(60));
  EXPECT_TRUE(breaker.Allow().ok());
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  EXPECT_FALSE(breaker.Allow().ok());
  breaker.Record(good_);
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_TRUE(breaker.Allow().ok());
}

TEST_F(CircuitBreakerTest, AFailedProbeOpensItForAnotherTerm) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 5; ++i) Call(breaker, down_);
  clock_.Advance(absl::Seconds(61));
  Call(breaker, down_);
  EXPECT_EQ(breaker.state(), State::kOpen);
  clock_.Advance(absl::Seconds(59));
  EXPECT_FALSE(breaker.Allow().ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(breaker.Allow().ok());
}

TEST_F(CircuitBreakerTest, ClosesOnlyAfterAllProbesOfAnOptionPassed) {
  CircuitBreaker breaker({.probes = 3}, clock_);
  for (int i = 0; i < 5; ++i) Call(breaker, down_);
  clock_.Advance(absl::Seconds(60));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(breaker.Allow().ok());
  EXPECT_FALSE(breaker.Allow().ok());
  breaker.Record(good_);
  breaker.Record(good_);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  breaker.Record(good_);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, AProbeThatWasGivenUpNeitherClosesNorOpensAndAnotherMayLeave) {
  CircuitBreaker breaker({}, clock_);
  for (int i = 0; i < 5; ++i) Call(breaker, down_);
  clock_.Advance(absl::Seconds(60));
  ASSERT_TRUE(breaker.Allow().ok());
  EXPECT_FALSE(breaker.Allow().ok());
  breaker.Withdraw();
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  ASSERT_TRUE(breaker.Allow().ok()) << "in its place";
  breaker.Record(good_);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(CircuitBreakerTest, CallsFromBeforeItOpenedDoNotDisturb) {
  CircuitBreaker breaker({}, clock_);
  ASSERT_TRUE(breaker.Allow().ok());
  for (int i = 0; i < 5; ++i) Call(breaker, down_);
  breaker.Record(good_);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

}  // namespace
}  // namespace breadthflow::resilience
