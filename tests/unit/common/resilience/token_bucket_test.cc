#include "common/resilience/token_bucket.h"

#include <deque>

#include <gtest/gtest.h>

namespace breadthflow::resilience {
namespace {

class TokenBucketTest : public ::testing::Test {
 protected:
  base::FakeClock clock_{absl::FromUnixSeconds(1700000000)};
};

TEST_F(TokenBucketTest, GrantsTheBurstThenTheRate) {
  TokenBucket bucket(0.5, 5, clock_);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
  EXPECT_EQ(bucket.WaitFor(), absl::Seconds(2));
  clock_.Advance(absl::Seconds(2));
  EXPECT_TRUE(bucket.TryTake());
  EXPECT_FALSE(bucket.TryTake());
}

TEST_F(TokenBucketTest, NeverHoldsMoreThanTheBurst) {
  TokenBucket bucket(100, 3, clock_);
  clock_.Advance(absl::Hours(1));
  int taken = 0;
  while (bucket.TryTake()) ++taken;
  EXPECT_EQ(taken, 3);
}

TEST_F(TokenBucketTest, NoWindowOfADayExceedsTheLimitAndLittleIsWasted) {
  TokenBucket bucket(4.0 / 60, 1, clock_);
  std::deque<absl::Time> granted;
  int total = 0;
  for (int i = 0; i < 86400 * 2; ++i) {
    if (bucket.TryTake()) {
      ++total;
      granted.push_back(clock_.Now());
    }
    while (!granted.empty() && granted.front() <= clock_.Now() - absl::Minutes(1)) granted.pop_front();
    ASSERT_LE(granted.size(), 5u);
    clock_.Advance(absl::Milliseconds(500));
  }
  EXPECT_GE(total, 0.9 * 4 * 60 * 24);
  EXPECT_LE(total, 4 * 60 * 24 + 1);
}

TEST_F(TokenBucketTest, AClockThatStepsBackRefillsNothing) {
  TokenBucket bucket(1, 1, clock_);
  EXPECT_TRUE(bucket.TryTake());
  clock_.Advance(-absl::Hours(1));
  EXPECT_FALSE(bucket.TryTake());
  clock_.Advance(absl::Hours(1));
  EXPECT_FALSE(bucket.TryTake());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(bucket.TryTake());
}

TEST_F(TokenBucketTest, MoreThanTheBurstIsNeverToBeHad) {
  TokenBucket bucket(1, 2, clock_);
  EXPECT_EQ(bucket.WaitFor(3), absl::InfiniteDuration());
  EXPECT_FALSE(bucket.TryTake(3));
  EXPECT_EQ(bucket.WaitFor(2), absl::ZeroDuration());
}

}  // namespace
}  // namespace breadthflow::resilience
